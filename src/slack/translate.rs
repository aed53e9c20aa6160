//! What an envelope means: bytes in, words of our own out. Knows no state and no configuration.
//!
//! Read from the raw JSON where the library's types drop what we need (a selected option in `state.values`, the name in
//! a slash command). Everything but what is used may be missing.

use super::envelope::{Envelope, EnvelopeKind};
use super::said::{Said, said, said_in};
use crate::domain::directory::Urgency;
use crate::domain::dnd::Window;
use crate::domain::going_on::Scope;
use crate::domain::id::{ChannelId, IncidentNo, MessageRef, ServiceId, SlackTs, SlackUserId, TeamId};
use crate::domain::input::{SkipWhy, SnoozeWhy};
use crate::domain::rca::Reach;
use crate::domain::stamp::At;
use crate::views::action_id::{Action, Elsewhere, FIELD, Field, Form, Origin, Scoped, Shortcut, Subject};
use crate::views::items::KEEP;
use serde_json::Value;

/// What somebody did in Slack.
#[derive(Clone, Debug, PartialEq)]
pub enum Gesture {
    /// Pressed a button that is about an incident.
    Press { by: SlackUserId, action: Action, subject: Subject, place: Place },
    /// Pressed or chose something that is about none. `chosen`: the value of a select.
    Elsewhere { by: SlackUserId, what: Elsewhere, chosen: Option<String>, place: Place },
    /// Chose an entry of a message's menu.
    Shortcut { by: SlackUserId, what: Shortcut, said: Said, place: Place },
    /// Submitted a modal. `view` is the view's id with its hash; `below`: the id of the window it stood on.
    Submit { by: SlackUserId, form: Form, filled: Filled, origin: Origin, view: String, below: Option<String> },
    /// Typed a slash command.
    Slash { by: SlackUserId, command: String, text: String, place: Place },
    /// Something was written in a thread, or says something else now: since `changed`. `is_ours`: by this very app.
    Overheard { said: Said, changed: Option<SlackTs>, thread: MessageRef, is_ours: bool },
    /// A message was deleted.
    Unsaid { message: MessageRef },
    /// Put a reaction on a message.
    Reacted { by: SlackUserId, name: String, message: MessageRef, event: String },
    /// Wrote to the bot.
    Said { by: SlackUserId, channel: ChannelId, text: String, event: String },
    /// Slack holds back their notifications then; `None`: it does not.
    DoNotDisturb { who: SlackUserId, window: Option<Window> },
    /// Looks at the bot's Home tab.
    HomeOpened { by: SlackUserId },
    /// Ours, but it does not say what it must; why.
    Unclear { by: Option<SlackUserId>, response_url: Option<String>, why: &'static str },
    /// Nothing of ours.
    NotForUs,
}

/// Where somebody did something, and by what they can be answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Who did.
    pub by: Option<SlackUserId>,
    pub response_url: Option<String>,
    pub channel: Option<ChannelId>,
    /// The parent of the thread in which they did, or in which they opened the window that they did it in.
    pub thread: Option<String>,
    /// Opens a window; lives 3 s.
    pub trigger_id: Option<String>,
    pub view: Option<OpenView>,
    /// In a message that only they see.
    pub is_ephemeral: bool,
}

impl Place {
    /// In a window, and not on the Home tab.
    pub fn in_modal(&self) -> bool {
        self.view.as_ref().is_some_and(|v| !v.is_home)
    }
}

/// The view in which a button was pressed.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenView {
    pub id: String,
    pub hash: String,
    pub is_home: bool,
    /// It is of a playbook that is followed.
    pub is_of_walk: bool,
    /// See [`Origin::more`].
    pub more: String,
    /// What is filled in so far, as Slack gives it.
    pub values: Value,
}

