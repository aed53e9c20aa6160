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
    let away: Vec<&str> = asked.iter().filter(|a| a.slack_away).map(|a| d.name_of(&a.user)).collect();
    let away = (!away.is_empty()).then(|| {
        format!("{} may not hear it: Slack could not be reached, and nothing else reaches them", names(&away))
    });
    let all: Vec<String> = until
        .iter()
        .take(limits::NAMES)
        .map(|(at, who)| format!("{} may not hear it: Do Not Disturb until {}", names(who), time(*at)))
        .chain(away)
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
        ":no_bell: *You may not hear a page:* Slack holds back your notifications until {}. Turn Do Not Disturb off for \
         your shift.",
        day_and_time(until)
    )
}

/// For the admin channel: people who sleep through every page, each with their hours, in their own time zone.
pub fn will_not_wake(people: &[(&User, &str)]) -> String {
    let one = |(user, hours): &(&User, &str)| format!("{} ({hours})", escape(&user.name, limits::LABEL));
    let mut all: Vec<String> = people.iter().take(limits::LIST).map(one).collect();
    if people.len() > limits::LIST {
        all.push(format!("and {} more", people.len() - limits::LIST));
    }
    format!(
        ":no_bell: In Slack's Do Not Disturb nobody wakes, and nothing but Slack reaches them: {}. Have them change its \
         hours in Slack, or put somebody else on call for the night.",
        all.join(", ")
    )
}

/// For the admin channel: whose notifications Slack holds back is not known.
pub fn could_not_look(error: &str) -> String {
    format!(
        ":warning: Slack does not say who is in Do Not Disturb (`{}`): a page to somebody asleep is waited for as any \
         other. The app needs the scope `dnd:read`: paste the output of `warridor manifest` at api.slack.com/apps, and \
         reinstall it.",
        escape(error, limits::LABEL)
    )
}
