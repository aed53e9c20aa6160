//! What reaches a telephone: a text, or words that are spoken. No markup, and no link that a monitor made.
//!
//! A text is one or two segments of 160 characters where its letters are those of GSM 03.38 (a provider splits and bills
//! by segment), so it says how many, the worst, and what to answer.

use super::bundle::Earlier;
use super::list;
use super::mrkdwn::plain as clean;
use super::page::{called_by, waits};
use super::routing::and_more;
use crate::domain::directory::{Directory, Method};
use crate::domain::id::{IncidentNo, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::page::{Page, Purpose};

/// Of a title, in graphemes: in a text, and spoken.
const TITLE_SENT: usize = 100;
const TITLE_SPOKEN: usize = 160;
/// A service, in graphemes.
const SERVICE: usize = 40;
/// Incidents named one by one in an answer; how many more is a number.
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

/// A text to whoever these pages are for, and for whom `earlier` ones wait. `answers`: a reply to it reaches us.
pub fn text(all: &[(&Incident, &Page)], earlier: &Earlier, d: &Directory, answers: bool) -> String {
    let Some((worst, page)) = worst(all) else { return "Warridor: nothing waits for you any more.".to_owned() };
    if worst.is_test() {
        return super::test_page::text(worst, answers);
    }
    let (name, more) = (title(worst, TITLE_SENT), and_more(worst));
    let major = if worst.major.is_some() { "MAJOR " } else { "" };
    let what = format!("{major}{} {}: {name}{more} (tier {})", worst.no, service(worst, d), worst.tier);
    let said = match all.len() {
        1 => format!("{}{what}.{}", lead(worst, page, d), in_all(1, worst, page, earlier)),
        n if earlier.count > 0 => {
            format!("{n} more incidents, worst {what}.{}", in_all(n, worst, page, earlier))
        }
        n => format!("{n} incidents, worst {what}."),
    };
    let how = match (answers, all.len()) {
        (false, _) => String::new(),
        (true, 1) => " Reply 1 to acknowledge, 2 to escalate.".to_owned(),
        (true, n) if earlier.count > 0 => format!(" Reply 1 to acknowledge these {n}, 2 to escalate them."),
        (true, _) => " Reply 1 to acknowledge all, 2 to escalate all.".to_owned(),
    };
    format!("Warridor: {said}{how}")
}

/// How many wait in all, where earlier ones do.
fn in_all(told: usize, worst: &Incident, page: &Page, earlier: &Earlier) -> String {
    if earlier.count == 0 || page.purpose != Purpose::Step {
        return String::new();
    }
    let worse = earlier.worse_than(worst).map(|i| format!(", worst {} (tier {})", i.no, i.tier));
    format!(" {} wait for you in all{}.", told + earlier.count, worse.unwrap_or_default())
}

/// A page as a call: what is said, and then what to press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub news: String,
    /// Empty where no key press reaches us.
    pub menu: String,
}

/// What a call says to whoever these pages are for, and for whom `earlier` ones wait. `answers`: a key pressed reaches us.
pub fn spoken(all: &[(&Incident, &Page)], earlier: &Earlier, d: &Directory, answers: bool) -> Spoken {
    let Some((worst, page)) = worst(all) else {
        return Spoken { news: "This is Warridor. Nothing waits for you any more.".to_owned(), menu: String::new() };
    };
    if worst.is_test() {
        return Spoken { news: super::test_page::spoken(), menu: super::test_page::menu(answers) };
    }
    let (name, more) = (title(worst, TITLE_SPOKEN), and_more(worst));
    let what = format!("{}, tier {}. {name}{more}", service(worst, d), worst.tier);
    let number = worst.no.0;
    let why = lead(worst, page, d);
    let major = if worst.major.is_some() && !why.contains("it is major") { "It is major. " } else { "" };
    let news = match all.len() {
        1 => format!("This is Warridor. {why}{major}Incident {number}. {what}."),
        n if earlier.count > 0 => {
            let worse = earlier.worse_than(worst);
            let worse = worse.map(|i| format!(" The worst of all is incident {}, tier {}.", i.no.0, i.tier));
            format!(
                "This is Warridor. {n} more incidents. The worst of them is incident {number}. {what}. {} wait for you in \
                 all.{}",
                n + earlier.count,
                worse.unwrap_or_default()
            )
        }
        n => format!("This is Warridor. {n} incidents wait for you. The worst is incident {number}. {what}."),
    };
    Spoken { news, menu: menu(all.len(), earlier.count, answers) }
}

/// What to press in a call about so many; `earlier` ones wait besides.
pub fn menu(count: usize, earlier: usize, answers: bool) -> String {
    match (answers, count) {
        (false, _) => String::new(),
        (true, 1) => "Press 1 to acknowledge. Press 2 to escalate.".to_owned(),
        (true, n) if earlier > 0 => format!("Press 1 to acknowledge these {n}. Press 2 to escalate them."),
        (true, _) => "Press 1 to acknowledge all. Press 2 to escalate all.".to_owned(),
    }
}

/// What whoever answered by telephone did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Acknowledge,
    Escalate,
}

/// What became of that for one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    Done,
    /// There is no level above.
    NobodyAbove,
    /// It was not tried, or refused: how it stands says why.
    NotDone,
}

