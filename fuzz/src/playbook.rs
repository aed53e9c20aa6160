//! A playbook: refused by its lines, or what Slack takes whole.

use serde_json::{Value, json};
use std::path::Path;
use std::sync::OnceLock;
use warridor::config::{self, MemoryEnv, playbook::of_text};
use warridor::domain::directory::Directory;
use warridor::domain::id::IncidentNo;
use warridor::sandbox::limits;
use warridor::views;

const COMPANY: &str = include_str!("../../tests/config/good.toml");
const FRONT: &str = "+++\ntitle = \"Down\"\nowner = \"payments\"\nlast_reviewed = 2026-01-05\n[[match]]\ntitles = [\"*\"]\n+++\n";

fn directory() -> &'static Directory {
    static DIRECTORY: OnceLock<Directory> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let env = MemoryEnv::with_file("config.toml", COMPANY);
        config::load(Path::new("config.toml"), &env).expect("the company is good").directory
    })
}

/// The file as it is; and what stands below good front matter.
pub fn file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    judged(text);
    judged(&format!("{FRONT}{text}"));
}

fn judged(text: &str) {
    let d = directory();
    let judge = || of_text(Path::new("down.md"), text, d);
    let judgement = judge();
    assert_eq!(judgement, judge());
    match judgement {
        Err(complaints) => {
            assert!(!complaints.is_empty(), "refused, and nobody says why");
            let lines = text.matches('\n').count() + 1;
            for c in complaints {
                assert!((1..=lines).contains(&c.line), "line {} of {lines}: {c}", c.line);
                let told = c.to_string();
                assert!(!told.chars().any(char::is_control), "{told:?}");
                assert!(told.chars().count() <= 4_000, "{} characters", told.chars().count());
            }
        }
        Ok(playbook) => {
            let message = views::playbook::message(&playbook, Some(IncidentNo(u64::MAX)), d);
            let blocks: Vec<Value> = message.blocks.iter().map(|b| json!(b)).collect();
            assert_eq!(limits::message_blocks(&blocks, "/blocks"), Vec::<String>::new());
            assert!(!limits::blocks_too_long(&blocks));
            let shown = blocks.iter().filter_map(|b| b["text"]["text"].as_str()).collect::<Vec<_>>().join("\n");
            for (at, _) in shown.match_indices('<') {
                let link = ["<https://", "<http://"].iter().any(|l| shown[at..].starts_with(l));
                assert!(link, "it would mention somebody: {:?}", shown.get(at..at + 20));
            }
            let commands = playbook.steps().filter(|s| s.command.is_some()).count();
            assert!(shown.matches("```").count() >= 2 * commands, "a command is cut");
            let view = json!(views::playbook::chosen(&playbook, IncidentNo(u64::MAX), d));
            assert_eq!(limits::view(view.as_object().expect("a view"), false), Vec::<String>::new());
        }
    }
}
