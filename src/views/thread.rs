//! Thread lines: what happened, for those who follow along.

use super::card::name;
use super::dnd::may_not_hear;
use super::mrkdwn::{day_and_time, escape, escape_marked, names, time};
use super::{Message, limits};
use crate::domain::call::{Asked, SkipReason, Skipped, Whom};
use crate::domain::course::Had;
use crate::domain::directory::{Directory, Target, Urgency};
use crate::domain::fact::ResolvedBy;
use crate::domain::hold::TriggeredBy;
use crate::domain::incident::{Entry, Happening, Incident};
use crate::domain::input::SnoozeWhy;
use crate::domain::page::{PageFailure, Recipient};
use crate::domain::urgency::RaisedBy;

/// The pending entries as one message, and the number of the last entry it covers. `None` when nothing is pending.
pub fn thread<'a>(pending: impl Iterator<Item = &'a Entry>, d: &Directory) -> Option<(Message, u64)> {
    let all: Vec<&Entry> = pending.collect();
    let upto = all.last()?.n;
    let mut lines: Vec<String> = Vec::new();
    let mut chars = 0;
    for entry in all.iter().take(limits::THREAD_LINES) {
        let line = line(entry, d);
        chars += line.chars().count() + 1;
        if chars > limits::THREAD_CHARS && !lines.is_empty() {
            break;
        }
        lines.push(line);
    }
    if all.len() > lines.len() {
        lines.push(format!("…and {} more", all.len() - lines.len()));
    }
    Some((Message::plain(lines.join("\n")), upto))
}

/// The same where it stands in the channel, far from its card.
pub fn for_the_channel(i: &Incident, lines: &Message, d: &Directory) -> Message {
    let title = if d.may_show(&i.service, &i.channel) { super::card::title_alone(i) } else { i.no.to_string() };
    Message::plain(format!("{title}\n{}", lines.text))
}

/// One entry as a line: when, who, what.
pub fn line(e: &Entry, d: &Directory) -> String {
    format!("{} {}", time(e.at()), words(&e.what, d))
}