/// What waits for whoever answered besides what they answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    pub count: usize,
    /// The same answer, given once more, is about some of these.
    pub again: bool,
}

/// What became of it, as things stand after it.
pub fn answered(what: Answered, all: &[(&Incident, Came)], left: Left, me: &UserId, d: &Directory) -> String {
    if let [(i, _)] = all
        && i.is_test()
    {
        return super::test_page::heard(i);
    }
    let is_over = |i: &Incident| matches!(i.state, State::Resolved { .. });
    let some = |which: &dyn Fn(&Incident, Came) -> bool| -> Vec<IncidentNo> {
        all.iter().filter(|(i, came)| which(i, *came)).map(|(i, _)| i.no).collect()
    };
    let mut sentences = Vec::new();
    let mut say = |numbers: Vec<IncidentNo>, words: &dyn Fn(&str, bool) -> String| {
        if !numbers.is_empty() {
            sentences.push(upper(&words(&these(&numbers), numbers.len() > 1)));
        }
    };
    let done = |i: &Incident, came: Came| !is_over(i) && came == Came::Done;
    let mine = |i: &Incident| i.responder() == Some(me);
    match what {
        Answered::Acknowledge => {
            say(some(&|i, _| !is_over(i) && mine(i)), &|these, _| format!("You have {these}."));
            let joined = |i: &Incident, came| done(i, came) && !mine(i) && i.responders.contains(me);
            say(some(&joined), &|these, _| format!("You are on {these} too."));
        }
        Answered::Escalate => {
            let asked: Vec<&UserId> =
                all.iter().filter(|(i, came)| done(i, *came)).flat_map(|(i, _)| asked_now(i)).collect();
            let mut people: Vec<String> = Vec::new();
            for who in asked.into_iter().filter(|who| *who != me).map(|who| person(d, who)) {
                if !people.contains(&who) && people.len() < NAMED {
                    people.push(who);
                }
            }
            let to = if people.is_empty() { "the next level".to_owned() } else { people.join(" and ") };
            say(some(&done), &|these, many| format!("{these} {} to {to}.", if many { "go" } else { "goes" }));
            say(some(&|i, came| !is_over(i) && came == Came::NobodyAbove), &|these, many| {
                let they = if many { "they are" } else { "it is" };
                format!("There is nobody above for {these}: {they} still yours to answer.")
            });
        }
    }
    // Whoever else has what was not done, is named.
    let others = all.iter().filter(|(i, came)| {
        let joined = *came == Came::Done && i.responders.contains(me);
        !is_over(i) && !mine(i) && (*came == Came::NotDone || what == Answered::Acknowledge && !joined)
    });
    for (i, _) in others.take(NAMED) {
        match &i.state {
            State::Snoozed { by, .. } => sentences.push(format!("{} snoozed {}.", person(d, by), i.no)),
            _ => sentences.extend(i.responder().map(|who| format!("{} has {}.", person(d, who), i.no))),
        }
    }
    let over = some(&|i, _| is_over(i));
    if !over.is_empty() {
        let verb = if over.len() > 1 { "are" } else { "is" };
        sentences.push(upper(&format!("{} {verb} over.", these(&over))));
    }
    if left.count > 0 {
        sentences.push(format!("{} more {} for you.", left.count, super::bundle::wait(left.count)));
        let number = match what {
            Answered::Acknowledge => 1,
            Answered::Escalate => 2,
        };
        sentences.extend(left.again.then(|| format!("Reply {number} again for the next of them.")));
    }
    if sentences.is_empty() { "Nothing waits for you any more.".to_owned() } else { sentences.join(" ") }
}

/// To somebody whose answer may be lost: the disk is full, or too slow.
pub fn not_kept() -> &'static str {
    "That could not be written down, so it does not count yet. Answer once more."
}

/// The same as it is spoken: nobody says "hash twelve".
pub fn aloud(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 16);
    let mut chars = words.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '#' && chars.peek().is_some_and(char::is_ascii_digit) {
            let begins = out.is_empty() || out.ends_with(". ");
            out.push_str(if begins { "Incident " } else { "incident " });
        } else {
            out.push(c);
        }
    }
    out
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
fn lead(i: &Incident, page: &Page, d: &Directory) -> String {
    let words = match page.purpose {
        Purpose::Step => {
            return called_by(i, page, d).map(|why| format!("{}. ", clean(&why, TITLE_SENT))).unwrap_or_default();
        }
        Purpose::CatchAll => "Nobody answered, you are the last to be asked. ",
        Purpose::StillOnIt => "Still on it? ",
        Purpose::Raised => "It is urgent now, and you have it. ",
        Purpose::Back => "It is firing again, and you have it. ",
        Purpose::Begin => "Has work begun? ",
        Purpose::StepTime => "A step of its playbook takes long. ",
        Purpose::Help => "Somebody else fixed it before. ",
        Purpose::Test => "This is a test. ",
    };
    words.to_owned()
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
        few if few.len() <= NAMED => listed(few),
        many => format!("{} and {} more", listed(many), many.len() - NAMED),
    }
}

fn listed(all: &[IncidentNo]) -> String {
    all.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn upper(words: &str) -> String {
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
