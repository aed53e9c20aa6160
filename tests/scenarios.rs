//! Stories: each file in `tests/scenarios/` is a script and, indented under each line, what people then saw. The whole
//! pager runs it in virtual time; what it shows must be what the file says.
//!
//! | line | what happens |
//! |---|---|
//! | `at 09:05` | time passes until then (UTC, first day) |
//! | `5m pass` | time passes (`s`, `m`, `h`) |
//! | `payments: disk-full fires [since 08:50]` | the monitor sends a trigger |
//! | `mixed: disk fires [with severity=info region=eu]` | with labels |
//! | `payments: disk-full clears [since 08:50]` | the monitor sends a resolve |
//! | `payments: disk-full is acknowledged elsewhere` | the monitor sends an acknowledge |
//! | `ana presses Acknowledge on #1` | a click on the card; `in her message`: on the newest direct message |
//! | `ana acknowledges #1`, `ana resolves #1: words`, `ana notes on #1: words`, `ana snoozes #1 until 12:00` | by command |
//! | `ben takes primary from 09:00 until 12:00` | an override |
//! | `the process dies` / `the power fails` | and it starts again at once |
//! | `slack: JSON` | a fault as `POST /sandbox/faults` takes it; `{"clear":true}` ends all |
//! | `the clock steps 2h` / `-2h` | the wall clock only |
//!
//! `WARRIDOR_BLESS=1` writes what was seen into the files; read the difference before committing it.

mod sim;

use serde_json::Value;
use sim::{START, Sim, event, order};
use std::collections::BTreeMap;
use std::fmt::Write;
use warridor::domain::call::Whom;
use warridor::domain::directory::Urgency;
use warridor::domain::id::IncidentNo;
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::stamp::At;

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

struct Story {
    sim: Sim,
    shown: BTreeMap<String, String>,
}

impl Story {
    fn new() -> Self {
        let mut sim = Sim::new(7);
        sim.latency_ms = (20, 20);
        sim.duplicates = false;
        Self { sim, shown: BTreeMap::new() }
    }

    fn does(&mut self, line: &str) -> bool {
        let done = self.time(line) || self.monitor(line) || self.trouble(line) || self.person(line);
        // What is said about it is said within two seconds.
        self.sim.advance(2_000);
        done
    }

    fn time(&mut self, line: &str) -> bool {
        if let Some(at) = line.strip_prefix("at ").and_then(clock) {
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

    fn monitor(&mut self, line: &str) -> bool {
        let Some((service, rest)) = line.split_once(": ") else { return false };
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
        let Some((key, action)) = verbs.iter().find_map(|(verb, action)| Some((what.strip_suffix(verb)?, *action)))
        else {
            return false;
        };
        let mut event = event(action, key, since);
        event.labels.extend(labels.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.sim.events(service, vec![event]);
        self.sim.settle();
        true
    }

    fn trouble(&mut self, line: &str) -> bool {
        match line {
            "the process dies" | "the power fails" => {
                self.sim.crash(line == "the power fails");
                self.sim.boot();
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
        if let Some((schedule, times)) = rest.strip_prefix("takes ").and_then(|r| r.split_once(" from ")) {
            let Some((from, until)) = times.split_once(" until ") else { return false };
            let (Some(from), Some(until)) = (clock(from), clock(until)) else { return false };
            self.sim.override_shift(schedule, who, from, until);
            self.sim.settle();
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
            "snoozes" => match words.strip_prefix("until ").and_then(clock) {
                Some(until) => Deed::snooze(until),
                None => return false,
            },
            _ => return false,
        };
        let Ok(number) = number.parse() else { return false };
        self.sim.act(who, number, deed);
        self.sim.settle();
        true
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

fn clock(text: &str) -> Option<At> {
    let (h, m) = text.trim().split_once(':')?;
    let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
    // The simulation starts at 9:00.
    Some(START.plus_secs((h - 9) * 3_600 + m * 60))
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
