//! Words for people whom the configuration does not know, and for the admins who let them in.

use super::Message;
use super::action_id::{Action, Asker, Elsewhere, Subject};
use super::card::name;
use super::kit::{actions, button, confirm, context, plain, section};
use super::mrkdwn::{day_and_time, escape, escape_marked, names, time};
use crate::domain::directory::Directory;
use crate::domain::id::{StoreId, UserId};
use crate::domain::people::{Newcomer, Standing};
use crate::domain::stamp::At;
use slack_morphism::prelude::{SlackBlockButtonElement, SlackBlockButtonStyle};

/// A name of Slack's on screen, in graphemes.
const NAME: usize = 80;
/// The same in the question before somebody is taken out, which has room for 300 in all.
const CONFIRMED: usize = 60;
/// Admins named to somebody who waits for one.
const ADMINS_NAMED: usize = 3;

fn press(what: Elsewhere, words: &str, value: String) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(value)
}

/// To a member of the workspace whom the configuration does not name.
pub fn unknown() -> Message {
    let text = "I don't know you yet. Press *Add me*, and an admin of Warridor is asked to let you act. Until then, \
                `/pager list`, `show`, `why`, `now` and `oncall` work for you.";
    let add = SlackBlockButtonElement::new(plain("Add me")).with_action_id(Elsewhere::AddMe.id().into());
    Message {
        text: text.to_owned(),
        blocks: vec![section(text), actions(vec![add.with_style(SlackBlockButtonStyle::Primary)])],
        colored: None,
    }
}

/// The same beside an input, where no button can stand; [`unknown`] is sent to them as well.
pub fn unknown_in_a_form() -> String {
    "I don't know you yet. I sent you a message: press Add me there, and submit this again when an admin has approved."
        .to_owned()
}

/// To guests, people of other organisations and apps. `about`: the incident they pressed a button of.
pub fn outsider(about: Option<Subject>) -> Message {
    let no = about.map_or_else(|| "12".to_owned(), |s| s.incident.0.to_string());
    let text = format!(
        "Guests and people of other organisations may look and add notes, so nothing was done. `/pager note {no} what \
         you see` adds one; to have something done, write to whoever is on call: `/pager oncall`."
    );
    let mut message = Message::plain(text);
    if let Some(subject) = about {
        message.blocks.push(actions(vec![button(Action::Note, "Note…", subject)]));
    }
    message
}

/// Slack was asked who somebody is, and did not say.
pub fn not_told_who() -> String {
    "I don't know you, and Slack did not tell me in time who you are. Nothing was done: try again in a moment; if it is \
     urgent, write to whoever is on call (`/pager oncall`)."
        .to_owned()
}

/// A restored copy that nobody confirmed posts nothing.
pub fn paused() -> String {
    "This Warridor is a restored copy and posts nothing yet, so nobody was asked. Write to an admin.".to_owned()
}

/// After *Add me*: the admin channel shows it.
pub fn asked(d: &Directory) -> String {
    match admins(d) {
        Some(_) => "An admin is asked. You get a direct message from me when they decide.".to_owned(),
        None => "Your request stands in the admin channel, but nobody may decide: the configuration names no admin. Talk to \
                 whoever keeps Warridor's `config.toml`."
            .to_owned(),
    }
}

/// After *Add me* was pressed once more while the first is under way.
pub fn being_asked() -> String {
    "Your request is kept, and my message to the admins is under way. You get a direct message from me when they decide.".to_owned()
}

/// The request is kept, and Slack did not take the message to the admins, with `why` in Slack's words.
pub fn not_shown(why: &str, d: &Directory) -> String {
    let whom = admins(d).unwrap_or_else(|| "whoever keeps Warridor's `config.toml`".to_owned());
    format!(
        "Your request is kept, but no admin sees it yet: Slack did not take my message to them ({}). I try again every \
         minute. If it is urgent, talk to {whom}.",
        escape(why, NAME)
    )
}

/// Who may decide, the first few of them by name.
fn admins(d: &Directory) -> Option<String> {
    let all: Vec<&str> = d.users.values().filter(|u| u.admin).map(|u| u.name.as_str()).take(ADMINS_NAMED).collect();
    (!all.is_empty()).then(|| names(&all))
}