pub(super) fn words(what: &Happening, d: &Directory) -> String {
    match what {
        Happening::Opened => "Opened.".to_owned(),
        Happening::Asked { round, asked, skipped, by_name: true, .. } => {
            let who: Vec<&str> = asked.iter().map(|a| d.name_of(&a.user)).collect();
            let again = if *round > 0 { " again" } else { "" };
            format!("Paging {}{again}{}{}.", names(&who), why_not(skipped, d), silent(asked, d))
        }
        Happening::Asked { level, round, asked, skipped, by_name: false } => {
            let who: Vec<&str> = asked.iter().map(|a| d.name_of(&a.user)).collect();
            let again = if *round > 0 { ", again" } else { "" };
            format!("Level {level}{again}: paging {}{}{}.", names(&who), why_not(skipped, d), silent(asked, d))
        }
        Happening::Exhausted { times: 1, skipped } => {
            format!(":rotating_light: Nobody answered at any level{}. The catch-all is told.", why_not(skipped, d))
        }
        Happening::Exhausted { times, .. } => {
            format!(":rotating_light: Still nobody. The catch-all was told {times} times.")
        }
        Happening::NobodyCame { skipped, asked: None } => {
            format!(":warning: Nobody above answered{}.", why_not(skipped, d))
        }
        Happening::NobodyCame { skipped, asked: Some(whom) } => {
            format!(":warning: {} did not answer{}.", names(&[&called(whom, d)]), why_not(skipped, d))
        }
        Happening::PageFailed { to, why } => {
            format!(":warning: The page to {} failed: {}.", recipient(to, d), failure(why))
        }
        Happening::Acknowledged { by } => format!(":raised_hand: {} has it.", name(d, by)),
        Happening::Joined { by } => format!(":raised_hand: {} is on it too.", name(d, by)),
        Happening::AcknowledgedByEvent => "Acknowledged at the monitor's side.".to_owned(),
        Happening::Escalated { by } => format!(":arrow_up: {} escalated.", name(d, by)),
        Happening::Snoozed { by, until, why, because } => {
            let until = day_and_time(*until);
            format!(":zzz: {} snoozed it until {until}{}.", name(d, by), snooze_reason(*why, because))
        }
        Happening::SnoozeEnded => ":alarm_clock: The snooze is over: triggered again.".to_owned(),
        Happening::StillOnItAsked { to } => format!("Asked {}: still on it?", name(d, to)),
        Happening::AckTimedOut => ":alarm_clock: No activity since it was acknowledged: triggered again.".to_owned(),
        Happening::TriggeredQuietly { by, then } => {
            let why = match by {
                TriggeredBy::SnoozeEnded => "The snooze is over",
                TriggeredBy::AckTimedOut => "No activity since it was acknowledged",
            };
            format!(":no_bell: {why}: triggered again. {}; nobody is paged before.", super::hold::lasts(*then))
        }
        Happening::FiredAgain => "Firing again.".to_owned(),
        Happening::Cleared => "Cleared by the monitor.".to_owned(),
        Happening::Resolved { by: ResolvedBy::User(by), note } if note.is_empty() => {
            format!(":white_check_mark: {} resolved it.", name(d, by))
        }
        Happening::Resolved { by: ResolvedBy::User(by), note } => {
            format!(":white_check_mark: {} resolved it: {}", name(d, by), escape(note, limits::NOTE))
        }
        Happening::Resolved { by: ResolvedBy::Monitor, .. } => {
            ":white_check_mark: Resolved: the monitor cleared it.".to_owned()
        }
        Happening::Resolved { by: ResolvedBy::Unanswered, .. } => "Over: nobody answered the test page.".to_owned(),
        Happening::Reopened { by } => format!(":leftwards_arrow_with_hook: {} reopened it.", name(d, by)),
        Happening::Noted { by, text } => format!(":memo: {}: {}", name(d, by), escape(text, limits::NOTE)),
        Happening::NotedByGuest { name, text } => {
            format!(":memo: {} (guest): {}", escape_marked(name, limits::LABEL), escape(text, limits::NOTE))
        }
        Happening::Quoted(quoted) => super::quote::line(quoted, d),
        Happening::Started { by } => format!(":hammer_and_wrench: {} began to work on it.", name(d, by)),
        Happening::Mitigated { by } => {
            format!(":adhesive_bandage: {}: mitigated, customers no longer feel it.", name(d, by))
        }
        Happening::RespondersAsked { by, whom } => {
            let all: Vec<String> = whom.iter().map(|w| called(w, d)).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            format!(":wave: {} asks for {}.", name(d, by), names(&all))
        }
        Happening::ReassignAsked { by, to } => {
            format!(":wave: {} asks {} to take it.", name(d, by), name(d, to))
        }
        Happening::Reassigned { to, from: Some(from) } => {
            format!(":raised_hand: {} has it now; {} is released.", name(d, to), name(d, from))
        }
        Happening::Reassigned { to, from: None } => format!(":raised_hand: {} has it.", name(d, to)),
        Happening::UrgencyChanged { by, to, stopped, why } => {
            let to = match to {
                Urgency::High => "high",
                Urgency::Low => "low",
            };
            let stopped: Vec<&str> = stopped.iter().map(|u| d.name_of(u)).collect();
            let stopped = match stopped.as_slice() {
                [] => String::new(),
                [one] => format!(" {} is not paged any more.", names(&[*one])),
                all => format!(" {} are not paged any more.", names(all)),
            };
            match (by, why) {
                (Some(by), _) => format!("{} made it {to} urgency.{stopped}", name(d, by)),
                (None, Some(RaisedBy::SupportHours)) => {
                    format!("Support hours began: it is {to} urgency now.{stopped}")
                }
                (None, Some(RaisedBy::Alert)) => format!("The monitor says it is worse: {to} urgency now.{stopped}"),
                (None, None) => format!("It is {to} urgency now.{stopped}"),
            }
        }
        Happening::Listed { to } => format!("On the list of {}.", name(d, to)),
        Happening::BeginAsked { to } => format!("Asked {}: has work begun?", name(d, to)),
        Happening::SlaMissed => ":hourglass: SLA missed: nobody had started.".to_owned(),
        Happening::NotActionable { by } => {
            format!("{} says nothing had to be done: the alert needs fixing.", name(d, by))
        }
        Happening::MergedInto { by, into } => {
            format!(":twisted_rightwards_arrows: {} merged it into {into}: go on there.", name(d, by))
        }
        Happening::Merged { by, from } => {
            format!(":twisted_rightwards_arrows: {} merged {from} into this one.", name(d, by))
        }
        Happening::Late { by, act } => {
            use crate::domain::fact::LateAct;
            let what = match act {
                LateAct::AcknowledgeAfterAcknowledge => "acknowledged, after somebody else had",
                LateAct::AcknowledgeAfterResolve => "acknowledged, after it was resolved",
                LateAct::ResolveAfterResolve => "resolved, after it was resolved",
            };
            format!("{} {what}.", name(d, by))
        }
        Happening::Held { why, until, because } => super::hold::began(why, *until, because, d),
        Happening::Routed { rule, told } => super::routing::routed(rule, told.as_ref(), d),
        Happening::AlertJoined { title, rule } => super::routing::joined(title, rule.as_ref()),
        Happening::CrossedHandoff { to } => {
            format!(":handshake: The shift ended while it waited: paging {} now.", name(d, to))
        }
        Happening::PlaybookBegun { by, title, left: None } => {
            format!(":book: {} follows *{}*.", name(d, by), escape_marked(title, limits::LABEL))
        }
        Happening::PlaybookBegun { by, title, left: Some((left, step, of)) } => {
            let (title, left) = (escape_marked(title, limits::LABEL), escape_marked(left, limits::LABEL));
            format!(":book: {} follows *{title}*, and left *{left}* at step {step} of {of}.", name(d, by))
        }
        Happening::StepDone { by, step, what } => {
            format!(":white_check_mark: {}: step {step} done, {}", name(d, by), brief(what))
        }
        Happening::StepSkipped { by, step, what, why, because } => {
            let why = super::run::skipped(*why, because);
            format!(":heavy_minus_sign: {} skipped step {step} ({why}), {}", name(d, by), brief(what))
        }
        Happening::StepChosen { by, step, what } => {
            format!("{} goes on at step {step}, {}", name(d, by), brief(what))
        }
        Happening::StepTakenBack { by, step, what } => {
            format!(":leftwards_arrow_with_hook: {} goes back to step {step}, {}", name(d, by), brief(what))
        }
        Happening::StepStuck { by, step, what } => {
            format!(":sos: {} is stuck at step {step}, {}", name(d, by), brief(what))
        }
        Happening::StepOverdue { step, what, secs } => {
            format!(":stopwatch: Step {step} takes longer than {}, {}", super::reply::span(*secs), brief(what))
        }
        Happening::Triaged { by, answer } => format!(":mag: {}: {}.", name(d, by), super::triage::answered(answer)),
        Happening::MajorDeclared { by } => {
            format!(":rotating_light: {} says that it is *major*: everybody is wanted.", name(d, by))
        }
        Happening::MajorTakenBack { by } => format!("{} says that it is not major after all.", name(d, by)),
        Happening::NotMine { by, team } => {
            let team = d.teams.get(team).map_or(team.as_str(), |t| t.name.as_str());
            format!(
                ":arrow_right: {}: it belongs to {}, who are paged for it.",
                name(d, by),
                escape_marked(team, limits::LABEL)
            )
        }
        Happening::WaitsAsItem { by, item } => format!(":hourglass: {}: it can wait, as item {}.", name(d, by), item.0),
        Happening::PlaybookEnded { title } => {
            format!(":book: No steps left in *{}*.", escape_marked(title, limits::LABEL))
        }
        Happening::HoldEnded { why } => super::hold::ended(why),
        Happening::ClearedFor { until } => {
            format!("Nothing fires any more: it is resolved by itself at {}.", time(*until))
        }
        Happening::ClearedBySilence => "Not heard of for long enough: it counts as cleared.".to_owned(),
        Happening::CameAnew => "It fired anew: that is not this incident any more.".to_owned(),
        Happening::ResolvedByItself { cleared } => {
            format!(":white_check_mark: Resolved by itself: cleared {}, quiet since.", time(*cleared))
        }
        Happening::CameBack { had: None } => ":repeat: Firing again: triggered again.".to_owned(),
        Happening::CameBack { had: Some(Had::Acknowledged { by }) } => {
            format!(":repeat: Firing again: {} has it again.", name(d, by))
        }
        Happening::CameBack { had: Some(Had::Snoozed { by, until, .. }) } => {
            format!("Firing again: still snoozed by {} until {}.", name(d, by), day_and_time(*until))
        }
        Happening::NotCleared => ":alarm_clock: Resolved, and it still fires: triggered again.".to_owned(),
        Happening::PageAgainDeclined { by } => {
            format!("{} wants no page again for what still fires.", name(d, by))
        }
        Happening::Flapping => ":repeat: Flapping: it keeps coming and going.".to_owned(),
        Happening::FlappingEnded => "Not flapping any more.".to_owned(),
        Happening::CardMoved { to, why } => {
            format!(":warning: A new card was made in <#{to}>: the old one was refused ({}).", failure(why))
        }
    }
}