/// What a modal was filled in with.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    Snooze {
        until: At,
        why: Option<SnoozeWhy>,
        because: String,
    },
    /// `teams`: the values of the chosen options.
    AddResponders {
        people: Vec<SlackUserId>,
        teams: Vec<String>,
    },
    Reassign {
        to: SlackUserId,
    },
    /// Of a note, or of what fixed it.
    Words(String),
    Merge {
        into: IncidentNo,
    },
    Quote {
        into: IncidentNo,
    },
    Raise {
        service: ServiceId,
        what: String,
        urgency: Option<Urgency>,
    },
    Silence {
        until: At,
        /// All alerts of the same name on the service.
        is_wide: bool,
        /// All that joined the incident.
        is_group: bool,
        /// In Alertmanager too.
        elsewhere: bool,
        because: String,
    },
    Maintenance {
        services: Vec<ServiceId>,
        team: Option<TeamId>,
        /// `None`: now.
        from: Option<At>,
        until: At,
        because: String,
    },
    /// A step of a playbook, which is not done.
    Skip {
        why: SkipWhy,
        because: String,
    },
    NotMine {
        team: TeamId,
    },
    CanWait {
        what: String,
        severity: u8,
        owner: SlackUserId,
        due: At,
    },
    Since(At),
    /// One long text, as its inputs have it; any may be empty.
    RcaPart {
        inputs: Vec<String>,
    },
    RcaImpact {
        who: String,
        what: String,
        users: Reach,
        time: Reach,
    },
    RcaRepair {
        what: String,
        owner: SlackUserId,
        due: At,
    },
    Draft {
        title: String,
        inputs: Vec<String>,
    },
    ItemChange {
        owner: SlackUserId,
        /// `None`: as before.
        due: Option<At>,
    },
    Announce {
        text: String,
        of: Option<Scope>,
        until: At,
        /// The input that says until when.
        ends: Field,
    },
}

/// Reads an envelope.
pub fn gesture(envelope: &Envelope) -> Gesture {
    let p = &envelope.payload;
    match (&envelope.kind, text(p, "/type").as_deref()) {
        (EnvelopeKind::SlashCommand, _) => slash(p),
        (EnvelopeKind::Interactive, Some("block_actions")) => block_actions(p),
        (EnvelopeKind::Interactive, Some("view_submission")) => view_submission(p),
        (EnvelopeKind::Interactive, Some("message_action")) => message_action(p),
        (EnvelopeKind::EventsApi, _) => event(p),
        (EnvelopeKind::Interactive | EnvelopeKind::Other(_), _) => Gesture::NotForUs,
    }
}

fn slash(p: &Value) -> Gesture {
    let (Some(by), Some(channel), Some(command)) = (text(p, "/user_id"), text(p, "/channel_id"), text(p, "/command"))
    else {
        return unclear(p, "a slash command without user, channel or command");
    };
    let place = Place { channel: Some(channel.into()), ..place(p) };
    Gesture::Slash { by: by.into(), command, text: text(p, "/text").unwrap_or_default(), place }
}

fn event(p: &Value) -> Gesture {
    if text(p, "/event/type").as_deref() == Some("message")
        && matches!(text(p, "/event/channel_type").as_deref(), Some("channel" | "group"))
    {
        return overheard(p).unwrap_or(Gesture::NotForUs);
    }
    let Some(by) = text(p, "/event/user").map(SlackUserId::from) else { return Gesture::NotForUs };
    match text(p, "/event/type").as_deref() {
        Some("app_home_opened") if text(p, "/event/tab").as_deref() != Some("messages") => Gesture::HomeOpened { by },
        Some("reaction_added") => reacted(p, by).unwrap_or(Gesture::NotForUs),
        Some("dnd_updated_user") => {
            let window = p.pointer("/event/dnd_status").and_then(crate::dnd::window);
            Gesture::DoNotDisturb { who: by, window }
        }
        // Our own messages come back as events too; edits and joins have a subtype.
        Some("message")
            if text(p, "/event/channel_type").as_deref() == Some("im")
                && p.pointer("/event/bot_id").is_none()
                && p.pointer("/event/subtype").is_none() =>
        {
            let (Some(channel), Some(said), Some(event)) =
                (text(p, "/event/channel"), text(p, "/event/text"), text(p, "/event_id"))
            else {
                return Gesture::NotForUs;
            };
            Gesture::Said { by, channel: channel.into(), text: said, event }
        }
        _ => Gesture::NotForUs,
    }
}

/// Of a thread, and not its parent: docs.slack.dev/reference/events/message, and `message_changed` and `message_deleted` below it.
fn overheard(p: &Value) -> Option<Gesture> {
    let (event, channel) = (&p["event"], text(p, "/event/channel")?);
    let here = |ts: &str| MessageRef { channel: channel.as_str().into(), ts: ts.into() };
    let (message, changed) = match event["subtype"].as_str() {
        Some("message_deleted") => return Some(Gesture::Unsaid { message: here(event["deleted_ts"].as_str()?) }),
        // The event's own `ts`: `edited.ts` is of whole seconds, and what an app changes may have none.
        Some("message_changed") => (&event["message"], event["ts"].as_str()),
        // What people and apps write. Others say who joined, what was pinned, and the like.
        None | Some("bot_message" | "thread_broadcast" | "file_share" | "me_message") => (event, None),
        Some(_) => return None,
    };
    let changed = changed.or(message["edited"]["ts"].as_str()).map(SlackTs::from);
    let (ts, thread) = (message["ts"].as_str()?, message["thread_ts"].as_str()?);
    let is_ours = message["app_id"].is_string() && message["app_id"] == p["api_app_id"];
    let said = said_in(message, here(ts));
    (ts != thread).then(|| Gesture::Overheard { said, changed, thread: here(thread), is_ours })
}

