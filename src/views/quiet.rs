//! Silences and maintenance windows: their message, what is in force and ahead, and what came of making one.

use super::action_id::{Elsewhere, Lasting};
use super::card::{name, plain_title};
use super::kit::{actions, context, plain, section};
use super::mrkdwn::{day_and_time, escape, escape_marked, names, time};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::hold::{Hold, HoldWhy};
use crate::domain::id::{ChannelId, QuietId, ServiceId, StoreId, TeamId, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::page::Recipient;
use crate::domain::post::{About, Post};
use crate::domain::privacy::{may_read, may_read_of};
use crate::domain::quiet::{Covered, HeldBack, Kind, Quiet, Several, Stands, Within};
use crate::domain::stamp::At;
use crate::domain::world::World;
use slack_morphism::prelude::*;

/// By this much *1 hour more* lets it last longer.
pub const MORE_SECS: i64 = 60 * 60;

/// Who reads, where: what is private is not named to everybody.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub user: Option<&'a UserId>,
    pub channel: Option<&'a ChannelId>,
}

impl Reader<'_> {
    pub(super) fn may_know(self, service: &ServiceId, d: &Directory) -> bool {
        may_read_of(service, d, self.user, self.channel)
    }
}

pub fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Silence => "silence",
        Kind::Maintenance => "maintenance window",
    }
}

/// "Maintenance of Payments API", "Silence of `alertname=DiskFull` of Payments API".
pub fn called(q: &Quiet, w: &World, d: &Directory, reader: Reader<'_>) -> String {
    let service = |id: &ServiceId| d.services.get(id).map_or_else(|| id.to_string(), |s| s.name.clone());
    let team = |id: &TeamId| d.teams.get(id).map_or_else(|| format!("{id}"), |t| t.name.clone());
    let what = match &q.scope {
        Covered::Services(all) => {
            let mut known: Vec<String> = all.iter().filter(|s| reader.may_know(s, d)).map(&service).collect();
            if known.len() < all.len() {
                known.push("a private service".to_owned());
            }
            names(&known.iter().map(String::as_str).collect::<Vec<_>>())
        }
        Covered::Team(id) => format!("everything of team {}", names(&[&team(id)])),
        Covered::Alert(key) if !reader.may_know(&key.service, d) => "an alert of a private service".to_owned(),
        Covered::Alert(key) => {
            // It may be part of an incident of another service, and that may be private.
            let incident = w.incident_of(key).filter(|i| may_read(i, d, reader.user, reader.channel));
            let title = incident.map_or_else(|| key.dedup.to_string(), |i| i.title.to_string());
            format!("\u{201c}{}\u{201d} of {}", escape_marked(&title, limits::LABEL), names(&[&service(&key.service)]))
        }
        Covered::Labels { within: Within::Service(id), .. } if !reader.may_know(id, d) => {
            "alerts of a private service".to_owned()
        }
        Covered::Labels { within, matchers } => {
            let within = match within {
                Within::Service(id) => names(&[&service(id)]),
                Within::Team(id) => format!("team {}", names(&[&team(id)])),
            };
            let all: Vec<String> = matchers
                .iter()
                .map(|m| format!("`{}`", escape(&m.to_string(), limits::LABEL).replace('`', "'")))
                .collect();
            format!("{} of {within}", all.join(" "))
        }
    };
    match q.kind() {
        Kind::Silence => format!("Silence of {what}"),
        Kind::Maintenance => format!("Maintenance of {what}"),
    }
}

pub(super) fn reason(q: &Quiet, d: &Directory, reader: Reader<'_>) -> String {
    if q.scope.services(d).iter().all(|s| reader.may_know(s, d)) {
        super::hold::because(&q.because)
    } else {
        ".".to_owned()
    }
}

/// What it holds back at this moment.
pub fn held(id: QuietId, w: &World) -> Vec<&Incident> {
    let by_it = |i: &&Incident| i.hold.as_ref().is_some_and(|h| h.why.is_of(id));
    w.open_incidents().map(|i| &**i).filter(by_it).collect()
}

fn how_many(q: &Quiet, w: &World, d: &Directory) -> String {
    let mut said = match held(q.id, w).len() {
        n if w.meta.sweep.is_some() => format!("Held back so far: {n}."),
        0 => "It holds nothing back now.".to_owned(),
        1 => "Held back: 1 incident.".to_owned(),
        n => format!("Held back: {n} incidents."),
    };
    match elsewhere_held(q, w, d).count() {
        0 => {}
        n => said.push_str(&format!(" Another one holds back {n} of what it covers.")),
    }
    match asleep(q, w, d).len() {
        0 => {}
        1 => said.push_str(" 1 is snoozed into it."),
        n => said.push_str(&format!(" {n} are snoozed into it.")),
    }
    said
}

