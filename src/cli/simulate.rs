//! `simulate EVENT.json`: what this event would lead to, told as a story. A dry run: nothing is sent and nothing is
//! written; a data directory is read from a copy.

use super::store::{look_at_copy, must_hold_data};
use super::{Common, with_config};
use crate::clock::Clock;
use crate::config::{KeyFrom, KeySource, Loaded, SystemEnv, nearest_zone};
use crate::domain::directory::{Directory, IntegrationKey, Target, Urgency};
use crate::domain::fact::{Fact, UrgencyWhy};
use crate::domain::forecast::{After, Ahead, End, Forecast, after};
use crate::domain::handle::decide;
use crate::domain::hold::HoldWhy;
use crate::domain::id::{FyiId, InputId, ServiceId, UserId};
use crate::domain::input::{Delivery, Event, Input, Source, Unreadable, What};
use crate::domain::page::{Purpose, Recipient};
use crate::domain::schedule::local_instant;
use crate::domain::stamp::{At, Stamp};
use crate::domain::world::World;
use crate::ingest::sources::{
    DecodeError, Decoded, alertmanager, generic, grafana, newrelic, pagerduty, pagerduty_webhook, splunk,
};
use crate::ingest::unreadable;
use crate::views::phone::method as by_what;
use crate::views::reply::span;
use crate::views::routing::rule_of;
use crate::views::thread::skip;
use crate::views::why::by_rule;
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A body as a monitor sends it.
    event: PathBuf,
    /// When it comes: `2026-12-24T03:00` in this machine's zone, the same with ` Europe/Lisbon` after it, or with an
    /// offset (`2026-12-24T03:00:00+01:00`) [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Whose form the body has [default: what it looks like].
    #[arg(long, value_enum)]
    source: Option<Form>,
    /// For which service, as if by a key that fixes no urgency.
    #[arg(long, value_name = "ID", conflicts_with = "key_name")]
    service: Option<String>,
    /// By which integration key, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    key_name: Option<String>,
    /// For people, or for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Alertmanager,
    Grafana,
    #[value(name = "newrelic")]
    NewRelic,
    Splunk,
    /// PagerDuty's Events API, by which monitors send.
    Pagerduty,
    /// PagerDuty's webhooks, by which it tells of its incidents.
    PagerdutyWebhook,
    Generic,
}

