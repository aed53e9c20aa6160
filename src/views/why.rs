//! Why an incident paged whom, and what is going on at all.

use super::card::{name, status, title};
use super::kit::{context, section};
use super::mrkdwn::{day_and_time, escape, names, time};
use super::oncall::Watch;
use super::reply::span;
use super::{Message, limits};
use crate::domain::call::{Call, CallKind, CallState};
use crate::domain::condition::When;
use crate::domain::directory::{Directory, Policy, Step, Target, Urgency};
use crate::domain::fact::UrgencyWhy;
use crate::domain::forecast::Forecast;
use crate::domain::going_on::Announcement;
use crate::domain::hold::TriggeredBy;
use crate::domain::id::UserId;
use crate::domain::incident::{AckTimeout, Happening, Incident, State};
use crate::domain::input::Source;
use crate::domain::urgency::{RaisedBy, UrgencyBy};

/// Which service, urgency, policy and schedule led to this, and what comes next.
pub fn why(i: &Incident, d: &Directory, ahead: &Forecast, going_on: &[&Announcement]) -> Message {
    if i.is_test() {
        return Message::plain(super::test_page::stands(i, ""));
    }
    let mut lines = vec![title(i), opened(i, d)];
    lines.extend(super::routing::why(i, d));
    lines.push(urgency(i, d));
    lines.extend(super::going_on::going_on(going_on, d));
    let policy = i.main_call().map(|c| &*c.policy).or_else(|| d.policies.get(&i.policy));
    match policy {
        Some(policy) => lines.push(levels(policy, d)),
        None => lines.push(format!("Its policy `{}` is no longer configured.", escape(i.policy.as_str(), 60))),
    }
    lines.extend(i.calls.iter().rev().take(limits::SHOWN_ENTRIES).filter_map(|c| asked(c, i, d)));
    lines.extend(passed_over(i, d));
    lines.push(format!("*Now:* {}", status(i, d)));
    let foretold = super::going_on::next(ahead, d);
    lines.extend(next(i, foretold.is_some()));
    lines.extend(foretold);
    let text = format!("Why {}", i.no);
    Message { text, blocks: lines.iter().map(|l| section(l)).collect(), colored: None }
}

fn opened(i: &Incident, d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let by = match &i.opened_by {
        Some(by) => format!("{} opened it by hand", name(d, by)),
        None => format!("An alert opened it{}", came_by(i)),
    };
    let at = day_and_time(i.opened);
    let config = i.origin.as_ref().map(|o| format!(", with configuration {} in force", o.config)).unwrap_or_default();
    format!("*Opened:* {by}, {at}, for {}, tier {}{config}.", escape(service, limits::LABEL), i.tier)
}

/// By which way its first event came.
fn came_by(i: &Incident) -> String {
    let Some(origin) = &i.origin else { return String::new() };
    let source = match origin.source {
        Source::Alertmanager => " through the Alertmanager webhook",
        Source::PagerDuty => " through PagerDuty's Events API",
        Source::PagerDutyWebhook => " through the PagerDuty webhook",
        Source::Grafana => " through the Grafana webhook",
        Source::NewRelic => " through the New Relic webhook",
        Source::Splunk => " through the Splunk webhook",
        Source::Generic => " through the generic webhook",
        Source::Warridor => " (its body could not be read)",
        Source::Heartbeat => " (a heartbeat did not come)",
        Source::Person | Source::Test => "",
    };
    let key = origin.key.as_ref().map(|key| format!(" by the key `{}`", escape(key, limits::LABEL)));
    format!("{source}{}", key.unwrap_or_default())
}

fn urgency(i: &Incident, d: &Directory) -> String {
    let word = |u| match u {
        Urgency::High => "high",
        Urgency::Low => "low",
    };
    let own = d.services.get(&i.service).map(|s| s.urgency);
    let changed = i.timeline.iter().rev().find_map(|e| match &e.what {
        Happening::UrgencyChanged { by: Some(by), .. } => Some((by, e.wall)),
        _ => None,
    });
    let by_rule = by_rule(i, d);
    let because = match (changed, own) {
        (Some((by, at)), _) => format!("{} made it so at {}", name(d, by), time(at)),
        (None, _) if raised(i).is_some() => raised(i).unwrap_or_default(),
        (None, _) if let Some(why) = i.origin.as_ref().map(|o| o.urgency).filter(|w| *w != UrgencyWhy::Service) => {
            match why {
                UrgencyWhy::Key => "fixed by the integration key".to_owned(),
                UrgencyWhy::Person | UrgencyWhy::Service => "as whoever opened it said".to_owned(),
            }
        }
        (None, Some(_)) if by_rule.is_some() => by_rule.unwrap_or_default(),
        (None, Some(own)) if own == i.urgency => "as the service is configured".to_owned(),
        (None, Some(own)) => format!("though the service is {}: an alert, or its key, made it so", word(own)),
        (None, None) => "as it was when it began".to_owned(),
    };
    let then = match i.urgency {
        Urgency::High => "it pages until somebody answers",
        Urgency::Low => "it wakes nobody",
    };
    format!("*Urgency:* {}, {because}; {then}.", word(i.urgency))
}

