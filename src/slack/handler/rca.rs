//! Root-cause analyses: their windows, and what is said about them. Forms of items, which come of them, are taken here too.

use super::commands::Typed;
use super::forms::{Sent, Wrong, closed, errors};
use super::items::{item_told, owner};
use super::{ANSWER, Came, DECIDE, Handler, origin};
use crate::command::Rcas;
use crate::domain::directory::User;
use crate::domain::id::{IncidentNo, InputId, ItemNo, SlackUserId, UserId};
use crate::domain::input::What;
use crate::domain::item::ItemDeed;
use crate::domain::rca::{Excuse, Impact, Part, Rca, RcaDeed, Stands, owed, status};
use crate::domain::refusal::Refusal;
use crate::domain::schedule::local_instant;
use crate::domain::snooze::SnoozeChoice;
use crate::domain::stamp::At;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::{Filled, Place};
use crate::views::action_id::{Elsewhere, Field, Form, OnRca, Origin, Piece, Subject};
use crate::views::items::Listing;
use crate::views::{self, Message};
use chrono::Days;
use chrono_tz::Tz;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Ends of a repair item that are offered, in days from now.
const DUE_IN: [(u64, &str); 3] = [(7, "In a week"), (14, "In two weeks"), (28, "In four weeks")];
/// At the end of that day's work.
const EVENING: (u32, u32) = (17, 0);

/// How a command about an RCA is answered.
pub(super) enum Shown {
    Words(Message),
    /// A window; and what says the same where none can be opened.
    Window(Value, Message),
}

impl Handler {
    /// `rca …`
    pub(super) fn shows_rca(&self, s: &Snapshot, what: &Rcas, user: &User, typed: &Typed<'_>) -> Shown {
        let (d, now) = (&*s.directory, self.clock.now());
        let channel = typed.place.channel.as_ref();
        let may = |rca: &Rca| views::rca::may_read(rca, d, Some(&user.id), channel);
        let reader = (Some(&user.id), channel);
        let list = |all: Vec<&Arc<Rca>>, of: Option<&str>| {
            let (all, private): (Vec<_>, Vec<_>) = all.into_iter().partition(|rca| may(rca));
            Shown::Words(views::rca::list(
                Listing { all: &all, private: private.len(), of },
                reader,
                now,
                d,
                s.store,
                typed.command,
            ))
        };
        match what {
            Rcas::Mine => list(owed(&s.world, |rca| rca.owner == user.id), None),
            Rcas::List(None) => list(owed(&s.world, |_| true), Some("Everybody together")),
            Rcas::List(Some(team)) => {
                let name = d.teams.get(team).map_or(team.as_str(), |t| t.name.as_str());
                list(owed(&s.world, |rca| rca.team == *team), Some(name))
            }
            Rcas::Status => {
                let (teams, weeks) = (status::teams(&s.world, d, now, user.tz), status::weeks(&s.world, now, user.tz));
                let since = status::counted_since(&s.world);
                Shown::Words(views::rca::status(&teams, &weeks, since, d, typed.command))
            }
            Rcas::Of(no) => match s.world.rcas.get(no) {
                Some(rca) if !may(rca) => Shown::Words(Message::plain(views::rca::private(*no))),
                Some(rca) => {
                    let window = json!(self.rca_window(s, rca, None, &origin(s, *no, typed.place)));
                    Shown::Window(window, views::rca::to_open(rca, now, reader, d, s.store))
                }
                None if self.find(s, *no).is_none() => {
                    Shown::Words(Message::plain(views::refusal::refusal(&Refusal::NoSuchIncident(*no), d)))
                }
                None => Shown::Words(Message::plain(views::rca::none(*no, typed.command))),
            },
        }
    }

