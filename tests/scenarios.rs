//! Stories: each file in `tests/scenarios/` is a script and, indented under each line, what people then saw. The whole
//! pager runs it in virtual time; what it shows must be what the file says.
//!
//! | line | what happens |
//! |---|---|
//! | `company: two zones from 2026-03-27 07:00` | first: another company of `tests/sim/company.rs`, from then on (UTC) |
//! | `at 09:05` | time passes until then (UTC, first day) |
//! | `at 2026-03-29 02:59 Europe/Berlin` | the same on another day, and by another clock, wherever a time is written |
//! | `5m pass` | time passes (`s`, `m`, `h`) |
//! | `payments: disk-full fires [since 08:50]` | the monitor sends a trigger; `fires as critical`: with that severity |
//! | `mixed: disk fires [with severity=info region=eu]` | with labels |
//! | `payments: disk-full clears [since 08:50]` | the monitor sends a resolve |
//! | `payments: disk-full is acknowledged elsewhere` | the monitor sends an acknowledge |
//! | `ana presses Acknowledge on #1` | a click on the card; `in her message`: on the newest direct message |
//! | `ana acknowledges #1`, `ana resolves #1: words`, `ana notes on #1: words`, `ana snoozes #1 until 12:00` | by command |
//! | `ana snoozes #1 until 12:00 for later: words`, `ana finds nothing to do about #1` | as a misconfigured alert |
//! | `ana lists misconfigured alerts`, `ana has mended alert 1` | by command |
//! | `ana wants no page again for #1` | the button of the private answer to her Resolve |
//! | `ana sleeps for 8h` | Slack holds back her notifications |
//! | `ana reports payments: nobody can pay` | opened by hand |
//! | `ana asks why #1` / `the card of #1` | what `/pager why` says / what stands below a card's title |
//! | `ben takes primary from 09:00 until 12:00` | an override |
//! | `ana silences payments: disk-full until 12:00: words` | a silence of one alert |
//! | `ana maintains payments from 10:00 until 12:00: words` | a maintenance window (`team team`: of a team) |
//! | `ana ends window 1`, `ana extends window 1 until 13:00` | a silence or a maintenance window |
//! | `the process dies` / `the power fails` | and it starts again at once |
//! | `the rows are written` | a checkpoint, with what was last shown |
//! | `slack: JSON` | a fault as `POST /sandbox/faults` takes it; `{"clear":true}` ends all |
//! | `the clock steps 2h` / `-2h` | the wall clock only |
//!
//! `WARRIDOR_BLESS=1` writes what was seen into the files; read the difference before committing it.

mod sim;

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde_json::Value;
use sim::company::{two_zones, without_desk};
use sim::{START, Sim, company, event, order};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use warridor::domain::call::Whom;
use warridor::domain::directory::{Method, Urgency};
use warridor::domain::fact::Fact;
use warridor::domain::forecast::{AHEAD_SECS, End, Forecast, after, forecast};
use warridor::domain::id::{AlertKey, IncidentNo, InputId};
use warridor::domain::input::{Deed, Event, EventAction, Input, SnoozeWhy, Source, What};
use warridor::domain::misconfigured;
use warridor::domain::page::{Purpose, Recipient};
use warridor::domain::quiet::Covered;
use warridor::domain::stamp::{At, Stamp};

