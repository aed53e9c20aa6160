//! A handoff: what the next one must know, the open work on top; and the draft of it.

use super::action_id::{Elsewhere, Handed, Origin};
use super::card::name;
use super::kit::{actions, context, plain, section, section_with};
use super::mrkdwn::{day_and_time, escape, escape_marked, names, time, truncate};
use super::reply::span;
use super::{Message, limits};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::handoff::report::{Lists, Open, Report};
use crate::domain::handoff::{Handoff, Stands, at_night, held_by};
use crate::domain::id::{ChannelId, HandoffNo, IncidentNo, ServiceId, StoreId, TeamId, UserId};
use crate::domain::incident::State;
use crate::domain::stamp::At;
use crate::domain::worked::Worked;
use crate::domain::world::World;
use slack_morphism::prelude::*;

/// Who reads it: in a team's channel, or a person alone.
#[derive(Clone, Copy)]
struct Reader<'a> {
    channel: Option<&'a ChannelId>,
    d: &'a Directory,
}

impl Reader<'_> {
    /// The incident in one line; what it is about, where that may be read here.
    fn title(self, no: IncidentNo, service: &ServiceId, title: &str) -> String {
        let may = self.channel.is_none_or(|channel| self.d.may_show(service, channel));
        if may { format!("*{no}* {}", escape_marked(title, limits::LIST_TITLE)) } else { format!("*{no}* (private)") }
    }
}

/// The message in the team's channel.
pub fn summary(no: HandoffNo, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let h = w.handoffs.get(&no)?;
    let report = h.report.as_deref()?;
    let channel = d.teams.get(&h.team).map(|t| &t.channel);
    let reader = Reader { channel, d };
    let head = head(h, d);
    let accept =
        (matches!(h.stands, Stands::Waits { .. })).then(|| press(Elsewhere::AcceptHandoff, "Accept", no, store));
    let accept = accept.map(|b| b.with_style(SlackBlockButtonStyle::Primary));
    let stands = stands(h, d);
    let text = format!("Handoff of {}: {}", team(&h.team, d), in_short(report));
    if report.is_quiet() && h.words.is_empty() {
        let line = format!("{head} A quiet shift: nobody was paged, and nothing is open.{stands}");
        let block = match accept {
            Some(accept) => section_with(&line, accept),
            None => section(&line),
        };
        return Some(Message { text, blocks: vec![block], colored: None });
    }
    let mut blocks = vec![section(&format!("{head}{stands}"))];
    blocks.extend(parts(report, Some(h), w, reader));
    blocks.extend(accept.map(|accept| actions(vec![accept])));
    Some(Message { text, blocks, colored: None })
}

/// ":handshake: *Payments*: Ana → *Ben*, 09:00."
fn head(h: &Handoff, d: &Directory) -> String {
    let who = |who: &Option<UserId>| who.as_ref().map_or("nobody".to_owned(), |who| name(d, who));
    let late = h
        .stands
        .late()
        .map(|since| format!(" :warning: Warridor was not running at {}: this comes late.", time(since)));
    let nobody = h.to.is_none().then(|| {
        let team = escape(h.team.as_str(), limits::LABEL);
        format!(" :warning: *Nobody is on call now.* Whoever is next is asked at once; `/pager oncall take {team} 2h` takes it.")
    });
    format!(
        ":handshake: *{}*: {} → *{}*, {}.{}{}",
        team(&h.team, d),
        who(&h.from),
        who(&h.to),
        day_and_time(h.at),
        late.unwrap_or_default(),
        nobody.unwrap_or_default()
    )
}

fn team(id: &TeamId, d: &Directory) -> String {
    escape_marked(d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str()), limits::LABEL)
}

