//! The windows behind **More…**: large choices made from the state at this instant, and what there is to read.

use super::action_id::{Action, Origin};
use super::card::{name, status, title};
use super::kit::{button, confirm, context, divider, section, section_with};
use super::modal::{window, window_above};
use super::mrkdwn::{escape, names_up_to};
use super::thread::line;
use super::{limits, log};
use crate::domain::condition::Case;
use crate::domain::directory::{Directory, Target, Urgency};
use crate::domain::incident::{Entry, Incident, State, in_order};
use crate::domain::playbook;
use crate::domain::stamp::At;
use slack_morphism::prelude::*;
use std::collections::BTreeMap;

/// Everything that can be done to this incident beside its buttons.
pub fn more(i: &Incident, d: &Directory, origin: &Origin) -> SlackView {
    let subject = origin.subject;
    let mut blocks = vec![section(&title(i)), context(&status(i, d)), divider()];
    blocks.extend(choices(i, d).into_iter().map(|c| {
        let mut b = button(c.action, c.button, subject);
        if let Some(question) = &c.confirm {
            b = b.with_confirm(confirm(&format!("{}?", c.title), question, c.button));
        }
        section_with(&format!("*{}*\n{}", c.title, c.what), b)
    }));
    window(&format!("More about {}", i.no), blocks, Some(origin))
}

struct Choice {
    action: Action,
    title: &'static str,
    button: &'static str,
    what: String,
    confirm: Option<String>,
}

fn choices(i: &Incident, d: &Directory) -> Vec<Choice> {
    let choice =
        |action, title, button, what: &str| Choice { action, title, button, what: what.to_owned(), confirm: None };
    let mut all = Vec::new();
    let is_open = !i.is_resolved();
    let is_snoozed = matches!(i.state, State::Snoozed { .. });
    if is_open {
        if i.started.is_none() {
            all.push(choice(
                Action::Start,
                "I'm on it",
                "I'm on it",
                "You have begun to work on it. The card says so.",
            ));
        }
        let what = "Whose it is, who feels it, whether it can wait; and what is going on.";
        all.push(choice(Action::Triage, "Triage", "Triage", what));
        if i.mitigated.is_none() {
            let what = "Customers no longer feel it. It stays open until it is resolved.";
            all.push(choice(Action::Mitigate, "Mitigated", "Mitigated", what));
        }
        if !is_snoozed {
            let what = "Page more people, a team or whoever is on call. Whoever has it keeps it.";
            all.push(choice(Action::AddResponders, "Add responders", "Add…", what));
            let what = match i.responder() {
                Some(has_it) => {
                    format!("Somebody else takes it. {} is released when they acknowledge.", name(d, has_it))
                }
                None => "Page somebody by name, to have it from then on.".to_owned(),
            };
            all.push(choice(Action::Reassign, "Reassign", "Reassign…", &what));
        }
    }
    all.push(choice(Action::Note, "Note", "Write…", "What you found. It is kept with the incident."));
    if is_open {
        all.push(choice(Action::ResolveWithNote, "Resolve with a note", "Resolve…", "Say what fixed it."));
        all.push(choice(Action::Merge, "Merge into", "Merge…", "It is the same problem as another incident."));
        all.push(urgency(i, d));
        if !i.alerts.is_empty() {
            let what = match i.joined_group() {
                Some(group) => {
                    let of = super::routing::values(group);
                    format!("Alerts {of} page nobody until a time of your choice, also when they come back.")
                }
                None => "Its alert pages nobody until a time of your choice, also when it comes back.".to_owned(),
            };
            all.push(choice(Action::Silence, "Silence", "Silence…", &what));
        }
    }
    if let Some((action, button)) = super::course::decline(i) {
        let what = "Its alerts still fire. It stays resolved until they clear or fire anew.";
        all.push(choice(action, button, button, what));
    }
    if i.not_actionable.is_none() && i.merged_into.is_none() && !(is_open && i.major.is_some()) {
        let what = "Nothing had to be done. Marks the alert as one to fix, and resolves the incident.";
        let question = format!("This resolves {}, and marks its alert: it woke somebody for nothing.", i.no);
        all.push(Choice {
            confirm: is_open.then_some(question),
            ..choice(Action::NotActionable, "Not actionable", "Not actionable", what)
        });
    }
    if let Some(p) = playbook::best(d, i).filter(|_| is_open) {
        let what = escape(&p.title, limits::LABEL);
        all.push(choice(Action::Playbook, "Playbook", "Open", &what));
    }
    all.push(choice(Action::WhoWasPaged, "Who was paged", "Show", "Each page, and what became of it."));
    all.push(choice(Action::Timeline, "What happened", "Show", "The whole timeline."));
    all
}