/// How another one holds back what it covers; that one lasts as long, or longer.
fn elsewhere_held<'a>(q: &'a Quiet, w: &'a World, d: &'a Directory) -> impl Iterator<Item = &'a Hold> {
    let by_another = |hold: &&Hold| matches!(hold.why, HoldWhy::Quiet { quiet, .. } if quiet != q.id);
    let covered = w.open_incidents().filter(|i| q.speaks_of(i, d));
    covered.filter_map(|i| i.hold.as_ref()).filter(by_another)
}

/// What is snoozed into it: it is triggered before its end, and pages at its end.
fn asleep<'a>(q: &Quiet, w: &'a World, d: &Directory) -> Vec<&'a Incident> {
    let waits = |i: &&Incident| {
        let snoozed = matches!(i.state, State::Snoozed { .. });
        snoozed && i.held_then.is_some_and(|then| then.until == q.until) && q.speaks_of(i, d)
    };
    w.open_incidents().map(|i| &**i).filter(waits).collect()
}

fn buttons(q: &Quiet, store: StoreId) -> Vec<SlackBlockButtonElement> {
    let value = Lasting { store, quiet: q.id, until: q.until }.value();
    let button = |what: Elsewhere, words: &str| {
        SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(value.clone())
    };
    let end = if matches!(q.stands, Stands::Planned) { "Cancel it" } else { "End now" };
    let mut all = vec![button(Elsewhere::EndQuiet, end)];
    if q.until.plus_secs(MORE_SECS) <= q.from.plus_secs(q.scope.most_secs()) {
        all.push(button(Elsewhere::ExtendQuiet, "1 hour more"));
    }
    all
}

fn with_buttons(text: String, buttons: Vec<SlackBlockButtonElement>) -> Message {
    let mut message = Message::plain(text);
    message.blocks.push(actions(buttons));
    message
}

fn reader_of(p: &Post) -> Reader<'_> {
    match &p.to {
        Recipient::Channel(channel) => Reader { user: None, channel: Some(channel) },
        Recipient::User(user) => Reader { user: Some(user), channel: None },
    }
}

/// Its message in a channel.
pub fn post(p: &Post, id: QuietId, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let (q, reader) = (w.quiets.get(&id)?, reader_of(p));
    let (called, by, why) = (called(q, w, d, reader), name(d, &q.by), reason(q, d, reader));
    Some(match &q.stands {
        Stands::Planned => with_buttons(
            format!(
                ":calendar: *{called}* from {} until {}, planned by {by}{why}\nUntil it begins, alerts page as ever.",
                day_and_time(q.from),
                day_and_time(q.until)
            ),
            buttons(q, store),
        ),
        Stands::InForce { .. } => with_buttons(
            format!(
                ":no_bell: *{called}* by {by} until {}{why}\n{} What still fires at the end pages whoever is on call then.{}",
                day_and_time(q.until),
                how_many(q, w, d),
                elsewhere(q)
            ),
            buttons(q, store),
        ),
        Stands::Ended { .. } => Message::plain(over(q, &called, w, d)),
    })
}

fn over(q: &Quiet, called: &str, w: &World, d: &Directory) -> String {
    let Stands::Ended { by, at, held } = &q.stands else { return String::new() };
    let at = *at;
    let (when, after) = (day_and_time(at), after(held) + &goes_on(q, at, held, w, d));
    match by {
        None => format!(":bell: *{called}* ended, {when}. {after}"),
        Some(by) if at >= q.from => format!(":bell: *{called}* was ended by {}, {when}. {after}", name(d, by)),
        Some(by) => format!(":bell: *{called}* was cancelled by {} before it began.", name(d, by)),
    }
}

/// What another one held back by then of what it covered, and still does. Begins with a blank.
fn goes_on(q: &Quiet, at: At, held: &HeldBack, w: &World, d: &Directory) -> String {
    // What it held back itself is named one by one.
    if !held.stays.named.is_empty() || !held.pages.named.is_empty() {
        return String::new();
    }
    let until = elsewhere_held(q, w, d).filter(|hold| hold.since <= at).filter_map(|hold| hold.until).min();
    until
        .map(|at| format!(" What it covered is held back by another one until {}.", day_and_time(at)))
        .unwrap_or_default()
}

