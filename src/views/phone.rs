//! What reaches a telephone: a text, or words that are spoken. No markup, and no link that a monitor made.
//!
//! A text is one or two segments of 160 characters where its letters are those of GSM 03.38 (a provider splits and bills
//! by segment), so it says how many, the worst, and what to answer.

use super::list;
use super::mrkdwn::plain as clean;
use super::page::waits;
use crate::domain::directory::{Directory, Method};
use crate::domain::id::{IncidentNo, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::page::{Page, Purpose};

/// Of a title, in graphemes: in a text, and spoken.
const TITLE_SENT: usize = 100;
const TITLE_SPOKEN: usize = 160;
/// A service, in graphemes.
const SERVICE: usize = 40;
/// Incidents named one by one in an answer; of more, their number.
const NAMED: usize = 3;

/// What a method is called in a sentence.
pub fn method(method: &Method) -> String {
    match method {
        Method::Slack => "Slack".to_owned(),
        Method::Sms => "text message".to_owned(),
        Method::Voice => "phone call".to_owned(),
        Method::Hook(hook) => format!("hook {}", super::mrkdwn::escape(hook.as_str(), SERVICE)),
    }
}

/// A text to whoever these pages are for. `answers`: a reply to it reaches us.
pub fn text(all: &[(&Incident, &Page)], d: &Directory, answers: bool) -> String {
    let Some((worst, page)) = worst(all) else { return "Warridor: nothing waits for you any more.".to_owned() };
    let what = format!("{} {}: {} (tier {})", worst.no, service(worst, d), title(worst, TITLE_SENT), worst.tier);
    let said = match all.len() {
        1 => format!("{}{what}.", lead(page)),
        n => format!("{n} incidents, worst {what}."),
    };
    let how = match (answers, all.len()) {
        (false, _) => "",
        (true, 1) => " Reply 1 to acknowledge, 2 to escalate.",
        (true, _) => " Reply 1 to acknowledge all, 2 to escalate all.",
    };
    format!("Warridor: {said}{how}")
}

/// A page as a call: what is said, and then what to press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub news: String,
    /// Empty where no key press reaches us.
    pub menu: String,
}

/// What a call says to whoever these pages are for. `answers`: a key pressed reaches us.
pub fn spoken(all: &[(&Incident, &Page)], d: &Directory, answers: bool) -> Spoken {
    let Some((worst, page)) = worst(all) else {
        return Spoken { news: "This is Warridor. Nothing waits for you any more.".to_owned(), menu: String::new() };
    };
    let what = format!("{}, tier {}. {}", service(worst, d), worst.tier, title(worst, TITLE_SPOKEN));
    let number = worst.no.0;
    let news = match all.len() {
        1 => format!("This is Warridor. {}Incident {number}. {what}.", lead(page)),
        n => format!("This is Warridor. {n} incidents wait for you. The worst is incident {number}. {what}."),
    };
    let menu = match (answers, all.len()) {
        (false, _) => "",
        (true, 1) => "Press 1 to acknowledge. Press 2 to escalate.",
        (true, _) => "Press 1 to acknowledge all. Press 2 to escalate all.",
    };
    Spoken { news, menu: menu.to_owned() }
}

/// What whoever answered by telephone did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Acknowledge,
    Escalate,
}

