//! A handoff: what the next one must know, the open work on top; and the draft of it.

use super::action_id::{Elsewhere, Handed, Origin};
use super::card::name;
use super::kit::{context, plain, section, section_with};
use super::mrkdwn::{cut, day, day_and_time, escape, escape_marked, link, names, time, truncate};
use super::reply::lasting;
use super::{Message, limits};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::handoff::report::{Lists, Open, Owed, Report};
use crate::domain::handoff::{Handoff, Offer, Stands, at_night, missed_before, offered as on_offer};
use crate::domain::id::{ChannelId, HandoffNo, IncidentNo, ServiceId, StoreId, TeamId, UserId};
use crate::domain::incident::State;
use crate::domain::page::Recipient;
use crate::domain::privacy::may_read_of;
use crate::domain::stamp::At;
use crate::domain::worked::Worked;
use crate::domain::world::World;
use slack_morphism::prelude::*;

/// Who reads it, and where: what is private is not told to everybody.
#[derive(Clone, Copy)]
struct Reader<'a> {
    user: Option<&'a UserId>,
    channel: Option<&'a ChannelId>,
    d: &'a Directory,
}

impl Reader<'_> {
    /// The incident in one line; what it is about, where that may be read here.
    fn title(self, no: IncidentNo, service: &ServiceId, title: &str, url: &str) -> String {
        if !self.may(service) {
            return format!("*{no}* (private)");
        }
        let name = self.d.services.get(service).map_or(service.as_str(), |s| s.name.as_str());
        let url = if url.len() > limits::HANDOFF_LINK { "" } else { url };
        let title = link(url, &escape_marked(title, limits::LIST_TITLE));
        format!("*{no}* {title} ({})", escape(name, limits::LABEL))
    }

    fn may(self, service: &ServiceId) -> bool {
        may_read_of(service, self.d, self.user, self.channel)
    }
}

/// The message in the team's channel.
pub fn summary(no: HandoffNo, to: &Recipient, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let h = w.handoffs.get(&no)?;
    let report = h.report.as_deref()?;
    let channel = match to {
        Recipient::Channel(channel) => Some(channel),
        Recipient::User(_) => None,
    };
    let reader = Reader { user: None, channel, d };
    let head = head(h, d);
    let accept =
        (matches!(h.stands, Stands::Waits { .. })).then(|| press(Elsewhere::AcceptHandoff, "Accept", no, store));
    let accept = accept.map(|b| b.with_style(SlackBlockButtonStyle::Primary));
    let stands = stands(h, d);
    let text = match h.to {
        Some(_) => format!("Handoff of {}: {}", team(&h.team, d), in_short(report)),
        None => {
            format!("Handoff of {}: NOBODY is on call since {}. {}", team(&h.team, d), time(h.at), in_short(report))
        }
    };
    if is_quiet(report, Some(h)) {
        let missed = missed(h, d).map(|missed| format!(" {missed}")).unwrap_or_default();
        let line = format!("{head} A quiet shift: nobody was paged, and nothing is open.{missed}{stands}");
        let block = match accept {
            Some(accept) => section_with(&line, accept),
            None => section(&line),
        };
        let blocks = [block].into_iter().chain(below_quiet(report, d)).collect();
        return Some(Message { text, blocks, colored: None });
    }
    let mut blocks = vec![section(&format!("{head}{stands}"))];
    blocks.extend(missed(h, d).map(|missed| section(&missed)));
    blocks.extend(parts(report, Some(h), w, reader));
    if let Some(accept) = accept {
        blocks.push(section_with(&accepting(h, w, d), accept));
    }
    Some(Message { text, blocks, colored: None })
}

/// What *Accept* does.
fn accepting(h: &Handoff, w: &World, d: &Directory) -> String {
    let offer = Offer::of(w, h);
    let sleeps = asleep(&offer);
    match (&h.from, offer.takes.as_slice()) {
        (Some(from), takes @ [_, ..]) => {
            format!("*Accept* gives you {} of {}. Nobody is paged.{sleeps}", numbers(takes), name(d, from))
        }
        _ => format!("*Accept* says that you have read it. No incident becomes yours by it.{sleeps}"),
    }
}

/// What an offer leaves asleep; begins with a blank.
fn asleep(offer: &Offer) -> String {
    match offer.sleeps.as_slice() {
        [] => String::new(),
        [one] => format!(" {one} stays snoozed: when that ends, it asks whoever is on call."),
        some => format!(" {} stay snoozed: when that ends, they ask whoever is on call.", numbers(some)),
    }
}