/// What was held back when it ended: as numbers, which are no secret.
fn after(held: &HeldBack) -> String {
    let mut said = match numbers(&held.pages) {
        none if none.is_empty() => "Nothing it held back pages now.".to_owned(),
        some => format!("These page whoever is on call: {some}."),
    };
    if !held.stays.named.is_empty() {
        said.push_str(&format!(" Held back by something else: {}.", numbers(&held.stays)));
    }
    said
}

fn numbers(several: &Several) -> String {
    let named: Vec<String> = several.named.iter().map(|no| no.to_string()).collect();
    if several.more > 0 { format!("{} and {} more", named.join(", "), several.more) } else { named.join(", ") }
}

/// The message to whoever made it, shortly before its end at `until`.
pub fn ends_soon(p: &Post, id: QuietId, until: At, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let (q, reader) = (w.quiets.get(&id)?, reader_of(p));
    let called = called(q, w, d, reader);
    let is_newer =
        |other: &Post| other.id > p.id && matches!(other.about, About::QuietEnds { quiet, .. } if quiet == id);
    if w.posts.values().any(is_newer) {
        return Some(Message::plain(format!("*{called}*: see the newer message below.")));
    }
    if q.is_over() {
        return Some(Message::plain(over(q, &called, w, d)));
    }
    if q.until != until {
        return Some(Message::plain(format!("*{called}* lasts until {} now.", day_and_time(q.until))));
    }
    let mut held = held(id, w);
    held.extend(asleep(q, w, d));
    let readable = held.iter().filter(|i| may_read(i, d, reader.user, None));
    let mut listed: Vec<String> =
        readable.take(limits::BUNDLE).map(|i| format!("\n• {} {}", i.no, plain_title(i, limits::LABEL))).collect();
    match held.len() - listed.len() {
        0 => {}
        left_out if listed.is_empty() => listed.push(format!("\n• {left_out}, of what you may not read")),
        left_out => listed.push(format!("\n• and {left_out} more")),
    }
    let then = match held.len() {
        0 if let Some(at) = elsewhere_held(q, w, d).filter_map(|hold| hold.until).min() => match at > q.until {
            true => {
                format!("Nothing pages then: what it covers is held back by another one until {}.", day_and_time(at))
            }
            false => "What it covers is held back by another one, which ends then too.".to_owned(),
        },
        0 => "Nothing is held back, so nothing pages then.".to_owned(),
        1 => "Then this pages whoever is on call, if it still fires:".to_owned(),
        n => format!("Then these {n} page whoever is on call, if they still fire:"),
    };
    Some(with_buttons(
        format!(":hourglass_flowing_sand: *{called}* ends at {}. {then}{}", time(q.until), listed.join("")),
        buttons(q, store),
    ))
}

/// What Alertmanager has of it, to end a sentence of its own; empty where it is not told.
fn elsewhere(q: &Quiet) -> &'static str {
    match &q.elsewhere {
        None => "",
        Some(e) if !e.not_done.is_empty() => " Alertmanager could not be told, and is tried again.",
        Some(e) if e.written.is_some() => " Also in Alertmanager, by these labels, whatever the service.",
        Some(_) => " Alertmanager is being told.",
    }
}

/// To whoever made it, that Alertmanager could not be told.
pub fn not_elsewhere(p: &Post, id: QuietId, w: &World, d: &Directory) -> Option<Message> {
    let q = w.quiets.get(&id)?;
    let elsewhere = q.elsewhere.as_ref()?;
    let (called, why) = (called(q, w, d, reader_of(p)), escape(&elsewhere.not_done, limits::NOTE));
    Some(Message::plain(match (q.is_over(), elsewhere.not_done.is_empty()) {
        (false, true) => format!(":white_check_mark: *{called}* is in Alertmanager now."),
        (true, true) if elsewhere.removed => format!(":white_check_mark: *{called}* is over, in Alertmanager too."),
        (true, true) => format!("*{called}* is over here; Alertmanager is being told."),
        (false, false) => format!(
            ":warning: *{called}* is not in Alertmanager: {why}. It pages nobody here all the same. I try again until it \
             ends; to be sure, silence it there."
        ),
        (true, false) => format!(
            ":warning: *{called}* is over here, and may still be in Alertmanager: {why}. Until {} it may keep alerts from me. I \
             try again until then; to be sure, expire it there.",
            day_and_time(elsewhere.written.as_ref().map_or(q.until, |w| w.until))
        ),
    }))
}

