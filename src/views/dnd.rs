//! Do Not Disturb, in words: a page is sent, and may make no sound.

use super::limits;
use super::mrkdwn::{day_and_time, escape, names, time};
use crate::domain::call::Asked;
use crate::domain::directory::{Directory, User};
use crate::domain::stamp::At;
use std::collections::BTreeMap;

/// "Ana Silva may not hear it: Do Not Disturb until 08:00"; `None`: everybody asked hears it.
pub fn may_not_hear(asked: &[Asked], d: &Directory) -> Option<String> {
    let mut until: BTreeMap<At, Vec<&str>> = BTreeMap::new();
    for (at, who) in asked.iter().filter_map(|a| Some((a.silent_until?, d.name_of(&a.user)))) {
        until.entry(at).or_default().push(who);
    }
    let all: Vec<String> = until
        .iter()
        .take(limits::NAMES)
        .map(|(at, who)| format!("{} may not hear it: Do Not Disturb until {}", names(who), time(*at)))
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The same as a sentence of its own, behind others; empty when everybody hears it.
pub fn warning(asked: &[Asked], d: &Directory) -> String {
    may_not_hear(asked, d).map(|words| format!("\n:no_bell: {words}.")).unwrap_or_default()
}

/// To somebody who carries a pager and cannot hear it.
pub fn to_you(until: At) -> String {
    format!(
        ":no_bell: *You may not hear a page:* Slack holds back your notifications until {}. Whoever comes next is \
         paged with you.",
        day_and_time(until)
    )
}

/// For the admin channel: somebody who sleeps through every page. `hours`: their window, in their own time zone.
pub fn will_not_wake(user: &User, hours: &str) -> String {
    format!(
        ":no_bell: {}'s only method is Slack, and their Do Not Disturb is {hours}: they will not wake. Then the next \
         level is paged with them. Have them change its hours in Slack, or put somebody else on call for the night.",
        escape(&user.name, limits::LABEL)
    )
}
