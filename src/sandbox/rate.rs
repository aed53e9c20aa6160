//! Slack's rate limits: tiers a minute for each method, about one post a second for each channel, and a cap on all
//! posts of the workspace. Source: docs.slack.dev/apis/web-api/rate-limits.

use crate::domain::stamp::At;
use std::collections::{BTreeMap, VecDeque};

/// How often a method may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 20+ a minute.
    Two,
    /// 50+ a minute.
    Three,
    /// 100+ a minute.
    Four,
    /// `apps.connections.open`: about 50 a minute in practice, whatever its page says.
    Connections,
    /// "Hundreds a minute": not limited here.
    Special,
    /// `chat.postMessage`.
    Posting,
}

/// A post a second for each channel on average; this many at once.
const CHANNEL_BURST: i64 = 5;
/// Posts a minute over the whole workspace ("several hundred").
const WORKSPACE_POSTS: usize = 300;
const WINDOW_MS: i64 = 60_000;

/// What was called lately.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    methods: BTreeMap<&'static str, VecDeque<At>>,
    posts: VecDeque<At>,
    /// Per channel: the instant at which the bucket is full again.
    channels: BTreeMap<String, At>,
}

impl Rates {
    /// Counts a call, or says how many seconds to wait. A refused call is not counted.
    pub fn admit(&mut self, method: &'static str, tier: Tier, channel: Option<&str>, now: At) -> Result<(), u64> {
        let most = match tier {
            Tier::Two => 20,
            Tier::Three | Tier::Connections => 50,
            Tier::Four => 100,
            Tier::Special => return Ok(()),
            Tier::Posting => return self.admit_post(channel.unwrap_or(""), now),
        };
        window(self.methods.entry(method).or_default(), most, now)
    }

    fn admit_post(&mut self, channel: &str, now: At) -> Result<(), u64> {
        let full_at = self.channels.get(channel).copied().unwrap_or(now).max(now);
        let owed_ms = full_at.0 - now.0;
        if owed_ms > (CHANNEL_BURST - 1) * 1_000 {
            return Err(secs(owed_ms - (CHANNEL_BURST - 1) * 1_000));
        }
        window(&mut self.posts, WORKSPACE_POSTS, now)?;
        self.channels.retain(|_, at| *at > now);
        self.channels.insert(channel.into(), full_at.plus_ms(1_000));
        Ok(())
    }
}

fn window(calls: &mut VecDeque<At>, most: usize, now: At) -> Result<(), u64> {
    // A clock that was moved back must not lock a method for ever.
    while calls.front().is_some_and(|at| now.0 - at.0 >= WINDOW_MS || *at > now.plus_ms(WINDOW_MS)) {
        calls.pop_front();
    }
    match calls.front() {
        Some(first) if calls.len() >= most => Err(secs(first.0 + WINDOW_MS - now.0)),
        _ => {
            calls.push_back(now);
            Ok(())
        }
    }
}

fn secs(ms: i64) -> u64 {
    u64::try_from(ms.max(1)).unwrap_or(1).div_ceil(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_that_many_calls_in_any_minute() {
        for (tier, most) in [(Tier::Two, 20), (Tier::Three, 50), (Tier::Four, 100), (Tier::Connections, 50)] {
            let mut rates = Rates::default();
            for i in 0..most {
                assert_eq!(rates.admit("m", tier, None, At(i)), Ok(()), "{tier:?} call {i}");
            }
            assert_eq!(rates.admit("m", tier, None, At(1_000)), Err(59), "{tier:?}");
            assert_eq!(rates.admit("other", tier, None, At(1_000)), Ok(()));
            assert_eq!(rates.admit("m", tier, None, At(60_000)), Ok(()), "{tier:?} a minute later");
        }
    }

    #[test]
    fn posts_are_one_a_second_for_each_channel_with_a_short_burst() {
        let mut rates = Rates::default();
        for _ in 0..CHANNEL_BURST {
            assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C1"), At(0)), Ok(()));
        }
        assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C1"), At(0)), Err(1));
        assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C2"), At(0)), Ok(()));
        assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C1"), At(1_000)), Ok(()));
        assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C1"), At(1_000)), Err(1));
    }

    #[test]
    fn the_workspace_has_a_cap_of_its_own() {
        let mut rates = Rates::default();
        for i in 0..WORKSPACE_POSTS {
            assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some(&format!("C{i}")), At(0)), Ok(()));
        }
        assert_eq!(rates.admit("chat.postMessage", Tier::Posting, Some("C-new"), At(0)), Err(60));
    }
}
