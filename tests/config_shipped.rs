//! The configuration and the playbooks this repository ships are the ones `demo` runs and readers copy from.

use chrono::{Duration, TimeZone, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use warridor::config::{self, KeyFrom, Means, MemoryEnv, SystemEnv, WithVars};
use warridor::domain::directory::Target;
use warridor::domain::id::{PolicyId, ScheduleId, ServiceId, UserId};
use warridor::domain::schedule::resolve;
use warridor::domain::stamp::At;

fn shipped() -> config::Loaded {
    let mut env = MemoryEnv::default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    env.files.insert("config.toml".into(), std::fs::read(root.join("config.toml")).unwrap());
    for entry in std::fs::read_dir(root.join("playbooks")).unwrap() {
        let path = entry.unwrap().path();
        let name = Path::new("playbooks").join(path.file_name().unwrap());
        env.files.insert(name, std::fs::read(path).unwrap());
    }
    config::load(Path::new("config.toml"), &env).unwrap_or_else(|complaints| {
        panic!("{}", complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn it_is_clean_and_warns_only_of_keys_that_are_not_set() {
    let loaded = shipped();
    let (of_twilio, of_keys): (Vec<_>, Vec<_>) =
        loaded.warnings.iter().partition(|w| w.to_string().contains("[twilio]"));
    assert_eq!(of_twilio.len(), 1);
    assert!(
        of_twilio[0].to_string().contains("auth_token_env = \"TWILIO_AUTH_TOKEN\" names a variable that is not set")
    );
    assert_eq!(of_keys.len(), loaded.app.keys.len());
    for (warning, key) in of_keys.into_iter().zip(&loaded.app.keys) {
        let KeyFrom::Env(variable) = &key.from else { panic!("{key:?}") };
        let told = warning.to_string();
        assert!(told.starts_with(&format!("config.toml:{}: [service.{}] key ", warning.line, key.service)), "{told}");
        assert!(told.contains(&format!("key_env = \"{variable}\" names a variable that is not set")), "{told}");
        assert!(!key.open);
    }
    assert!(loaded.directory.keys.is_empty());
}

#[test]
fn what_is_shown_of_heartbeats_can_be_used_as_it_stands() {
    let shipped = include_str!("../config.toml");
    assert!(config::load(Path::new("c"), &MemoryEnv::with_file("c", shipped)).unwrap().directory.heartbeats.is_empty());
    let (head, rest) = shipped.split_once("# [[service.heartbeat]]\n").expect("an example");
    let (lines, tail) = rest.split_once("\n\n").expect("its end");
    let example = format!("{head}[[service.heartbeat]]\n{}\n\n{tail}", lines.replace("# ", ""));
    // The manual's stand below any service.
    let manual = include_str!("../docs/heartbeats.md").split("```toml\n").skip(1);
    let manual: Vec<&str> = manual.filter_map(|rest| rest.split_once("```")).map(|(toml, _)| toml).collect();
    let of_manual = shipped.replacen("# [[service.heartbeat]]\n", &format!("{}\n", manual.join("\n")), 1);
    for (text, ids) in [(&example, &["nightly-backup"][..]), (&of_manual, &["nightly-backup", "prometheus"])] {
        let loaded = config::load(Path::new("c"), &MemoryEnv::with_file("c", text));
        let directory = loaded.unwrap_or_else(|complaints| panic!("{complaints:?}\n{text}")).directory;
        assert_eq!(directory.heartbeats.keys().map(|id| id.as_str()).collect::<Vec<_>>(), ids);
    }
}

#[test]
fn on_no_day_is_a_level_without_anybody_or_with_nobody_but_those_of_the_level_before() {
    let loaded = shipped();
    for day in 0..400 {
        let now = Utc.with_ymd_and_hms(2026, 1, 5, 23, 0, 0).unwrap() + Duration::days(day);
        assert_eq!(config::outlook(&loaded, At::from(now)), [], "{now}");
    }
}

#[test]
fn somebody_added_as_the_manual_shows_moves_nobody_and_never_backs_themselves_up() {
    let manual = include_str!("../docs/on-call.md");
    let before = include_str!("../config.toml");
    let line = |old: &str| format!("members = {old}");
    let mut text = before.to_owned();
    for (old, new) in [
        (r#"["chen", "divya", "emil"]"#, r#"["chen", "divya", "emil", { user = "sam", from = 2026-12-07 }]"#),
        (r#"["divya", "emil", "chen"]"#, r#"["divya", "emil", { user = "sam", from = 2026-12-07 }, "chen"]"#),
    ] {
        assert!(manual.contains(&line(new)), "{new}");
        let (head, schedules) = text.split_once("[[schedule]]").unwrap();
        assert_eq!(schedules.matches(&line(old)).count(), 1, "{old}");
        text = format!("{head}[[schedule]]{}", schedules.replace(&line(old), &line(new)));
    }
    let sam = "[[user]]\nid = \"sam\"\nemail = \"sam@larkspur.example\"\ntz = \"UTC\"\n";
    let text = text.replacen("[[user]]", &format!("{sam}\n[[user]]"), 1);
    let load = |text: &str| config::load(Path::new("config.toml"), &MemoryEnv::with_file("config.toml", text)).unwrap();
    let (before, after) = (load(before), load(&text));
    let who = |loaded: &config::Loaded, id: &str, at: At| {
        resolve(&loaded.directory.schedules[&ScheduleId::from(id)], std::iter::empty(), at).who.unwrap()
    };
    let from = Utc.with_ymd_and_hms(2026, 11, 30, 8, 0, 0).unwrap();
    let mut sams_weeks = Vec::new();
    for week in 0..12 {
        let at = At::from(from + Duration::days(7 * week) + Duration::hours(2));
        let primary = who(&after, "search-week", at);
        assert_ne!(primary, who(&after, "search-backup", at), "week {week}");
        if week < 1 {
            assert_eq!(primary, who(&before, "search-week", at), "week {week}");
        }
        if primary == UserId::from("sam") {
            sams_weeks.push(week);
        }
    }
    assert_eq!(sams_weeks, [1, 5, 9], "after Emil, from the first week on");
    for day in 0..330 {
        let at = At::from(Utc.with_ymd_and_hms(2026, 1, 10, 8, 0, 0).unwrap() + Duration::days(day));
        for schedule in ["search-week", "search-backup"] {
            assert_eq!(who(&after, schedule, at), who(&before, schedule, at), "{schedule} {}", at.utc());
        }
    }
}

#[test]
fn with_its_keys_set_nothing_is_doubtful_and_every_key_opens_its_service() {
    let sources = shipped().app.keys;
    let vars: BTreeMap<String, String> = sources
        .iter()
        .map(|key| match &key.from {
            KeyFrom::Env(variable) => (variable.clone(), format!("{}-0123456789", variable.to_lowercase())),
            other => panic!("{other:?}"),
        })
        .chain([("TWILIO_AUTH_TOKEN".to_owned(), "a token".to_owned())])
        .collect();
    let env = WithVars { under: &SystemEnv, vars: vars.clone() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let loaded = config::load(&path, &env).unwrap();
    assert_eq!(loaded.warnings, []);
    for key in &loaded.app.keys {
        let KeyFrom::Env(variable) = &key.from else {
            continue;
        };
        let known = &loaded.directory.keys[&config::key_hash(&vars[variable])];
        assert_eq!((&known.service, &known.name), (&key.service, &key.name));
        assert!(key.open);
    }
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks")).unwrap().count();
    assert_eq!(loaded.directory.playbooks.len(), files);
    assert_eq!(loaded.app.data_dir, path.with_file_name("data"));
}

#[test]
fn its_first_service_is_the_story_the_demo_tells() {
    let loaded = shipped();
    let directory = &loaded.directory;
    assert_eq!(loaded.app.services[0], ServiceId::from("payments-api"));
    assert_eq!(loaded.app.users[0], UserId::from("ana"));
    let service = &directory.services[&ServiceId::from("payments-api")];
    assert_eq!(service.channel, directory.channels["payments"]);
    assert_eq!(service.channel, directory.teams[&service.team].channel);
    let policy = &directory.policies[&PolicyId::from("payments")];
    assert_eq!(service.policy, policy.id);
    assert_eq!(policy.repeat, 2);
    assert_eq!(policy.steps[0].targets, [Target::Schedule(ScheduleId::from("payments-primary"))]);
    assert_eq!(policy.steps[0].delay_secs, 300);
    assert_eq!(policy.steps[1].targets, [Target::Schedule(ScheduleId::from("payments-backup"))]);
    assert_eq!(
        loaded.app.commands.iter().map(|c| (c.name.as_str(), c.means)).collect::<Vec<_>>(),
        [("/pager", Means::Pager), ("/oncall", Means::Oncall)]
    );
    let zones: BTreeSet<_> = directory.users.values().map(|user| user.tz.name()).collect();
    assert!(zones.len() >= 3);
    assert!(directory.users.values().all(|user| user.slack.is_some()));
}

#[test]
fn it_shows_what_a_real_company_needs_and_nobody_backs_themselves_up() {
    let directory = shipped().directory;
    assert_eq!(directory.teams.len(), 4);
    let tiers: BTreeSet<u8> = directory.services.values().map(|service| service.tier).collect();
    assert_eq!(tiers, BTreeSet::from([1, 2, 3]));
    let zones: BTreeSet<&str> = directory.schedules.values().map(|schedule| schedule.tz.name()).collect();
    assert_eq!(zones.len(), 3);
    let private: Vec<_> = directory.services.values().filter(|service| service.private).collect();
    assert_eq!(private.len(), 1);
    assert!(directory.may_show(&private[0].id, &directory.channels["security"]));
    assert!(!directory.may_show(&private[0].id, &directory.channels["platform"]));
    assert!(directory.may_show(&ServiceId::from("payments-api"), &directory.channels["platform"]));
    let from = Utc.with_ymd_and_hms(2026, 3, 20, 0, 30, 0).unwrap();
    for hour in 0..24 * 30 {
        let at = At::from(from + Duration::hours(hour));
        let who = |id: &str| resolve(&directory.schedules[&ScheduleId::from(id)], std::iter::empty(), at).who;
        for (primary, backup) in [
            ("payments-primary", "payments-backup"),
            ("search-week", "search-backup"),
            ("platform-days", "platform-backup"),
            ("security-sun", "security-backup"),
        ] {
            assert_ne!(who(primary), who(backup), "{primary} {}", at.utc());
        }
    }
}

#[test]
fn ana_is_on_call_for_it_and_ben_backs_her_up_at_every_hour() {
    let directory = shipped().directory;
    let from = Utc.with_ymd_and_hms(2024, 1, 2, 0, 0, 0).unwrap();
    for hour in 0..4 * 366 * 24 {
        let at = At::from(from + Duration::hours(hour));
        for (schedule, who) in [("payments-primary", "ana"), ("payments-backup", "ben")] {
            let shift = resolve(&directory.schedules[&ScheduleId::from(schedule)], std::iter::empty(), at);
            assert_eq!(shift.who, Some(UserId::from(who)), "{}", at.utc());
            assert!(shift.until > at);
        }
        for schedule in directory.schedules.values() {
            assert!(resolve(schedule, std::iter::empty(), at).who.is_some(), "{} {}", schedule.id, at.utc());
        }
    }
}
