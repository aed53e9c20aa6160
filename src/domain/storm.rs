//! More incidents than a channel can be told of one by one: Slack takes about one message a second into a channel. One
//! message lists the worst of them, and is kept true; their cards follow, the worst first.

use super::decision::Decision;
use super::fact::Fact;
use super::id::{ChannelId, IncidentNo, PostId};
use super::incident::Incident;
use super::page::Recipient;
use super::post::{self, About, Post};
use super::stamp::At;
use super::world::World;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// More cards than this that a channel waits for are a storm.
pub const CARDS_MAX: usize = 20;

/// How long its message is kept true, in seconds, beside the time after which what was resolved is closed.
const KEPT_SECS: i64 = 48 * 60 * 60;

/// Incidents that are open and have no card yet, by the channel it is to be in. Those in memory.
pub type Uncarded = OrdMap<ChannelId, OrdSet<IncidentNo>>;

/// What a channel was told of all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Storm {
    /// The first of its incidents.
    pub from: IncidentNo,
    /// `None` while cards are still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Over>,
}

/// When all that were open had their card; on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Over {
    pub at: At,
    /// The last of its incidents.
    pub last: IncidentNo,
    /// How many there were.
    pub incidents: usize,
}

impl Storm {
    pub fn has(&self, no: IncidentNo) -> bool {
        self.from <= no && self.over.is_none_or(|over| no <= over.last)
    }
}

/// A channel that waits for too many cards gets one message about all of them; one that has them all hears that it is over.
pub(super) fn look(d: &mut Decision<'_>, touched: &[IncidentNo]) {
    let world = d.world();
    if world.uncarded.is_empty() && world.storms.is_empty() {
        return;
    }
    let has_all = world.storms.iter().filter(|(channel, _)| !world.uncarded.contains_key(*channel));
    let over: Vec<PostId> = has_all.map(|(_, post)| *post).collect();
    for post in over {
        let world = d.world();
        let Some((channel, storm)) = world.posts.get(&post).and_then(Post::storm) else { continue };
        let (last, incidents) = (world.meta.last_incident, world.in_storm(channel, storm).count());
        d.emit(Fact::StormOver { post, last, incidents });
    }
    for no in touched {
        let world = d.world();
        let Some(channel) = world.incident(*no).and_then(|i| i.waits_for_card()).cloned() else { continue };
        let waiting = world.uncarded.get(&channel);
        let Some(from) = waiting.filter(|all| all.len() > CARDS_MAX).and_then(|all| all.get_min().copied()) else {
            continue;
        };
        if !world.storms.contains_key(&channel) {
            let about = About::Storm(Storm { from, over: None });
            let keep_secs = d.directory.settings.close_after_secs + KEPT_SECS;
            post::want(d, Recipient::Channel(channel), about, keep_secs);
        }
    }
}

impl Incident {
    /// The channel that is to get its card, while it is open and has none.
    pub fn waits_for_card(&self) -> Option<&ChannelId> {
        (self.card.is_none() && !self.is_resolved() && !self.is_test()).then_some(&self.channel)
    }
}

impl Post {
    /// The storm that it tells its channel of.
    pub fn storm(&self) -> Option<(&ChannelId, &Storm)> {
        match (&self.to, &self.about) {
            (Recipient::Channel(channel), About::Storm(storm)) => Some((channel, storm)),
            _ => None,
        }
    }
}

impl World {
    /// It was over before its card was due, and the message about the storm told of it: it gets no card any more, unless it
    /// comes back.
    pub fn is_told_by_storm(&self, i: &Incident) -> bool {
        let tells = |p: &Post| {
            p.message.is_some() && p.storm().is_some_and(|(channel, storm)| *channel == i.channel && storm.has(i.no))
        };
        i.card.is_none() && i.is_resolved() && self.posts.values().any(tells)
    }

    /// The incidents that it tells of, as far as they are in memory.
    pub fn in_storm<'a>(&'a self, channel: &'a ChannelId, storm: &'a Storm) -> impl Iterator<Item = &'a Arc<Incident>> {
        let all = self.incidents.range(storm.from..).map(|(_, i)| i);
        all.filter(move |i| i.channel == *channel && storm.has(i.no) && !i.is_test())
    }

    /// Computed without the index; what the index must agree with.
    pub fn uncarded_by_brute_force(&self) -> Uncarded {
        let mut all = Uncarded::new();
        for (channel, no) in self.incidents.values().filter_map(|i| Some((i.waits_for_card()?, i.no))) {
            all.entry(channel.clone()).or_default().insert(no);
        }
        all
    }

    /// Computed without the index; what the index must agree with.
    pub fn storms_by_brute_force(&self) -> OrdMap<ChannelId, PostId> {
        let is_on = |p: &&Post| p.storm().is_some_and(|(_, storm)| storm.over.is_none());
        self.posts.values().filter(is_on).filter_map(|p| Some((p.storm()?.0.clone(), p.id))).collect()
    }
}