fn urgency(i: &Incident, d: &Directory) -> Choice {
    match i.urgency {
        Urgency::High => Choice {
            action: Action::MakeLow,
            title: "Low urgency",
            button: "Make it low",
            what: "Nobody is paged any more. It stays on the list.".to_owned(),
            confirm: None,
        },
        Urgency::Low => {
            let then = match (&i.state, i.responder()) {
                (_, Some(has_it)) => format!("{} hears of it by direct message.", name(d, has_it)),
                (State::Snoozed { .. }, None) => "When the snooze ends, it pages.".to_owned(),
                (_, None) => first_level(i, d),
            };
            Choice {
                action: Action::MakeHigh,
                title: "High urgency",
                button: "Make it high",
                what: then.clone(),
                confirm: Some(then),
            }
        }
    }
}

/// Whom the first level asks that is for this incident, as the policy names them: a card cannot know who is on call when
/// it is read, nor which hours it is.
pub fn first_level(i: &Incident, d: &Directory) -> String {
    let at_any_hour = BTreeMap::new();
    let case =
        Case { tier: Some(i.tier), labels: Some(&i.labels), hours: &at_any_hour, wall: At(0), urgency: i.urgency };
    let policy = i.policy_kept.as_deref().or_else(|| d.policies.get(&i.policy));
    let mut steps = policy.into_iter().flat_map(|p| (1..).zip(&p.steps));
    let Some((number, step)) = steps.find(|(_, step)| step.when.refuses(case).is_none()) else {
        return "This pages nobody: no level is for it.".to_owned();
    };
    let all: Vec<String> = step.targets.iter().map(|t| target(t, d)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    format!("This pages level {number} now: {}.", names_up_to(limits::CALLED, &all))
}

fn target(target: &Target, d: &Directory) -> String {
    match target {
        Target::User(u) => d.name_of(u).to_owned(),
        Target::Schedule(s) => {
            format!("whoever is on call for {}", d.schedules.get(s).map_or(s.as_str(), |s| s.name.as_str()))
        }
        Target::Channel(_) => "nobody".to_owned(),
    }
}

/// Each page and what became of it.
pub fn who_was_paged(i: &Incident, d: &Directory) -> SlackView {
    let lines = log::pages(i, d);
    window_above(&format!("Paged for {}", i.no), listed(i, &lines, "Nobody was paged."))
}

/// Everything that happened. `entries`: all there are, those on disk included.
pub fn timeline(i: &Incident, entries: &[Entry], d: &Directory) -> SlackView {
    let lines: Vec<String> = in_order(entries).into_iter().map(|e| line(e, d)).collect();
    window_above(&format!("{}: what happened", i.no), listed(i, &lines, "Nothing yet."))
}

/// As many of the newest lines as one window holds, the oldest first.
fn listed(i: &Incident, lines: &[String], nothing: &str) -> Vec<SlackBlock> {
    let mut blocks = vec![section(&title(i))];
    if lines.is_empty() {
        blocks.push(section(nothing));
    }
    let mut chars = 0;
    let newest = lines.iter().rev().take(limits::WINDOW_LINES).take_while(|line| {
        chars += line.chars().count() + 1;
        chars <= limits::WINDOW_CHARS
    });
    let shown = newest.count();
    if shown < lines.len() {
        blocks.push(context(&format!("{} earlier ones are left out.", lines.len() - shown)));
    }
    let mut text = String::new();
    for line in &lines[lines.len() - shown..] {
        if !text.is_empty() && text.chars().count() + line.chars().count() > limits::THREAD_CHARS {
            blocks.push(section(&std::mem::take(&mut text)));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    if !text.is_empty() {
        blocks.push(section(&text));
    }
    blocks
}
