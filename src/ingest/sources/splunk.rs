//! Splunk's webhook alert action.
//!
//! Source: <https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks>. A search finds what is wrong, and nobody
//! ever says that it is right again: every body is a trigger, and its key needs a `resolve_after`.

use super::{DecodeError, Decoded, Labels, find};
use crate::domain::input::{Event, EventAction};
use crate::ingest::json::{self, Loose, Pairs, record};
use crate::ingest::{limits, text};
use std::borrow::Cow;

record! {
    struct Body<'a> {
        search_name: Loose<'a> = "search_name",
        sid: Loose<'a> = "sid",
        app: Loose<'a> = "app",
        owner: Loose<'a> = "owner",
        results_link: Loose<'a> = "results_link",
        result: Pairs<'a> = "result",
    }
}

/// Fields of a result that Splunk adds to every event and that tell nobody anything.
const OF_SPLUNK: [&str; 5] = ["punct", "linecount", "timestartpos", "timeendpos", "splunk_server_group"];

/// The one event of a body.
///
/// The dedup key is app and search, so that the same search firing again counts up; a field `dedup_key` of the result
/// (`| eval dedup_key = host`) makes one alert of each of its values. The title is the result's `title` if the search
/// makes one, else the search's name, else what its job is called. The result's fields are the labels: arrays as lists,
/// `_raw` among them, without what Splunk adds to every event.
///
/// # Errors
/// Not JSON, or nothing that tells which search it was.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body: Body<'_> = json::read(body)?;
    if let Some(odd) = body.odd {
        return Err(DecodeError::new("the body", odd, "Splunk's JSON object, as its webhook action sends it"));
    }
    let job = body.sid.words().unwrap_or_default();
    let Some(search) = body.search_name.words().or_else(|| search_of(&job)) else {
        let mend = "Splunk's webhook alert action: `search_name`, or at least `sid`";
        return Err(DecodeError::new("search_name", &body.search_name.found(), mend));
    };
    let result = body.result.fields();
    let app = body.app.words().unwrap_or_default();
    let name = [Some(app.clone()).filter(|app| !app.is_empty()), Some(search.clone()), find(result, "dedup_key")];
    let name: Vec<Cow<'_, str>> = name.into_iter().flatten().collect();
    let titles = [find(result, "title").unwrap_or_default(), search.clone()];
    let title = titles.iter().map(|title| text::one_line(title, limits::TITLE_CHARS)).find(|title| !title.is_empty());
    let mut labels = Labels::default();
    let told: Vec<_> = result.iter().filter(|(name, _)| tells(name)).cloned().collect();
    labels.add_listed_pairs(&told);
    labels.add_new("search", &search);
    labels.add_new("app", &app);
    labels.add_new("owner", &body.owner.any_text().unwrap_or_default());
    Ok(Decoded::one(Event {
        action: EventAction::Trigger,
        dedup_key: text::dedup_key(&name.join("/")),
        title: title.unwrap_or_else(|| "a search of Splunk's".to_owned()),
        link: body.results_link.scalar().and_then(|url| text::link(&url)).unwrap_or_default(),
        labels: labels.0,
        // `_time` is when the event was logged: each firing has another one, so it names no episode.
        starts_at: None,
        ends_at: None,
    }))
}

/// What a search without a name is called: its job's id (`scheduler__admin__search__W2_at_1423…_132`) without the time.
fn search_of<'a>(job: &str) -> Option<Cow<'a, str>> {
    let stem = job.rsplit_once("_at_").map_or(job, |(stem, _)| stem);
    let stem = text::one_line(stem, limits::TITLE_CHARS);
    (!stem.is_empty()).then(|| Cow::Owned(format!("search {stem}")))
}

fn tells(name: &str) -> bool {
    let own = name.starts_with('_') && name != "_raw";
    !own && !name.starts_with("date_") && !OF_SPLUNK.contains(&name) && name != "dedup_key" && name != "title"
}