/// ":handshake: *Payments*: Ana → *Ben*, 09:00."
fn head(h: &Handoff, d: &Directory) -> String {
    let who = |who: &Option<UserId>| who.as_ref().map_or("nobody".to_owned(), |who| name(d, who));
    let late =
        h.stands.late().map(|since| format!(" :warning: This comes late: it was to be here {}.", day_and_time(since)));
    let nobody = h.to.is_none().then(|| {
        let team = escape(h.team.as_str(), limits::LABEL);
        format!(
            " :warning: *Nobody is on call now*: pages skip this level. To take it: `/pager oncall take {team} 2h`."
        )
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
            format!(" :white_check_mark: {} accepted it {}{took}.", name(d, by), day_and_time(*at))
        }
        Stands::Over { short: true, .. } => " It was for minutes only, and nothing paged.".to_owned(),
        Stands::Over { .. } if h.to.is_some() => " :hourglass: Nobody accepted it: the next one came first.".to_owned(),
        Stands::Draft | Stands::Waits { .. } | Stands::Over { .. } => String::new(),
    }
}

/// Nobody accepted the one before, and what was offered in it is where it was.
fn missed(h: &Handoff, d: &Directory) -> Option<String> {
    let missed = h.missed.as_deref()?;
    let never =
        format!(":hourglass: {} never accepted the handoff of {}.", name(d, &missed.to), day_and_time(missed.at));
    Some(match &missed.from {
        Some(from) if !missed.still.is_empty() => {
            format!("{never} *{} still has {}*, offered in it.", name(d, from), numbers(&missed.still))
        }
        Some(_) | None => never,
    })
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
    let open: Vec<String> = r.open.iter().map(|o| open_line(o, h, reader)).collect();
    let at = h.filter(|h| h.report.is_some()).map(|h| format!(" at {}", time(h.at))).unwrap_or_default();
    match r.open.len() + r.more_open {
        0 => all.push(section(&format!("*Nothing was open{at}.*").replace(" was open.", " is open."))),
        n => all.extend(self::part(format!("*Open{at}: {n}*"), open, r.more_open, limits::HANDOFF_OPEN)),
    }
    all.extend(h.and_then(|h| hands_over(h, w, d)));
    let words = h
        .filter(|h| !h.words.is_empty())
        .map(|h| Written { by: h.from.as_ref(), line: quoted("", &h.words, limits::HANDOFF_WORDS) });
    let notes = r.notes.iter().map(|n| Written {
        by: Some(&n.by),
        line: quoted(&format!(":memo: {} {}:", name(d, &n.by), day_and_time(n.at)), &n.text, limits::NOTE),
    });
    all.extend(to_know(words.into_iter().chain(notes).collect(), d));
    let mut part =
        |head: String, lines: Vec<String>, more: usize| all.extend(self::part(head, lines, more, limits::HANDOFF_PART));
    let may_read = super::quiet::Reader { user: reader.user, channel: reader.channel };
    let quiets = r.quiets.iter().map(|q| {
        let (what, why) = (super::quiet::called(q, w, d, may_read), super::quiet::reason(q, d, may_read));
        format!(":no_bell: {what} until {}, {}{why}", day_and_time(q.until), name(d, &q.by))
    });
    part("*Pages nobody for now*".to_owned(), quiets.collect(), 0);
    // The latest first: what is left out is the oldest.
    let paged: Vec<String> = r.paged.iter().rev().map(|p| paged_line(p, r, h, reader)).collect();
    let nights = if r.nights > 0 { format!(", {} at night", r.nights) } else { String::new() };
    let pages = if r.pages == 1 { "1 page".to_owned() } else { format!("{} pages", r.pages) };
    let head = format!("*Paged: {}* ({pages}{nights})", r.paged.len() + r.more_paged);
    part(head, paged, r.more_paged);
    let noisy: Vec<String> = r
        .noisiest(|service| reader.may(service))
        .into_iter()
        .map(|(title, n)| format!("{} ({n} times)", escape(title, limits::LABEL)))
        .collect();
    let flapped: Vec<IncidentNo> = r.paged.iter().filter(|p| p.flapped).map(|p| p.no).collect();
    let mut small = Vec::new();
    if !noisy.is_empty() {
        small.push(format!("Most often: {}.", noisy.join(", ")));
    }
    if !flapped.is_empty() {
        small.push(format!("Flapped: {}.", numbers(&flapped)));
    }
    small.extend(rcas(r, d));
    if !r.without_playbook.is_empty() {
        small.push(format!("No playbook yet: {}.", numbers(&r.without_playbook)));
    }
    all.extend(ahead(r, d));
    if !small.is_empty() {
        all.push(context(&truncate(&small.join(" "), limits::HANDOFF_SMALL)));
    }
    all
}