/// What became of it, as things stand after it: `(incident, whether it was done)`.
pub fn answered(what: Answered, all: &[(&Incident, bool)], me: &UserId, d: &Directory) -> String {
    let mut sentences = Vec::new();
    let some = |which: &dyn Fn(&Incident, bool) -> bool| -> Vec<IncidentNo> {
        all.iter().filter(|(i, done)| which(i, *done)).map(|(i, _)| i.no).collect()
    };
    let is_over = |i: &Incident| matches!(i.state, State::Resolved { .. });
    let over = some(&|i, _| is_over(i));
    match what {
        Answered::Acknowledge => {
            let yours = some(&|i, _| !is_over(i) && (i.responder() == Some(me)));
            let joined = some(&|i, done| !is_over(i) && i.responder() != Some(me) && done && i.responders.contains(me));
            if !yours.is_empty() {
                sentences.push(format!("You have {}.", these(&yours)));
            }
            if !joined.is_empty() {
                sentences.push(format!("You are on {} too.", these(&joined)));
            }
            for (i, done) in all.iter().filter(|(i, _)| !is_over(i) && i.responder() != Some(me)) {
                if *done && i.responders.contains(me) {
                    continue;
                }
                if let Some(who) = i.responder().filter(|_| sentences.len() < NAMED) {
                    sentences.push(format!("{} has {}.", person(d, who), i.no));
                }
            }
        }
        Answered::Escalate => {
            let done = some(&|i, done| !is_over(i) && done);
            let not = some(&|i, done| !is_over(i) && !done);
            if !done.is_empty() {
                let asked: Vec<&UserId> =
                    all.iter().filter(|(_, done)| *done).flat_map(|(i, _)| asked_now(i)).collect();
                let mut people: Vec<String> = Vec::new();
                for who in asked.into_iter().filter(|who| *who != me).map(|who| person(d, who)) {
                    if !people.contains(&who) && people.len() < NAMED {
                        people.push(who);
                    }
                }
                sentences.push(match people.is_empty() {
                    true => format!("{} goes to the next level.", upper(&these(&done))),
                    false => format!("{} goes to {}.", upper(&these(&done)), people.join(" and ")),
                });
            }
            if !not.is_empty() {
                sentences.push(format!("There is nobody above for {}: it is still yours to answer.", these(&not)));
            }
        }
    }
    if !over.is_empty() {
        sentences.push(format!("{} is over.", upper(&these(&over))));
    }
    if sentences.is_empty() { "Nothing waits for you any more.".to_owned() } else { sentences.join(" ") }
}

/// To somebody who wrote what is not understood.
pub fn not_understood() -> &'static str {
    "Not understood. Reply 1 to acknowledge, 2 to escalate, or \"1 123\" for incident 123 alone."
}

/// The same, spoken.
pub fn wrong_key() -> &'static str {
    "That key does nothing."
}

/// To somebody for whom nothing waits.
pub fn nothing_waits() -> &'static str {
    "Nothing waits for you any more."
}

/// When a call ends without an answer.
pub fn no_key() -> &'static str {
    "No answer. Warridor goes on asking."
}

/// Why a call or a text came, where it is not for a level's turn.
fn lead(page: &Page) -> &'static str {
    match page.purpose {
        Purpose::Step => "",
        Purpose::CatchAll => "Nobody answered, you are the last to be asked. ",
        Purpose::StillOnIt => "Still on it? ",
        Purpose::Raised => "It is urgent now, and you have it. ",
        Purpose::Back => "It is firing again, and you have it. ",
        Purpose::Begin => "Has work begun? ",
    }
}

fn worst<'a>(all: &[(&'a Incident, &'a Page)]) -> Option<(&'a Incident, &'a Page)> {
    all.iter().copied().min_by_key(|(i, p)| (!waits(i, p), list::order(i)))
}

fn asked_now(i: &Incident) -> impl Iterator<Item = &UserId> {
    i.open_calls().flat_map(|c| c.asked.iter().map(|a| &a.user))
}

fn these(all: &[IncidentNo]) -> String {
    match all {
        [] => "nothing".to_owned(),
        few if few.len() <= NAMED => few.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        many => format!("all {} incidents", many.len()),
    }
}

fn upper(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn person(d: &Directory, user: &UserId) -> String {
    clean(d.name_of(user), SERVICE)
}

fn service(i: &Incident, d: &Directory) -> String {
    clean(d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str()), SERVICE)
}

fn title(i: &Incident, graphemes: usize) -> String {
    let words = clean(&i.title, graphemes);
    let words = words.trim().trim_end_matches('.');
    if words.is_empty() { "no title".to_owned() } else { words.to_owned() }
}
