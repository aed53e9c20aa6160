//! The bot's Home tab: am I on call, who is above me, what is mine, how do I page somebody.

use super::action_id::{Elsewhere, Subject};
use super::card::{buttons, status, title};
use super::kit::{actions, context, divider, header, plain, section};
use super::mrkdwn::{day_and_time, escape, names};
use super::why::only;
use super::{Message, limits};
use crate::domain::directory::{Directory, Target, User};
use crate::domain::duty::{Duty, Named, asked_only, named};
use crate::domain::id::{StoreId, UserId};
use crate::domain::incident::Incident;
use crate::domain::stamp::At;
use slack_morphism::prelude::*;

/// How it is with whoever looks.
pub struct Me<'a> {
    pub user: &'a User,
    pub duties: &'a [Duty],
    /// No page to them may make a sound until then.
    pub silent_until: Option<At>,
    /// The open incidents that concern them.
    pub mine: &'a [&'a Incident],
    /// What is silenced or in maintenance, in one sentence.
    pub quiet: Option<&'a str>,
}

/// What one person sees. `open`: how many incidents are open in all.
pub fn home(me: &Me<'_>, open: usize, d: &Directory, store: StoreId) -> SlackView {
    let Me { user, duties, silent_until, mine, quiet } = *me;
    let named = named(d, &user.id);
    let last = last(&user.id, duties, d);
    let is_idle = duties.is_empty() && named.is_empty();
    let heading = match (duties, named.as_slice()) {
        ([], []) if last.is_none() => "You are not on call",
        ([], named) if named.iter().all(|n| !n.is_first) => "You are asked when nobody else answers",
        _ => "You are on call",
    };
    let mut blocks = vec![header(heading)];
    if is_idle && last.is_none() {
        blocks.push(section(
            "Nobody pages you by a schedule now. `/pager oncall` shows who is on call, and when you are.",
        ));
    }
    blocks.extend(duties.iter().map(|duty| section(&on_duty(duty, d))));
    blocks.extend(named.iter().take(limits::LIST).map(|n| section(&by_name(n, d))));
    blocks.extend(last.map(section));
    if let (Some(until), false) = (silent_until, is_idle && last.is_none()) {
        blocks.push(section(&super::dnd::to_you(until)));
    }
    let by = match user.slack {
        Some(_) => "You are paged by direct message here.",
        None => ":warning: Nothing reaches you: the configuration has no Slack id for you.",
    };
    blocks.push(context(by));
    blocks.push(divider());
    blocks.push(header("Your open incidents"));
    if mine.is_empty() {
        blocks.push(section(":sparkles: None."));
    }
    for i in mine.iter().take(limits::HOME_INCIDENTS) {
        blocks.push(section(&format!("{}\n{}", title(i), status(i, d))));
        let buttons = buttons(i, d, Subject { store, incident: i.no });
        if !buttons.is_empty() {
            blocks.push(actions(buttons));
        }
    }
    let left_out = mine.len().saturating_sub(limits::HOME_INCIDENTS);
    if left_out > 0 {
        blocks.push(context(&format!("…and {left_out} more: `/pager list mine`.")));
    }
    let others = open.saturating_sub(mine.len());
    if others > 0 {
        let are = if others == 1 { "1 other incident is" } else { &format!("{others} other incidents are") };
        blocks.push(context(&format!("{are} open: `/pager list all`.")));
    }
    blocks.extend(quiet.map(context));
    blocks.push(divider());
    blocks.push(header("Page somebody"));
    blocks.push(section(
        "Something is broken and no monitor says so? `/pager trigger SERVICE what is wrong`, or press the button: it \
         says who would be woken before it wakes them.",
    ));
    blocks.push(SlackActionsBlock::new(vec![SlackActionBlockElement::Button(raise_button())]).into());
    SlackView::Home(SlackHomeView::new(blocks))
}

/// Opens the window in which a person pages somebody.
pub fn raise_button() -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain("Page somebody…")).with_action_id(Elsewhere::Raise.id().into())
}

/// One schedule that somebody carries, until when, and who is above.
pub fn on_duty(duty: &Duty, d: &Directory) -> String {
    let schedule = d.schedules.get(&duty.schedule).map_or(duty.schedule.as_str(), |s| s.name.as_str());
    let until = match (duty.until, &duty.then) {
        (None, _) => String::new(),
        (Some(until), Some(then)) => format!(" until {}, then {}", day_and_time(until), names(&[d.name_of(then)])),
        (Some(until), None) => format!(" until {}, then :warning: nobody", day_and_time(until)),
    };
    let above: Vec<&str> = duty.above.iter().map(|u| d.name_of(u)).collect();
    let above = match above.as_slice() {
        [] => " Nobody is above you.".to_owned(),
        above => format!(" Above you: {}.", names(above)),
    };
    let only = asked_only(d, &duty.schedule).and_then(|when| only(&when));
    let only = only.map(|only| format!(" It is asked {only}.")).unwrap_or_default();
    format!("*{}*{until}.{only}{above}", escape(schedule, limits::LABEL))
}

/// What nobody answered comes to the reader, by name or by a schedule that they carry.
pub fn last(user: &UserId, duties: &[Duty], d: &Directory) -> Option<&'static str> {
    let is_theirs = |target: &Target| match target {
        Target::User(of) => of == user,
        Target::Schedule(id) => duties.iter().any(|duty| duty.schedule == *id),
        Target::Channel(_) => false,
    };
    d.catch_all.iter().any(is_theirs).then_some("You are the last to be asked: what nobody answered comes to you.")
}

/// A level that names the reader, whoever is on call.
pub fn by_name(named: &Named, d: &Directory) -> String {
    let services = named.services.iter().map(|id| d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()));
    let services: Vec<&str> = services.collect();
    let only = only(&named.when);
    let when = match (named.is_first, only.is_none()) {
        (true, true) => "you are asked first, at every hour",
        (true, false) => "then you are asked first",
        (false, _) => "you are asked when nobody before you answers",
    };
    let only = only.map(|only| format!(", {only}")).unwrap_or_default();
    format!("You are level {} of *{}*{only}: {when}.", named.level, names(&services))
}

/// Somebody whom the configuration does not name.
pub fn stranger(told: &Message) -> SlackView {
    let mut blocks = vec![header("Warridor")];
    blocks.extend(told.blocks.clone());
    SlackView::Home(SlackHomeView::new(blocks))
}
