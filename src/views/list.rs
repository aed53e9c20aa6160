//! Answers to commands that only ask.

use super::action_id::Subject;
use super::card::{is_quiet, plain_title, status, title};
use super::home::raise_button;
use super::kit::{actions, context, section};
use super::mrkdwn::escape;
use super::thread::line;
use super::{Colored, Message, limits, log};
use crate::command::{Mistake, Topic};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::id::{IncidentNo, StoreId};
use crate::domain::incident::{Incident, State, in_order};
use crate::domain::rca::Rca;
use crate::domain::urgency::rank;

/// What an incident needs, the loudest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    High,
    Low,
    Acknowledged,
    Snoozed,
    Held,
    /// Of a list that was read before it was closed.
    Resolved,
}

impl Part {
    pub fn of(i: &Incident) -> Self {
        match (&i.state, i.urgency) {
            (State::Triggered { .. }, _) if is_quiet(i) => Self::Held,
            (State::Triggered { .. }, Urgency::High) => Self::High,
            (State::Triggered { .. }, Urgency::Low) => Self::Low,
            (State::Acknowledged { .. }, _) => Self::Acknowledged,
            (State::Snoozed { .. }, _) => Self::Snoozed,
            (State::Resolved { .. }, _) => Self::Resolved,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::High => "Triggered, high urgency",
            Self::Low => "Triggered, low urgency",
            Self::Acknowledged => "Acknowledged",
            Self::Snoozed => "Snoozed",
            Self::Held => "Held back: nobody is paged for these now",
            Self::Resolved => "Resolved",
        }
    }
}

/// What pages first; of that the worst: urgency, then tier, then severity, then the oldest.
pub fn order(i: &Incident) -> (Part, std::cmp::Reverse<Urgency>, u8, u8, IncidentNo) {
    (Part::of(i), std::cmp::Reverse(i.urgency), i.tier, rank(&i.labels), i.no)
}

/// Open incidents. `of`: whose, where it is not everybody's.
pub fn list(open: &[&Incident], d: &Directory, of: &str) -> Message {
    listed(open, d, of, false)
}

/// Everybody's, in their order, with a heading over each part where there are several.
pub fn in_parts(open: &[&Incident], d: &Directory) -> Message {
    let several = open.windows(2).any(|two| matches!(two, [a, b] if Part::of(a) != Part::of(b)));
    listed(open, d, "", several)
}

fn listed(open: &[&Incident], d: &Directory, of: &str, with_headings: bool) -> Message {
    let of = if of.is_empty() { String::new() } else { format!(" for {}", escape(of, limits::LABEL)) };
    if open.is_empty() {
        return Message::plain(format!(":sparkles: Nothing is open{of}."));
    }
    let text = match open.len() {
        1 => format!("1 incident is open{of}"),
        n => format!("{n} incidents are open{of}"),
    };
    let mut blocks = vec![context(&text)];
    let mut part = None;
    for i in open.iter().take(limits::LIST) {
        if with_headings && part.replace(Part::of(i)) != Some(Part::of(i)) {
            blocks.push(context(&format!("*{}*", Part::of(i).heading())));
        }
        blocks.push(section(&format!("{}\n{}", title(i), status(i, d))));
    }
    let more = open.get(limits::LIST..).unwrap_or_default();
    blocks.extend(more[..more.len().min(limits::LIST_BRIEF)].chunks(limits::LIST_LINES).map(|some| brief(some, d)));
    if more.len() > limits::LIST_BRIEF {
        let left = more.len() - limits::LIST_BRIEF;
        blocks.push(context(&format!("…and {left} more: name a team to see its own.")));
    }
    Message { text, blocks, colored: None }
}

