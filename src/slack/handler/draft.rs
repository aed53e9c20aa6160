//! Playbooks that are drafted from an incident: the window, and the file that comes of it.

use super::commands::{Reply, Typed};
use super::forms::{Sent, Wrong, errors};
use super::{Handler, origin, shown};
use crate::command::Which;
use crate::config::playbook::of_text;
use crate::domain::directory::{Directory, User};
use crate::domain::id::{ChannelId, IncidentNo, SlackUserId, UserId};
use crate::domain::incident::Incident;
use crate::domain::playbook::best;
use crate::domain::privacy::may_read_notes;
use crate::domain::refusal::Refusal;
use crate::drafts::front::{self, Parts, Unreadable, parts};
use crate::drafts::{DRAFTS_MAX, Kept, NotSaved, below_data, slug};
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::outcome::Outcome;
use crate::slack::translate::Filled;
use crate::views::action_id::{Action, Field, Origin, Subject};
use crate::views::draft::WrongIn;
use crate::views::kit::button;
use crate::views::rca::forms::units;
use crate::views::{self, Message, draft};
use serde_json::{Value, json};
use std::io;
use std::path::Path;

impl Handler {
    /// `playbook draft [N]`
    pub(super) async fn draft(&self, s: &Snapshot, which: Which, me: &User, typed: &Typed<'_>) -> Reply {
        let no = match self.which(s, which, "playbook draft", Some(&me.id), typed) {
            Ok(no) => no,
            Err(pick) => return Reply::Words(pick),
        };
        let Some(i) = self.find(s, no) else {
            let none = Refusal::NoSuchIncident(no);
            return Reply::Words(Message::plain(views::refusal::refusal(&none, &s.directory)));
        };
        match self.draft_window(s, &i, Some(&me.id), &origin(s, no, typed.place)).await {
            Ok(view) => {
                let subject = Subject { store: s.store, incident: no };
                let instead = button(Action::DraftPlaybook, "Draft playbook", subject);
                Reply::Window(view, draft::to_open(&i, best(&s.directory, &i).map(|fits| &**fits), instead))
            }
            Err(why) => Reply::Words(why),
        }
    }

    /// The window, with what was saved before or what can be told from what was done. `Err`: why there is none.
    pub(super) async fn draft_window(
        &self,
        s: &Snapshot,
        i: &Incident,
        reader: Option<&UserId>,
        origin: &Origin,
    ) -> Result<Value, Message> {
        if !may_read_notes(i, &s.directory, reader, origin.channel.as_ref()) {
            return Err(match is_gone(i, &s.directory) {
                true => Message::plain(draft::not_shown(i.no, true)),
                false => views::list::private(i),
            });
        }
        let kept = self.kept_draft(i.no).await.map_err(Message::plain)?;
        let (title, text) = match &kept {
            Some(kept) => as_opened(kept, i).map_err(Message::plain)?,
            None => {
                let title = draft::title(i);
                let text = draft::body(&title, i, &self.timeline(i), &s.directory);
                (title, text)
            }
        };
        let more = kept.as_ref().map(Kept::mark).unwrap_or_default();
        let fits = best(&s.directory, i).map(|fits| &**fits);
        Ok(json!(draft::window(i.no, &title, &text, fits, &Origin { more, ..origin.clone() })))
    }