    /// Buttons in an RCA's window, and those that open it.
    pub(super) async fn rca_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let Some(on) = chosen.as_deref().and_then(OnRca::parse) else { return Handled::Ack(None) };
        let (s, no) = (self.board.snapshot(), on.subject.incident);
        let user = match self.admit(&s, &by, on.subject) {
            Ok(user) => user.clone(),
            Err(turned) => {
                return self.in_background(|this| async move {
                    this.turned_away(&by, turned, on.subject, place, "RCA").await
                });
            }
        };
        if let Some(refused) = refused(&s, no, &user.id, &place) {
            return self.later(by, place, no.to_string(), refused);
        }
        let deed = match what {
            Elsewhere::RcaFelt => RcaDeed::Answer { felt: true },
            Elsewhere::RcaNotFelt => RcaDeed::Answer { felt: false },
            Elsewhere::RcaComplete => RcaDeed::Complete,
            Elsewhere::RcaTakeUp => RcaDeed::TakeUp,
            _ => {
                return self.in_background(|this| async move { this.open_rca(&user, on, place).await });
            }
        };
        let came = self.decide(id.into(), What::Rca { incident: no, by: user.id, deed }, DECIDE).await;
        let told = match came {
            Came::To { .. } => None,
            Came::Refused(refusal) => Some(views::refusal::refusal(&refusal, &s.directory)),
            other => return self.undone(other, by, place, no.to_string()),
        };
        self.in_background(|this| async move { this.rca_anew(no, place, told).await })
    }

    /// The window that was pressed in shows what came of it.
    async fn rca_anew(&self, no: IncidentNo, place: Place, told: Option<String>) {
        let s = self.board.snapshot();
        let (Some(open), Some(rca)) = (&place.view, s.world.rcas.get(&no)) else { return };
        let view = json!(self.rca_window(&s, rca, told.as_deref(), &origin(&s, no, &place)));
        self.update_window(&open.id, view).await;
    }

    /// The window below a form of it that was sent shows what came of it.
    fn rca_below(&self, view_id: String, origin: Origin, told: Option<String>) {
        let this = self.clone();
        tokio::spawn(async move {
            let s = this.board.snapshot();
            let Some(rca) = s.world.rcas.get(&origin.subject.incident) else { return };
            let origin = Origin { more: String::new(), ..origin };
            let view = json!(this.rca_window(&s, rca, told.as_deref(), &origin));
            this.update_window(&view_id, view).await;
        });
    }

    fn rca_window(&self, s: &Snapshot, rca: &Rca, told: Option<&str>, origin: &Origin) -> impl serde::Serialize {
        let items: Vec<_> = s.world.items.values().filter(|item| item.incident == rca.incident).collect();
        views::rca::window(rca, &items, told, &s.directory, origin)
    }

    /// *Write RCA* on a card.
    pub(super) async fn rca_of_card(&self, s: &Snapshot, user: &User, subject: Subject, place: Place) {
        if let Some(refused) = refused(s, subject.incident, &user.id, &place) {
            let by = user.slack.clone().unwrap_or_else(|| "".into());
            return self.answer(&by, place, &subject.incident.to_string(), &refused).await;
        }
        self.open_rca(user, OnRca { subject, piece: None }, place).await;
    }

    /// The window of an RCA, or of a piece of it on top.
    async fn open_rca(&self, user: &User, on: OnRca, place: Place) {
        let (s, no) = (self.board.snapshot(), on.subject.incident);
        let Some(rca) = s.world.rcas.get(&no) else { return };
        let origin = origin(&s, no, &place);
        let view = match on.piece {
            None => json!(self.rca_window(&s, rca, None, &origin)),
            Some(piece) => self.rca_form(&s, rca, piece, user, &origin),
        };
        self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
    }

    fn rca_form(&self, s: &Snapshot, rca: &Rca, piece: Piece, user: &User, origin: &Origin) -> Value {
        use views::rca::forms;
        let d = &*s.directory;
        match piece {
            Piece::Part(part) => {
                let filled = forms::inputs(&self.words_of(s, rca, part));
                json!(forms::part(rca, part, &filled, None, d, origin))
            }
            Piece::Impact => json!(forms::impact(rca, None, d, origin)),
            Piece::Repair => {
                let due = due_choices(self.clock.now(), user.tz);
                json!(forms::repair(rca, &due, forms::offered(&user.id, d), origin))
            }
            Piece::Owner => json!(forms::owner(rca, d, origin)),
            Piece::Excuse => json!(forms::excuse(rca, origin)),
        }
    }

    /// What a part is filled with: what was saved, else what is known.
    fn words_of(&self, s: &Snapshot, rca: &Rca, part: Part) -> String {
        if rca.parts.contains_key(&part) {
            return rca.text(part).to_owned();
        }
        let entries = self.find(s, rca.incident).map(|i| self.timeline(&i)).unwrap_or_default();
        views::rca::prefill(part, &entries, &s.directory)
    }

    /// A form of an RCA, or of an item, was sent.
    pub(super) async fn rca_submitted(&self, s: &Snapshot, sent: Sent, filled: &Filled, by: UserId) -> Handled {
        let at = sent.form.first_field();
        let what = match asked(s, &sent, filled, by) {
            Ok(what) => what,
            Err(wrong) => return errors(&wrong),
        };
        let tz = s.directory.user_by_slack(&sent.by).map_or(Tz::UTC, |u| u.tz);
        let before = sent.origin.more.parse().ok().and_then(|no| owner(s, ItemNo(no)));
        match self.decide(sent_as(&sent, filled), what, ANSWER).await {
            Came::To { snapshot, .. } => self.rca_saved(&snapshot, sent, before.as_ref()),
            Came::Refused(Refusal::WrittenMeanwhile { .. } | Refusal::ImpactToldMeanwhile { .. }) => {
                let both = self.rca_conflict(&sent.origin, filled);
                Handled::Ack(both.map(|view| json!({ "response_action": "update", "view": view })))
            }
            Came::Refused(refusal) => {
                let why = views::refusal::refusal(&refusal, &s.directory);
                let at = if matches!(refusal, Refusal::DueThen { .. }) { Field::At } else { at };
                errors(&Wrong { at, why: views::mrkdwn::with_times_written(&why, tz) })
            }
            Came::NotSaved => errors(&Wrong { at, why: views::reply::not_saved() }),
            Came::Busy => errors(&Wrong { at, why: views::reply::busy() }),
            // What they wrote stays before them; saving the same again is harmless.
            Came::Late => errors(&Wrong { at, why: views::rca::takes_long() }),
        }
    }

    /// The window below shows it; where there is none, they are told.
    /// `before`: whose the item was, if it is one.
    fn rca_saved(&self, s: &Snapshot, sent: Sent, before: Option<&UserId>) -> Handled {
        let no = sent.origin.subject.incident;
        let handed = match sent.form {
            Form::RcaOwner => s.world.rcas.get(&no).map(|rca| views::rca::handed_over(rca, &s.directory)),
            _ => None,
        };
        if let Some(below) = sent.below.filter(|_| !matches!(sent.form, Form::ItemDone | Form::ItemChange)) {
            self.rca_below(below, sent.origin, handed);
            return Handled::Ack(None);
        }
        let told = match sent.form {
            Form::ItemDone | Form::ItemChange => {
                let item = ItemNo(sent.origin.more.parse().unwrap_or_default());
                let by = s.directory.user_by_slack(&sent.by).map_or_else(|| "".into(), |u| u.id.clone());
                item_told(s, item, before, &by, self.pager())
            }
            _ => handed.unwrap_or_else(|| views::rca::told(no)),
        };
        self.whisper(&sent.by, sent.origin.channel, sent.origin.thread.as_deref(), &Message::plain(told));
        closed()
    }

    /// What somebody else saved meanwhile: both are shown, and nothing is lost.
    fn rca_conflict(&self, origin: &Origin, mine: &Filled) -> Option<Value> {
        use views::rca::forms;
        let s = self.board.snapshot();
        let rca = s.world.rcas.get(&origin.subject.incident)?;
        match (mine, revision_of(&origin.more)?.0) {
            (Filled::RcaPart { inputs }, Piece::Part(part)) => {
                Some(json!(forms::part(rca, part, inputs, rca.parts.get(&part), &s.directory, origin)))
            }
            (Filled::RcaImpact { who, what, users, time }, Piece::Impact) => {
                let known = rca.impact.as_ref()?;
                let (who, what) = (who.as_str().into(), what.as_str().into());
                let mine = Impact { who, what, users: *users, time: *time, ..known.clone() };
                Some(json!(forms::impact(rca, Some(&mine), &s.directory, origin)))
            }
            _ => None,
        }
    }
}