/// One line each: what stands far down in a long list.
fn brief(some: &[&Incident], d: &Directory) -> slack_morphism::prelude::SlackBlock {
    let line = |i: &&Incident| {
        let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
        format!("{} {}: {}", i.no, escape(service, limits::LABEL), plain_title(i, limits::LIST_TITLE))
    };
    section(&some.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What is open and concerns whoever asks; and what they can do.
pub fn mine(mine: &[&Incident], d: &Directory, command: &str) -> Message {
    let c = escape(command, 40);
    let hint = match mine {
        [] => format!("`{c} list all` is everybody's · `{c} trigger` pages somebody · `{c} help`"),
        [i, ..] => {
            let n = i.no.0;
            format!(
                "`{c} ack {n}` · `{c} snooze {n} 2h` · `{c} resolve {n} what fixed it` · `{c} show {n}` · `{c} help`"
            )
        }
    };
    let mut message = match mine {
        [] => Message::plain(":sparkles: Nothing is open that concerns you."),
        mine => list(mine, d, "you"),
    };
    message.blocks.push(context(&hint));
    message
}

/// Several may be meant: which? `line` is the command without its number.
pub fn pick(all: &[&Incident], d: &Directory, line: &str) -> Message {
    let line = escape(line, 60);
    if all.is_empty() {
        return Message::plain(format!("Nothing is open that concerns you. Name one: `{line} 12`."));
    }
    let mut blocks = vec![section("Which one?")];
    blocks.extend(
        all.iter().take(limits::LIST).map(|i| section(&format!("`{line} {}`  {}\n{}", i.no.0, title(i), status(i, d)))),
    );
    if all.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more", all.len() - limits::LIST)));
    }
    Message { text: "Which one?".to_owned(), blocks, colored: None }
}

/// What concerns whoever asks is somebody else's: each with who has it.
pub fn others(theirs: &[&Incident], d: &Directory, line: &str) -> Message {
    let line = escape(line, 60);
    let head = format!("Nothing open is yours. Name one: `{line} 12`. These are somebody else's:");
    let mut blocks = vec![section(&head)];
    blocks.extend(theirs.iter().take(limits::LIST).map(|i| section(&format!("{}\n{}", title(i), status(i, d)))));
    if theirs.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more", theirs.len() - limits::LIST)));
    }
    Message { text: format!("Nothing open is yours. Name one: `{line} 12`."), blocks, colored: None }
}

/// Several answers as one.
pub fn together(mut all: Vec<Message>) -> Message {
    if all.len() == 1 {
        return all.swap_remove(0);
    }
    let lines: Vec<String> = all.into_iter().map(|m| m.text).collect();
    Message::plain(lines.join("\n"))
}

/// The same of a restored copy that nobody confirmed: whatever its incidents say, nothing leaves.
pub fn paused(list: Message) -> Message {
    let why = ":warning: *This is a restored copy, and it is paused*: nobody is paged and nothing is posted, whatever \
               stands below. Run `warridor restore --confirm` and start it again.";
    let mut blocks = vec![section(why)];
    blocks.extend(list.blocks);
    Message { text: "Paused: nobody is paged.".to_owned(), blocks, colored: list.colored }
}

/// One incident: how it stands, what happened last, who was paged; `rca`: what it owes, or owed.
pub fn show(i: &Incident, rca: Option<&Rca>, d: &Directory, store: StoreId) -> Message {
    if i.is_test() {
        return super::test_page::page(i, store);
    }
    // What is newest is there, whatever was said at length before.
    let mut last: Vec<String> = Vec::new();
    let mut chars = 0;
    for entry in in_order(&i.timeline).into_iter().rev().take(limits::SHOWN_ENTRIES) {
        let line = line(entry, d);
        chars += line.chars().count() + 1;
        if chars > limits::THREAD_CHARS && !last.is_empty() {
            break;
        }
        last.insert(0, line);
    }
    let mut blocks = vec![section(&status(i, d))];
    let earlier = i.next_entry.saturating_sub(1).saturating_sub(last.len() as u64);
    if earlier > 0 {
        blocks.push(context(&format!("{earlier} earlier: *More…*, *What happened*.")));
    }
    blocks.push(section(&last.join("\n")));
    let paged = log::pages(i, d);
    let newest = paged.len().saturating_sub(limits::SHOWN_ENTRIES);
    if newest > 0 {
        blocks.push(context(&format!("{newest} earlier pages: *More…*, *Who was paged*.")));
    }
    if !paged.is_empty() {
        blocks.push(context(&format!("*Who was paged*\n{}", paged[newest..].join("\n"))));
    }
    blocks.extend(super::card::to_do(i, rca, d, Subject { store, incident: i.no }));
    Message {
        text: super::card::lock_screen(i, d),
        blocks: vec![section(&title(i))],
        colored: Some(Colored { color: super::card::color(i), blocks }),
    }
}

/// What somebody resolved while it fires, and what pages again if it goes on: not open, and not over.
pub fn still_firing(mut list: Message, resolved: &[&Incident], d: &Directory) -> Message {
    if resolved.is_empty() {
        return list;
    }
    let mut lines: Vec<String> = resolved
        .iter()
        .take(limits::NAMES)
        .map(|i| format!("{} {}: {}", i.no, plain_title(i, limits::LABEL), status(i, d)))
        .collect();
    if resolved.len() > lines.len() {
        lines.push(format!("…and {} more", resolved.len() - lines.len()));
    }
    list.blocks.push(context("*Resolved, and still firing*"));
    list.blocks.push(context(&lines.join("\n")));
    list
}