/// docs.slack.dev/reference/events/reaction_added
fn reacted(p: &Value, by: SlackUserId) -> Option<Gesture> {
    let item = p.pointer("/event/item").filter(|item| item["type"] == "message")?;
    let message = MessageRef { channel: item["channel"].as_str()?.into(), ts: item["ts"].as_str()?.into() };
    Some(Gesture::Reacted { by, name: text(p, "/event/reaction")?, message, event: text(p, "/event_id")? })
}

fn block_actions(p: &Value) -> Gesture {
    let Some(id) = p.pointer("/actions/0/action_id").and_then(Value::as_str) else { return Gesture::NotForUs };
    let (action, elsewhere) = (Action::parse(id), Elsewhere::parse(id));
    if action.is_none() && elsewhere.is_none() {
        return Gesture::NotForUs;
    }
    let Some(by) = text(p, "/user/id").map(SlackUserId::from) else { return unclear(p, "a click without a user") };
    let place = place(p);
    if let Some(what) = elsewhere {
        let chosen = text(p, "/actions/0/selected_option/value").or_else(|| text(p, "/actions/0/value"));
        return Gesture::Elsewhere { by, what, chosen, place };
    }
    let subject = p.pointer("/actions/0/value").and_then(Value::as_str).and_then(Subject::parse);
    match (action, subject) {
        (Some(action), Some(subject)) => Gesture::Press { by, action, subject, place },
        _ => unclear(p, "a button without its incident"),
    }
}

fn message_action(p: &Value) -> Gesture {
    let Some(what) = text(p, "/callback_id").as_deref().and_then(Shortcut::parse) else { return Gesture::NotForUs };
    match (text(p, "/user/id"), p["message"].is_object()) {
        (Some(by), true) => Gesture::Shortcut { by: by.into(), what, said: said(p), place: place(p) },
        _ => unclear(p, "a message shortcut without user or message"),
    }
}

fn place(p: &Value) -> Place {
    let origin = text(p, "/view/private_metadata").and_then(|m| Origin::parse(&m));
    let view = text(p, "/view/id").map(|id| OpenView {
        id,
        hash: text(p, "/view/hash").unwrap_or_default(),
        is_home: text(p, "/view/type").as_deref() == Some("home"),
        is_of_walk: origin.as_ref().is_some_and(Origin::is_of_walk),
        more: origin.as_ref().map(|o| o.more.clone()).unwrap_or_default(),
        values: p.pointer("/view/state/values").cloned().unwrap_or_default(),
    });
    // A window remembers the conversation it was opened in.
    let (channel_of_view, thread_of_view) = origin.map(|o| (o.channel, o.thread)).unwrap_or_default();
    let channel = text(p, "/channel/id").or_else(|| text(p, "/container/channel_id")).map(ChannelId::from);
    Place {
        by: text(p, "/user/id").or_else(|| text(p, "/user_id")).map(SlackUserId::from),
        response_url: text(p, "/response_url"),
        channel: channel.or(channel_of_view),
        thread: thread(p).or(thread_of_view),
        trigger_id: text(p, "/trigger_id"),
        view,
        is_ephemeral: p.pointer("/container/is_ephemeral").and_then(Value::as_bool).unwrap_or_default(),
    }
}

/// The parent's `ts`, of a message below it: the parent itself stands in the channel.
fn thread(p: &Value) -> Option<String> {
    let parent = text(p, "/container/thread_ts").or_else(|| text(p, "/message/thread_ts"))?;
    let own = text(p, "/container/message_ts").or_else(|| text(p, "/message/ts"));
    (own.as_ref() != Some(&parent)).then_some(parent)
}