/// A step in brief, in quotes.
fn brief(what: &str) -> String {
    format!("\u{201c}{}\u{201d}.", escape(what.trim_end_matches('.'), limits::LABEL))
}

/// Why it was snoozed, to be put behind the time.
pub fn snooze_reason(why: Option<SnoozeWhy>, because: &str) -> String {
    let why = why.map(|w| match w {
        SnoozeWhy::NotUrgent => "not urgent",
        SnoozeWhy::WaitingOn => "waiting",
        SnoozeWhy::KnownWork => "known work",
    });
    let because = (!because.is_empty()).then(|| escape(because, limits::NOTE));
    let all: Vec<String> = why.map(str::to_owned).into_iter().chain(because).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(": ")) }
}

/// Somebody, a team or a schedule, as people say it. Unescaped: [`names`] does that.
pub fn called(whom: &Whom, d: &Directory) -> String {
    match whom {
        Whom::User(u) => d.name_of(u).to_owned(),
        Whom::Team(t) => format!("team {}", d.teams.get(t).map_or(t.as_str(), |t| t.name.as_str())),
        Whom::Schedule(s) => d.schedules.get(s).map_or(s.as_str(), |s| s.name.as_str()).to_owned(),
    }
}

/// Who is asked and may not hear it.
fn silent(asked: &[Asked], d: &Directory) -> String {
    may_not_hear(asked, d).map(|words| format!(" ({words})")).unwrap_or_default()
}