impl Form {
    fn source(self) -> Source {
        match self {
            Self::Alertmanager => Source::Alertmanager,
            Self::Grafana => Source::Grafana,
            Self::NewRelic => Source::NewRelic,
            Self::Splunk => Source::Splunk,
            Self::Pagerduty => Source::PagerDuty,
            Self::PagerdutyWebhook => Source::PagerDutyWebhook,
            Self::Generic => Source::Generic,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// 0: it was told, 2: usage or configuration.
pub(super) fn simulate(options: &Options, common: &Common) -> ExitCode {
    with_config(common, &SystemEnv, |loaded| {
        let world = match &common.data_dir {
            None => World::default(),
            Some(dir) => match must_hold_data(dir, "simulate").and_then(|()| look_at_copy(dir, "simulate")) {
                Ok(world) => world,
                Err(code) => return code,
            },
        };
        match story(options, loaded, world) {
            Ok(told) => {
                // Whoever closed the pipe has read enough.
                let _ = writeln!(std::io::stdout(), "{}", told.trim_end());
                ExitCode::SUCCESS
            }
            Err((code, why)) => {
                eprintln!("{why}");
                ExitCode::from(code)
            }
        }
    })
}

type Wrong = (u8, String);

fn story(options: &Options, loaded: Loaded, mut world: World) -> Result<String, Wrong> {
    let path = options.event.display();
    let body = std::fs::read(&options.event).map_err(|e| (2, format!("simulate: {path} cannot be read: {e}")))?;
    let at = match &options.at {
        None => Clock::system(0).now(),
        Some(typed) => instant(typed, zone()).ok_or_else(|| (2, no_time(typed)))?,
    };
    let directory = Arc::new(loaded.directory);
    let form = options.source.unwrap_or_else(|| guessed(&body));
    let events = events(form, &body).map_err(|all| said(&all));
    let (service, key) = to_whom(options, &directory, &loaded.app.keys, &body)?;
    // What is open in the state may lie ahead of the time asked about; delays then count from it.
    let now = Stamp { at: at.max(world.meta.at), wall: at };
    let loads = Input { id: InputId::minted('c', 0), what: What::ConfigLoaded(directory.clone()) };
    decide(&mut world, &directory, &loads, now).map_err(|r| (2, format!("simulate: {r:?}")))?;
    let directory = crate::domain::people::in_force(&directory, &world);
    let problem = events.as_ref().err().cloned();
    let what = match events {
        Ok(events) => What::Events(Delivery {
            service: service.clone(),
            source: form.source(),
            urgency: key.and_then(|k| k.urgency),
            resolve_after_secs: key.and_then(|k| k.resolve_after_secs),
            key: key.map(|k| k.name.as_str().into()),
            events,
        }),
        // What a sender is told 400 for pages as well.
        Err(problem) => What::Unreadable(as_unreadable(&directory, &service, key, &body, &problem)),
    };
    let input = Input { id: InputId::minted('h', 0), what };
    let after = after(&world, &directory, &input, now).map_err(|r| (2, format!("simulate: {r:?}")))?;
    Ok(match options.format {
        Format::Text => {
            let told = text(&after, &directory, &service, at);
            match problem {
                Some(problem) => format!(
                    "{path} is not understood: {problem}\nThe sender is told so, and it becomes an incident all the same.\n\
                     {told}"
                ),
                None => told,
            }
        }
        Format::Json => {
            let told = after.forecasts.iter().map(|f| told_json(f, problem.as_deref(), &after, &directory));
            let all: Vec<Value> = told.chain(after.facts.iter().filter_map(informs_json)).collect();
            serde_json::to_string_pretty(&all).unwrap_or_default()
        }
    })
}

/// What the door makes of a body that it cannot read.
fn as_unreadable(
    d: &Directory,
    service: &ServiceId,
    key: Option<&IntegrationKey>,
    body: &[u8],
    problem: &str,
) -> Unreadable {
    let as_if = IntegrationKey {
        name: "simulated".to_owned(),
        service: service.clone(),
        urgency: None,
        resolve_after_secs: None,
        signature_env: Vec::new(),
    };
    let name = d.services.get(service).map_or(service.as_str(), |s| s.name.as_str());
    let secret = unreadable::find_routing_key(body).unwrap_or_default();
    unreadable::unreadable(key.unwrap_or(&as_if), name, body, problem, &secret)
}

fn said(all: &[DecodeError]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What the body looks like.
fn guessed(body: &[u8]) -> Form {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let has = |field: &str| value.get(field).is_some();
    if has("alerts") {
        // Alertmanager has no organisations, and its version is "4".
        if has("orgId") || value["version"] == "1" { Form::Grafana } else { Form::Alertmanager }
    } else if has("routing_key") || has("event_action") && has("payload") {
        Form::Pagerduty
    } else if value["event"]["event_type"].is_string() {
        Form::PagerdutyWebhook
    } else if has("evalMatches") || has("ruleUrl") && has("ruleName") {
        Form::Grafana
    } else if has("sid") && has("results_link") {
        Form::Splunk
    } else if has("issueUrl") || has("alertConditionNames") || has("incident_id") && has("current_state") {
        Form::NewRelic
    } else {
        Form::Generic
    }
}

fn events(form: Form, body: &[u8]) -> Result<Vec<Event>, Vec<DecodeError>> {
    let of = |decoded: Result<Decoded, DecodeError>| decoded.map(|d| d.events).map_err(|e| vec![e]);
    match form {
        Form::Alertmanager => of(alertmanager::decode(body)),
        Form::Grafana => of(grafana::decode(body)),
        Form::NewRelic => of(newrelic::decode(body)),
        Form::Splunk => of(splunk::decode(body)),
        Form::PagerdutyWebhook => of(pagerduty_webhook::decode(body)),
        Form::Generic => of(generic::decode(body)),
        Form::Pagerduty => pagerduty::decode(body, "simulated").map(|event| vec![event]),
    }
}

/// The service the event is for, and the key it comes by.
fn to_whom<'a>(
    options: &Options,
    d: &'a Directory,
    keys: &[KeySource],
    body: &[u8],
) -> Result<(ServiceId, Option<&'a IntegrationKey>), Wrong> {
    if let Some(id) = &options.service {
        let id = ServiceId::from(id.as_str());
        let ids: Vec<&str> = d.services.keys().map(ServiceId::as_str).collect();
        return match d.services.contains_key(&id) {
            true => Ok((id, None)),
            false => Err((2, format!("simulate: no service is called {id}: one of {}", ids.join(", ")))),
        };
    }
    let names: Vec<&str> = d.keys.values().map(|k| k.name.as_str()).collect();
    if let Some(name) = &options.key_name {
        let key = d.keys.values().find(|k| k.name == *name);
        let key_urgency = keys.iter().find(|k| k.name == *name).and_then(|k| k.urgency);
        let unset = keys.iter().find(|k| k.name == *name && !k.open).map(|k| match &k.from {
            KeyFrom::Env(variable) => format!("set {variable}"),
            KeyFrom::File(path) => format!("put it into {}", path.display()),
            KeyFrom::Sha256(_) => "give its SHA-256".to_owned(),
        });
        return key.map(|k| (k.service.clone(), Some(k))).ok_or_else(|| match (unset, names.as_slice()) {
            (Some(how), _) => {
                let fixes = match key_urgency {
                    Some(Urgency::High) => ", which takes the service's own urgency where this key fixes high",
                    Some(Urgency::Low) => ", which takes the service's own urgency where this key fixes low",
                    None => "",
                };
                (2, format!("simulate: the key {name:?} is not set here: {how}, or add --service ID instead{fixes}"))
            }
            (None, []) => {
                (2, format!("simulate: no key is called {name:?}, and none is set here: add --service ID instead"))
            }
            (None, names) => {
                (2, format!("simulate: no key that is set is called {name:?}: one of {}", names.join(", ")))
            }
        });
    }
    let secret = pagerduty::read(body).ok().and_then(|m| m.routing_key().map(std::borrow::Cow::into_owned));
    let secret = secret.or_else(|| unreadable::find_routing_key(body));
    if let Some(key) = secret.and_then(|secret| crate::ingest::key_named(d, &secret)) {
        return Ok((key.service.clone(), Some(key)));
    }
    let mut services = d.services.keys();
    match (services.next(), services.next()) {
        (Some(only), None) => Ok((only.clone(), None)),
        _ => {
            let ids: Vec<&str> = d.services.keys().map(ServiceId::as_str).collect();
            Err((2, format!("simulate: for which service? Add --service ID: one of {}", ids.join(", "))))
        }
    }
}

/// The zone that times are read in when they say none.
fn zone() -> Tz {
    let stated = std::env::var("TZ").ok().and_then(|tz| tz.trim_start_matches(':').parse().ok());
    stated
        .or_else(|| {
            let link = std::fs::read_link("/etc/localtime").ok()?;
            link.to_str()?.split_once("zoneinfo/")?.1.parse().ok()
        })
        .unwrap_or(Tz::UTC)
}

fn instant(typed: &str, zone: Tz) -> Option<At> {
    let typed = typed.trim();
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(typed) {
        return Some(At(at.timestamp_millis()));
    }
    let (time, zone) = match typed.rsplit_once(' ') {
        Some((time, stated)) if let Ok(stated) = stated.parse::<Tz>() => (time, stated),
        _ => (typed, zone),
    };
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(time, form).ok())?;
    Some(local_instant(zone, local))
}

/// What is wrong with a time: the zone behind it, where the rest is right.
fn no_time(typed: &str) -> String {
    match typed.trim().rsplit_once(' ') {
        Some((time, stated)) if instant(time, Tz::UTC).is_some() => {
            let meant = nearest_zone(stated).unwrap_or("Europe/Lisbon");
            format!(
                "simulate: --at: {stated:?} is not a time zone: write an IANA name, such as {:?}",
                format!("{time} {meant}")
            )
        }
        Some(_) | None => format!("simulate: --at {typed:?} is no time: write 2026-12-24T03:00"),
    }
}

fn clock(at: At, tz: Tz) -> String {
    at.utc().with_timezone(&tz).format("%a %H:%M:%S %Z").to_string()
}

fn text(after: &After, d: &Directory, service: &ServiceId, at: At) -> String {
    let name = d.services.get(service).map_or(service.as_str(), |s| s.name.as_str());
    let mut lines = vec![format!("At {} an event for {name}:", at.utc().format("%Y-%m-%d %H:%M UTC"))];
    let informs: Vec<String> = after.facts.iter().filter_map(|fact| informs(fact, after, d)).collect();
    if after.forecasts.is_empty() && informs.is_empty() {
        lines.push("Nothing would happen: no incident opens or changes, and nobody is paged.".to_owned());
    }
    lines.extend(informs);
    for f in &after.forecasts {
        lines.push(String::new());
        lines.extend(head(f, after, d));
        lines.extend(f.ahead.iter().filter_map(|a| line(a, d)));
        lines.push(format!("  {}", end(f)));
    }
    lines.join("\n")
}

/// What is about no incident.
fn informs(fact: &Fact, after: &After, d: &Directory) -> Option<String> {
    let known = |id: &FyiId| after.world.fyis.get(id);
    Some(match fact {
        Fact::FyiShown(shown) => {
            let to = channel_name(shown.to.as_str(), d);
            format!("“{}” is shown in {to}, by {}; it pages nobody.", shown.title.body(), rule_of(&shown.rule))
        }
        Fact::FyiRepeated { fyi, .. } => {
            let f = known(fyi)?;
            let to = channel_name(f.to.as_str(), d);
            format!("“{}” is counted in today's message in {to}, by {}; it pages nobody.", f.title, rule_of(&f.rule))
        }
        Fact::FyiCleared { fyi, .. } => {
            let f = known(fyi)?;
            format!("“{}” is struck out in {}; it pages nobody.", f.title, channel_name(f.to.as_str(), d))
        }
        Fact::EventDropped { rule, .. } => {
            format!("An event is dropped, by {}: it is counted, and nobody sees it.", rule_of(rule))
        }
        _ => return None,
    })
}

fn head(f: &Forecast, after: &After, d: &Directory) -> Vec<String> {
    let Some(i) = after.world.incident(f.incident) else { return vec![f.incident.to_string()] };
    let (urgency, then) = match i.urgency {
        Urgency::High => ("high", ""),
        Urgency::Low => ("low", "; it wakes nobody"),
    };
    let why = match i.origin.as_ref().map(|o| o.urgency) {
        Some(UrgencyWhy::Service) => match by_rule(i, d) {
            Some(rule) => format!(", {rule}"),
            None => ", as the service is configured".to_owned(),
        },
        Some(UrgencyWhy::Key) => ", fixed by the integration key".to_owned(),
        Some(UrgencyWhy::Person) => ", as whoever opened it said".to_owned(),
        None => String::new(),
    };
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let origin = i.origin.as_ref();
    let sent = origin.and_then(|o| o.rule.as_ref()).map(|rule| {
        let told = i.alerts.iter().find(|a| a.sent_to.is_some()).map(|a| a.service_in(i));
        let told = told.map(|id| d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()));
        format!("  sent here{} by {}", told.map(|from| format!(" from {from}")).unwrap_or_default(), rule_of(rule))
    });
    let mut lines = vec![
        format!("{} {}", i.no, i.title),
        format!("  service {service}, tier {}; urgency {urgency}{why}{then}", i.tier),
        format!("  policy {}, configuration {} ({:.12})", i.policy, after.world.meta.config, d.sha256),
    ];
    lines.extend(sent);
    lines
}

fn line(a: &Ahead, d: &Directory) -> Option<String> {
    let said = match &a.fact {
        Fact::IncidentOpened(_) => "it opens".to_owned(),
        Fact::AlertRepeated { .. } => "an event more of a firing alert: only the count changes".to_owned(),
        Fact::AlertFired { .. } => "the alert fires again".to_owned(),
        Fact::AlertJoined(j) => {
            let by = j.rule.as_ref().map(|rule| format!(", sent here by {}", rule_of(rule))).unwrap_or_default();
            format!("“{}” joins it{by}", j.title.body())
        }
        Fact::AlertCleared { .. } => "the alert clears".to_owned(),
        Fact::EventLate { .. } => "it comes too late to mean anything".to_owned(),
        Fact::AcknowledgedByEvent { .. } => "it is acknowledged by the monitor".to_owned(),
        Fact::Held { why: HoldWhy::Threshold(t), .. } => {
            format!("it is held: nobody is asked until {} events came within {}", t.events, span(t.within_secs))
        }
        Fact::Held { why: HoldWhy::Settling | HoldWhy::Quiet { .. }, until, .. } => {
            let until = until.map_or_else(String::new, |at| format!(" until {}", clock(at, Tz::UTC)));
            format!("it is held{until}: nobody is asked")
        }
        Fact::HoldEnded { .. } => "it is held no longer".to_owned(),
        Fact::StepStarted(s) => {
            let skipped: Vec<String> = s.skipped.iter().map(|s| skip(&s.target, s.why, d)).collect();
            let over =
                if skipped.is_empty() { String::new() } else { format!("; passed over: {}", skipped.join(", ")) };
            let round = if s.round > 0 { format!(", round {}", s.round + 1) } else { String::new() };
            format!("level {}{round}{over}", s.step + 1)
        }
        Fact::PageRequested { to, method, purpose, silent_until, .. } => {
            let silent = silent_until.map_or("", |_| " (in Do Not Disturb: it may make no sound)");
            let why = match purpose {
                Purpose::Step | Purpose::Raised => "",
                Purpose::CatchAll => ", as the catch-all",
                Purpose::StillOnIt => ", asking “Still on it?”",
                Purpose::Back => ", because it is back",
                Purpose::Begin => ", asking whether work has begun",
                Purpose::StepTime => ", because a step takes long",
                Purpose::Help => ", who hears who fixed it before",
                Purpose::Test => ", as they asked, to know that it comes",
            };
            match to {
                Recipient::User(user) => {
                    format!(
                        "{} is paged by {}{why}{silent}{}",
                        d.name_of(user),
                        by_what(method),
                        theirs(a.wall, user, d)
                    )
                }
                Recipient::Channel(channel) => format!("{} is told{why}", channel_name(channel.as_str(), d)),
            }
        }
        Fact::CallExhausted { skipped, .. } => {
            let skipped: Vec<String> = skipped.iter().map(|s| skip(&s.target, s.why, d)).collect();
            let over = if skipped.is_empty() { String::new() } else { format!(" ({})", skipped.join(", ")) };
            format!("nobody is left to be asked{over}")
        }
        Fact::StillOnItAsked { .. } | Fact::PageRevoked { .. } | Fact::CallStarted { .. } => return None,
        Fact::SnoozeEnded { .. } => "the snooze ends".to_owned(),
        Fact::AckTimedOut { .. } => "no answer: it is triggered again".to_owned(),
        Fact::Resolved { .. } => "it is resolved".to_owned(),
        Fact::SlaMissed { .. } => "the SLA is missed: nobody has started".to_owned(),
        Fact::Listed { to, .. } => format!("it is listed for {}{}", d.name_of(to), theirs(a.wall, to, d)),
        Fact::UrgencyChanged { .. } => "its urgency changes".to_owned(),
        _ => return None,
    };
    Some(format!("  {}  {said}", clock(a.wall, Tz::UTC)))
}

/// The same time where somebody lives.
fn theirs(at: At, user: &UserId, d: &Directory) -> String {
    let tz = d.users.get(user).map_or(Tz::UTC, |u| u.tz);
    if tz == Tz::UTC { String::new() } else { format!(", {} for them", clock(at, tz)) }
}

fn channel_name(id: &str, d: &Directory) -> String {
    let name = d.channels.iter().find(|(_, known)| known.as_str() == id);
    name.map_or_else(|| id.to_owned(), |(name, _)| format!("#{name}"))
}

fn end(f: &Forecast) -> &'static str {
    match f.end {
        End::Exhausted => "That goes on, less and less often, until somebody answers.",
        End::Quiet => "Nothing more happens by itself.",
        End::Later => "Nothing more happens by itself within a day.",
        End::TooMany => "More happens than is told here.",
    }
}