fn view_submission(p: &Value) -> Gesture {
    let Some(form) = text(p, "/view/callback_id").as_deref().and_then(Form::parse) else { return Gesture::NotForUs };
    let Some(by) = text(p, "/user/id") else { return unclear(p, "a modal without a user") };
    let origin = text(p, "/view/private_metadata").as_deref().and_then(Origin::parse);
    let values = p.pointer("/view/state/values").cloned().unwrap_or_default();
    let (Some(origin), Some(filled)) = (origin, filled(form, &values)) else {
        return unclear(p, "a modal without what was filled in");
    };
    let (id, hash) = (text(p, "/view/id").unwrap_or_default(), text(p, "/view/hash").unwrap_or_default());
    let below = text(p, "/view/previous_view_id");
    Gesture::Submit { by: by.into(), form, filled, origin, view: format!("{id}/{hash}"), below }
}

fn filled(form: Form, values: &Value) -> Option<Filled> {
    let field = |field: Field, what: &str| values.pointer(&format!("/{}/{FIELD}/{what}", field.id()));
    let option = |f: Field| field(f, "selected_option/value").and_then(Value::as_str).map(str::to_owned);
    let words = |f: Field| field(f, "value").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    Some(match form {
        Form::Snooze => {
            let another = field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs);
            let until = another.or_else(|| option(Field::Until)?.parse().ok().map(At))?;
            let why = option(Field::Why).and_then(|w| serde_json::from_value(Value::String(w)).ok());
            Filled::Snooze { until, why, because: words(Field::Words) }
        }
        Form::AddResponders => {
            let many = |f: Field, what: &str, of: &str| -> Vec<String> {
                let all = field(f, what).and_then(Value::as_array);
                all.into_iter().flatten().filter_map(|v| v.pointer(of)?.as_str()).map(str::to_owned).collect()
            };
            let people = many(Field::People, "selected_users", "");
            Filled::AddResponders {
                people: people.into_iter().map(SlackUserId::from).collect(),
                teams: many(Field::Teams, "selected_options", "/value"),
            }
        }
        Form::SkipStep => {
            let why = option(Field::Why).and_then(|w| serde_json::from_value(Value::String(w)).ok())?;
            Filled::Skip { why, because: words(Field::Words) }
        }
        Form::Reassign | Form::RcaOwner => {
            Filled::Reassign { to: field(Field::Person, "selected_user").and_then(Value::as_str)?.into() }
        }
        Form::Note | Form::ResolveWithNote | Form::Handoff | Form::RcaExcuse | Form::ItemDone => {
            Filled::Words(words(Field::Words))
        }
        Form::NotMine => Filled::NotMine { team: option(Field::Team)?.into() },
        Form::TriageSince => {
            Filled::Since(field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs)?)
        }
        Form::CanWait => {
            let another = field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs);
            let due = another.or_else(|| option(Field::Until)?.parse().ok().map(At))?;
            let owner = field(Field::Person, "selected_user").and_then(Value::as_str)?.into();
            let severity = option(Field::Urgency)?.parse().ok()?;
            Filled::CanWait { what: words(Field::What), severity, owner, due }
        }
        Form::RcaPart | Form::Draft => {
            let mut inputs: Vec<String> = Field::TEXT.into_iter().map(words).collect();
            let shown = Field::TEXT.into_iter().rposition(|f| values.get(f.id()).is_some()).map_or(1, |n| n + 1);
            inputs.truncate(shown);
            match form {
                Form::Draft => Filled::Draft { title: words(Field::What), inputs },
                _ => Filled::RcaPart { inputs },
            }
        }
        Form::RcaImpact => {
            let reach = |f: Field| if option(f)? == "all" { Some(Reach::All) } else { Some(Reach::Some) };
            let (who, what) = (words(Field::Who), words(Field::What));
            Filled::RcaImpact { who, what, users: reach(Field::Users)?, time: reach(Field::Time)? }
        }
        Form::RcaRepair => {
            let another = field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs);
            let due = another.or_else(|| option(Field::Until)?.parse().ok().map(At))?;
            let owner = field(Field::Person, "selected_user").and_then(Value::as_str)?.into();
            Filled::RcaRepair { what: words(Field::What), owner, due }
        }
        Form::ItemChange => {
            let another = field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs);
            let chosen = option(Field::Until).filter(|due| due != KEEP);
            let due = another.or_else(|| chosen?.parse().ok().map(At));
            Filled::ItemChange { owner: field(Field::Person, "selected_user").and_then(Value::as_str)?.into(), due }
        }
        Form::Quote => Filled::Quote { into: IncidentNo(option(Field::Into)?.parse().ok()?) },
        Form::Merge => Filled::Merge { into: IncidentNo(option(Field::Into)?.parse().ok()?) },
        Form::Silence => {
            let until = At(option(Field::Until)?.parse().ok()?);
            Filled::Silence {
                until,
                is_wide: option(Field::Wide).as_deref() == Some("name"),
                is_group: option(Field::Wide).as_deref() == Some("group"),
                elsewhere: option(Field::Elsewhere).as_deref() == Some("both"),
                because: words(Field::Words),
            }
        }
        Form::Maintenance => {
            let at = |f: Field| field(f, "selected_date_time")?.as_i64().map(at_secs);
            let services = field(Field::Services, "selected_options").and_then(Value::as_array);
            let services = services.into_iter().flatten().filter_map(|v| v.pointer("/value")?.as_str());
            Filled::Maintenance {
                services: services.map(ServiceId::from).collect(),
                team: option(Field::Team).map(TeamId::from),
                from: at(Field::From),
                until: at(Field::At)?,
                because: words(Field::Words),
            }
        }
        Form::Announce => {
            let another = field(Field::At, "selected_date_time").and_then(Value::as_i64).map(at_secs);
            let offered = || option(Field::Until)?.parse().ok().map(At);
            let until = another.or_else(offered)?;
            let ends = if another.is_some() { Field::At } else { Field::Until };
            let of = Scoped::parse(&option(Field::About)?)?.0;
            Filled::Announce { text: words(Field::Words), of, until, ends }
        }
        Form::Raise => {
            let (service, what, _) = raise_draft(values);
            let urgency = match option(Field::Urgency).as_deref() {
                Some("high") => Some(Urgency::High),
                Some("low") => Some(Urgency::Low),
                _ => None,
            };
            Filled::Raise { service: service?, what, urgency }
        }
    })
}

