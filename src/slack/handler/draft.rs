//! Playbooks that are drafted from an incident: the window, and the file that comes of it.

use super::commands::{Reply, Typed};
use super::forms::{Sent, Wrong, errors};
use super::{Handler, origin, shown};
use crate::command::Which;
use crate::config::playbook::of_text;
use crate::domain::directory::{Directory, User};
use crate::domain::id::{IncidentNo, SlackUserId};
use crate::domain::incident::Incident;
use crate::domain::privacy::may_read;
use crate::domain::refusal::Refusal;
use crate::drafts::{DRAFTS_MAX, Kept, NotSaved, slug};
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::outcome::Outcome;
use crate::slack::translate::Filled;
use crate::views::action_id::{Action, Field, Origin, Subject};
use crate::views::kit::button;
use crate::views::{self, Message, draft};
use serde_json::{Value, json};
use std::path::Path;

impl Handler {
    /// `playbook draft [N]`
    pub(super) fn draft(&self, s: &Snapshot, which: Which, me: &User, typed: &Typed<'_>) -> Reply {
        let no = match self.which(s, which, "playbook draft", Some(&me.id), typed) {
            Ok(no) => no,
            Err(pick) => return Reply::Words(pick),
        };
        let Some(i) = self.find(s, no) else {
            let none = Refusal::NoSuchIncident(no);
            return Reply::Words(Message::plain(views::refusal::refusal(&none, &s.directory)));
        };
        if !may_read(&i, &s.directory, Some(&me.id), typed.place.channel.as_ref()) {
            return Reply::Words(views::list::private(&i));
        }
        let instead = button(Action::DraftPlaybook, "Draft playbook", Subject { store: s.store, incident: no });
        match self.draft_window(s, &i, &origin(s, no, typed.place)) {
            Ok(view) => Reply::Window(view, draft::to_open(&i, instead)),
            Err(why) => Reply::Words(Message::plain(why)),
        }
    }

    /// The window, with what was saved before or what can be told from what was done. `Err`: why there is none.
    pub(super) fn draft_window(&self, s: &Snapshot, i: &Incident, origin: &Origin) -> Result<Value, String> {
        let kept = self.drafts.get(i.no).map_err(|error| {
            tracing::error!(incident = i.no.0, %error, "a draft cannot be read");
            draft::not_kept("the draft that is there cannot be read")
        })?;
        let (title, text) = match &kept {
            Some(kept) => parts(&kept.text, i),
            None => {
                let title = draft::title(i);
                let text = draft::body(&title, i, &self.timeline(i), &s.directory);
                (title, text)
            }
        };
        let more = kept.as_ref().map(Kept::mark).unwrap_or_default();
        Ok(json!(draft::window(i.no, &title, &text, &Origin { more, ..origin.clone() })))
    }

    /// The window was sent.
    pub(super) async fn draft_submitted(&self, s: &Snapshot, sent: Sent, filled: &Filled) -> Handled {
        let no = sent.origin.subject.incident;
        let (Filled::Draft { title, inputs }, Some(i)) = (filled, self.find(s, no)) else {
            let why = views::refusal::refusal(&Refusal::NoSuchIncident(no), &s.directory);
            return errors(&Wrong { at: Field::What, why });
        };
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let today = self.clock.now().utc().date_naive();
        let front = draft::front(title.trim(), &i, today);
        let text = format!("{front}\n{}\n", inputs.join("\n").trim());
        let file = format!("{}.md", slug(title));
        if let Err(wrong) = judged(&file, &text, &front, &s.directory) {
            return errors(&wrong);
        }
        let over = Some(sent.origin.more.as_str()).filter(|mark| !mark.is_empty()).map(str::to_owned);
        let (drafts, called, kept) = (self.drafts.clone(), title.clone(), text.clone());
        let saving = tokio::task::spawn_blocking(move || drafts.save(no, &called, &kept, over.as_deref()));
        let why = match saving.await {
            Ok(Ok(path)) => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let told = draft::saved(title, &format!("{}/{name}", crate::drafts::FOLDER));
                self.hand_over(sent.by, no, title.clone(), file, text);
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

    /// As a file in their direct messages; where Slack takes none, as words.
    fn hand_over(&self, to: SlackUserId, no: IncidentNo, title: String, name: String, text: String) {
        let this = self.clone();
        tokio::spawn(async move {
            let comment = draft::comment(no, &title);
            if let Err(why) = this.upload(&to, &name, &text, &comment).await {
                tracing::warn!(incident = no.0, why, "a draft could not be handed over as a file");
                let mut body = shown(&draft::as_text(no, &title, &text));
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

/// Title and text of a file that was saved.
fn parts(text: &str, i: &Incident) -> (String, String) {
    let (front, body) = text.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n")).unwrap_or(("", text));
    let table = front.parse::<toml::Table>().unwrap_or_default();
    let title = table.get("title").and_then(toml::Value::as_str).map_or_else(|| draft::title(i), str::to_owned);
    (title, body.trim().to_owned())
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
    let at = if line.is_some() { Field::Words } else { Field::What };
    Err(Wrong { at, why: draft::wrong(line, &what) })
}