/// Is it told in one line, below which stands at most what is ahead?
fn is_quiet(r: &Report, h: Option<&Handoff>) -> bool {
    r.is_quiet() && h.is_none_or(|h| h.words.is_empty())
}

/// What stands below the one line of a quiet shift.
fn below_quiet(r: &Report, d: &Directory) -> Vec<SlackBlock> {
    ahead(r, d).into_iter().chain(rcas(r, d).map(|owed| context(&owed))).collect()
}

/// "RCAs owed: #12 (Ana, by Mar 5)."
fn rcas(r: &Report, d: &Directory) -> Option<String> {
    let one = |owed: &Owed| match owed.due {
        Some(due) => format!("{} ({}, by {})", owed.no, name(d, &owed.owner), day(due)),
        None => format!("{} ({}, opened again)", owed.no, name(d, &owed.owner)),
    };
    let all: Vec<String> = r.rcas.iter().map(one).collect();
    let more = if r.more_rcas > 0 { format!(" and {} more", r.more_rcas) } else { String::new() };
    (!all.is_empty()).then(|| format!("RCAs owed: {}{more}.", all.join(", ")))
}

/// What was announced, and who stands in for whom.
fn ahead(r: &Report, d: &Directory) -> Option<SlackBlock> {
    let said = r.announcements.iter().map(|a| {
        let (by, text) = (name(d, &a.by), escape(&a.text, limits::TITLE));
        format!(":loudspeaker: {by}: {text} (until {})", day_and_time(a.until))
    });
    let overrides = r.overrides.iter().map(|o| {
        let schedule = d.schedules.get(&o.schedule).map_or(o.schedule.as_str(), |s| s.name.as_str());
        let schedule = escape(schedule, limits::LABEL);
        format!("{} carries {schedule} {} until {}", name(d, &o.user), day_and_time(o.from), day_and_time(o.until))
    });
    part("*Now and ahead*".to_owned(), said.chain(overrides).collect(), 0, limits::HANDOFF_PART)
}

/// What is offered, as it stood at the instant. Accepted, the head says what became of it.
fn hands_over(h: &Handoff, w: &World, d: &Directory) -> Option<SlackBlock> {
    let who = name(d, &h.offered.as_ref()?.by);
    let all = on_offer(w, h);
    let all = (!all.is_empty()).then(|| numbers(&all))?;
    match h.stands {
        Stands::Draft | Stands::Waits { .. } => {
            Some(section(&format!(":point_right: *{who} hands over {all}* to whoever accepts.")))
        }
        Stands::Over { .. } => Some(section(&format!(":point_right: *{who} handed over {all}*, and nobody accepted."))),
        Stands::Accepted { .. } => None,
    }
}

/// A head, and as many lines below it as have room.
fn part(head: String, lines: Vec<String>, more: usize, most: usize) -> Option<SlackBlock> {
    if lines.is_empty() && more == 0 {
        return None;
    }
    let (mut text, mut left) = (head, more);
    for line in &lines {
        if text.chars().count() + line.chars().count() > most {
            left += 1;
            continue;
        }
        text.push('\n');
        text.push_str(line);
    }
    if left > 0 {
        text.push_str(&format!("\n…and {left} more"));
    }
    Some(section(&text))
}

/// What somebody wrote for the next one.
struct Written<'h> {
    by: Option<&'h UserId>,
    line: String,
}

/// Words from outside after a head of ours. Of several lines, each is marked as a quotation: none can pose as one of ours.
fn quoted(head: &str, text: &str, graphemes: usize) -> String {
    let text = truncate(text.trim(), graphemes);
    let lines: Vec<String> = text.lines().map(|line| escape(line, graphemes)).filter(|line| !line.is_empty()).collect();
    let between = if head.is_empty() { "" } else { " " };
    match lines.as_slice() {
        [one] => format!("{head}{between}{one}"),
        several => several.iter().fold(head.to_owned(), |all, line| match all.as_str() {
            "" => format!(">{line}"),
            all => format!("{all}\n>{line}"),
        }),
    }
}