/// The instant `secs` seconds after 1970 began; the last one there is, if it lies beyond.
fn at_secs(secs: i64) -> At {
    At(0).plus_secs(secs)
}

/// What the window in which a person pages somebody holds so far: the service, what is wrong, the urgency's value.
pub fn raise_draft(values: &Value) -> (Option<ServiceId>, String, Option<String>) {
    let text = |field: Field, element: &str, what: &str| {
        values.pointer(&format!("/{}/{element}/{what}", field.id())).and_then(Value::as_str).map(str::to_owned)
    };
    let service = text(Field::Service, Elsewhere::RaiseService.id(), "selected_option/value").map(ServiceId::from);
    let what = text(Field::What, FIELD, "value").unwrap_or_default().trim().to_owned();
    (service, what, text(Field::Urgency, FIELD, "selected_option/value"))
}

fn unclear(p: &Value, why: &'static str) -> Gesture {
    let by = text(p, "/user/id").or_else(|| text(p, "/user_id")).map(SlackUserId::from);
    Gesture::Unclear { by, response_url: text(p, "/response_url"), why }
}

fn text(p: &Value, pointer: &str) -> Option<String> {
    p.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::StoreId;
    use crate::slack::envelope::{Frame, parse};
    use crate::slack::said::Writer;
    use serde_json::json;

    fn envelope(kind: &str, payload: &Value) -> Envelope {
        let frame = json!({ "type": kind, "envelope_id": "e1", "payload": payload }).to_string();
        match parse(&frame) {
            Frame::Envelope(e) => e,
            other => panic!("{other:?}"),
        }
    }

    fn subject() -> Subject {
        Subject { store: StoreId(0xabc), incident: IncidentNo(12) }
    }

    #[test]
    fn every_button_we_draw_is_understood_when_pressed() {
        for action in Action::ALL {
            let payload = json!({
                "type": "block_actions", "user": { "id": "U1" }, "trigger_id": "t", "channel": { "id": "C1" },
                "actions": [{ "action_id": action.id(), "value": subject().value() }],
            });
            match gesture(&envelope("interactive", &payload)) {
                Gesture::Press { by, action: a, subject: s, place } => {
                    assert_eq!((by.as_str(), a, s), ("U1", action, subject()));
                    assert_eq!(place.channel, Some("C1".into()));
                }
                other => panic!("{action:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_button_in_a_window_is_answered_where_the_window_was_opened() {
        let origin = Origin::new(subject(), Some("D7".into()));
        let payload = json!({
            "type": "block_actions", "user": { "id": "U1" }, "trigger_id": "t",
            "view": { "id": "V1", "hash": "h", "type": "modal", "private_metadata": origin.value() },
            "actions": [{ "action_id": Action::Start.id(), "value": subject().value() }],
        });
        match gesture(&envelope("interactive", &payload)) {
            Gesture::Press { place, .. } => {
                assert_eq!(place.channel, Some("D7".into()));
                assert_eq!(place.view.map(|v| (v.id, v.is_home)), Some(("V1".to_owned(), false)));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_pressed_in_a_thread_or_in_a_window_opened_there_is_answered_there() {
        let thread = |rest: Value| {
            let mut payload = json!({
                "type": "block_actions", "user": { "id": "U1" }, "channel": { "id": "C1" },
                "actions": [{ "action_id": Action::Start.id(), "value": subject().value() }],
            });
            payload.as_object_mut().expect("an object").extend(rest.as_object().cloned().expect("an object"));
            match gesture(&envelope("interactive", &payload)) {
                Gesture::Press { place, .. } => place.thread,
                other => panic!("{other:?}"),
            }
        };
        let below = json!({ "container": { "type": "message", "message_ts": "2.0", "thread_ts": "1.0" } });
        assert_eq!(thread(below), Some("1.0".to_owned()));
        let parent = json!({ "container": { "message_ts": "1.0" }, "message": { "ts": "1.0", "thread_ts": "1.0" } });
        assert_eq!(thread(parent), None, "the parent stands in the channel");
        let origin = Origin { thread: Some("1.0".to_owned()), ..Origin::new(subject(), Some("C1".into())).of_walk() };
        let view = json!({ "view": { "id": "V1", "type": "modal", "private_metadata": origin.value() } });
        assert_eq!(thread(view), Some("1.0".to_owned()));
        assert_eq!(Origin::parse(&origin.value()), Some(origin));
    }

    #[test]
    fn what_is_ours_but_damaged_is_unclear_and_what_is_not_ours_is_left_alone() {
        let click = |action: Value| {
            gesture(&envelope(
                "interactive",
                &json!({ "type": "block_actions", "user": { "id": "U1" }, "actions": [action] }),
            ))
        };
        let damaged = [
            json!({ "action_id": "incident.acknowledge" }),
            json!({ "action_id": "incident.acknowledge", "value": "12" }),
            json!({ "action_id": "incident.acknowledge", "value": "zz/12" }),
        ];
        for action in damaged {
            assert!(matches!(click(action.clone()), Gesture::Unclear { .. }), "{action}");
        }
        assert_eq!(click(json!({ "action_id": "other.app", "value": "1" })), Gesture::NotForUs);
        assert_eq!(gesture(&envelope("events_api", &json!({ "event": {} }))), Gesture::NotForUs);
        assert_eq!(gesture(&envelope("interactive", &Value::Null)), Gesture::NotForUs);
    }

    fn submitted(form: Form, values: &Value) -> Gesture {
        let origin = Origin::new(subject(), None);
        let payload = json!({
            "type": "view_submission", "user": { "id": "U1" },
            "view": { "id": "V1", "hash": "h", "callback_id": form.id(), "private_metadata": origin.value(),
                "state": { "values": values } },
        });
        gesture(&envelope("interactive", &payload))
    }

    #[test]
    fn a_submitted_form_says_what_was_filled_in() {
        let chosen = |v: &str| json!({ FIELD: { "selected_option": { "value": v } } });
        let words = |v: &str| json!({ FIELD: { "value": v } });
        let rows = [
            (
                Form::Snooze,
                json!({ "until": chosen("5000") }),
                Filled::Snooze { until: At(5_000), why: None, because: String::new() },
            ),
            (
                Form::Snooze,
                json!({ "until": chosen("5000"), "at": { FIELD: { "selected_date_time": 7 } },
                    "why": chosen("waiting_on"), "words": words(" the vendor ") }),
                Filled::Snooze { until: At(7_000), why: Some(SnoozeWhy::WaitingOn), because: "the vendor".to_owned() },
            ),
            (
                Form::AddResponders,
                json!({ "people": { FIELD: { "selected_users": ["U2", "U3"] } },
                    "teams": { FIELD: { "selected_options": [{ "value": "team:search" }] } } }),
                Filled::AddResponders { people: vec!["U2".into(), "U3".into()], teams: vec!["team:search".to_owned()] },
            ),
            (
                Form::Reassign,
                json!({ "person": { FIELD: { "selected_user": "U2" } } }),
                Filled::Reassign { to: "U2".into() },
            ),
            (Form::Note, json!({ "words": words("disk full") }), Filled::Words("disk full".to_owned())),
            (Form::ResolveWithNote, json!({ "words": { FIELD: { "value": null } } }), Filled::Words(String::new())),
            (Form::Merge, json!({ "into": chosen("7") }), Filled::Merge { into: IncidentNo(7) }),
            (
                Form::Announce,
                json!({ "words": words(" draining east "), "about": chosen("all"), "until": chosen("5000") }),
                Filled::Announce { text: "draining east".to_owned(), of: None, until: At(5_000), ends: Field::Until },
            ),
            (
                Form::Announce,
                json!({ "words": words("x"), "about": chosen("team:search"), "until": chosen("5000"),
                    "at": { FIELD: { "selected_date_time": 7 } } }),
                Filled::Announce {
                    text: "x".to_owned(),
                    of: Some(Scope::Team("search".into())),
                    until: At(7_000),
                    ends: Field::At,
                },
            ),
            (
                Form::Raise,
                json!({ "service": { Elsewhere::RaiseService.id(): { "selected_option": { "value": "api" } } },
                    "what": words("down"), "urgency": chosen("low") }),
                Filled::Raise { service: "api".into(), what: "down".to_owned(), urgency: Some(Urgency::Low) },
            ),
        ];
        for (form, values, expected) in rows {
            match submitted(form, &values) {
                Gesture::Submit { filled, view, .. } => assert_eq!((filled, view.as_str()), (expected, "V1/h")),
                other => panic!("{form:?}: {other:?}"),
            }
        }
        assert!(matches!(submitted(Form::Snooze, &json!({})), Gesture::Unclear { .. }));
    }

    #[test]
    fn a_time_beyond_all_times_is_the_last_there_is() {
        let far = json!({ FIELD: { "selected_date_time": i64::MAX } });
        let all = json!({ "at": far, "from": far, "about": { FIELD: { "selected_option": { "value": "all" } } } });
        for form in [Form::Snooze, Form::Maintenance, Form::Announce] {
            match submitted(form, &all) {
                Gesture::Submit {
                    filled:
                        Filled::Snooze { until, .. } | Filled::Maintenance { until, .. } | Filled::Announce { until, .. },
                    ..
                } => assert_eq!(until, At(i64::MAX), "{form:?}"),
                other => panic!("{form:?}: {other:?}"),
            }
        }
    }

    /// As Slack's own kits send it.
    fn pressed(callback_id: &str) -> Value {
        json!({
            "type": "message_action", "action_ts": "1583637157.207593", "callback_id": callback_id,
            "team": { "id": "T111", "domain": "test-test", "enterprise_id": "E111", "enterprise_name": "Org Name" },
            "user": { "id": "W111", "name": "test-test" }, "channel": { "id": "C111", "name": "dev" },
            "trigger_id": "111.222.xxx", "message_ts": "1583636382.000300",
            "message": { "client_msg_id": "zzzz-111-222-xxx-yyy", "type": "message", "text": "<@W222> test",
                "user": "W111", "ts": "1583636382.000300", "team": "T111", "blocks": [] },
            "response_url": "https://hooks.slack.com/app/T111/111/xxx",
        })
    }

    #[test]
    fn a_shortcut_of_ours_brings_what_the_message_says_and_its_address() {
        let link = "https://test-test.slack.com/archives/C111/p1583636382000300".to_owned();
        let place = Place {
            by: Some("W111".into()),
            response_url: Some("https://hooks.slack.com/app/T111/111/xxx".to_owned()),
            channel: Some("C111".into()),
            thread: None,
            trigger_id: Some("111.222.xxx".to_owned()),
            view: None,
            is_ephemeral: false,
        };
        let message = Some(MessageRef { channel: "C111".into(), ts: "1583636382.000300".into() });
        let by = Writer::Person("W111".into());
        let said = Said { text: "<@W222> test".to_owned(), link, message, by };
        let expected = Gesture::Shortcut { by: "W111".into(), what: Shortcut::Announce, said, place };
        assert_eq!(gesture(&envelope("interactive", &pressed("message.announce"))), expected);
        assert_eq!(gesture(&envelope("interactive", &pressed("test-shortcut"))), Gesture::NotForUs);
        for missing in ["user", "message"] {
            let mut damaged = pressed("message.announce");
            damaged.as_object_mut().expect("an object").remove(missing);
            let told = gesture(&envelope("interactive", &damaged));
            assert!(matches!(told, Gesture::Unclear { response_url: Some(_), .. }), "{missing}: {told:?}");
        }
        // The same name without a message is another kind of shortcut, which we have none of.
        let mut global = pressed("message.announce");
        global["type"] = json!("shortcut");
        assert_eq!(gesture(&envelope("interactive", &global)), Gesture::NotForUs);
    }

    #[test]
    fn what_is_written_in_threads_is_overheard_and_nothing_else_of_a_channel() {
        let told = |event: &Value| {
            let p = json!({ "type": "event_callback", "event_id": "Ev1", "api_app_id": "A1", "event": event });
            gesture(&envelope("events_api", &p))
        };
        let here = |ts: &str| MessageRef { channel: "C1".into(), ts: ts.into() };
        let reply = json!({ "type": "message", "channel_type": "channel", "channel": "C1", "user": "U1", "text": "slow",
            "ts": "2.000000", "thread_ts": "1.000000" });
        let of = |by: Writer, text: &str, changed: Option<&str>| {
            let said = Said { text: text.to_owned(), link: String::new(), message: Some(here("2.000000")), by };
            Gesture::Overheard { said, changed: changed.map(SlackTs::from), thread: here("1.000000"), is_ours: false }
        };
        let ben = || Writer::Person("U1".into());
        assert_eq!(told(&reply), of(ben(), "slow", None));
        let with = |changes: Value| {
            let mut event = reply.clone();
            for (key, value) in changes.as_object().expect("an object") {
                event[key] = value.clone();
            }
            event
        };
        let bot = json!({ "subtype": "bot_message", "user": null, "bot_id": "B2", "username": "Grafana", "channel_type": "group" });
        assert_eq!(told(&with(bot)), of(Writer::App("Grafana".to_owned()), "slow", None));
        let changed = json!({ "type": "message", "subtype": "message_changed", "channel_type": "channel", "channel": "C1",
            "ts": "9.013600", "hidden": true, "message": with(json!({ "text": "fast", "edited": { "ts": "9.000000" } })),
            "previous_message": reply });
        assert_eq!(told(&changed), of(ben(), "fast", Some("9.013600")), "two of one second are told apart");
        let deleted = json!({ "type": "message", "subtype": "message_deleted", "channel_type": "group", "channel": "C1",
            "ts": "9.000000", "deleted_ts": "2.000000" });
        assert_eq!(told(&deleted), Gesture::Unsaid { message: here("2.000000") });
        let ours = told(&with(json!({ "app_id": "A1", "bot_id": "B1" })));
        assert!(matches!(ours, Gesture::Overheard { is_ours: true, .. }), "{ours:?}");
        for other in [
            json!({ "thread_ts": null }),
            json!({ "thread_ts": "2.000000" }),
            json!({ "subtype": "channel_join" }),
            json!({ "channel": null }),
            json!({ "ts": null }),
            json!({ "channel_type": "mpim" }),
        ] {
            assert_eq!(told(&with(other.clone())), Gesture::NotForUs, "{other}");
        }
        let reaction = json!({ "type": "reaction_added", "user": "U1", "reaction": "pushpin", "item_user": "U2",
            "item": { "type": "message", "channel": "C1", "ts": "2.000000" }, "event_ts": "3.000000" });
        let (by, name, event) = ("U1".into(), "pushpin".to_owned(), "Ev1".to_owned());
        assert_eq!(told(&reaction), Gesture::Reacted { by, name, message: here("2.000000"), event });
        let mut on_a_file = reaction;
        on_a_file["item"] = json!({ "type": "file", "file": "F1" });
        assert_eq!(told(&on_a_file), Gesture::NotForUs);
    }

    #[test]
    fn only_a_persons_own_words_to_the_bot_are_heard() {
        let said = |event: &Value| {
            gesture(&envelope("events_api", &json!({ "type": "event_callback", "event_id": "Ev1", "event": event })))
        };
        let message = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": "list" });
        let expected =
            Gesture::Said { by: "U1".into(), channel: "D1".into(), text: "list".to_owned(), event: "Ev1".to_owned() };
        assert_eq!(said(&message), expected);
        for (key, value) in [("bot_id", "B1"), ("subtype", "message_changed"), ("channel_type", "channel")] {
            let mut other = message.clone();
            other[key] = json!(value);
            assert_eq!(said(&other), Gesture::NotForUs, "{key}");
        }
        let dnd = |status: Value| json!({ "type": "dnd_updated_user", "user": "U1", "dnd_status": status });
        let night = json!({ "dnd_enabled": true, "next_dnd_start_ts": 100, "next_dnd_end_ts": 200 });
        let window = Some(Window { from: At(100_000), until: At(200_000) });
        assert_eq!(said(&dnd(night)), Gesture::DoNotDisturb { who: "U1".into(), window });
        let off = json!({ "dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1 });
        assert_eq!(said(&dnd(off)), Gesture::DoNotDisturb { who: "U1".into(), window: None });
        let home = json!({ "type": "app_home_opened", "user": "U1", "tab": "home" });
        assert_eq!(said(&home), Gesture::HomeOpened { by: "U1".into() });
    }
}
