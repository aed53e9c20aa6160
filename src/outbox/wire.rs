//! Views as the Web API takes them.

use crate::domain::id::{IncidentNo, MessageRef, PageId, PostId, StoreId};
use crate::views::{self, Message};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Our `event_type` in message metadata. Any app of the workspace can read metadata: it holds ids only.
pub(super) const METADATA: &str = "warridor";

/// Bytes of the numbers in the metadata of a message about several pages. Slack refuses metadata that is too large
/// (`metadata_too_large`, docs.slack.dev/reference/methods/chat.postMessage) and does not publish from what size on, so this
/// is small: some two hundred pages at worst, and any number of which none between was left out.
pub(super) const NUMBERS_BYTES: usize = 1_000;

/// What a message can be found again by.
pub(super) fn metadata(store: StoreId, incident: IncidentNo) -> Value {
    json!({
        "event_type": METADATA,
        "event_payload": {
            "store": store.to_string(), "incident": incident.0.to_string(), "kind": "card", "page": "",
        }
    })
}

/// The same of a message about no single incident.
pub(super) fn post_metadata(store: StoreId, post: PostId) -> Value {
    json!({
        "event_type": METADATA,
        "event_payload": { "store": store.to_string(), "kind": "post", "post": post.0.to_string() }
    })
}

/// The same of a page to `to`, in our own name for them, and of all the `pages` its message speaks of. `left_out`: those to the same person by Slack that it
/// does not, and that may be looked for.
pub(super) fn page_metadata(
    store: StoreId,
    incident: IncidentNo,
    page: PageId,
    to: &str,
    pages: &[PageId],
    left_out: &BTreeSet<PageId>,
) -> Value {
    let mut metadata = metadata(store, incident);
    metadata["event_payload"]["kind"] = json!("page");
    metadata["event_payload"]["page"] = json!(page.0.to_string());
    if pages.len() > 1 {
        metadata["event_payload"]["pages"] = json!(ranges(pages, left_out));
        metadata["event_payload"]["to"] = json!(to);
    }
    metadata
}

/// Those of `others` that the metadata of one message can name beside `lead`, the oldest first.
/// What is cut off is left out for sure.
pub(super) fn can_be_named(lead: PageId, mut others: Vec<PageId>, left_out: &BTreeSet<PageId>) -> BTreeSet<PageId> {
    others.sort_unstable();
    let fits = |many: &usize| {
        let (named, cut) = others.split_at(*many);
        let all: Vec<PageId> = named.iter().copied().chain([lead]).collect();
        let left_out = left_out.iter().chain(cut).copied().collect();
        ranges(&all, &left_out).len() <= NUMBERS_BYTES
    };
    if !fits(&others.len()) {
        let counts: Vec<usize> = (0..others.len()).collect();
        others.truncate(counts.partition_point(fits).saturating_sub(1));
    }
    others.into_iter().collect()
}