fn informs_json(fact: &Fact) -> Option<Value> {
    let (what, rule) = match fact {
        Fact::FyiShown(shown) => ("fyi", Some(&shown.rule)),
        Fact::FyiRepeated { .. } => ("fyi_repeated", None),
        Fact::FyiCleared { .. } => ("fyi_cleared", None),
        Fact::EventDropped { rule, .. } => ("dropped", Some(rule)),
        _ => return None,
    };
    Some(json!({ "incident": null, "what": what, "rule": rule }))
}

/// `problem`: why the body could not be read.
fn told_json(f: &Forecast, problem: Option<&str>, after: &After, d: &Directory) -> Value {
    let i = after.world.incident(f.incident);
    let skips = |all: &[crate::domain::call::Skipped]| -> Vec<Value> {
        let target = |t: &Target| crate::views::why::target(t, d);
        all.iter().map(|s| json!({ "target": target(&s.target), "why": s.why })).collect()
    };
    let steps: Vec<Value> = f
        .ahead
        .iter()
        .filter_map(|a| {
            let time = a.wall.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            Some(match &a.fact {
                Fact::PageRequested { to, method, purpose, silent_until, .. } => {
                    let to = match to {
                        Recipient::User(user) => json!({ "user": user }),
                        Recipient::Channel(channel) => json!({ "channel": channel }),
                    };
                    json!({ "time": time, "what": "page", "to": to, "method": method, "purpose": purpose,
                        "may_be_silent": silent_until.is_some() })
                }
                Fact::StepStarted(s) => {
                    json!({ "time": time, "what": "level", "level": s.step + 1, "round": s.round + 1, "skipped": skips(&s.skipped) })
                }
                Fact::CallExhausted { skipped, .. } => {
                    json!({ "time": time, "what": "exhausted", "skipped": skips(skipped) })
                }
                _ => return None,
            })
        })
        .collect();
    json!({
        "incident": f.incident,
        "title": i.map(|i| i.title.clone()),
        "problem": problem,
        "service": i.map(|i| i.service.clone()),
        "urgency": i.map(|i| i.urgency),
        "urgency_because": i.and_then(|i| i.origin.as_ref()).map(|o| o.urgency),
        "rule": i.and_then(|i| i.origin.as_ref()).and_then(|o| o.rule.as_ref()),
        "policy": i.map(|i| i.policy.clone()),
        "configuration": after.world.meta.config,
        "ahead": steps,
        "end": match f.end {
            End::Exhausted => "exhausted",
            End::Quiet => "quiet",
            End::Later => "later",
            End::TooMany => "too_many",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_zone_it_says_or_here() {
        let lisbon: Tz = "Europe/Lisbon".parse().expect("a zone");
        let madrid: Tz = "Europe/Madrid".parse().expect("a zone");
        let utc = |text: &str| chrono::DateTime::parse_from_rfc3339(text).map(|t| At(t.timestamp_millis())).ok();
        assert_eq!(instant("2026-12-24T03:00", madrid), utc("2026-12-24T02:00:00Z"));
        assert_eq!(instant("2026-12-24T03:00 Europe/Madrid", lisbon), utc("2026-12-24T02:00:00Z"));
        assert_eq!(instant("2026-12-24T03:00:00+05:00", lisbon), utc("2026-12-23T22:00:00Z"));
        assert_eq!(instant("tomorrow", lisbon), None);
        assert_eq!(instant("2026-12-24T03:00 Europe/Lisboa", lisbon), None);
        assert!(no_time("2026-12-24T03:00 Europe/Lisboa").contains("\"2026-12-24T03:00 Europe/Lisbon\""));
        assert!(no_time("tomorrow at 3").contains("\"tomorrow at 3\" is no time"));
    }

    #[test]
    fn a_body_is_guessed_by_its_shape() {
        let rows = [
            (r#"{"alerts":[]}"#, Form::Alertmanager),
            (r#"{"routing_key":"k"}"#, Form::Pagerduty),
            (r#"{"event_action":"trigger","payload":{}}"#, Form::Pagerduty),
            (r#"{"alerts":[],"orgId":1}"#, Form::Grafana),
            (r#"{"alerts":[],"version":"1"}"#, Form::Grafana),
            (r#"{"alerts":[],"version":"4"}"#, Form::Alertmanager),
            (r#"{"ruleId":1,"ruleName":"x","ruleUrl":"y"}"#, Form::Grafana),
            (r#"{"event":{"event_type":"incident.triggered"}}"#, Form::PagerdutyWebhook),
            (r#"{"sid":"s","results_link":"l"}"#, Form::Splunk),
            (r#"{"id":"i","issueUrl":"u","state":"ACTIVATED"}"#, Form::NewRelic),
            (r#"{"incident_id":1,"current_state":"open"}"#, Form::NewRelic),
            (r#"{"title":"disk"}"#, Form::Generic),
            ("[]", Form::Generic),
            ("nonsense", Form::Generic),
        ];
        for (body, form) in rows {
            assert_eq!(guessed(body.as_bytes()), form, "{body}");
        }
    }
}
