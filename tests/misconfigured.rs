//! The rule that the list of misconfigured alerts offers is one that `config.toml` takes, and it fits that alert.

#[allow(dead_code)] // the simulation's company; its Slack is not needed here
#[path = "sim/company.rs"]
mod company;
#[allow(dead_code)] // this needs little of the goldens' desk
#[path = "goldens/desk.rs"]
mod desk;

use desk::{Desk, NIGHT};
use std::path::Path;
use warridor::config::{MemoryEnv, load};
use warridor::domain::directory::Directory;
use warridor::domain::input::{Deed, Event, EventAction, Source};
use warridor::domain::misconfigured::listed;
use warridor::domain::routing::{Destination, route};
use warridor::views;

const GOOD: &str = include_str!("config/good.toml");

fn directory(rule: &str) -> Directory {
    let rule = rule.replace("service = \"payments\"", "service = \"payments-api\"");
    // Before every other, as the list says.
    let text = GOOD.replacen("[[route]]", &format!("{rule}\n\n[[route]]"), 1);
    let mut env = MemoryEnv::with_file("config.toml", &text);
    for (name, key) in [("KEY_PAYMENTS", "0123456789abcdef"), ("KEY_SEARCH", "fedcba9876543210")] {
        env.vars.insert(name.to_owned(), key.to_owned());
    }
    load(Path::new("config.toml"), &env).unwrap_or_else(|e| panic!("{rule}\n{e:?}")).directory
}

/// What somebody copies out of Slack, if there is anything to copy.
fn offered(desk: &Desk) -> Option<String> {
    let all = listed(&desk.world, desk.now);
    let list = views::misconfigured::list(&all, None, 0, &desk.world, &desk.directory, desk.store, "/pager");
    let blocks = serde_json::json!(list.blocks);
    let texts = blocks.as_array().into_iter().flatten().filter_map(|b| b["text"]["text"].as_str());
    let code = texts.filter_map(|text| text.split("```").nth(1)).next()?;
    Some(code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn event(key: &str, labels: &[(&str, &str)]) -> Event {
    Event {
        action: EventAction::Trigger,
        dedup_key: key.into(),
        title: "it is wrong".to_owned(),
        link: String::new(),
        labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        starts_at: None,
        ends_at: None,
    }
}

/// An alert of this name, or without one, that needed nothing.
fn marked(name: &str, key: &str) -> Desk {
    let labels = [("alertname", name), ("instance", "db-1")];
    let labels = if name.is_empty() { &labels[1..] } else { &labels[..] };
    let mut desk = Desk::at(NIGHT);
    desk.event("payments", EventAction::Trigger, key, "it is wrong", "", labels);
    desk.act("ana", Deed::NotActionable);
    desk
}

#[test]
fn the_rule_that_is_offered_lets_this_alert_only_inform_and_no_other() {
    let long = "DiskFull".repeat(30);
    let is_informing = |rule: &str, key: &str, name: &str| {
        let directory = directory(rule);
        let service = &directory.services[&"payments-api".into()];
        let labels = [("alertname", name), ("instance", "db-1")];
        let labels = if name.is_empty() { &labels[1..] } else { &labels[..] };
        let to = route(&directory, service, &event(key, labels), Source::PagerDuty).map(|r| r.to.clone());
        to == Some(Destination::Fyi { channel: None })
    };
    for name in ["DiskFull", "a \"<quoted>\" \\ & co", &long, "", " "] {
        let rule = offered(&marked(name, "disk/\"1\"")).expect("a rule");
        assert!(is_informing(&rule, "disk/\"1\"", name), "{name:?}");
        let (sibling, other_key) = (format!("{name}Soon"), "disk/\"1\"/2");
        assert!(!is_informing(&rule, other_key, &sibling), "{name:?}: what only begins alike");
        assert!(!is_informing(&rule, "cpu", "Cpu"), "{name:?}");
    }
}

#[test]
fn where_a_rule_would_fit_more_than_its_alert_none_is_offered() {
    let long = "DiskFull".repeat(40);
    for name in ["tick ``` tock", "over\u{202e}ridden", "* * * * * backup", "cut…", &long] {
        assert_eq!(offered(&marked(name, "disk")), None, "{name:?}");
    }
    assert_eq!(offered(&marked("", "*/5 backup")), None, "nor by a key");
}