/// What decides how urgent the service's alerts are, where that is not the same for all of them.
pub fn by_rule(i: &Incident, d: &Directory) -> Option<String> {
    match &d.services.get(&i.service)?.urgency_by {
        UrgencyBy::Service => None,
        UrgencyBy::Severity(_) => Some("by the severity of the alert".to_owned()),
        UrgencyBy::Hours(hours) => Some(format!("by the support hours `{}`", escape(hours.as_str(), limits::LABEL))),
    }
}

/// What raised it last, where no person did.
fn raised(i: &Incident) -> Option<String> {
    i.timeline.iter().rev().find_map(|e| match &e.what {
        Happening::UrgencyChanged { why: Some(RaisedBy::SupportHours), .. } => {
            Some(format!("raised at {}, when support hours began", time(e.wall)))
        }
        Happening::UrgencyChanged { why: Some(RaisedBy::Alert), .. } => {
            Some(format!("raised at {} by the alert's severity", time(e.wall)))
        }
        _ => None,
    })
}

/// For what a level asks: "only tier 1, during `office`". `None`: for everything.
pub fn only(when: &When) -> Option<String> {
    let mut all = Vec::new();
    if !when.tiers.is_empty() {
        let tiers: Vec<String> = when.tiers.iter().map(u8::to_string).collect();
        all.push(format!("tier {}", tiers.join(" or ")));
    }
    for (name, values) in when.labels.iter().take(limits::LIST) {
        let values: Vec<&str> = values.0.iter().map(|glob| glob.0.as_str()).collect();
        all.push(format!("`{}`", escape(&format!("{name}={}", values.join("|")), 60)));
    }
    all.extend(when.during.iter().map(|id| format!("during `{}`", escape(id.as_str(), 60))));
    all.extend(when.outside.iter().map(|id| format!("outside `{}`", escape(id.as_str(), 60))));
    (!all.is_empty()).then(|| format!("only {}", all.join(", ")))
}

fn levels(policy: &Policy, d: &Directory) -> String {
    let level = |(n, step): (usize, &Step)| {
        let all: Vec<String> = step.targets.iter().map(|t| target(t, d)).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let only = only(&step.when).map(|only| format!(", {only}")).unwrap_or_default();
        format!("level {} {} ({}{only})", n + 1, names(&all), span(step.delay_secs))
    };
    let levels: Vec<String> = policy.steps.iter().take(limits::LIST).enumerate().map(level).collect();
    let again = match policy.repeat {
        0 => String::new(),
        1 => ", and once more".to_owned(),
        n => format!(", and {n} times more"),
    };
    format!("*Policy* `{}`: {}{again}.", escape(policy.id.as_str(), 60), levels.join(", then "))
}

/// Whom a level names.
pub fn target(target: &Target, d: &Directory) -> String {
    match target {
        Target::User(u) => d.name_of(u).to_owned(),
        Target::Schedule(s) => d.schedules.get(s).map_or(s.as_str(), |s| s.name.as_str()).to_owned(),
        Target::Channel(_) => "a channel".to_owned(),
    }
}

fn asked(c: &Call, i: &Incident, d: &Directory) -> Option<String> {
    if c.asked.is_empty() {
        return None;
    }
    let who: Vec<String> = c
        .asked
        .iter()
        .map(|a| {
            let via = a.via.as_ref().and_then(|s| d.schedules.get(s));
            let via = via.map(|schedule| format!("on call by the schedule {}", escape(&schedule.name, limits::LABEL)));
            let via = via.or_else(|| why_without_schedule(c, &a.user).map(str::to_owned));
            let silent = a.silent_until.map(|_| "in Do Not Disturb".to_owned());
            let away = a.slack_away.then(|| "nothing but Slack reaches them, which was away".to_owned());
            let all: Vec<String> = via.into_iter().chain(silent).chain(away).collect();
            if all.is_empty() { name(d, &a.user) } else { format!("{} ({})", name(d, &a.user), all.join(", ")) }
        })
        .collect();
    let came = match &c.state {
        CallState::Answered { by } if was_left(c, by, i) => {
            format!("{} answered, then nothing happened for too long", name(d, by))
        }
        CallState::Answered { by } => format!("{} answered", name(d, by)),
        CallState::Stopped => "stopped".to_owned(),
        CallState::Asking { next_at } => format!("waiting until {}", time(*next_at)),
        CallState::Exhausted { .. } => "nobody answered".to_owned(),
        CallState::Starting => "starting".to_owned(),
    };
    let kind = match &c.kind {
        CallKind::Main => format!("Level {}", c.step + 1),
        CallKind::Added { by } => format!("Level {}, because {} escalated", c.step + 1, name(d, by)),
        CallKind::StandIn { of } => format!("Level {}, because {} may not hear it", c.step + 1, name(d, of)),
        CallKind::Responder { by, .. } => format!("{} asked for", name(d, by)),
        CallKind::Reassign { by, .. } => format!("{} asked to take it", name(d, by)),
    };
    Some(format!("*{kind}:* {}; {came}.", who.join(", ")))
}