/// In the admin channel: who asks, with the two buttons.
pub fn request(who: &Newcomer, store: StoreId) -> Message {
    let text = format!("{} asks to be added to Warridor.", called(who));
    let asker = Asker { store, slack: who.slack.clone() };
    let approve = press(Elsewhere::Approve, "Approve", asker.value()).with_style(SlackBlockButtonStyle::Primary);
    let decline = press(Elsewhere::Decline, "Decline", asker.value());
    let then = "Approved, they may act on every incident, and can be paged by Slack when somebody adds them. Only people \
                with `admin = true` in `config.toml` decide.";
    Message {
        blocks: vec![
            section(&format!(":wave: {text}\n{}", details(who))),
            context(then),
            actions(vec![approve, decline]),
        ],
        text,
        colored: None,
    }
}

/// The same message, once somebody decided; [`request`] until then. Whoever was let in can be taken out by it.
pub fn standing(who: &Newcomer, d: &Directory, store: StoreId) -> Message {
    let (sign, done, then) = match &who.standing {
        Standing::Asked => return request(who, store),
        Standing::Added { by, at, .. } => (
            ":white_check_mark:",
            format!("{} approved {} at {}.", name(d, by), called(who), time(*at)),
            "`warridor export people` prints them for `config.toml`.".to_owned(),
        ),
        Standing::Declined { by, at, again_at } => (
            ":no_entry_sign:",
            format!("{} declined {} at {}.", name(d, by), called(who), time(*at)),
            format!("They may ask again from {} on.", day_and_time(*again_at)),
        ),
        Standing::Removed { by, at, again_at } => (
            ":no_entry_sign:",
            format!("{} took {} out at {}.", name(d, by), called(who), time(*at)),
            format!("They may ask again from {} on.", day_and_time(*again_at)),
        ),
    };
    let mut blocks = vec![section(&format!("{sign} {done}\n{}", details(who))), context(&then)];
    if who.is_added() {
        blocks.push(actions(vec![remove(who, store)]));
    }
    Message { blocks, text: done, colored: None }
}

/// Asks before it does: whoever is paged at that moment is not any more.
fn remove(who: &Newcomer, store: StoreId) -> SlackBlockButtonElement {
    let asker = Asker { store, slack: who.slack.clone() };
    let what = format!(
        "{} may not act any more and is not paged. What they are asked now goes to the next level; where they stand in, \
         that ends. What they have stays theirs until somebody takes it over, or it pages again because nothing happens.",
        escape_marked(&who.name, CONFIRMED)
    );
    press(Elsewhere::RemovePerson, "Remove…", asker.value())
        .with_style(SlackBlockButtonStyle::Danger)
        .with_confirm(confirm("Take them out of Warridor?", &what, "Remove"))
}

fn called(who: &Newcomer) -> String {
    escape_marked(&who.name, NAME)
}

fn details(who: &Newcomer) -> String {
    let email = if who.email.is_empty() { "no e-mail address given" } else { &who.email };
    format!("{} · {} · Slack id `{}`", escape(email, NAME), escape(&who.tz, NAME), escape(who.slack.as_str(), NAME))
}

/// To the admin who decided.
pub fn decided(who: &Newcomer) -> String {
    match who.standing {
        Standing::Asked => format!("{} still waits for an answer.", called(who)),
        Standing::Added { .. } => format!("{} may act from now on, and is told so.", called(who)),
        Standing::Declined { .. } => format!("{} is declined, and is told so.", called(who)),
        Standing::Removed { .. } => format!(
            "{} may not act any more, and is told so. What they were asked goes to the next level; incidents they have \
             are theirs until somebody takes them over.",
            called(who)
        ),
    }
}

/// The direct message to who was let in.
pub fn you_are_in(by: &UserId, d: &Directory) -> String {
    format!(
        "{} added you to Warridor: you may act on every incident now. `/pager` shows what is open, `/pager help` what you \
         can do.",
        name(d, by)
    )
}

/// The direct message to who was not.
pub fn you_are_not_in(by: &UserId, again_at: At, d: &Directory) -> String {
    format!(
        "{} declined your request to be added to Warridor. Talk to them; you may ask again from {} on.",
        name(d, by),
        day_and_time(again_at)
    )
}

/// The direct message to who was taken out again.
pub fn you_are_out(by: &UserId, again_at: At, d: &Directory) -> String {
    format!(
        "{} took you out of Warridor: you are not paged any more, and may look and not act. If that is a mistake, talk to \
         them; you may ask again from {} on.",
        name(d, by),
        day_and_time(again_at)
    )
}
