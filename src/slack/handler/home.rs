//! The Home tab: published when somebody looks at it, after they did something in it, and for a while when what it says
//! is out of date. Nobody is paged by it: it is behind, and Slack may say no.

use super::Handler;
use crate::domain::duty::{duties, out_of_hearing};
use crate::domain::id::SlackUserId;
use crate::domain::incident::Incident;
use crate::pump::Snapshot;
use crate::slack::Outcome;
use crate::views;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A Home tab is kept true for this long after somebody opened it or did something in it, in milliseconds.
const KEPT_MS: i64 = 60 * 60 * 1_000;
/// Of at most so many people.
const KEPT: usize = 200;
/// What changed is looked for this often,
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// and so many are published then: 60 a minute, of the 100 that Slack allows `views.publish` (Tier 4,
/// docs.slack.dev/apis/web-api/rate-limits).
const AT_ONCE: usize = 10;

/// The Home tabs that are kept true. Cloning gives the same.
#[derive(Clone, Default)]
pub struct Homes(Arc<Mutex<BTreeMap<SlackUserId, Opened>>>);

#[derive(Clone, Debug, Default)]
struct Opened {
    /// On the steady clock.
    at_ms: i64,
    published_ms: i64,
    /// Which publishing was the last to begin.
    turn: u64,
    /// `None`: it is not known what Slack shows.
    shown: Option<Arc<str>>,
}

impl Homes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SlackUserId, Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody looks at theirs. Where there are too many, whoever looked longest ago is left out.
    fn opened(&self, by: &SlackUserId, now_ms: i64) {
        let mut all = self.lock();
        all.retain(|_, o| now_ms - o.at_ms < KEPT_MS);
        if all.len() >= KEPT
            && !all.contains_key(by)
            && let Some(oldest) = all.iter().min_by_key(|(_, o)| o.at_ms).map(|(id, _)| id.clone())
        {
            all.remove(&oldest);
        }
        all.entry(by.clone()).or_default().at_ms = now_ms;
    }

    /// Publishing begins: its number.
    fn begin(&self, by: &SlackUserId, now_ms: i64) -> u64 {
        let mut all = self.lock();
        let Some(opened) = all.get_mut(by) else { return 0 };
        (opened.turn, opened.published_ms, opened.shown) = (opened.turn + 1, now_ms, None);
        opened.turn
    }

    /// It worked. Where two were under way, nobody knows which Slack shows.
    fn done(&self, by: &SlackUserId, turn: u64, view: &str) {
        if let Some(opened) = self.lock().get_mut(by).filter(|o| o.turn == turn) {
            opened.shown = Some(view.into());
        }
    }

    /// Those that are kept true, whoever waits longest first.
    fn kept(&self, now_ms: i64) -> Vec<(SlackUserId, Opened)> {
        let all = self.lock();
        let kept = all.iter().filter(|(_, o)| now_ms - o.at_ms < KEPT_MS);
        let mut kept: Vec<_> = kept.map(|(id, o)| (id.clone(), o.clone())).collect();
        kept.sort_by_key(|(_, o)| o.published_ms);
        kept
    }
}

impl Handler {
    /// Somebody looks at their Home tab.
    pub(super) async fn publish_home(&self, by: &SlackUserId) {
        let s = self.board.snapshot();
        self.homes.opened(by, self.clock.steady_ms());
        let view = match home(self, &s, by) {
            Some(view) => view,
            None => json!(views::home::stranger(&self.stranger(by, None).await)),
        };
        self.publish(by, &view).await;
    }

    /// Keeps open Home tabs true, until `stop`.
    pub async fn keep_homes(self, stop: CancellationToken) {
        // The state that all of them show.
        let mut shown: Option<u64> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
            if self.paused {
                continue;
            }
            let s = self.board.snapshot();
            let kept = self.homes.kept(self.clock.steady_ms());
            if shown == Some(s.seq) && kept.iter().all(|(_, opened)| opened.shown.is_some()) {
                continue;
            }
            shown = Some(s.seq);
            let mut left = AT_ONCE;
            for (by, opened) in kept {
                // Whoever became unknown meanwhile reads so when they press something.
                let Some(view) = home(&self, &s, &by) else { continue };
                if opened.shown.as_deref() == Some(view.to_string().as_str()) {
                    continue;
                }
                if left == 0 || !self.publish(&by, &view).await {
                    shown = None;
                    break;
                }
                left -= 1;
            }
        }
    }

    /// False: Slack did not take it.
    async fn publish(&self, by: &SlackUserId, view: &Value) -> bool {
        let turn = self.homes.begin(by, self.clock.steady_ms());
        let outcome = self.client.call_now("views.publish", &json!({ "user_id": by, "view": view })).await;
        let done = matches!(outcome, Outcome::Ok(_));
        if done {
            self.homes.done(by, turn, &view.to_string());
        } else {
            tracing::warn!(outcome = outcome.name(), "a Home tab could not be published");
        }
        done
    }
}

/// `None`: somebody unknown.
fn home(handler: &Handler, s: &Snapshot, by: &SlackUserId) -> Option<Value> {
    let user = s.directory.user_by_slack(by)?;
    let duties = duties(&s.world, &s.directory, handler.now(), &user.id);
    let open: Vec<&Incident> = s.world.open_incidents().map(|i| &**i).collect();
    let mut mine: Vec<&Incident> = open.iter().copied().filter(|i| i.concerns(&user.id)).collect();
    mine.sort_by_cached_key(|i| views::list::order(i));
    let silent_until = out_of_hearing(&s.world, &s.directory, handler.now(), user);
    let reader = views::quiet::Reader { user: Some(&user.id), channel: None };
    let quiet = views::quiet::in_short(&s.world, &s.directory, reader);
    let me = views::home::Me { user, duties: &duties, silent_until, mine: &mine, quiet: quiet.as_deref() };
    Some(json!(views::home::home(&me, open.len(), &s.directory, s.store)))
}