/// What it is recognised by when it comes again. A long text may be mended and sent once more from the same window, when
/// nobody knew whether it was saved: that is another one.
fn sent_as(sent: &Sent, filled: &Filled) -> InputId {
    match filled {
        Filled::RcaPart { inputs } => {
            let hash = Sha256::digest(inputs.join("\n").as_bytes());
            let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("{}/{hash}", sent.view).into()
        }
        _ => sent.view.as_str().into(),
    }
}

/// What a form of an RCA, or of an item, asks for.
fn asked(s: &Snapshot, sent: &Sent, filled: &Filled, by: UserId) -> Result<What, Wrong> {
    let at = sent.form.first_field();
    let person = |slack: &SlackUserId| match s.directory.user_by_slack(slack) {
        Some(user) => Ok(user.id.clone()),
        None => Err(Wrong { at: Field::Person, why: views::reply::unknown_choice(slack.as_str()) }),
    };
    let damaged = || Wrong { at, why: views::reply::from_another_store() };
    let deed = match (sent.form, filled) {
        (Form::ItemDone, Filled::Words(outcome)) => {
            let item = ItemNo(sent.origin.more.parse().map_err(|_| damaged())?);
            return Ok(What::Item { item, by, deed: ItemDeed::Done { outcome: outcome.clone() } });
        }
        (Form::ItemChange, Filled::ItemChange { owner, due }) => {
            let item = ItemNo(sent.origin.more.parse().map_err(|_| damaged())?);
            let deed = ItemDeed::Change { owner: Some(person(owner)?), due: *due };
            return Ok(What::Item { item, by, deed });
        }
        (Form::RcaExcuse, Filled::Words(because)) => RcaDeed::Excuse { because: because.clone() },
        (Form::RcaOwner, Filled::Reassign { to }) => RcaDeed::HandOver { to: person(to)? },
        (Form::RcaPart, Filled::RcaPart { inputs }) => {
            let Some((Piece::Part(part), revision)) = revision_of(&sent.origin.more) else { return Err(damaged()) };
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
            RcaDeed::Write { part, revision, text: inputs.join("\n") }
        }
        (Form::RcaImpact, Filled::RcaImpact { who, what, users, time }) => {
            let (_, revision) = revision_of(&sent.origin.more).ok_or_else(damaged)?;
            RcaDeed::Impact { revision, who: who.clone(), what: what.clone(), users: *users, time: *time }
        }
        (Form::RcaRepair, Filled::RcaRepair { what, owner, due }) => {
            RcaDeed::Repair { what: what.clone(), owner: person(owner)?, due: *due }
        }
        _ => return Err(damaged()),
    };
    Ok(What::Rca { incident: sent.origin.subject.incident, by, deed })
}

