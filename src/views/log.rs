//! The one edited message in an incident's thread: everything that needs no line of its own, and who was paged.
//! Whoever follows the thread is pushed for every new line; an edit pushes nobody.

use super::mrkdwn::{names, time};
use super::phone::method;
use super::thread::{failure, line};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::incident::Incident;
use crate::domain::page::{Page, PageState, Purpose, Recipient, RevokeReason};
use crate::domain::stamp::At;

/// What was delivered sooner needs no second time beside it.
const A_MINUTE_MS: i64 = 60_000;

/// What happened beside the thread's own lines; `None` while there is nothing to tell.
pub fn log(i: &Incident, d: &Directory) -> Option<Message> {
    let quiet = i.timeline.iter().filter(|e| !e.what.is_shown_in_thread() && e.n > 1);
    let mut lines: Vec<(At, String)> = quiet.map(|e| (e.at(), line(e, d))).collect();
    lines.extend(i.pages.iter().map(|p| (p.requested, page(p, d))));
    if lines.is_empty() {
        return None;
    }
    lines.sort_by_key(|(at, _)| *at);
    let mut kept: Vec<&str> = Vec::new();
    let mut chars = 0;
    for (_, line) in lines.iter().rev() {
        chars += line.chars().count() + 1;
        if chars > limits::THREAD_CHARS && !kept.is_empty() {
            break;
        }
        kept.push(line);
    }
    let left_out = lines.len() - kept.len();
    let earlier = format!("…{left_out} earlier: *More…* on the card has all.");
    let head = (left_out > 0).then_some(earlier.as_str());
    let all: Vec<&str> = head.into_iter().chain(kept.into_iter().rev()).collect();
    let title = format!("Log of {}", i.no);
    let message = Message::plain(format!("*{title}*\n{}", all.join("\n")));
    Some(Message { text: title, ..message })
}

/// Every page that is remembered, the oldest first.
pub fn pages(i: &Incident, d: &Directory) -> Vec<String> {
    i.pages.iter().map(|p| page(p, d)).collect()
}

fn page(p: &Page, d: &Directory) -> String {
    let to = match &p.to {
        Recipient::User(u) => names(&[d.name_of(u)]),
        Recipient::Channel(c) => format!("<#{c}>"),
    };
    let why = match p.purpose {
        Purpose::Step => "",
        Purpose::CatchAll => ", as the last to be asked",
        Purpose::StillOnIt => ": still on it?",
        Purpose::Raised => ": urgent now",
        Purpose::Back => ": it is back",
        Purpose::Begin => ": has work begun?",
        Purpose::StepTime => ": a step takes long",
        Purpose::Help => ": who fixed it before",
        Purpose::Test => ", as they asked",
    };
    let by = method(&p.method);
    let came = match &p.state {
        PageState::Requested => "on its way".to_owned(),
        PageState::Delivered { at, .. } if at.0 - p.requested.0 < A_MINUTE_MS => "delivered".to_owned(),
        PageState::Delivered { at, .. } => format!("delivered {}", time(*at)),
        PageState::Sent { .. } => "sent".to_owned(),
        PageState::Failed(why) => format!("*failed*, {}", failure(why)),
        PageState::Revoked(why) => format!("not sent: {}", revoked(*why)),
    };
    let silent = match (p.silent_until, &p.state) {
        (Some(until), PageState::Requested | PageState::Delivered { .. }) => {
            format!(", may be silent: Do Not Disturb until {}", time(until))
        }
        (Some(_) | None, _) => String::new(),
    };
    format!("{} :bell: {to} ({by}{why}): {came}{silent}", time(p.requested))
}

fn revoked(why: RevokeReason) -> &'static str {
    match why {
        RevokeReason::Answered => "somebody answered first",
        RevokeReason::Resolved => "it was resolved first",
        RevokeReason::Snoozed => "it was snoozed first",
        RevokeReason::Superseded => "a newer page says it better",
        RevokeReason::Merged => "it was merged first",
        RevokeReason::Lowered => "it became low urgency first",
        RevokeReason::Held => "it was held back first",
        RevokeReason::Cleared => "the monitor cleared it first",
    }
}
