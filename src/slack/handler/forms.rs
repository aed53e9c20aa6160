//! Modals that are submitted.

use super::people::{Who, stranger};
use super::{ANSWER, Came, Handler, Turned, by_hand, going_on, quiet, run, told, windows};
use crate::domain::call::Whom;
use crate::domain::directory::Directory;
use crate::domain::fact::Fact;
use crate::domain::going_on::Announce;
use crate::domain::id::{HandoffNo, IncidentNo, InputId, SlackUserId, UserId};
use crate::domain::input::{Act, Deed, Raise, What};
use crate::domain::refusal::Refusal;
use crate::domain::run::Move;
use crate::domain::triage::{Answer, Later};
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Filled;
use crate::views::action_id::{Field, Form, Origin, Pointed};
use crate::views::{self, Message};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// What is wrong, and at which input that is shown.
pub(super) struct Wrong {
    pub at: Field,
    pub why: String,
}

/// A form that was sent, but for what it holds.
pub(super) struct Sent {
    pub by: SlackUserId,
    pub form: Form,
    pub origin: Origin,
    /// The view's id with its hash.
    pub view: String,
    /// The window it stood on: its answer is read where one looks, and the channel may be far below.
    pub below: Option<String>,
}

impl Handler {
    /// Decides what was filled in, and answers in the acknowledgement: the windows close and the answer follows where
    /// they were opened, or the answer takes the form's place, or the error stands beside the input.
    pub(super) async fn submit(&self, sent: Sent, filled: Filled) -> Handled {
        let snapshot = self.board.snapshot();
        let at = sent.form.first_field();
        let user = match self.admit(&snapshot, &sent.by, sent.origin.subject) {
            Ok(user) => user.id.clone(),
            Err(Turned::AnotherStore) => return errors(&Wrong { at, why: views::reply::from_another_store() }),
            Err(Turned::Unknown) => return self.submit_unknown(sent, filled).await,
        };
        if sent.form == Form::Draft {
            return self.draft_submitted(&snapshot, sent, &filled, &user).await;
        }
        if sent.form.is_of_rca() {
            return self.rca_submitted(&snapshot, sent, &filled, user).await;
        }
        let no = sent.origin.subject.incident;
        if let Filled::Maintenance { services, team: Some(_), .. } = &filled
            && !services.is_empty()
        {
            return errors(&Wrong { at: Field::Team, why: views::reply::services_or_team() });
        }
        let ends = match &filled {
            Filled::Announce { ends, .. } => Some(*ends),
            _ => None,
        };
        let more = sent.origin.more.as_str();
        let what = match self.quiet_filled(&snapshot, no, &user, &filled) {
            Some(what) => what,
            None => match input(&filled, no, user, sent.form, more, &snapshot.directory) {
                Ok(what) => what,
                Err(wrong) => return errors(&wrong),
            },
        };
        let came = self.decide(InputId::from(sent.view.as_str()), what, ANSWER).await;
        self.submitted(&snapshot, came, sent, ends)
    }

    /// Guests may note; whoever else is unknown is told so beside the input, and by a message that has the button.
    async fn submit_unknown(&self, sent: Sent, filled: Filled) -> Handled {
        let at = sent.form.first_field();
        match (self.who(&sent.by).await, sent.form, filled) {
            (Who::Outsider { name }, Form::Note, Filled::Words(text)) => {
                let (id, no) = (InputId::from(sent.view.as_str()), sent.origin.subject.incident);
                let came = self.guest_note(id, &sent.by, name, no, text).await;
                self.submitted(&self.board.snapshot(), came, sent, None)
            }
            (Who::Member(_), ..) => {
                self.whisper(&sent.by, sent.origin.channel, sent.origin.thread.as_deref(), &views::people::unknown());
                errors(&Wrong { at, why: views::people::unknown_in_a_form() })
            }
            (who @ (Who::Outsider { .. } | Who::NotTold), ..) => {
                errors(&Wrong { at, why: stranger(&who, Some(sent.origin.subject)).text })
            }
        }
    }