/// Which piece a form is about, and the revision that was before its writer.
fn revision_of(more: &str) -> Option<(Piece, u32)> {
    let (word, revision) = more.split_once('/')?;
    Some((Piece::parse(word)?, revision.parse().ok()?))
}

/// Why an RCA is not shown: there is none, or it may not be read here, or another one tells of it.
fn refused(s: &Snapshot, no: IncidentNo, user: &UserId, place: &Place) -> Option<Message> {
    let d = &*s.directory;
    let Some(rca) = s.world.rcas.get(&no) else {
        return Some(Message::plain(views::refusal::refusal(&Refusal::OwesNoRca { incident: no }, d)));
    };
    if !views::rca::may_read(rca, d, Some(user), place.channel.as_ref()) {
        return Some(Message::plain(views::rca::private(no)));
    }
    match &rca.stands {
        Stands::NotOwed(Excuse::Merged { into }) if !s.world.rcas.contains_key(into) => {
            let merged = Refusal::IsMerged { incident: no, into: *into };
            Some(Message::plain(views::refusal::refusal(&merged, d)))
        }
        Stands::Owed | Stands::Completed(_) | Stands::NotOwed(_) => None,
    }
}

/// Whole days from now, at the end of work.
pub(super) fn due_choices(wall: At, tz: Tz) -> Vec<SnoozeChoice> {
    let today = wall.utc().with_timezone(&tz).date_naive();
    let choice = |(days, words): (u64, &str)| {
        let day = today.checked_add_days(Days::new(days))?;
        let until = local_instant(tz, day.and_hms_opt(EVENING.0, EVENING.1, 0)?);
        Some(SnoozeChoice { until, words: format!("{words}, {}", day.format("%A, %-d %B")) })
    };
    DUE_IN.into_iter().filter_map(choice).collect()
}