/// Is this what `by` answered last, before it was triggered again because nobody did anything?
fn was_left(c: &Call, by: &UserId, i: &Incident) -> bool {
    let answered = |other: &&Call| matches!(other.state, CallState::Answered { .. });
    let is_last = i.calls.iter().rev().find(answered).is_some_and(|last| last.no == c.no);
    let left = |what: &Happening| {
        matches!(what, Happening::AckTimedOut | Happening::TriggeredQuietly { by: TriggeredBy::AckTimedOut, .. })
    };
    let Some(at) = i.timeline.iter().rposition(|e| left(&e.what)) else { return false };
    let has_it = |what: &Happening| match what {
        Happening::Acknowledged { by } | Happening::Reassigned { to: by, .. } => Some(by.clone()),
        _ => None,
    };
    let (before, after) = i.timeline.split_at(at);
    is_last
        && before.iter().rev().find_map(|e| has_it(&e.what)).as_ref() == Some(by)
        && !after.iter().any(|e| has_it(&e.what).is_some())
}

/// Why a level asks somebody whom no schedule named, where others of it need that said.
fn why_without_schedule(c: &Call, user: &UserId) -> Option<&'static str> {
    if !c.kind.is_of_the_policy() {
        return None;
    }
    let by_name = |s: &Step| s.targets.contains(&Target::User(user.clone()));
    let is_named = c.policy.steps.get(c.step as usize).is_some_and(by_name);
    let is_mixed = c.asked.iter().any(|a| a.via.is_some() || c.also.contains(&a.user));
    match is_named {
        true if is_mixed => Some("by name"),
        true => None,
        false if c.also.contains(user) => Some("because they had it"),
        false => None,
    }
}

/// Whom the levels so far passed over, and why.
fn passed_over(i: &Incident, d: &Directory) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    for entry in &i.timeline {
        let over = match &entry.what {
            Happening::Asked { skipped, .. } | Happening::Exhausted { skipped, .. } => skipped,
            _ => continue,
        };
        for one in over.iter().map(|s| super::thread::skip(&s.target, s.why, d)) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all.truncate(limits::NAMES);
    (!all.is_empty()).then(|| format!("*Passed over:* {}.", all.join("; ")))
}

/// What happens by itself, beside what the status says. `foretold`: what is done about silence is told elsewhere.
fn next(i: &Incident, foretold: bool) -> Option<String> {
    match &i.state {
        // The status says it.
        State::Acknowledged { .. } if i.course.clearing.is_some() => None,
        State::Acknowledged { timeout: AckTimeout::AskAt(_) | AckTimeout::TriggerAt(_), .. } if foretold => None,
        State::Acknowledged { timeout: AckTimeout::AskAt(at), .. } => {
            Some(format!("*Next:* without activity until {}, whoever has it is asked “Still on it?”.", time(*at)))
        }
        State::Acknowledged { timeout: AckTimeout::TriggerAt(at), .. } => {
            Some(format!("*Next:* without an answer until {}, it is triggered again.", time(*at)))
        }
        State::Acknowledged { timeout: AckTimeout::Never, .. } if i.listing.is_some() => {
            Some(format!("*Next:*{}", super::digest::what_comes(i)))
        }
        State::Acknowledged { timeout: AckTimeout::Never, .. }
        | State::Triggered { .. }
        | State::Snoozed { .. }
        | State::Resolved { .. } => None,
    }
}

/// Adds to what is open who carries the pager.
pub fn now(mut message: Message, watches: &[Watch<'_>], d: &Directory) -> Message {
    let on_call = super::oncall::oncall(None, watches, d);
    message.blocks.push(context("On call"));
    message.blocks.extend(on_call.blocks.into_iter().skip(1));
    message
}