/// Incidents of private services are not shown to everybody.
pub fn left_out(mut list: Message, private: usize) -> Message {
    if private > 0 {
        let are = if private == 1 { "1 more is" } else { &format!("{private} more are") };
        list.blocks.push(context(&format!("{are} open for private services: ask in their channels.")));
    }
    list
}

/// An incident that may not be read about here.
pub fn private(i: &Incident) -> Message {
    Message::plain(format!("{} is of a private service. Its people read about it in <#{}>.", i.no, i.channel))
}

/// For somebody who wants to page and has nothing to click on.
pub fn press_to_raise() -> Message {
    let text = "Press this to say what is wrong, and see who would be woken.";
    Message { text: text.to_owned(), blocks: vec![section(text), actions(vec![raise_button()])], colored: None }
}

/// Words nobody understands: what was wrong, and what to type instead.
pub fn mistake(m: &Mistake) -> Message {
    let code = |line: &str| escape(line, limits::MISTAKE).replace('`', "'");
    let why = escape(&m.why, limits::MISTAKE);
    Message::plain(match &m.instead {
        Some(line) => format!("{why} Type `{}`.", code(line)),
        None => why,
    })
}

/// Nothing waits for somebody's acknowledgement.
pub fn nothing_waits(command: &str) -> Message {
    let c = escape(command, 40);
    Message::plain(format!(
        "Nothing waits for your acknowledgement. `{c}` lists what is yours; `{c} ack 12` takes one."
    ))
}