/// At most so many characters, and no entity of Slack's cut into halves.
fn within(escaped: &str, chars: usize) -> String {
    let short = cut(escaped, chars);
    match short.rfind('&') {
        Some(at) if short.len() < escaped.len() && !short[at..].contains(';') => format!("{}…", &short[..at]),
        _ => short,
    }
}

/// As much of it as has room, which is all of it but for very much, or for what is mostly `&`. Whoever wrote the rest is named.
fn to_know(written: Vec<Written<'_>>, d: &Directory) -> Vec<SlackBlock> {
    if written.is_empty() {
        return Vec::new();
    }
    let (mut all, mut text, mut chars) = (Vec::new(), "*To know*".to_owned(), 0);
    let mut left: Vec<&UserId> = Vec::new();
    for Written { by, line } in written {
        let shown = within(&line, limits::HANDOFF_TO_KNOW / 2);
        let long = shown.chars().count();
        let has_room = chars + long <= limits::HANDOFF_TO_KNOW;
        if !has_room || shown != line {
            left.extend(by.filter(|by| !left.contains(by)));
        }
        if !has_room {
            continue;
        }
        chars += long;
        if text.chars().count() + long > limits::THREAD_CHARS {
            all.push(section(&std::mem::take(&mut text)));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&shown);
    }
    all.push(section(&text));
    if !left.is_empty() {
        let left: Vec<&str> = left.into_iter().map(|by| d.name_of(by)).collect();
        all.push(context(&format!("There is no room for all of it: ask {} for the rest.", names(&left))));
    }
    all
}

fn open_line(o: &Open, h: Option<&Handoff>, reader: Reader<'_>) -> String {
    let d = reader.d;
    let took = h.and_then(|h| match &h.stands {
        Stands::Accepted { by, at, took, .. } if took.contains(&o.no) => Some((by, *at)),
        _ => None,
    });
    let (sign, state) = match (&o.state, took) {
        (_, Some((by, at))) => (":large_orange_circle:", format!("{} has it since {}", name(d, by), day_and_time(at))),
        (State::Triggered { .. }, None) => (":red_circle:", "nobody has it".to_owned()),
        (State::Acknowledged { by: Some(by), since, .. }, None) => {
            (":large_orange_circle:", format!("{} has it since {}", name(d, by), day_and_time(*since)))
        }
        (State::Acknowledged { by: None, .. }, None) => {
            (":large_orange_circle:", "acknowledged at the monitor's side, nobody here has it".to_owned())
        }
        (State::Snoozed { by, until, .. }, None) => {
            (":zzz:", format!("snoozed by {} until {}", name(d, by), day_and_time(*until)))
        }
        (State::Resolved { .. }, None) => (":white_check_mark:", "resolved".to_owned()),
    };
    let sign =
        if o.urgency == Urgency::Low && matches!(o.state, State::Triggered { .. }) { ":inbox_tray:" } else { sign };
    let low = if o.urgency == Urgency::Low { ", low urgency" } else { "" };
    let run = o.run.as_ref().filter(|_| reader.may(&o.service)).map(|(title, of, next, stuck)| {
        let stuck = if *stuck { ", stuck" } else { "" };
        format!(" · {}: step {next} of {of}{stuck}", escape(title, limits::LABEL))
    });
    let noted = o.noted.as_ref().filter(|_| reader.may(&o.service));
    let noted = noted.map(|(by, text)| {
        format!("\n      {}: \u{201c}{}\u{201d}", name(d, by), escape(text, limits::LIST_TITLE).replace('\n', " "))
    });
    let mitigated = if o.mitigated { " · mitigated" } else { "" };
    let title = reader.title(o.no, &o.service, &o.title, &o.link);
    let opened = format!("since {}", day_and_time(o.opened));
    format!("{sign} {title} {opened} · {state}{low}{mitigated}{}{}", run.unwrap_or_default(), noted.unwrap_or_default())
}