/// Begins with a blank.
fn stands(h: &Handoff, d: &Directory) -> String {
    match &h.stands {
        Stands::Accepted { by, at, took, .. } => {
            let took = if took.is_empty() { String::new() } else { format!(", and has {} now", numbers(took)) };
            format!(" :white_check_mark: {} accepted it at {}{took}.", name(d, by), time(*at))
        }
        Stands::Draft | Stands::Waits { .. } | Stands::Over { .. } => String::new(),
    }
}

fn numbers(all: &[IncidentNo]) -> String {
    let shown: Vec<String> = all.iter().take(limits::LIST).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(shown.len());
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// "2 open, 5 paged", for the lock screen.
fn in_short(r: &Report) -> String {
    if r.is_quiet() {
        return "a quiet shift".to_owned();
    }
    format!("{} open, {} paged", r.open.len() + r.more_open, r.paged.len() + r.more_paged)
}

/// What it tells, the open work on top.
fn parts(r: &Report, h: Option<&Handoff>, w: &World, reader: Reader<'_>) -> Vec<SlackBlock> {
    let d = reader.d;
    let mut all = Vec::new();
    let mut part = |head: String, lines: Vec<String>, more: usize| {
        if lines.is_empty() && more == 0 {
            return;
        }
        let mut text = head;
        let mut left = more;
        for (n, line) in lines.iter().enumerate() {
            if text.chars().count() + line.chars().count() > limits::HANDOFF_PART {
                left += lines.len() - n;
                break;
            }
            text.push('\n');
            text.push_str(line);
        }
        if left > 0 {
            text.push_str(&format!("\n…and {left} more"));
        }
        all.push(section(&text));
    };
    let open: Vec<String> = r.open.iter().map(|o| open_line(o, reader)).collect();
    match r.open.len() + r.more_open {
        0 => part("Nothing is open.".to_owned(), vec![String::new()], 0),
        n => part(format!("*Open: {n}*"), open, r.more_open),
    }
    if let Some(offered) = h.and_then(|h| h.offered.as_ref().map(|o| (h, o)))
        && let Stands::Draft | Stands::Waits { .. } = offered.0.stands
    {
        let has = held_by(w, offered.0);
        if !has.is_empty() {
            let who = name(d, &offered.1.by);
            part(
                format!(":point_right: *{who} hands over {}*: accepting takes them.", numbers(&has)),
                vec![String::new()],
                0,
            );
        }
    }
    let words = h.map(|h| &h.words).filter(|words| !words.is_empty());
    let words = words.map(|words| escape(words, limits::HANDOFF_WORDS)).into_iter();
    let notes =
        r.notes.iter().map(|n| format!(":memo: {} {}: {}", name(d, &n.by), time(n.at), escape(&n.text, limits::NOTE)));
    part("*To know*".to_owned(), words.chain(notes).collect(), 0);
    let may_read = super::quiet::Reader { user: None, channel: reader.channel };
    let quiets = r.quiets.iter().map(|q| {
        let (what, why) = (super::quiet::called(q, w, d, may_read), super::quiet::reason(q, d, may_read));
        format!(":no_bell: {what} until {}, {}{why}", day_and_time(q.until), name(d, &q.by))
    });
    part("*Pages nobody for now*".to_owned(), quiets.collect(), 0);
    let paged: Vec<String> = r.paged.iter().map(|p| paged_line(p, r, h, reader)).collect();
    let (from, until) = (h.and_then(|h| h.began).unwrap_or(At(0)), h.map_or(At(i64::MAX), |h| h.at));
    let pages = || r.paged.iter().flat_map(|p| p.paged_within(from, until));
    let (times, nights) = (pages().count(), pages().filter(|(who, at)| at_night(d, who, *at)).count());
    let nights = if nights > 0 { format!(", {nights} at night") } else { String::new() };
    let pages = if times == 1 { "1 page".to_owned() } else { format!("{times} pages") };
    let head = format!("*Paged: {}* ({pages}{nights})", r.paged.len() + r.more_paged);
    part(head, paged, r.more_paged);
    let noisy: Vec<String> =
        r.noisiest().into_iter().map(|(title, n)| format!("{} ({n} times)", escape(title, limits::LABEL))).collect();
    let flapped: Vec<IncidentNo> = r.paged.iter().filter(|p| p.flapped).map(|p| p.no).collect();
    let mut small = Vec::new();
    if !noisy.is_empty() {
        small.push(format!("Most often: {}.", noisy.join(", ")));
    }
    if !flapped.is_empty() {
        small.push(format!("Flapped: {}.", numbers(&flapped)));
    }
    if !r.without_playbook.is_empty() {
        small.push(format!("No playbook yet: {}.", numbers(&r.without_playbook)));
    }
    let ahead = r.overrides.iter().map(|o| {
        let schedule = d.schedules.get(&o.schedule).map_or(o.schedule.as_str(), |s| s.name.as_str());
        let schedule = escape(schedule, limits::LABEL);
        format!("{} carries {schedule} {} until {}", name(d, &o.user), day_and_time(o.from), day_and_time(o.until))
    });
    let said = r.announcements.iter().map(|a| {
        format!(
            ":loudspeaker: {}: {} (until {})",
            name(d, &a.by),
            escape(&a.text, limits::TITLE),
            day_and_time(a.until)
        )
    });
    part("*Ahead*".to_owned(), said.chain(ahead).collect(), 0);
    if !small.is_empty() {
        all.push(context(&small.join(" ")));
    }
    all
}

fn open_line(o: &Open, reader: Reader<'_>) -> String {
    let d = reader.d;
    let (sign, state) = match &o.state {
        State::Triggered { since } => (":red_circle:", format!("nobody has it since {}", time(*since))),
        State::Acknowledged { by: Some(by), since, .. } => {
            (":large_orange_circle:", format!("{} has it since {}", name(d, by), time(*since)))
        }
        State::Acknowledged { by: None, since, .. } => {
            (":large_orange_circle:", format!("acknowledged at the monitor's side at {}", time(*since)))
        }
        State::Snoozed { by, until, .. } => {
            (":zzz:", format!("snoozed by {} until {}", name(d, by), day_and_time(*until)))
        }
        State::Resolved { .. } => (":white_check_mark:", "resolved".to_owned()),
    };
    let sign =
        if o.urgency == Urgency::Low && matches!(o.state, State::Triggered { .. }) { ":inbox_tray:" } else { sign };
    let low = if o.urgency == Urgency::Low { ", low urgency" } else { "" };
    let run = o.run.as_ref().map(|(title, of, next, stuck)| {
        let stuck = if *stuck { ", stuck" } else { "" };
        format!(" · {}: step {next} of {of}{stuck}", escape(title, limits::LABEL))
    });
    let mitigated = if o.mitigated { " · mitigated" } else { "" };
    let title = reader.title(o.no, &o.service, &o.title);
    format!("{sign} {title} · {state}{low}{mitigated}{}", run.unwrap_or_default())
}

fn paged_line(p: &Worked, r: &Report, h: Option<&Handoff>, reader: Reader<'_>) -> String {
    let d = reader.d;
    let from = h.and_then(|h| h.began).unwrap_or(At(0));
    let first = p.paged_within(from, At(i64::MAX)).next().or(p.paged.first());
    let Some((who, at)) = first else { return reader.title(p.no, &p.service, &p.title) };
    let moon = if at_night(d, who, *at) { " :crescent_moon:" } else { "" };
    let secs = |until: At| span((until.0 - at.0).max(0) / 1_000);
    let answered = match &p.answered {
        Some(done) if done.at >= *at => format!("{} had it in {}", name(d, &done.by), secs(done.at)),
        Some(done) => format!("{} had it", name(d, &done.by)),
        None => "nobody answered".to_owned(),
    };
    let fixed = p.fixed.map(|fixed| format!(", fixed in {}", secs(fixed)));
    let playbook = match &p.playbook {
        Some((title, done, of)) => format!(" · {}: {done} of {of} steps", escape(title, limits::LABEL)),
        None if r.without_playbook.contains(&p.no) => " · no playbook".to_owned(),
        None => String::new(),
    };
    let odd = if p.not_actionable { " · nothing had to be done" } else { "" };
    let title = reader.title(p.no, &p.service, &p.title);
    format!("{}{moon} {title} · {answered}{}{playbook}{odd}", day_and_time(*at), fixed.unwrap_or_default())
}

/// For whoever hands over in half an hour: what will be posted, and what they can do about it.
pub fn draft(no: HandoffNo, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let Some(h) = w.handoffs.get(&no) else {
        return Some(Message::plain("This handoff is not ahead any more: who is on call changed."));
    };
    if h.stands != Stands::Draft {
        let channel = d.teams.get(&h.team).map(|t| format!(" in <#{}>", t.channel)).unwrap_or_default();
        let told =
            Message::plain(format!(":handshake: Handed over at {}: see it{channel}.{}", time(h.at), stands(h, d)));
        let is_late = matches!(h.stands, Stands::Waits { .. }) && h.offered.is_none() && !held_by(w, h).is_empty();
        return Some(if is_late { with_offer(told, h, w, d, store) } else { told });
    }
    let to = h.to.as_ref().map_or("nobody".to_owned(), |to| name(d, to));
    let text = format!("You hand over {} at {} to {to}.", team(&h.team, d), time(h.at));
    let reader = Reader { channel: d.teams.get(&h.team).map(|t| &t.channel), d };
    let report = preview(w, d, &h.team, h.began);
    let mut blocks = vec![section(&format!(":handshake: *{text}* This is what the channel will read then:"))];
    if report.is_quiet() && h.words.is_empty() {
        blocks.push(section("A quiet shift: nobody was paged, and nothing is open."));
    } else {
        blocks.extend(parts(&report, Some(h), w, reader));
    }
    let message = Message { text, blocks, colored: None };
    let mut message = with_offer(message, h, w, d, store);
    let edit = press(Elsewhere::WriteHandoff, "Write…", no, store);
    message.blocks.push(section_with("*What should they know?* It stands below the open work.", edit));
    Some(message)
}

/// *Hand over all*, while they have something and somebody takes over.
fn with_offer(mut message: Message, h: &Handoff, w: &World, d: &Directory, store: StoreId) -> Message {
    let has = held_by(w, h);
    if let Some(to) = h.to.as_ref().filter(|_| !has.is_empty() && h.offered.is_none()) {
        let words = format!("*You have {}.* Hand over all? {} takes them by *Accept*.", numbers(&has), name(d, to));
        let offer = press(Elsewhere::OfferHandoff, "Hand over all", h.no, store);
        message.blocks.push(section_with(&words, offer.with_style(SlackBlockButtonStyle::Primary)));
    }
    message
}

/// As it would be told now.
pub fn preview(w: &World, d: &Directory, team: &TeamId, began: Option<At>) -> Report {
    let wall = w.meta.wall;
    Lists::of(w, d, team, (began.unwrap_or(At(0)), wall.plus_ms(1)), wall).report(w, team)
}

/// The answer to `/pager handoff TEAM`.
pub fn now(id: &TeamId, began: Option<At>, until: Option<(At, Option<UserId>)>, w: &World, d: &Directory) -> Message {
    let report = preview(w, d, id, began);
    // Only the one who asks reads it; of what is private they know the number.
    let reader = Reader { channel: d.teams.get(id).map(|t| &t.channel), d };
    let then = match until {
        Some((at, Some(to))) => format!(" The next handoff is {}, to {}.", day_and_time(at), name(d, &to)),
        Some((at, None)) => format!(" The next handoff is {}, to nobody.", day_and_time(at)),
        None => " No handoff is ahead.".to_owned(),
    };
    let text = format!(":handshake: *{}*, as it stands.{then}", team(id, d));
    let mut blocks = vec![section(&text)];
    if report.is_quiet() {
        blocks.push(section("A quiet shift so far: nobody was paged, and nothing is open."));
    } else {
        blocks.extend(parts(&report, None, w, reader));
    }
    blocks.push(context("`/pager handoff note …` adds what the next one should know."));
    Message { text, blocks, colored: None }
}

/// For whoever takes over and did not accept, or for whoever leads the team.
pub fn waits(no: HandoffNo, for_lead: bool, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let h = w.handoffs.get(&no)?;
    let (team, channel) = (team(&h.team, d), d.teams.get(&h.team).map(|t| format!("<#{}>", t.channel)));
    let channel = channel.unwrap_or_default();
    let report = h.report.as_deref()?;
    if !matches!(h.stands, Stands::Waits { .. }) {
        return Some(Message::plain(format!("The handoff of {team} is taken care of.{}", stands(h, d))));
    }
    let to = h.to.as_ref().map_or("Nobody".to_owned(), |to| name(d, to));
    if for_lead {
        let words = format!(
            "{to} did not accept the handoff of *{team}* since {}: {}. It stands in {channel}.",
            time(h.at),
            in_short(report)
        );
        return Some(Message::plain(words));
    }
    let from = h.from.as_ref().map(|from| format!(" from {}", name(d, from))).unwrap_or_default();
    let text = format!(
        "You carry the pager of *{team}* since {}{from}: {}. It stands in {channel}.",
        time(h.at),
        in_short(report)
    );
    let accept = press(Elsewhere::AcceptHandoff, "Accept", no, store).with_style(SlackBlockButtonStyle::Primary);
    Some(Message { blocks: vec![section_with(&text, accept)], text, colored: None })
}

/// "What should they know?" Filled with what was written before.
pub fn write(h: &Handoff, origin: &Origin, d: &Directory) -> SlackView {
    let to = h.to.as_ref().map_or("whoever is next".to_owned(), |to| d.name_of(to).to_owned());
    super::modal::handoff(&truncate(&to, limits::LABEL), &h.words, origin)
}

/// What came of *Accept*.
pub fn accepted(took: &[IncidentNo], h: &Handoff, d: &Directory) -> String {
    let team = team(&h.team, d);
    match took {
        [] => format!("You accepted the handoff of {team}. Good luck."),
        some => format!("You accepted the handoff of {team}, and have {} now. Nobody was paged.", numbers(some)),
    }
}

/// What came of *Hand over all*.
pub fn offered(h: &Handoff, w: &World, d: &Directory) -> String {
    let to = h.to.as_ref().map_or("Whoever takes over".to_owned(), |to| name(d, to));
    format!("{to} takes {} by accepting. Until then you have them.", numbers(&held_by(w, h)))
}

/// What came of a note.
pub fn noted(id: &TeamId, d: &Directory) -> String {
    format!("Noted for the next handoff of {}.", team(id, d))
}

/// There is nothing to accept.
pub fn nothing_waits(command: &str) -> String {
    format!("No handoff waits for you. `{} handoff` shows how things stand.", escape(command, 40))
}

/// Several teams could be meant.
pub fn which_team(all: &[&TeamId], what: &str, command: &str, d: &Directory) -> String {
    let named: Vec<&str> =
        all.iter().take(limits::NAMES).map(|id| d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str())).collect();
    let first = all.first().map_or("TEAM", |id| id.as_str());
    let command = escape(command, 40);
    if named.is_empty() {
        return format!("You are in no team and carry no pager. Name a team: `{command} handoff TEAM{what}`.");
    }
    format!("Of which team: {}? Type `{command} handoff {first}{what}`.", names(&named))
}

fn press(what: Elsewhere, words: &str, handoff: HandoffNo, store: StoreId) -> SlackBlockButtonElement {
    let value = Handed { store, handoff }.value();
    SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(value)
}
