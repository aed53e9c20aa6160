//! Tells the admin channel of times at which nobody will be on call, before they begin, and of incidents whose responder
//! left the configuration. Which there are is decided in `domain/gaps.rs`; here is when it is looked at, and what was told
//! already.

use crate::clock::Clock;
use crate::domain::gaps;
use crate::domain::id::{IncidentNo, ScheduleId, UserId};
use crate::domain::schedule::Gap;
use crate::domain::stamp::At;
use crate::notices::Notices;
use crate::pump::driver::Board;
use crate::views;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Gaps are looked for this often,
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);
/// and this soon after another configuration is in force.
const NEW_EVERY: Duration = Duration::from_secs(2);

/// Looks, and tells.
pub struct Watch {
    pub board: Arc<Board>,
    pub clock: Clock,
    pub notices: Notices,
}

impl Watch {
    pub fn start(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let looking = async {
                let mut told = Told::default();
                loop {
                    let config = self.board.snapshot().world.meta.config;
                    self.look(&mut told).await;
                    tokio::select! {
                        () = self.clock.sleep(LOOK_EVERY) => {}
                        () = self.another_than(config) => {}
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = looking => {}
            }
        })
    }

    async fn another_than(&self, config: u64) {
        while self.board.snapshot().world.meta.config == config {
            tokio::time::sleep(NEW_EVERY).await;
        }
    }

    async fn look(&self, told: &mut Told) {
        let (snapshot, now) = (self.board.snapshot(), self.clock.now());
        let new = told.news(gaps::ahead(&snapshot.world, &snapshot.directory, now), now);
        for (schedule, gap) in &new {
            tracing::warn!(%schedule, from = gap.from.0, until = gap.until.0, "nobody will be on call");
        }
        if !new.is_empty() && self.notices.say(views::calendar::gaps_ahead(&new, &snapshot.directory)).await {
            told.these(&new);
        }
        let left = told.newly_left(gaps::left_behind(&snapshot.world, &snapshot.directory));
        for (incident, user) in &left {
            tracing::warn!(%incident, %user, "whoever has it is not in the configuration any more");
        }
        if !left.is_empty() && self.notices.say(views::calendar::left_behind(&left, &snapshot.directory)).await {
            told.left.extend(left);
        }
    }
}

/// What the admin channel heard. A gap is known by its end: one that lasts begins anew with every look.
#[derive(Default)]
struct Told {
    gaps: BTreeSet<(ScheduleId, At)>,
    left: BTreeSet<(IncidentNo, UserId)>,
}

impl Told {
    /// Those that were not told yet; forgets what is over.
    fn news(&mut self, ahead: Vec<(ScheduleId, Gap)>, now: At) -> Vec<(ScheduleId, Gap)> {
        self.gaps.retain(|(_, until)| *until > now);
        ahead.into_iter().filter(|(id, gap)| !self.gaps.contains(&(id.clone(), gap.until))).collect()
    }

    fn these(&mut self, told: &[(ScheduleId, Gap)]) {
        self.gaps.extend(told.iter().map(|(id, gap)| (id.clone(), gap.until)));
    }

    /// Of what is left behind, what was not told yet; forgets what is no longer.
    fn newly_left(&mut self, now: Vec<(IncidentNo, UserId)>) -> Vec<(IncidentNo, UserId)> {
        let now: BTreeSet<_> = now.into_iter().collect();
        self.left.retain(|known| now.contains(known));
        now.into_iter().filter(|left| !self.left.contains(left)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(from: i64, until: i64) -> (ScheduleId, Gap) {
        ("primary".into(), Gap { from: At(from), until: At(until) })
    }

    #[test]
    fn each_gap_is_told_once_also_while_it_lasts_and_again_if_it_was_not_heard() {
        let mut told = Told::default();
        let first = told.news(vec![gap(100, 200)], At(0));
        assert_eq!(first, [gap(100, 200)]);
        assert_eq!(told.news(vec![gap(100, 200)], At(10)), first, "Slack did not take it");
        told.these(&first);
        assert_eq!(told.news(vec![gap(100, 200), gap(300, 400)], At(50)), [gap(300, 400)]);
        assert_eq!(told.news(vec![gap(150, 200)], At(150)), [], "it lasts");
        assert_eq!(told.news(Vec::new(), At(200)), []);
        assert!(told.gaps.is_empty(), "what is over is forgotten");
    }

    #[test]
    fn an_incident_that_is_left_behind_is_told_once_and_again_if_it_happens_again() {
        let left = |no: u64| (IncidentNo(no), UserId::from("ben"));
        let mut told = Told::default();
        assert_eq!(told.newly_left(vec![left(1), left(2)]), [left(1), left(2)]);
        told.left.extend([left(1), left(2)]);
        assert_eq!(told.newly_left(vec![left(1), left(2), left(3)]), [left(3)]);
        assert_eq!(told.newly_left(vec![left(2)]), []);
        assert_eq!(told.newly_left(vec![left(1), left(2)]), [left(1)]);
    }
}