fn paged_line(p: &Worked, r: &Report, h: Option<&Handoff>, reader: Reader<'_>) -> String {
    let d = reader.d;
    let from = h.and_then(|h| h.began).unwrap_or(At(0));
    let title = reader.title(p.no, &p.service, &p.title, "");
    let first = p.paged_within(from, At(i64::MAX)).next().or(p.paged.first());
    let Some((who, at)) = first else { return title };
    let moon = if at_night(d, who, *at) { " :crescent_moon:" } else { "" };
    let after = |until: At| lasting((until.0 - at.0) / 1_000);
    let came = match (&p.answered, &p.resolved_by, p.fixed) {
        (Some(done), _, _) if done.at >= *at => format!("{} had it after {}", name(d, &done.by), after(done.at)),
        (Some(done), _, _) => format!("{} had it before", name(d, &done.by)),
        (None, Some(by), Some(fixed)) => format!("resolved by {} after {}", name(d, by), after(fixed)),
        (None, None, Some(fixed)) => format!("cleared by itself after {}", after(fixed)),
        (None, _, None) => "nobody answered".to_owned(),
    };
    let fixed = p.fixed.filter(|fixed| p.answered.is_some() && fixed >= at);
    let fixed = fixed.map(|fixed| format!(", fixed after {}", after(fixed)));
    let playbook = match p.playbook.as_ref().filter(|_| reader.may(&p.service)) {
        Some((title, done, of)) => format!(" · {}: {done} of {of} steps", escape(title, limits::LABEL)),
        None if r.without_playbook.contains(&p.no) => " · no playbook".to_owned(),
        None => String::new(),
    };
    let odd = if p.not_actionable { " · nothing had to be done" } else { "" };
    format!("{}{moon} {title} · {came}{}{playbook}{odd}", day_and_time(*at), fixed.unwrap_or_default())
}

/// For whoever hands over in half an hour: what will be posted, and what they can do about it.
pub fn draft(no: HandoffNo, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let Some(h) = w.handoffs.get(&no) else {
        return Some(Message::plain("This handoff is not ahead any more: who is on call changed."));
    };
    if h.stands != Stands::Draft {
        let channel = d.teams.get(&h.team).map(|t| format!(" in <#{}>", t.channel)).unwrap_or_default();
        let mut told =
            Message::plain(format!(":handshake: Handed over at {}: see it{channel}.{}", time(h.at), stands(h, d)));
        if matches!(h.stands, Stands::Waits { .. }) {
            told.blocks.extend(offer(h, w, d, store));
        }
        return Some(told);
    }
    let to = h.to.as_ref().map_or("nobody".to_owned(), |to| name(d, to));
    let named = team(&h.team, d);
    let text = match h.to {
        Some(_) => format!("You hand over {named} {} to {to}.", day_and_time(h.at)),
        None => format!("NOBODY is on call for {named} after you, from {} on.", day_and_time(h.at)),
    };
    let mend = h.to.is_none().then(|| {
        let team = escape(h.team.as_str(), limits::LABEL);
        format!(" Put somebody on: `/pager oncall override {team} @ben 12h`.")
    });
    // As the channel will read it.
    let reader = Reader { user: None, channel: d.teams.get(&h.team).map(|t| &t.channel), d };
    let report = preview(w, d, &h.team, h.began);
    let sign = if h.to.is_some() { ":handshake:" } else { ":warning:" };
    let mut blocks = vec![section(&format!("{sign} *{text}*{}", mend.unwrap_or_default()))];
    blocks.extend(offer(h, w, d, store));
    let edit = press(Elsewhere::WriteHandoff, "Write…", no, store);
    blocks.push(section_with("*What should they know?* It goes below the open work.", edit));
    blocks.push(context("This is what the channel will read then:"));
    if is_quiet(&report, Some(h)) {
        blocks.push(section("A quiet shift: nobody was paged, and nothing is open."));
        blocks.extend(below_quiet(&report, d));
    } else {
        blocks.extend(parts(&report, Some(h), w, reader));
    }
    let has = Offer::if_made(w, h).takes;
    let text = if has.is_empty() { text } else { format!("{text} You have {}.", numbers(&has)) };
    Some(Message { text, blocks, colored: None })
}

/// *Hand over all*, while they have something and somebody takes over.
fn offer(h: &Handoff, w: &World, d: &Directory, store: StoreId) -> Option<SlackBlock> {
    let offer = Offer::if_made(w, h);
    let to = h.to.as_ref().filter(|_| !offer.takes.is_empty() && h.offered.is_none())?;
    let words = format!(
        "*Hand over {}?* {} has them by *Accept*. Otherwise they stay yours after {}.{}",
        numbers(&offer.takes),
        name(d, to),
        time(h.at),
        asleep(&offer)
    );
    let offer = press(Elsewhere::OfferHandoff, "Hand over all", h.no, store);
    Some(section_with(&words, offer.with_style(SlackBlockButtonStyle::Primary)))
}

/// As it would be told now.
pub fn preview(w: &World, d: &Directory, team: &TeamId, began: Option<At>) -> Report {
    let wall = w.meta.wall;
    Lists::of(w, d, team, (began.unwrap_or(At(0)), wall.plus_ms(1)), wall).report(w, team)
}

