//! A body nobody could read becomes an incident. The key it came with stands in none of its texts, whole or nearly.

use warridor::domain::directory::IntegrationKey;
use warridor::ingest::sources::{generic, pagerduty};
use warridor::ingest::unreadable::{find_routing_key, title, unreadable};
use warridor::ingest::{json, limits};

/// No part of it repeats, so that each part of it is known for one. `seeds.sh` writes it into bodies.
pub const SECRET: &str = "k3yN0b0dyMayRead-x7q2w5e8r1t4z6u9";
/// So many characters of it in a row are too many.
const TELLING: usize = 12;

pub fn bodies(body: &[u8]) {
    let key = IntegrationKey {
        name: "DB_KEY".into(),
        service: "db".into(),
        urgency: None,
        resolve_after_secs: None,
        signature_env: Vec::new(),
    };
    // The problem as it really is told, and one that quotes everything.
    let told = generic::decode(body).err().map(|e| e.to_string());
    let also = pagerduty::decode(body, "x")
        .err()
        .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    for problem in told.into_iter().chain(also) {
        let u = unreadable(&key, "Database", body, &problem, SECRET);
        assert!(u.excerpt.len() <= limits::EXCERPT_BYTES, "{} bytes", u.excerpt.len());
        assert!(!u.excerpt.contains('\0'));
        assert!(
            !u.title.trim().is_empty() && u.title.chars().count() <= limits::UNREADABLE_TITLE_CHARS,
            "{:?}",
            u.title
        );
        assert!(!u.title.contains(['\0', '\n', '\r']), "{:?}", u.title);
        assert_eq!((u.service.as_str(), u.key_name.as_str()), ("db", "DB_KEY"));
        let sent_parts = has_part_alone(body);
        for text in [&u.title, &u.problem, &u.excerpt] {
            assert!(!text.contains(SECRET), "the key is told: {text:?}");
            assert!(sent_parts || part_in(text).is_none(), "{:?} of the key is told: {text:?}", part_in(text));
        }
    }
    if let Some(key) = find_routing_key(body) {
        assert!(!key.is_empty() && key.len() <= limits::KEY_BYTES);
    }
    let text = String::from_utf8_lossy(body);
    assert!(title(&text).is_none_or(|t| t.chars().count() <= limits::UNREADABLE_TITLE_CHARS && !t.is_empty()));
}

/// Whoever sends part of a key that is not the key has told it themselves.
fn has_part_alone(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).replace('\0', "");
    [json::unescape_lossy(&text), text].iter().any(|text| part_in(&text.replace(SECRET, "[key]")).is_some())
}

fn part_in(text: &str) -> Option<&'static str> {
    (0..=SECRET.len() - TELLING).map(|at| &SECRET[at..at + TELLING]).find(|part| text.contains(part))
}