/// `3-7 9 12-14`: in a range is every page to the same person, and those are all of `pages`. Numbers are given out to
/// everybody in turn; counted by person, hundreds are one range.
fn ranges(pages: &[PageId], left_out: &BTreeSet<PageId>) -> String {
    let between = |a: u64, b: u64| left_out.range(PageId(a)..PageId(b)).next().is_some();
    let mut all: Vec<u64> = pages.iter().map(|p| p.0).collect();
    all.sort_unstable();
    all.dedup();
    let mut out: Vec<(u64, u64)> = Vec::new();
    for n in all {
        match out.last_mut() {
            Some((_, last)) if !between(*last, n) => *last = n,
            _ => out.push((n, n)),
        }
    }
    let word = |(a, b): &(u64, u64)| if a == b { a.to_string() } else { format!("{a}-{b}") };
    out.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn in_ranges(ranges: &str, n: u64) -> bool {
    ranges.split(' ').any(|range| {
        let (a, b) = range.split_once('-').unwrap_or((range, range));
        matches!((a.parse::<u64>(), b.parse::<u64>()), (Ok(a), Ok(b)) if (a..=b).contains(&n))
    })
}

/// The arguments of a post or an edit that show `message`.
pub(super) fn shown(message: &Message, plain: bool) -> Value {
    if plain {
        return json!({ "text": message.text, "blocks": [], "attachments": [] });
    }
    let attachments: Vec<Value> = message
        .colored
        .iter()
        .map(|c| json!({ "color": c.color, "blocks": c.blocks, "fallback": message.text }))
        .collect();
    json!({ "text": message.text, "blocks": message.blocks, "attachments": attachments })
}

/// Says that the same may have been posted before, `if in_doubt`. Not part of what is compared with the state: the next
/// edit takes it away.
pub(super) fn mark(mut shown: Value, in_doubt: bool) -> Value {
    if !in_doubt {
        return shown;
    }
    match shown.get_mut("blocks").and_then(Value::as_array_mut).filter(|blocks| !blocks.is_empty()) {
        Some(blocks) => blocks.push(json!(views::kit::context(views::notice::SENT_AGAIN))),
        // Words only: blocks would hide them.
        None => {
            let text = shown.get("text").and_then(Value::as_str).unwrap_or_default();
            shown["text"] = json!(format!("{text}\n{}", views::notice::SENT_AGAIN));
        }
    }
    shown
}

/// `shown` with more arguments.
pub(super) fn with(mut shown: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (shown.as_object_mut(), more) {
        all.extend(more);
    }
    shown
}

/// A hash of what a message shows: 64 bits of SHA-256 over its JSON.
pub fn hash(shown: &Value) -> u64 {
    // Our own values: their keys are text, so this does not fail.
    let digest = Sha256::digest(serde_json::to_vec(shown).unwrap_or_default());
    digest.iter().take(8).fold(0, |h, b| (h << 8) | u64::from(*b))
}

/// The identity in the answer to a post. A reply with more, or less, than the library expects is still a success.
pub(super) fn posted(answer: &Value) -> Option<MessageRef> {
    let channel = answer.get("channel")?.as_str()?;
    let ts = answer.get("ts")?.as_str()?;
    Some(MessageRef { channel: channel.into(), ts: ts.into() })
}

/// The message with this metadata in an answer of `conversations.history`.
pub(super) fn found(answer: &Value, wanted: &Value) -> Option<String> {
    let messages = answer.get("messages")?.as_array()?;
    let ours = messages.iter().filter(|m| m.get("metadata") == Some(wanted));
    // The first post is the one that people saw; history gives the newest first.
    ours.filter_map(|m| m.get("ts")?.as_str()).next_back().map(str::to_owned)
}

/// A message that speaks of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundPage {
    pub ts: String,
    /// The number that its pages share, where it speaks of several.
    pub bundle: Option<PageId>,
    /// All their numbers, as [`ranges`].
    numbers: String,
}

impl FoundPage {
    /// A message that is about one thing.
    pub fn alone(ts: String) -> Self {
        Self { ts, bundle: None, numbers: String::new() }
    }

    pub fn speaks_of(&self, page: PageId) -> bool {
        self.bundle == Some(page) || in_ranges(&self.numbers, page.0)
    }
}