/// When a shift began, and when it ends and to whom it goes.
pub type Shift = (Option<At>, Option<(At, Option<UserId>)>);

/// The answer to `/pager handoff TEAM`.
pub fn now(id: &TeamId, (began, until): Shift, me: &UserId, w: &World, d: &Directory) -> Message {
    let report = preview(w, d, id, began);
    let reader = Reader { user: Some(me), channel: None, d };
    let draft = w.handoffs.values().rev().find(|h| h.team == *id && h.stands == Stands::Draft).map(|h| &**h);
    let then = match until {
        Some((at, Some(to))) => format!(" The next handoff is {}, to {}.", day_and_time(at), name(d, &to)),
        Some((at, None)) => format!(" The next handoff is {}, to nobody.", day_and_time(at)),
        None => " No handoff is scheduled.".to_owned(),
    };
    let text = format!(":handshake: *{}*, as it stands.{then}", team(id, d));
    let mut blocks = vec![section(&text)];
    if is_quiet(&report, draft) {
        blocks.push(section("A quiet shift so far: nobody was paged, and nothing is open."));
        blocks.extend(below_quiet(&report, d));
    } else {
        blocks.extend(parts(&report, draft, w, reader));
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
    let at = day_and_time(h.at);
    match &h.stands {
        Stands::Waits { .. } => {}
        Stands::Accepted { .. } => {
            return Some(Message::plain(format!("The handoff of {team}, {at}:{}", stands(h, d))));
        }
        Stands::Over { .. } if for_lead => {
            let (to, before) = (h.to.as_ref().map_or("Nobody".to_owned(), |to| name(d, to)), nor_before(h, w));
            let words = format!(
                "{to} never accepted the handoff of *{team}*, {at}: {}. The next one came since.{before} Both stand in {channel}.",
                in_short(report)
            );
            return Some(Message::plain(words));
        }
        Stands::Draft | Stands::Over { .. } => {
            let words = format!("Nobody accepted the handoff of {team}, {at}: a newer one came since.");
            return Some(Message::plain(words));
        }
    }
    let to = h.to.as_ref().map_or("Nobody".to_owned(), |to| name(d, to));
    if for_lead {
        let id = escape(h.team.as_str(), limits::LABEL);
        let words = format!(
            "{to} has not accepted the handoff of *{team}*, {at}: {}. Pages go to {to} all the same. Ask them, or take over: \
             `/pager oncall take {id} 2h`.{} It stands in {channel}.",
            in_short(report),
            nor_before(h, w)
        );
        return Some(Message::plain(words));
    }
    let before = h.from.as_ref().map(|from| format!(", {} before you", name(d, from))).unwrap_or_default();
    let words = format!(
        "You are on call for *{team}* since {at}{before}: {}. It stands in {channel}. {}",
        in_short(report),
        accepting(h, w, d)
    );
    let accept = press(Elsewhere::AcceptHandoff, "Accept", no, store).with_style(SlackBlockButtonStyle::Primary);
    let text = format!("Accept the handoff of {team}: {}", in_short(report));
    Some(Message { blocks: vec![section_with(&words, accept)], text, colored: None })
}

/// Those before it that nobody accepted either; begins with a blank.
fn nor_before(h: &Handoff, w: &World) -> String {
    match missed_before(w, h) {
        0 => String::new(),
        1 => " Nor was the one before it accepted.".to_owned(),
        n => format!(" Nor were the {n} before it accepted."),
    }
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
        [] => format!("You accepted the handoff of {team}."),
        some => format!("You accepted the handoff of {team}, and have {} now. Nobody was paged.", numbers(some)),
    }
}

/// What came of *Hand over all*.
pub fn offered(h: &Handoff, w: &World, d: &Directory) -> String {
    let to = h.to.as_ref().map_or("Whoever takes over".to_owned(), |to| name(d, to));
    let offer = Offer::of(w, h);
    match offer.takes.as_slice() {
        [] => format!("You have nothing for {to} to take.{}", asleep(&offer)),
        takes => format!("{to} takes {} by accepting. Until then you have them.{}", numbers(takes), asleep(&offer)),
    }
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
    format!("Which team: {}? Type `{command} handoff {first}{what}`.", names(&named).replace(" and ", " or "))
}

fn press(what: Elsewhere, words: &str, handoff: HandoffNo, store: StoreId) -> SlackBlockButtonElement {
    let value = Handed { store, handoff }.value();
    SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(value)
}