    /// `ends`: the input that says until when, where a form has several.
    fn submitted(&self, before: &Snapshot, came: Came, sent: Sent, ends: Option<Field>) -> Handled {
        let Sent { by, form, origin, below, .. } = sent;
        let (at, no, snapshot) = (form.first_field(), origin.subject.incident, self.board.snapshot());
        match came {
            Came::To { facts, snapshot } => {
                let opened = facts.iter().find_map(|f| match f {
                    Fact::IncidentOpened(o) => Some(o.incident),
                    Fact::Quoted { incident, .. } => Some(*incident),
                    _ => None,
                });
                let no = opened.unwrap_or(no);
                let told = if matches!(form, Form::Silence | Form::Maintenance) {
                    let user = snapshot.directory.user_by_slack(&by).map(|u| &u.id);
                    let reader = views::quiet::Reader { user, channel: origin.channel.as_ref() };
                    quiet::came_of(&facts, before, &snapshot, None, reader, "/pager")
                } else if form == Form::Announce {
                    going_on::came_of(&facts, before, self.pager(), &snapshot.directory)
                } else if form == Form::Quote {
                    by_hand::came_of(&facts, &snapshot, no, self.pager())
                } else {
                    told(&facts, &snapshot, no)
                };
                // What it will say stands in the draft.
                if form == Form::Handoff {
                    return closed();
                }
                if form == Form::TriageSince {
                    if let Some(below) = below {
                        self.triage_below(below, by, origin);
                    }
                    return Handled::Ack(None);
                }
                if origin.is_of_walk() || form == Form::SkipStep && run::goes_on(&facts) {
                    // The step that is next stands where the button was; what it does not say, above it.
                    let told = if form == Form::SkipStep { run::taken(&facts, &snapshot, no) } else { Some(told) };
                    match (below, told) {
                        (Some(below), told) => self.show_below(below, origin, told),
                        (None, Some(told)) => self.whisper(&by, origin.channel, origin.thread.as_deref(), &told),
                        (None, None) => {}
                    }
                    return Handled::Ack(None);
                }
                if below.is_some() {
                    return instead(&no.to_string(), &told);
                }
                self.whisper(&by, origin.channel, origin.thread.as_deref(), &told);
                closed()
            }
            Came::Refused(refusal) => {
                let why = match (&refusal, form) {
                    (Refusal::EmptyAnnouncement, Form::Announce) => views::reply::nothing_announced(),
                    _ => views::refusal::refusal(&refusal, &snapshot.directory),
                };
                let tz = snapshot.directory.user_by_slack(&by).map_or(Tz::UTC, |u| u.tz);
                let why = views::mrkdwn::with_times_written(&why, tz);
                errors(&Wrong { at: field_of(&refusal, form, ends), why })
            }
            Came::NotSaved => errors(&Wrong { at, why: views::reply::not_saved() }),
            Came::Busy => errors(&Wrong { at, why: views::reply::busy() }),
            // The windows close; submitting the same again is harmless.
            Came::Late => {
                let late = match form {
                    Form::Announce => going_on::takes_long(self.pager()),
                    _ => views::reply::takes_long(no),
                };
                self.whisper(&by, origin.channel, origin.thread.as_deref(), &Message::plain(late));
                closed()
            }
        }
    }
}

