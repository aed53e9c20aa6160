//! Frames of Slack's socket, and what is made of them. Whatever Slack sends is read within bounds; what people typed is
//! in no log.

use warridor::slack::envelope::{Frame, MAX_DEPTH, MAX_FRAME_BYTES, MAX_ID_BYTES, ack, parse};
use warridor::slack::said::unescaped;
use warridor::slack::translate::{Filled, Gesture, gesture};

pub fn frames(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let frame = parse(&text);
    let Frame::Envelope(envelope) = frame else {
        assert_eq!(format!("{frame:?}"), format!("{:?}", parse(&text)));
        return;
    };
    assert!(text.len() <= MAX_FRAME_BYTES);
    assert!(!envelope.envelope_id.is_empty() && envelope.envelope_id.len() <= MAX_ID_BYTES);
    assert!(depth(&envelope.payload) <= MAX_DEPTH);
    let printed = format!("{envelope:?}");
    assert!(printed.len() <= 6 * (MAX_ID_BYTES + text.len().min(2_000)) + 300, "more is logged than its name");
    let answer: serde_json::Value = serde_json::from_str(&ack(&envelope.envelope_id, None)).expect("an answer is JSON");
    assert_eq!(answer["envelope_id"], envelope.envelope_id.as_str());
    let done = gesture(&envelope);
    assert_eq!(done, gesture(&envelope));
    if let Gesture::Submit { filled, .. } = &done {
        is_filled(filled);
    }
    if let Gesture::Shortcut { said, .. } = &done {
        assert!(said.text.chars().count() <= 4_000, "more is looked at than anybody announces");
        assert!(said.link.is_empty() || said.link.starts_with("https://"), "{}", said.link);
    }
    if let Gesture::Said { text, .. } | Gesture::Slash { text, .. } = &done {
        assert!(unescaped(text).len() <= text.len());
    }
}

/// Times that were chosen are of the same kind as ours: no arithmetic with them overflows.
fn is_filled(filled: &Filled) {
    let times = match filled {
        Filled::Snooze { until, .. } | Filled::Silence { until, .. } | Filled::Announce { until, .. } => vec![*until],
        Filled::Maintenance { from, until, .. } => from.iter().copied().chain([*until]).collect(),
        Filled::AddResponders { .. }
        | Filled::Reassign { .. }
        | Filled::Words(_)
        | Filled::Merge { .. }
        | Filled::Raise { .. } => vec![],
    };
    for at in times {
        let _ = (at.secs(), at.plus_secs(1), at.utc());
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