#[test]
fn every_story_is_still_true() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("tests/scenarios").map(|e| e.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no stories in {}", folder.display());
    let bless = std::env::var_os("WARRIDOR_BLESS").is_some();
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a story can be read");
        let seen = tell(&text);
        if bless {
            std::fs::write(&file, &seen).expect("a story can be written");
        } else if seen != text {
            wrong.push(format!("{}:\n{}", file.display(), difference(&text, &seen)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(wanted: &str, seen: &str) -> String {
    let at = wanted.lines().zip(seen.lines()).take_while(|(a, b)| a == b).count();
    let show = |text: &str| text.lines().skip(at).take(4).collect::<Vec<_>>().join("\n  ");
    format!("line {}: the story says\n  {}\nand what happened is\n  {}", at + 1, show(wanted), show(seen))
}

/// Runs a script and writes down what was seen.
fn tell(text: &str) -> String {
    let mut story = Story::new();
    let mut out = String::new();
    for line in text.lines().filter(|l| !l.starts_with("    ")) {
        let _ = writeln!(out, "{line}");
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(another) = line.strip_prefix("company: ").and_then(Story::of) {
            story = another;
            continue;
        }
        if !story.does(line) {
            let _ = writeln!(out, "    ??? this line is not understood");
            continue;
        }
        for seen in story.sees() {
            let _ = writeln!(out, "    {seen}");
        }
    }
    out
}

/// The pages that one line's forecast names, and until when it does.
struct Foretold {
    line: String,
    from: Stamp,
    until: At,
    /// About which incidents.
    of: BTreeSet<IncidentNo>,
    pages: Vec<Asked>,
}

/// When who is asked about what, in which way, and why.
type Asked = (At, IncidentNo, Recipient, Method, Purpose);

fn asked(wall: At, fact: &Fact) -> Option<Asked> {
    match fact {
        Fact::PageRequested { incident, to, method, purpose, .. } => {
            Some((wall, *incident, to.clone(), method.clone(), *purpose))
        }
        _ => None,
    }
}

/// What `why` and `simulate` say of the future is what then happens: before every line in which a monitor speaks or time
/// passes, what is foretold is written down, and compared with what was asked for until somebody did something.
#[test]
fn what_is_foretold_is_what_happens() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let (mut lines, mut pages) = (0, 0);
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(&folder).expect("tests/scenarios").map(|e| e.expect("a file").path()) {
        let text = std::fs::read_to_string(&file).expect("a story can be read");
        let mut story = Story::new();
        let mut open: Vec<Foretold> = Vec::new();
        let mut slack_fails = false;
        for line in text.lines().filter(|l| !l.starts_with("    ")).map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(another) = line.strip_prefix("company: ").and_then(Story::of) {
                story = another;
                continue;
            }
            let passes = line.starts_with("at ") || line.ends_with(" pass") || line.ends_with(" passes");
            let told = if slack_fails { None } else { story.foretells(line, passes) };
            let seq = story.sim.snapshot().seq;
            if !passes {
                // From here on things may go otherwise.
                open.clear();
            }
            open.extend(told);
            // A page that never arrives is answered otherwise than one that does.
            slack_fails |= line.starts_with("slack: ");
            assert!(story.does(line), "{}: {line}", file.display());
            let happened = story.asked_since(seq);
            let now = story.sim.wall;
            for told in &mut open {
                let until = told.until.min(now);
                let within = |a: &&Asked| a.0 >= told.from.wall && a.0 <= until && told.of.contains(&a.1);
                let (mut real, mut said): (Vec<Asked>, Vec<Asked>) = (
                    happened.iter().filter(within).cloned().collect(),
                    told.pages.iter().filter(within).cloned().collect(),
                );
                told.pages.retain(|a| a.0 > until);
                real.sort();
                said.sort();
                lines += 1;
                pages += real.len();
                if real != said {
                    let story = file.file_name().unwrap_or_default().to_string_lossy();
                    wrong.push(format!("{story}: {} (seen at {line}): said {said:#?}, asked {real:#?}", told.line));
                }
                told.from.wall = until.plus_ms(1);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines >= 60 && pages >= 45, "only {pages} pages in {lines} lines were compared");
}

const SEED: u64 = 7;

struct Story {
    sim: Sim,
    shown: BTreeMap<String, String>,
}

impl Story {
    fn new() -> Self {
        Self::on(Sim::of(without_desk(company()), START, SEED))
    }

    /// `two zones from 2026-03-27 07:00`
    fn of(line: &str) -> Option<Self> {
        let (name, from) = line.split_once(" from ")?;
        let company = match name {
            "usual" => without_desk(company()),
            "two zones" => two_zones(),
            _ => return None,
        };
        Some(Self::on(Sim::of(company, instant(from)?, SEED)))
    }

    fn on(mut sim: Sim) -> Self {
        sim.latency_ms = (20, 20);
        sim.duplicates = false;
        Self { sim, shown: BTreeMap::new() }
    }

    fn does(&mut self, line: &str) -> bool {
        let done = self.time(line) || self.card(line) || self.monitor(line) || self.trouble(line) || self.person(line);
        // What is said about it is said within two seconds.
        self.sim.advance(2_000);
        done
    }

    /// What the pager would say of the future before this line.
    fn foretells(&self, line: &str, passes: bool) -> Option<Foretold> {
        let snapshot = self.sim.snapshot();
        let now = snapshot.stamp_at(self.sim.wall);
        let forecasts = if passes {
            let open = snapshot.world.incidents.values().filter(|i| !i.closed);
            open.map(|i| forecast(&snapshot.world, &snapshot.directory, i.no, now)).collect()
        } else {
            let (service, event) = monitors(line, |text| self.clock(text))?;
            let what = What::Events(warridor::domain::input::Delivery {
                service: service.into(),
                source: Source::Alertmanager,
                urgency: None,
                resolve_after_secs: None,
                key: None,
                events: vec![event],
            });
            let input = Input { id: InputId::minted('f', 0), what };
            after(&snapshot.world, &snapshot.directory, &input, now).ok()?.forecasts
        };
        let until = |f: &Forecast| match f.end {
            End::Exhausted => f.ahead.last().map_or(now.wall, |a| a.wall),
            End::Quiet | End::Later => now.wall.plus_secs(AHEAD_SECS),
            End::TooMany => panic!("{line}: too many deadlines"),
        };
        // The first that ends ends them all: what comes of one is compared as far as all are known.
        Some(Foretold {
            line: line.to_owned(),
            from: now,
            until: forecasts.iter().map(until).min()?,
            of: forecasts.iter().map(|f| f.incident).collect(),
            pages: forecasts.iter().flat_map(|f| f.pages().filter_map(|a| asked(a.wall, &a.fact))).collect(),
        })
    }

    fn asked_since(&self, seq: u64) -> Vec<Asked> {
        let facts = self.sim.dated_facts_after(seq);
        facts.iter().filter_map(|(wall, fact)| asked(*wall, fact)).collect()
    }

    fn time(&mut self, line: &str) -> bool {
        if let Some(at) = line.strip_prefix("at ").and_then(|at| self.clock(at)) {
            self.sim.advance((at.0 - self.sim.wall.0).max(0));
            return true;
        }
        match line.strip_suffix(" pass").or(line.strip_suffix(" passes")).and_then(duration_ms) {
            Some(ms) => {
                self.sim.advance(ms);
                true
            }
            None => false,
        }
    }

    /// A time of the first day (25:00 is one o'clock of the second), or one with its day.
    fn clock(&self, text: &str) -> Option<At> {
        let of_first_day = |text: &str| {
            let (h, m) = text.trim().split_once(':')?;
            let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
            let midnight = self.sim.start.utc().date_naive().and_time(chrono::NaiveTime::MIN);
            Some(At::from(midnight.and_utc()).plus_secs(h * 3_600 + m * 60))
        };
        instant(text).or_else(|| of_first_day(text))
    }

    fn monitor(&mut self, line: &str) -> bool {
        let Some((service, event)) = monitors(line, |text| self.clock(text)) else { return false };
        self.sim.events(service, vec![event]);
        self.sim.settle();
        true
    }

    /// What stands on a card below its title.
    fn card(&mut self, line: &str) -> bool {
        let Some(number) = line.strip_prefix("the card of #").and_then(|n| n.parse().ok()) else { return false };
        let snapshot = self.sim.snapshot();
        let Some(i) = snapshot.world.incident(IncidentNo(number)) else { return false };
        let says = warridor::views::card::status(i, &snapshot.directory);
        self.sim.heard.push((format!("whoever looks at #{number}"), says));
        true
    }

    fn trouble(&mut self, line: &str) -> bool {
        match line {
            "the process dies" | "the power fails" => {
                self.sim.crash(line == "the power fails");
                self.sim.boot();
            }
            "the rows are written" => {
                // What was shown is waited for; one look takes the rows, the next writes them.
                self.sim.checkpoint();
                self.sim.checkpoint();
            }
            _ => {
                if let Some(fault) = line.strip_prefix("slack: ").and_then(|j| serde_json::from_str(j).ok()) {
                    order(&mut self.sim.slack, fault);
                } else if let Some(step) = line.strip_prefix("the clock steps ").and_then(duration_ms) {
                    self.sim.wall = self.sim.wall.plus_ms(step);
                } else {
                    return false;
                }
            }
        }
        true
    }

    fn person(&mut self, line: &str) -> bool {
        let Some((who, rest)) = line.split_once(' ') else { return false };
        if let Some(rest) = rest.strip_prefix("presses ") {
            return self.presses(who, rest);
        }
        if self.window(who, rest).is_some() {
            return true;
        }
        if let Some((schedule, times)) = rest.strip_prefix("takes ").and_then(|r| r.split_once(" from ")) {
            let Some((from, until)) = times.split_once(" until ") else { return false };
            let (Some(from), Some(until)) = (self.clock(from), self.clock(until)) else { return false };
            self.sim.override_shift(schedule, who, from, until);
            self.sim.settle();
            return true;
        }
        if let Some((service, title)) = rest.strip_prefix("reports ").and_then(|r| r.split_once(": ")) {
            self.sim.raise(who, service, title);
            self.sim.settle();
            return true;
        }
        if let Some(ms) = rest.strip_prefix("sleeps for ").and_then(duration_ms) {
            self.sim.dnd(who, Some(ms));
            self.sim.settle();
            return true;
        }
        if rest == "lists misconfigured alerts" {
            let snapshot = self.sim.snapshot();
            let all = misconfigured::listed(&snapshot.world, self.sim.wall);
            let d = &snapshot.directory;
            let list =
                warridor::views::misconfigured::list(&all, None, 0, &snapshot.world, d, snapshot.store, "/pager");
            let blocks = serde_json::json!(list.blocks);
            let lines = blocks.as_array().into_iter().flatten().filter_map(|b| b["text"]["text"].as_str());
            self.sim.heard.extend(lines.map(|line| (who.to_owned(), line.to_owned())));
            return true;
        }
        if let Some(number) = rest.strip_prefix("has mended alert ") {
            let Ok(number) = number.parse() else { return false };
            self.sim.mended(who, number);
            self.sim.settle();
            return true;
        }
        if let Some(number) = rest.strip_prefix("asks why #") {
            let Ok(number) = number.parse() else { return false };
            let snapshot = self.sim.snapshot();
            let Some(i) = snapshot.world.incident(IncidentNo(number)) else { return false };
            let ahead = forecast(&snapshot.world, &snapshot.directory, i.no, snapshot.stamp_at(self.sim.wall));
            let why = warridor::views::why::why(i, &snapshot.directory, &ahead, &[]);
            let blocks = serde_json::json!(why.blocks);
            let lines = blocks.as_array().into_iter().flatten().filter_map(|b| b["text"]["text"].as_str());
            self.sim.heard.extend(lines.map(|line| (who.to_owned(), line.to_owned())));
            return true;
        }
        if let Some((whom, number)) = rest.strip_prefix("asks for ").and_then(|r| r.split_once(" on #")) {
            let Ok(number) = number.parse() else { return false };
            let whom = match whom.strip_prefix("team ") {
                Some(team) => Whom::Team(team.into()),
                None => Whom::User(whom.into()),
            };
            self.sim.act(who, number, Deed::AddResponders { whom: vec![whom] });
            self.sim.settle();
            return true;
        }
        let Some((verb, rest)) = rest.split_once(" #") else { return false };
        let (number, words) = rest.split_once([':', ' ']).unwrap_or((rest, ""));
        let words = words.trim();
        let deed = match verb {
            "acknowledges" => Deed::Acknowledge,
            "resolves" => Deed::Resolve { note: Some(words.to_owned()).filter(|w| !w.is_empty()) },
            "wants no page again for" => Deed::DeclinePageAgain,
            "reopens" => Deed::Reopen,
            "escalates" => Deed::Escalate,
            "notes on" => Deed::Note { text: words.to_owned() },
            "begins" => Deed::Start,
            "mitigates" => Deed::Mitigate,
            "hands" => match words.strip_prefix("to ") {
                Some(to) => Deed::Reassign { to: to.into() },
                None => return false,
            },
            "merges" => match words.strip_prefix("into #").and_then(|n| n.parse().ok()) {
                Some(into) => Deed::MergeInto { into: IncidentNo(into) },
                None => return false,
            },
            "makes" => match words {
                "high" => Deed::SetUrgency { to: Urgency::High },
                "low" => Deed::SetUrgency { to: Urgency::Low },
                _ => return false,
            },
            "finds nothing to do about" => Deed::NotActionable,
            "snoozes" => {
                let Some(words) = words.strip_prefix("until ") else { return false };
                let (until, later) = match words.split_once(" for later") {
                    Some((until, because)) => (until, Some(because.trim_start_matches([':', ' ']))),
                    None => (words, None),
                };
                let Some(until) = self.clock(until) else { return false };
                match later {
                    Some(because) => {
                        Deed::Snooze { until, why: Some(SnoozeWhy::NotUrgent), because: because.to_owned() }
                    }
                    None => Deed::snooze(until),
                }
            }
            _ => return false,
        };
        let Ok(number) = number.parse() else { return false };
        self.sim.act(who, number, deed);
        self.sim.settle();
        true
    }

    /// Silences and maintenance windows.
    fn window(&mut self, who: &str, rest: &str) -> Option<()> {
        if let Some(rest) = rest.strip_prefix("silences ") {
            let (alert, rest) = rest.split_once(" until ")?;
            let (service, dedup) = alert.split_once(": ")?;
            let (until, because) = rest.split_once(": ")?;
            let scope = Covered::Alert(AlertKey { service: service.into(), dedup: dedup.into() });
            let (now, until) = (self.sim.wall, self.clock(until)?);
            self.sim.quiet(who, scope, now, until, because);
        } else if let Some(rest) = rest.strip_prefix("maintains ") {
            let (what, rest) = rest.split_once(" from ")?;
            let (from, rest) = rest.split_once(" until ")?;
            let (until, because) = rest.split_once(": ")?;
            let scope = match what.strip_prefix("team ") {
                Some(team) => Covered::Team(team.into()),
                None => Covered::Services(what.split(" and ").map(Into::into).collect()),
            };
            self.sim.quiet(who, scope, self.clock(from)?, self.clock(until)?, because);
        } else if let Some(number) = rest.strip_prefix("ends window ") {
            self.sim.end_quiet(who, number.parse().ok()?);
        } else {
            let (number, until) = rest.strip_prefix("extends window ")?.split_once(" until ")?;
            self.sim.extend_quiet(who, number.parse().ok()?, self.clock(until)?);
        }
        self.sim.settle();
        Some(())
    }

    fn presses(&mut self, who: &str, rest: &str) -> bool {
        let (button, place) = match rest.split_once(" on #") {
            Some((button, number)) => (button, format!("card {number}")),
            None => match rest.split_once(" in ") {
                Some((button, _)) => (button, format!("dm:{who}")),
                None => return false,
            },
        };
        let action = format!("incident.{}", button.to_lowercase().replace(' ', "_"));
        let (channel, ts) = match place.strip_prefix("card ") {
            Some(number) => {
                let number = number.parse().map(warridor::domain::id::IncidentNo).unwrap_or_default();
                let card = self.sim.snapshot().world.incident(number).and_then(|i| i.card.clone());
                let Some(card) = card else { return false };
                (card.channel.to_string(), card.ts.to_string())
            }
            None => match self.sim.messages(&place).last() {
                Some(m) => (place.clone(), m["ts"].as_str().unwrap_or("").to_owned()),
                None => return false,
            },
        };
        if !self.sim.click(who, &channel, &ts, &action) {
            self.sim.heard.push((who.to_owned(), format!("(there is no button {button})")));
        }
        self.sim.settle();
        true
    }

    /// What changed on anybody's screen since the last look.
    fn sees(&mut self) -> Vec<String> {
        let mut seen: Vec<String> =
            self.sim.heard.drain(..).map(|(who, words)| format!("{who} reads: {}", plain(&words))).collect();
        for place in ["payments", "search", "admin", "dm:ana", "dm:ben", "dm:chen", "dm:mara"] {
            for message in self.sim.messages(place) {
                let ts = message["ts"].as_str().unwrap_or("").to_owned();
                let name = place.replace("dm:", "to ");
                let buttons: Vec<String> = Sim::buttons(&message)
                    .iter()
                    .map(|b| format!("[{}]", b.rsplit_once('.').map_or(b.as_str(), |(_, word)| word)))
                    .collect();
                let says = format!("{} {}", plain(message["text"].as_str().unwrap_or("")), buttons.join(" "));
                self.look(&mut seen, &format!("{place}/{ts}"), &name, says.trim_end());
                for reply in self.replies(place, &ts) {
                    let reply_ts = reply["ts"].as_str().unwrap_or("").to_owned();
                    if reply_ts == ts {
                        continue;
                    }
                    let ts = reply_ts;
                    let says = plain(reply["text"].as_str().unwrap_or(""));
                    self.look(&mut seen, &format!("{place}/{ts}"), &format!("{name}, thread"), &says);
                }
            }
        }
        let (topic, group) = self.sim.following();
        // Who is on call stands there from the start: only a change is seen.
        for (id, place, says) in [("topic", "payments, topic", topic), ("group", "@team-oncall", group.join(", "))] {
            self.shown.entry(id.to_owned()).or_insert_with(|| says.clone());
            self.look(&mut seen, id, place, &says);
        }
        seen
    }

    fn look(&mut self, seen: &mut Vec<String>, id: &str, place: &str, says: &str) {
        match self.shown.insert(id.to_owned(), says.to_owned()) {
            None => seen.push(format!("{place}: {says}")),
            Some(before) if before != says => seen.push(format!("{place}, edited: {says}")),
            Some(_) => {}
        }
    }

    fn replies(&mut self, place: &str, ts: &str) -> Vec<Value> {
        let now = self.sim.slack_now();
        let Ok(channel) = self.sim.slack.find_place(place, now) else { return Vec::new() };
        let parent = ts.replace('.', "").parse().map(warridor::sandbox::messages::Ts);
        parent.map(|p| self.sim.slack.shown(&channel, Some(p), None)).unwrap_or_default()
    }
}

/// What a monitor says in this line, and of which service.
fn monitors(line: &str, clock: impl Fn(&str) -> Option<At>) -> Option<(&str, Event)> {
    let (service, rest) = line.split_once(": ")?;
    let (rest, severity) = match rest.split_once(" as ") {
        Some((rest, severity)) => (rest, Some(severity)),
        None => (rest, None),
    };
    let (what, since) = match rest.split_once(" since ") {
        Some((what, since)) => (what, clock(since)),
        None => (rest, None),
    };
    let (what, labels) = what.split_once(" with ").unwrap_or((what, ""));
    let labels = labels.split_whitespace().filter_map(|l| l.split_once('='));
    let verbs = [
        (" fires", EventAction::Trigger),
        (" clears", EventAction::Resolve),
        (" is acknowledged elsewhere", EventAction::Acknowledge),
    ];
    let (key, action) = verbs.iter().find_map(|(verb, action)| Some((what.strip_suffix(verb)?, *action)))?;
    let mut event = event(action, key, since);
    event.labels.extend(severity.map(|s| ("severity".to_owned(), s.to_owned())));
    event.labels.extend(labels.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Some((service, event))
}

/// Slack's marks taken away: dates as their fallback, no bold.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<!date^") {
        out.push_str(&rest[..start]);
        let end = rest[start..].find('>').map_or(rest.len(), |e| start + e);
        out.push_str(rest[start..end].rsplit('|').next().unwrap_or(""));
        rest = rest.get(end + 1..).unwrap_or("");
    }
    out.push_str(rest);
    out.replace(" UTC", "").replace('*', "").replace('\n', " / ")
}

/// `2026-03-29 02:59`, by the clock of a zone if one is named.
fn instant(text: &str) -> Option<At> {
    let mut words = text.split_whitespace();
    let local = format!("{} {}", words.next()?, words.next()?);
    let local = NaiveDateTime::parse_from_str(&local, "%Y-%m-%d %H:%M").ok()?;
    let tz = words.next().map_or(Some(Tz::UTC), |zone| zone.parse().ok())?;
    Some(At(tz.from_local_datetime(&local).earliest()?.timestamp_millis()))
}

fn duration_ms(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let n: i64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        's' => Some(n * 1_000),
        'm' => Some(n * 60_000),
        'h' => Some(n * 3_600_000),
        _ => None,
    }
}