/// Who was passed over, and why.
fn why_not(skipped: &[Skipped], d: &Directory) -> String {
    let all: Vec<String> = skipped.iter().map(|s| skip(&s.target, s.why, d)).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) }
}

pub fn skip(target: &Target, why: SkipReason, d: &Directory) -> String {
    let who = match target {
        Target::User(u) => name(d, u),
        Target::Schedule(s) => escape(d.schedules.get(s).map_or(s.as_str(), |s| s.name.as_str()), 60),
        Target::Channel(c) => format!("<#{c}>"),
    };
    match why {
        SkipReason::NobodyOnCall => format!("nobody is on call: {who}"),
        SkipReason::NoMethod => format!("{who} has no way to be paged"),
        SkipReason::Gone => format!("{who} is no longer configured"),
        SkipReason::HasIt => format!("{who} is on it already"),
        SkipReason::OtherTier => format!("{who} is not asked for this tier"),
        SkipReason::OtherLabels => format!("{who} is not asked for these labels"),
        SkipReason::OtherHours => format!("{who} is not asked at this hour"),
    }
}

fn recipient(to: &Recipient, d: &Directory) -> String {
    match to {
        Recipient::User(u) => name(d, u),
        Recipient::Channel(c) => format!("<#{c}>"),
    }
}

/// Why something could not be delivered.
pub fn failure(why: &PageFailure) -> String {
    match why {
        PageFailure::NoMethod => "no way to reach them is configured".to_owned(),
        PageFailure::Slack(error) => format!("Slack says `{}`", escape(error, 60)),
        PageFailure::Provider(says) => escape(says, 120),
        PageFailure::TooManyRestarts => "Warridor restarted too often while sending it".to_owned(),
    }
}