    /// The draft that is there. `Err`: why nobody knows.
    async fn kept_draft(&self, no: IncidentNo) -> Result<Option<Kept>, String> {
        let drafts = self.drafts.clone();
        let read = tokio::task::spawn_blocking(move || drafts.get(no)).await;
        read.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| {
            tracing::error!(incident = no.0, %error, "a draft cannot be read");
            draft::not_kept("the draft that is there cannot be read")
        })
    }

    /// The window was sent.
    pub(super) async fn draft_submitted(&self, s: &Snapshot, sent: Sent, filled: &Filled, by: &UserId) -> Handled {
        let no = sent.origin.subject.incident;
        let (Filled::Draft { title, inputs }, Some(i)) = (filled, self.find(s, no)) else {
            let why = views::refusal::refusal(&Refusal::NoSuchIncident(no), &s.directory);
            return errors(&Wrong { at: Field::What, why });
        };
        let written = match self.written(s, &i, title, inputs, by, sent.origin.channel.as_ref()).await {
            Ok(written) => written,
            Err(wrong) => return errors(&wrong),
        };
        let over = Some(sent.origin.more.as_str()).filter(|mark| !mark.is_empty()).map(str::to_owned);
        let (drafts, called, kept) = (self.drafts.clone(), written.title.clone(), written.text.clone());
        let saving = tokio::task::spawn_blocking(move || drafts.save(no, &called, &kept, over.as_deref()));
        let why = match saving.await {
            Ok(Ok(path)) => {
                let file = below_data(&path);
                let told = draft::saved(&written.title, &file);
                self.hand_over(sent.by, no, written, file);
                let view = json!(views::modal::told("Playbook", &Message::plain(told)));
                return Handled::Ack(Some(json!({ "response_action": "update", "view": view })));
            }
            Ok(Err(NotSaved::Meanwhile)) => draft::meanwhile(),
            Ok(Err(NotSaved::Full)) => {
                draft::not_kept(&format!("there are {DRAFTS_MAX} drafts; somebody has to remove some of them"))
            }
            Ok(Err(NotSaved::Disk(error))) => {
                tracing::error!(incident = no.0, %error, "a draft cannot be saved");
                draft::not_kept("the disk said no")
            }
            Err(error) => {
                tracing::error!(incident = no.0, %error, "a draft cannot be saved");
                draft::not_kept("something went wrong")
            }
        };
        errors(&Wrong { at: Field::Words, why })
    }

    /// What was filled in, as a playbook. Whatever people wrote on top of the file by hand stays there; was it changed since the
    /// window was opened, saving refuses.
    async fn written(
        &self,
        s: &Snapshot,
        i: &Incident,
        title: &str,
        inputs: &[String],
        by: &UserId,
        channel: Option<&ChannelId>,
    ) -> Result<Written, Wrong> {
        if !may_read_notes(i, &s.directory, Some(by), channel) {
            return Err(Wrong { at: Field::What, why: draft::not_shown(i.no, is_gone(i, &s.directory)) });
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let body = inputs.join("\n");
        let body = body.trim();
        if units(body) > draft::TEXT_UNITS {
            return Err(Wrong { at: Field::Words, why: draft::too_long(body) });
        }
        let kept = self.kept_draft(i.no).await.map_err(|why| Wrong { at: Field::Words, why })?;
        let made = || draft::front(title.trim(), i, self.clock.now().utc().date_naive());
        let (title, front) = match &kept {
            None => (title.trim().to_owned(), made()),
            Some(kept) => match on_top(kept, title.trim()) {
                Ok(Some((title, front))) => (title, format!("+++\n{front}+++\n")),
                Ok(None) => (title.trim().to_owned(), made()),
                Err(Unreadable) => {
                    return Err(Wrong { at: Field::Words, why: draft::unreadable_on_top(i.no, &kept.file()) });
                }
            },
        };
        let text = format!("{front}\n{body}\n");
        judged(&format!("{}.md", slug(&title)), &text, &front, &s.directory)?;
        Ok(Written { title, text })
    }

    /// As a file in their direct messages; where Slack takes none, as words.
    fn hand_over(&self, to: SlackUserId, no: IncidentNo, Written { title, text }: Written, file: String) {
        let this = self.clone();
        tokio::spawn(async move {
            let (comment, name) = (draft::comment(no, &title), format!("{}.md", slug(&title)));
            if let Err(why) = this.upload(&to, &name, &text, &comment).await {
                tracing::warn!(incident = no.0, why, "a draft could not be handed over as a file");
                let mut body = shown(&draft::as_text(no, &title, &text, &file, this.pager()));
                body["channel"] = json!(to);
                let outcome = this.client.call_now("chat.postMessage", &body).await;
                if !matches!(outcome, Outcome::Ok(_)) {
                    tracing::warn!(outcome = outcome.name(), "nor as words");
                }
            }
        });
    }

    async fn upload(&self, to: &SlackUserId, name: &str, text: &str, comment: &str) -> Result<(), String> {
        let opened = self.client.call_now("conversations.open", &json!({ "users": to })).await;
        let Outcome::Ok(opened) = opened else { return Err(opened.name().to_owned()) };
        let channel = opened["channel"]["id"].as_str().ok_or("no channel")?;
        let outcome = self.client.upload(name, text, channel, comment).await;
        if matches!(outcome, Outcome::Ok(_)) { Ok(()) } else { Err(outcome.name().to_owned()) }
    }
}

/// What is to be saved.
struct Written {
    title: String,
    text: String,
}

fn is_gone(i: &Incident, d: &Directory) -> bool {
    !d.services.contains_key(&i.service)
}

/// Title and text of a file, for the window. `Err`: why it is not for a window.
fn as_opened(kept: &Kept, i: &Incident) -> Result<(String, String), String> {
    let Parts { front, body } = parts(&kept.text);
    let title = front.map_or(Ok(None), front::title);
    let title = title.map_err(|Unreadable| draft::unreadable_on_top(i.no, &kept.file()))?;
    if units(body) > draft::TEXT_UNITS {
        return Err(draft::too_long_for_a_window(i.no, &kept.file()));
    }
    Ok((title.unwrap_or_else(|| draft::title(i)), body.to_owned()))
}

/// The title of a file, and the lines on top of it, when it is saved as `typed`; `None`: it has no such lines. A title that is too
/// long for the window stays as it is unless somebody changes what they see of it.
fn on_top(kept: &Kept, typed: &str) -> Result<Option<(String, String)>, Unreadable> {
    let Some(front) = parts(&kept.text).front else { return Ok(None) };
    match front::title(front)?.filter(|title| title == typed || draft::in_window(title) == typed) {
        Some(title) => Ok(Some((title, front.to_owned()))),
        None => Ok(Some((typed.to_owned(), front::retitled(front, typed)?))),
    }
}

/// Is it a playbook?
fn judged(file: &str, text: &str, front: &str, d: &Directory) -> Result<(), Wrong> {
    let Err(complaints) = of_text(Path::new(file), text, d) else { return Ok(()) };
    let Some(first) = complaints.first() else { return Ok(()) };
    let above = front.lines().count() + 1;
    let line = first.line.checked_sub(above).filter(|line| *line > 0);
    let parts = [&first.found, &first.wrong].into_iter().filter(|part| !part.is_empty());
    let what = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let what = if first.mend.is_empty() { what } else { format!("{what}; {}", first.mend) };
    let (at, place) = match line {
        Some(line) => (Field::Words, WrongIn::Line(line)),
        None if first.found.is_empty() => (Field::What, WrongIn::File),
        None => (Field::What, WrongIn::Top),
    };
    Err(Wrong { at, why: draft::wrong(place, &what) })
}