fn input(
    filled: &Filled,
    incident: IncidentNo,
    by: UserId,
    form: Form,
    more: &str,
    d: &Directory,
) -> Result<What, Wrong> {
    let person = |slack: &SlackUserId, at: Field| match d.user_by_slack(slack) {
        Some(user) => Ok(user.id.clone()),
        None => Err(Wrong { at, why: views::reply::unknown_choice(slack.as_str()) }),
    };
    let deed = match filled {
        Filled::Snooze { until, why, because } => Deed::Snooze { until: *until, why: *why, because: because.clone() },
        Filled::AddResponders { people, teams } => {
            let mut whom = Vec::new();
            for slack in people {
                whom.push(Whom::User(person(slack, Field::People)?));
            }
            whom.extend(teams.iter().filter_map(|t| windows::whom(t)));
            Deed::AddResponders { whom }
        }
        Filled::Reassign { to } => Deed::Reassign { to: person(to, Field::Person)? },
        Filled::Words(text) if form == Form::ResolveWithNote => {
            Deed::Resolve { note: (!text.is_empty()).then(|| text.clone()) }
        }
        Filled::Words(text) if form == Form::Handoff => {
            let handoff = HandoffNo(more.parse().unwrap_or_default());
            return Ok(What::HandoffWrite { handoff, by, words: text.clone() });
        }
        Filled::Words(text) => Deed::Note { text: text.clone() },
        Filled::Skip { why, because } => {
            let to = Move::Skip { why: *why, because: because.clone() };
            Deed::GoOn { turn: more.parse().unwrap_or_default(), to }
        }
        Filled::Merge { into } => Deed::MergeInto { into: *into },
        // Those of an incident without an alert, or that is gone: see `quiet_filled`.
        Filled::Silence { .. } | Filled::Maintenance { .. } => {
            return Err(Wrong { at: form.first_field(), why: views::reply::no_alert_to_silence(incident) });
        }
        Filled::NotMine { team } => Deed::NotMine { team: team.clone() },
        Filled::Since(since) => Deed::Triage { answer: Answer::Since(*since) },
        Filled::CanWait { what, severity, owner, due } => {
            let owner = person(owner, Field::Person)?;
            Deed::CanWait { later: Later { what: what.clone(), severity: *severity, owner, due: *due } }
        }
        // See `rca_submitted`.
        Filled::RcaPart { .. }
        | Filled::RcaImpact { .. }
        | Filled::RcaRepair { .. }
        | Filled::ItemChange { .. }
        | Filled::Draft { .. } => {
            return Err(Wrong { at: form.first_field(), why: views::reply::from_another_store() });
        }
        Filled::Quote { into } => match Pointed::parse(more) {
            Some(Pointed(quote)) => {
                return Ok(What::Act(Act { incident: *into, by, deed: Deed::Quote(Box::new(quote)) }));
            }
            None => return Err(Wrong { at: form.first_field(), why: views::reply::from_another_store() }),
        },
        Filled::Announce { text, of, until, .. } => {
            let (text, of, link) = (text.clone(), of.clone(), more.to_owned());
            return Ok(What::Announce(Announce { by, text, of, link, until: *until }));
        }
        Filled::Raise { service, what, urgency } => {
            let (service, title) = (service.clone(), what.clone());
            let from = Pointed::parse(more).map(|pointed| pointed.0);
            return Ok(What::Raise(Raise { service, by, title, urgency: *urgency, from }));
        }
    };
    Ok(What::Act(Act { incident, by, deed }))
}

/// The input that a refusal is about, where it is about one.
fn field_of(refusal: &Refusal, form: Form, ends: Option<Field>) -> Field {
    match (refusal, form) {
        (Refusal::AskedAlready { whom, .. } | Refusal::NobodyToAsk { whom, .. }, Form::AddResponders) => match whom {
            Whom::User(_) => Field::People,
            Whom::Team(_) | Whom::Schedule(_) => Field::Teams,
        },
        (Refusal::QuietWithoutReason, _) => Field::Words,
        (Refusal::DueThen { .. }, _) => Field::At,
        (Refusal::NotElsewhere(_), Form::Silence) => Field::Elsewhere,
        (Refusal::QuietNames { .. }, Form::Maintenance) => Field::Services,
        (Refusal::NoSuchService(_) | Refusal::SaidInPrivate, Form::Raise) => Field::Service,
        (Refusal::NoSuchService(_) | Refusal::NoSuchTeam(_), Form::Announce) => Field::About,
        (Refusal::AnnouncementInThePast { .. } | Refusal::AnnouncementTooLong { .. }, _) => {
            ends.unwrap_or(form.first_field())
        }
        _ => form.first_field(),
    }
}

pub(super) fn errors(wrong: &Wrong) -> Handled {
    Handled::Ack(Some(json!({ "response_action": "errors", "errors": { wrong.at.id(): plain(&wrong.why) } })))
}

/// The answer in the form's place. Closing it closes what is below, which is out of date.
fn instead(title: &str, told: &Message) -> Handled {
    let view = views::modal::told_on_top(title, told);
    Handled::Ack(Some(json!({ "response_action": "update", "view": view })))
}

/// Closes every window of the stack: what they show is out of date.
pub(super) fn closed() -> Handled {
    Handled::Ack(Some(json!({ "response_action": "clear" })))
}

/// Slack shows an error as it stands: no marks.
fn plain(why: &str) -> Value {
    json!(why.replace(['*', '`'], ""))
}