/// What a command understands: all of it on one phone screen, or one topic. `command` is the pager's, or for
/// [`Topic::OnCall`] what stands before a team's name.
pub fn help(command: &str, topic: Option<Topic>) -> Message {
    let c = escape(command, 40);
    let lines: &[(&str, &str)] = match topic {
        None => &[
            ("", "what is open and yours"),
            ("list all", "everything that is open"),
            ("show 12", "one incident"),
            ("ack 12", "you have it"),
            ("snooze 12 2h", "not now: `tomorrow 9am`, `working-hours`"),
            ("escalate 12", "page the next level"),
            ("add 12 @ben", "page somebody as well"),
            ("resolve 12 what fixed it", "it is over"),
            ("trigger", "page somebody"),
            ("triage 12", "the first look"),
            ("playbook 12", "what to do about it"),
            ("handoff", "what the next one on call must know"),
            ("rca", "the RCAs that you owe"),
            ("oncall", "who is on call"),
            ("now", "what is going on"),
            ("maintenance", "nobody is paged for it: `help silence`"),
            ("help note", "more: `reassign` `urgency` `merge` `why` `doing` `heartbeats`…"),
        ],
        Some(Topic::Trigger) => &[
            ("trigger", "a window: which service, what is wrong, whom it wakes"),
            ("trigger payments-api nobody can pay", "at once, at the service's urgency"),
        ],
        Some(Topic::List) => &[("list mine", "yours"), ("list payments", "a team's"), ("list all", "everybody's")],
        Some(Topic::Show) => &[("show 12", "how it stands, what happened last, who was paged")],
        Some(Topic::Acknowledge) => {
            &[("ack", "the only one that waits for you"), ("ack 12", "you have it"), ("ack 12 13 14", "all of them")]
        }
        Some(Topic::Snooze) => &[
            ("snooze 12 2h", "for two hours"),
            ("snooze 12 tomorrow 9am", "until then, in your time zone"),
            ("snooze 12 working-hours", "until the next working morning"),
            ("snooze 12 2h because waiting for the vendor", "and why"),
            ("snooze 12 2h for later", "it was not urgent: its alert needs fixing"),
            ("unsnooze 12", "ends it: you have it, nobody is paged"),
        ],
        Some(Topic::Escalate) => &[
            ("escalate 12", "pages the next level now; whoever has it keeps it"),
            ("major 12", "it is major: pages everybody who could be asked, after a question"),
            ("not-major 12", "it is not, after all"),
        ],
        Some(Topic::People) => &[
            ("add 12 @ben", "pages Ben as well"),
            ("add 12 search", "pages a team, by its policy"),
            ("reassign 12 @ben", "Ben has it once he acknowledges"),
        ],
        Some(Topic::Urgency) => &[("urgency 12 high", "pages"), ("urgency 12 low", "wakes nobody any more")],
        Some(Topic::Resolve) => &[
            ("start 12", "you are on it"),
            ("mitigated 12", "customers no longer feel it"),
            ("resolve 12 what fixed it", "it is over"),
            ("reopen 12", "it is not: you have it, nobody is paged"),
        ],
        Some(Topic::Note) => &[("note 12 what you found", "kept with the incident")],
        Some(Topic::Merge) => &[("merge 12 into 13", "12's alerts belong to 13 from then on")],
        Some(Topic::Why) => &[("why 12", "why it paged whom, and what comes next")],
        Some(Topic::Now) => &[
            ("now", "what is open, changed and announced, and who is on call"),
            ("fyi", "what only informs, of today"),
            ("heartbeats", "jobs and monitors that must be heard of, and which are silent"),
        ],
        Some(Topic::Doing) => &[
            ("doing 'draining east, may cause alerts' 1h", "says what you are doing; pages nobody"),
            ("doing 'index rebuild' until 15:00 for search", "of one service or team"),
            ("doing", "what is announced, with numbers"),
            ("doing end 3", "ends one"),
        ],
        Some(Topic::Quiet) => &[
            ("maintenance payments-api 2h because deploy", "its alerts page nobody, and are shown"),
            ("maintenance payments tomorrow 9am-5pm because moving", "a whole team's, planned"),
            ("silence 12 2h because known", "the alert of 12, whatever it does"),
            ("silence alertname=DiskFull in payments-api 2h because cleaning", "by labels: `=`, `!=`, `=db-*`"),
            ("silences", "what is in force and ahead, with numbers"),
            ("silence end 3", "ends one; what still fires pages"),
        ],
        Some(Topic::Misconfigured) => &[
            ("not-actionable 12", "nothing had to be done: resolves it, and lists its alert"),
            ("misconfigured", "alerts to fix: not urgent, or not actionable; and how"),
            ("misconfigured payments-api", "one service's"),
            ("misconfigured fixed 3", "takes one off the list"),
        ],
        Some(Topic::Triage) => &[
            ("triage", "the only incident you have: whose it is, who feels it, whether it can wait"),
            ("triage 12", "the same of 12"),
        ],
        Some(Topic::Playbook) => &[
            ("playbook", "of the only incident you have"),
            ("playbook 12", "the one that fits 12 best, and which others do"),
            ("playbook disk-filling-up", "by name"),
            ("playbook list", "all there are"),
            ("playbook draft 12", "a new one, from what was done about 12"),
        ],
        Some(Topic::Handoff) => &[
            ("handoff", "what the next one on call will read, as it stands"),
            ("handoff payments", "one team's"),
            ("handoff note db-2 fills up until Tuesday", "what the next one should know"),
            ("handoff accept", "you have the pager now, and know what is open"),
        ],
        Some(Topic::Rca) => &[
            ("rca", "the RCAs that you owe"),
            ("rca 12", "writes, or reads, the one of 12"),
            ("rca list payments", "those that a team owes; `all`"),
            ("rca status", "how all teams stand"),
            ("items", "what is to be repaired; `help items`"),
        ],
        Some(Topic::Items) => &[
            ("items", "work that incidents left to you: repairs, alerts to fix"),
            ("items payments", "a team's; `all`"),
            ("items done 3 merged as PR 1234", "one is done"),
            ("items reopen 3", "it is not"),
            ("items give 3 @ben", "Ben does it"),
            ("items move 3 friday", "by then"),
        ],
        Some(Topic::OnCall) => &[
            ("", "who is on call now and next"),
            ("payments", "one team's"),
            ("me", "your shifts"),
            ("ready", "what to check before your next one"),
            ("test", "a test page, to you alone"),
            ("schedule payments", "every shift of the next two weeks"),
            ("gaps", "hours at which nobody is on call"),
            ("override payments @ben 2h", "Ben instead, for two hours"),
            ("take payments until 18:00", "you instead"),
            ("overrides", "those in force and ahead, with their numbers"),
            ("override remove 3", "ends one"),
        ],
    };
    let line = |(typed, what): &(&str, &str)| {
        let typed = format!("{c} {typed}");
        format!("`{}` {what}", typed.trim_end())
    };
    Message::plain(lines.iter().map(line).collect::<Vec<_>>().join("\n"))
}