/// What whoever made it reads.
pub fn made(q: &Quiet, stopped: &[UserId], w: &World, d: &Directory, reader: Reader<'_>, command: &str) -> String {
    let (called, c) = (called(q, w, d, reader), escape(command, 40));
    let end = match q.kind() {
        Kind::Silence => format!("`{c} silence end {}` ends it.", q.id.0),
        Kind::Maintenance => format!("`{c} maintenance end {}` ends it.", q.id.0),
    };
    if matches!(q.stands, Stands::Planned) {
        return format!(
            "*{called}* is planned from {} until {}. Until it begins, alerts page as ever. {end}",
            day_and_time(q.from),
            day_and_time(q.until)
        );
    }
    let stopped: Vec<&str> = stopped.iter().map(|u| d.name_of(u)).collect();
    let stopped = match stopped.as_slice() {
        [] => String::new(),
        all => format!(" {} {} not paged any more.", names(all), if all.len() == 1 { "is" } else { "are" }),
    };
    format!(
        "*{called}* until {}.{stopped} {} What still fires at the end pages whoever is on call then.{} {end}",
        day_and_time(q.until),
        how_many(q, w, d),
        elsewhere(q)
    )
}

/// What whoever ended it reads. `q`: as it stands now.
pub fn ended(q: &Quiet, w: &World, d: &Directory, reader: Reader<'_>) -> String {
    match &q.stands {
        Stands::Ended { .. } => over(q, &called(q, w, d, reader), w, d),
        Stands::Planned | Stands::InForce { .. } => format!("*{}* is not over.", called(q, w, d, reader)),
    }
}

/// What whoever let it last longer reads.
pub fn extended(q: &Quiet, w: &World, d: &Directory, reader: Reader<'_>) -> String {
    format!(
        "*{}* lasts until {} now. {} What still fires then pages whoever is on call.",
        called(q, w, d, reader),
        day_and_time(q.until),
        how_many(q, w, d)
    )
}

/// One line of what is in force or ahead.
pub fn line(q: &Quiet, w: &World, d: &Directory, reader: Reader<'_>) -> String {
    let (called, by, why) = (called(q, w, d, reader), name(d, &q.by), reason(q, d, reader));
    match &q.stands {
        Stands::Planned => {
            format!(
                "`{}` *{called}* from {} until {}, by {by}{why}",
                q.id.0,
                day_and_time(q.from),
                day_and_time(q.until)
            )
        }
        Stands::InForce { .. } | Stands::Ended { .. } => format!(
            "`{}` :no_bell: *{called}* until {}, by {by}{why} {}",
            q.id.0,
            day_and_time(q.until),
            how_many(q, w, d)
        ),
    }
}

/// All that are in force or ahead, the next to end first.
pub fn all(w: &World) -> Vec<&Quiet> {
    let mut all: Vec<&Quiet> = w.quiets.values().filter(|q| !q.is_over()).collect();
    all.sort_by_key(|q| (matches!(q.stands, Stands::Planned), q.until, q.id));
    all
}

/// `silences`
pub fn list(w: &World, d: &Directory, reader: Reader<'_>, command: &str) -> Message {
    let (all, c) = (all(w), escape(command, 40));
    if all.is_empty() {
        return Message::plain(format!(
            "Nothing is silenced or in maintenance. `{c} maintenance payments-api 2h because deploy` makes a window."
        ));
    }
    let mut blocks = vec![context("Silenced and in maintenance")];
    blocks.extend(all.iter().take(limits::LIST).map(|q| section(&line(q, w, d, reader))));
    if all.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more", all.len() - limits::LIST)));
    }
    blocks.push(context(&format!("`{c} silence end N` and `{c} maintenance end N` end one.")));
    Message { text: "Silenced and in maintenance".to_owned(), blocks, colored: None }
}

/// What is in force and ahead, one line each, for what is going on.
pub fn going_on(w: &World, d: &Directory, reader: Reader<'_>) -> Vec<String> {
    let all = all(w);
    let mut lines: Vec<String> = all.iter().take(limits::NAMES).map(|q| line(q, w, d, reader)).collect();
    if all.len() > lines.len() {
        lines.push(format!("…and {} more: `/pager silences`", all.len() - lines.len()));
    }
    lines
}

/// One sentence for other lists; `None` while nothing is in force.
pub fn in_short(w: &World, d: &Directory, reader: Reader<'_>) -> Option<String> {
    let in_force: Vec<&Quiet> = all(w).into_iter().filter(|q| matches!(q.stands, Stands::InForce { .. })).collect();
    let shown: Vec<String> = in_force
        .iter()
        .take(limits::NAMES)
        .map(|q| format!("{} until {}", called(q, w, d, reader), day_and_time(q.until)))
        .collect();
    let more = in_force.len().saturating_sub(shown.len());
    let more = if more > 0 { format!("; {more} more: `/pager silences`") } else { String::new() };
    (!shown.is_empty()).then(|| format!(":no_bell: {}{more}", shown.join("; ")))
}