/// The message that speaks of this page to `to`.
pub(super) fn found_page(answer: &Value, store: StoreId, to: &str, page: PageId) -> Option<FoundPage> {
    let messages = answer.get("messages")?.as_array()?;
    let speaks = |m: &Value| {
        let payload = m.pointer("/metadata/event_payload")?;
        let text = |key: &str| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_ours = m.pointer("/metadata/event_type").and_then(Value::as_str) == Some(METADATA)
            && text("kind") == "page"
            && text("store") == store.to_string();
        let lead: u64 = text("page").parse().ok()?;
        let shares = text("pages");
        // Somebody else's who once had this address: their ranges are counted by them.
        let is_theirs = payload.get("to").and_then(Value::as_str).is_none_or(|whose| whose == to);
        let is_it = is_ours && (lead == page.0 || is_theirs && in_ranges(shares, page.0));
        let ts = m.get("ts")?.as_str()?.to_owned();
        let bundle = (!shares.is_empty()).then_some(PageId(lead));
        is_it.then(|| FoundPage { ts, bundle, numbers: shares.to_owned() })
    };
    messages.iter().filter_map(speaks).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number between them, as if all were the same person's.
    fn between(pages: &[PageId]) -> BTreeSet<PageId> {
        let (first, last) = (pages.iter().min().unwrap().0, pages.iter().max().unwrap().0);
        (first..=last).map(PageId).filter(|p| !pages.contains(p)).collect()
    }

    #[test]
    fn what_is_somebody_elses_breaks_no_range() {
        // Every third page is theirs; one was on its way already.
        let mine: Vec<PageId> = (1..=5_000).map(|n| PageId(3 * n)).filter(|p| *p != PageId(300)).collect();
        let left_out = BTreeSet::from([PageId(300)]);
        let posted = page_metadata(StoreId(7), IncidentNo(1), PageId(3), "ana", &mine, &left_out);
        assert_eq!(posted["event_payload"]["pages"], "3-297 303-15000");
        assert_eq!(can_be_named(PageId(3), mine[1..].to_vec(), &left_out).len(), mine.len() - 1);
        let answer = json!({ "messages": [{ "ts": "1.2", "metadata": posted }] });
        let found = |page| found_page(&answer, StoreId(7), "ana", page).is_some();
        assert!(mine.iter().all(|p| found(*p)));
        assert!(!found(PageId(300)), "it was in another message");
        assert_eq!(found_page(&answer, StoreId(7), "ben", PageId(6)), None, "Ben's page 6 is not Ana's");
    }

    #[test]
    fn a_message_is_found_by_every_page_it_speaks_of() {
        let store = StoreId(7);
        let pages: Vec<PageId> = [3, 4, 5, 9, 12, 13].map(PageId).to_vec();
        let posted = page_metadata(store, IncidentNo(1), PageId(4), "ana", &pages, &between(&pages));
        assert_eq!(posted["event_payload"]["pages"], "3-5 9 12-13");
        let answer = json!({ "messages": [{ "ts": "1.2", "metadata": posted }] });
        for page in &pages {
            let found = found_page(&answer, store, "ana", *page).expect("it is there");
            assert_eq!((found.ts.as_str(), found.bundle), ("1.2", Some(PageId(4))), "{page:?}");
            assert!(pages.iter().all(|p| found.speaks_of(*p)) && !found.speaks_of(PageId(6)));
        }
        for other in [1, 6, 8, 10, 14, 35] {
            assert_eq!(found_page(&answer, store, "ana", PageId(other)), None, "{other}");
        }
        assert_eq!(found_page(&answer, StoreId(8), "ana", PageId(4)), None, "of another store");
        let alone = page_metadata(store, IncidentNo(1), PageId(4), "ana", &[PageId(4)], &BTreeSet::new());
        let answer = json!({ "messages": [{ "ts": "1.2", "metadata": alone }] });
        let found = found_page(&answer, store, "ana", PageId(4)).expect("it is there");
        assert_eq!((found.ts.as_str(), found.bundle), ("1.2", None));
    }

    #[test]
    fn the_metadata_of_many_pages_is_bounded_and_names_each_that_the_message_speaks_of() {
        // No two of them next to each other, and large.
        let others: Vec<PageId> = (1..500).map(|n| PageId(7_000_000 + 2 * n)).collect();
        let lead = PageId(7_000_500);
        let named = can_be_named(lead, others.clone(), &between(&others));
        assert!(named.len() > 100 && named.len() < others.len(), "{} are named", named.len());
        let pages: Vec<PageId> = named.iter().copied().chain([lead]).collect();
        let posted = page_metadata(StoreId(u64::MAX), IncidentNo(u64::MAX), lead, "ana", &pages, &between(&others));
        assert!(posted["event_payload"]["pages"].as_str().is_some_and(|p| p.len() <= NUMBERS_BYTES));
        assert!(posted.to_string().len() <= NUMBERS_BYTES + 200, "{}", posted.to_string().len());
        assert!(posted.to_string().len() <= crate::sandbox::limits::METADATA_BYTES);
        let answer = json!({ "messages": [{ "ts": "1.2", "metadata": posted }] });
        for page in &others {
            let found = found_page(&answer, StoreId(u64::MAX), "ana", *page).is_some();
            assert_eq!(found, named.contains(page) || *page == lead, "{page:?}");
        }
        // Next to each other, five hundred are one range.
        let row: Vec<PageId> = (1..500).map(|n| PageId(7_000_000 + n)).collect();
        assert_eq!(can_be_named(PageId(7_000_500), row.clone(), &between(&row)).len(), row.len());
    }
}
