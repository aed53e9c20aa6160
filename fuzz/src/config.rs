//! A configuration file: complaints that each say where, or a directory that answers every question.

use std::collections::BTreeMap;
use std::path::Path;
use warridor::config::{self, CheckReport, Loaded, MemoryEnv, limits};
use warridor::domain::directory::{Directory, Target};
use warridor::domain::schedule::{now_and_next, resolve};
use warridor::domain::stamp::At;

const SECRET: &str = "s3cret-k3y-0f-n0b0dy-at-all-0123456789";
/// Every instant is one at which somebody may ask who is on call: around a change of clocks, far back, far ahead.
const MOMENTS: [i64; 5] = [0, 1_774_746_000_000, 1_792_890_000_000, 4_102_444_800_000, 1_798_761_599_999];

pub fn files(text: &[u8]) {
    let env = MemoryEnv {
        vars: BTreeMap::from_iter(
            ["KEY_PAYMENTS", "KEY", "SECRET", "TWILIO_AUTH_TOKEN"].map(|name| (name.to_owned(), SECRET.to_owned())),
        ),
        files: BTreeMap::from([("config.toml".into(), text.to_vec())]),
    };
    let (loaded, report) = config::inspect(Path::new("config.toml"), &env, None);
    assert_eq!(
        loaded.is_some(),
        report.complaints.is_empty(),
        "used although it is wrong, or not used and nobody says why"
    );
    is_told(&report, text);
    let (again, report_again) = config::inspect(Path::new("config.toml"), &env, None);
    assert_eq!(report, report_again);
    if let Some(loaded) = loaded {
        assert_eq!(Some(&loaded.directory), again.as_ref().map(|l| &l.directory));
        is_answering(&loaded);
    }
}

fn is_told(report: &CheckReport, text: &[u8]) {
    let lines = text.iter().filter(|b| **b == b'\n').count() + 1;
    for list in [&report.complaints, &report.warnings, &report.notes] {
        assert!(list.len() <= limits::MAX_COMPLAINTS + 1);
        for c in list {
            assert_eq!(c.file, "config.toml");
            assert!((1..=lines).contains(&c.line) && c.column >= 1, "line {} of {lines}: {c}", c.line);
            assert!(!c.wrong.is_empty());
            let told = c.to_string();
            assert!(!told.contains(SECRET), "a secret is told: {told}");
            assert!(!told.chars().any(char::is_control), "{told:?}");
            assert!(told.chars().count() <= 4_000, "{} characters: {told}", told.chars().count());
        }
    }
}

/// Nothing in it leads to something that is not there.
fn is_answering(loaded: &Loaded) {
    let d = &loaded.directory;
    let is_there = |target: &Target| match target {
        Target::User(id) => d.users.contains_key(id),
        Target::Schedule(id) => d.schedules.contains_key(id),
        Target::Channel(id) => d.channels.values().any(|c| c == id),
    };
    for policy in d.policies.values() {
        assert!(
            !policy.steps.is_empty() && policy.steps.iter().all(|s| !s.targets.is_empty()),
            "{:?} asks nobody",
            policy.id
        );
        assert!(policy.steps.iter().flat_map(|s| &s.targets).all(is_there), "{:?}", policy.id);
    }
    assert!(!d.catch_all.is_empty() && d.catch_all.iter().all(is_there));
    for service in d.services.values() {
        assert!(d.policies.contains_key(&service.policy) && d.teams.contains_key(&service.team), "{:?}", service.id);
    }
    for key in d.keys.values() {
        assert!(d.services.contains_key(&key.service));
    }
    assert!(d.teams.values().flat_map(|t| &t.members).all(|m| d.users.contains_key(m)));
    assert!(d.users.values().all(|u| !u.rules.is_empty()), "somebody is reached by nothing");
    is_on_call(d);
    for now in MOMENTS {
        let told = config::outlook(loaded, At(now));
        assert!(told.iter().all(|c| c.file == "config.toml" && c.line >= 1));
    }
}

/// Somebody who is there, or nobody, at every instant.
fn is_on_call(d: &Directory) {
    for schedule in d.schedules.values() {
        assert!(schedule.people().all(|u| d.users.contains_key(u)));
        for now in MOMENTS {
            let now = At(now);
            let shift = resolve(schedule, std::iter::empty(), now);
            assert!(shift.who.as_ref().is_none_or(|u| d.users.contains_key(u)));
            assert!(shift.until > now, "{:?} at {now:?}", schedule.id);
            let (also, next) = now_and_next(schedule, &[], now);
            assert_eq!(shift, also);
            assert!(next.is_none_or(|n| n.who.is_none_or(|u| d.users.contains_key(&u))));
        }
    }
}
