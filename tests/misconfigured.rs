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

/// What somebody copies out of Slack.
fn offered(desk: &Desk) -> String {
    let all = listed(&desk.world, desk.now);
    let list = views::misconfigured::list(&all, None, 0, &desk.directory, desk.store, "/pager");
    let blocks = serde_json::json!(list.blocks);
    let texts = blocks.as_array().into_iter().flatten().filter_map(|b| b["text"]["text"].as_str());
    let code = texts.filter_map(|text| text.split("```").nth(1)).next().expect("a rule");
    code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
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

#[test]
fn the_rule_that_is_offered_lets_this_alert_only_inform_and_no_other() {
    let long = "DiskFull".repeat(40);
    for name in
        ["DiskFull", "a \"<quoted>\" \\ & co", "tick ``` tock", "over\u{202e}ridden", "two\nlines", &long, "", " "]
    {
        let labels = [("alertname", name), ("instance", "db-1")];
        let labels = if name.is_empty() { &labels[1..] } else { &labels[..] };
        let mut desk = Desk::at(NIGHT);
        desk.event("payments", EventAction::Trigger, "disk/\"1\"", "it is wrong", "", labels);
        desk.act("ana", Deed::NotActionable);
        let directory = directory(&offered(&desk));
        let service = &directory.services[&"payments-api".into()];
        let goes = |event: &Event| route(&directory, service, event, Source::PagerDuty).map(|r| r.to.clone());
        let fyi = Some(Destination::Fyi { channel: None });
        // A label's line breaks are blanks by then.
        let kept: Vec<(&str, String)> = labels.iter().map(|(n, v)| (*n, v.replace('\n', " "))).collect();
        let kept: Vec<(&str, &str)> = kept.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(goes(&event("disk/\"1\"", &kept)), fyi, "{name:?}");
        assert_ne!(goes(&event("cpu", &[("alertname", "Cpu")])), fyi, "{name:?}");
    }
}
