//! The state: what all facts add up to.
//!
//! [`World::apply`] never fails, never reads the configuration and never asks a clock. A `World` holds what is open;
//! what is closed is a row on disk, loaded when an input or a fact speaks of it.

use super::directory::Target;
use super::dnd::Window;
use super::fact::Fact;
use super::fyi::Fyi;
use super::going_on::{Announcement, Change};
use super::group::Groups;
use super::handoff::{Handoff, Note};
use super::heartbeat::Watched;
use super::id::{
    AlertKey, AnnouncementNo, ChangeNo, ChannelId, FyiId, HandoffNo, HeartbeatId, IncidentNo, InputId, ItemNo,
    MisconfiguredNo, OverrideId, PageId, PolicyId, PostId, QuietId, ScheduleId, ServiceId, SlackUserId, TeamId, UserId,
};
use super::incident::{Entry, Incident};
use super::item::Item;
use super::misconfigured::{Came, Misconfigured, RuleHash};
use super::moved::News;
use super::page::Page;
use super::people::Newcomer;
use super::post::Post;
use super::prepare::{Prepared, ShiftKey};
use super::quiet::{Quiet, Sweep};
use super::rca::Rca;
use super::schedule::{Override, Shift};
use super::stamp::{At, Stamp};
use super::storm::Uncarded;
use super::worked::Worked;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod alerts;
mod apply;
mod calls;
mod change;
mod course;
mod fyi;
mod handoff;
mod incident;
mod misconfigured;
mod opened;
mod pages;
mod prepare;
mod rca;
mod response;
pub mod rows;
mod run;
mod timeline;

pub use change::alert_keys;

pub use fyi::Dropped;
use rows::RowKey;

/// For how long an input is recognised when it comes again.
pub const INPUT_MEMORY_MS: i64 = 60 * 60 * 1000;
/// How many inputs are recognised at most; the oldest are forgotten first.
pub const INPUT_MEMORY: usize = 50_000;

#[derive(Clone, Debug, Default)]
pub struct World {
    pub meta: Meta,
    /// Everything that is not closed, and what was loaded because somebody spoke of it.
    pub incidents: OrdMap<IncidentNo, Arc<Incident>>,
    /// The latest incident of an alert.
    pub by_alert: OrdMap<AlertKey, IncidentNo>,
    /// Pages that are neither settled nor revoked.
    pub wanted: OrdMap<PageId, IncidentNo>,
    /// The pages that share a message, by the number they share: those of the incidents in memory.
    pub bundles: OrdMap<PageId, OrdSet<(IncidentNo, PageId)>>,
    pub overrides: OrdMap<OverrideId, Override>,
    pub shifts: OrdMap<ScheduleId, CurrentShift>,
    /// When Slack holds back whose notifications, as it was told last: at most one for each person in the directory.
    pub dnd: OrdMap<SlackUserId, Window>,
    /// Who asked to be let in, and what became of it; bounded by [`super::people`].
    pub people: OrdMap<SlackUserId, Newcomer>,
    /// Messages about no single incident that are kept true; bounded by [`super::post::POSTS_MAX`].
    pub posts: OrdMap<PostId, Post>,
    /// Whose turn it was last, by policy and step: at most one for each step of the configuration.
    pub turns: OrdMap<(PolicyId, u32), Target>,
    /// What was changed lately; bounded by [`super::going_on::CHANGES_KEPT`].
    pub changes: OrdMap<ChangeNo, Change>,
    /// What people say they are doing; bounded by [`super::going_on::ANNOUNCEMENTS_MAX`].
    pub announcements: OrdMap<AnnouncementNo, Announcement>,
    /// Alerts that are to be mended; bounded by [`super::misconfigured::MISCONFIGURED_MAX`].
    pub misconfigured: OrdMap<MisconfiguredNo, Misconfigured>,
    /// How often alerts came, by their rule; bounded by [`super::misconfigured::CAME_RULES_MAX`].
    pub came: OrdMap<RuleHash, Came>,
    /// Silences and maintenance windows, and those that ended a short while ago; bounded by
    /// [`super::quiet::QUIETS_MAX`].
    pub quiets: OrdMap<QuietId, Quiet>,
    /// What is to be heard of every so often: at most what the configuration names.
    pub heartbeats: OrdMap<HeartbeatId, Watched>,
    /// Handoffs, drafts of those ahead among them; bounded by [`super::handoff::HANDOFFS_MAX`].
    pub handoffs: OrdMap<HandoffNo, Arc<Handoff>>,
    /// What the next one of a team is to know; bounded by [`super::handoff::NOTES_MAX`] for each.
    pub handoff_notes: OrdMap<TeamId, Vec<Note>>,
    /// Closed incidents that paged somebody, in short; bounded by [`super::worked::WORKED_MAX`].
    pub worked: OrdMap<IncidentNo, Arc<Worked>>,
    /// RCAs by their incident; bounded by [`super::rca::RCAS_MAX`].
    pub rcas: OrdMap<IncidentNo, Arc<Rca>>,
    /// Work that incidents left behind; bounded by [`super::item::ITEMS_MAX`].
    pub items: OrdMap<ItemNo, Arc<Item>>,
    /// Shifts that somebody was told of or got ready for; bounded by [`super::prepare::PREPARED_MAX`].
    pub prepared: OrdMap<ShiftKey, Arc<Prepared>>,
    /// What people are to hear of shifts that the file moved: at most one for each.
    pub moved: OrdMap<UserId, News>,
    /// What only informs; bounded by [`super::fyi::FYIS_MAX`].
    pub fyis: OrdMap<FyiId, Arc<Fyi>>,
    /// The latest of a key.
    pub(super) fyi_by_key: OrdMap<AlertKey, FyiId>,
    /// Open incidents that further alerts may join.
    pub groups: Groups,
    /// Open incidents by service.
    pub open: OrdMap<ServiceId, OrdSet<IncidentNo>>,
    /// Open incidents without a card, by channel.
    pub uncarded: Uncarded,
    /// Channels in a storm, and the message that tells of it; of [`World::posts`].
    pub storms: OrdMap<ChannelId, PostId>,
    seen: OrdMap<InputId, At>,
    seen_order: OrdSet<(At, InputId)>,
    wakes: OrdSet<(At, Wake)>,
    /// Closed incidents that are in memory because somebody spoke of them, or closed just now.
    closed: OrdSet<IncidentNo>,
    touched: Vec<RowKey>,
    /// What left memory and is not yet a row.
    spilled: Vec<Spilled>,
}

/// What there is one of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The last stamp applied.
    pub at: At,
    pub wall: At,
    /// The configuration in force; 0 before the first.
    pub config: u64,
    pub config_sha256: String,
    pub last_incident: IncidentNo,
    pub last_page: PageId,
    pub last_override: OverrideId,
    /// How many restores have had their numbers skipped.
    pub restores: u32,
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub last_post: PostId,
    #[serde(default, skip_serializing_if = "no_change_yet")]
    pub last_change: ChangeNo,
    #[serde(default, skip_serializing_if = "no_announcement_yet")]
    pub last_announcement: AnnouncementNo,
    #[serde(default, skip_serializing_if = "no_misconfigured_yet")]
    pub last_misconfigured: MisconfiguredNo,
    #[serde(default, skip_serializing_if = "no_quiet_yet")]
    pub last_quiet: QuietId,
    #[serde(default, skip_serializing_if = "no_handoff_yet")]
    pub last_handoff: HandoffNo,
    #[serde(default, skip_serializing_if = "no_item_yet")]
    pub last_item: ItemNo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    #[serde(default, skip_serializing_if = "no_fyi_yet")]
    pub last_fyi: FyiId,
    #[serde(default, skip_serializing_if = "Dropped::is_nothing")]
    pub dropped: Dropped,
    /// Slack cannot be reached, since then, on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_away: Option<At>,
}

fn no_change_yet(no: &ChangeNo) -> bool {
    no.0 == 0
}

fn no_announcement_yet(no: &AnnouncementNo) -> bool {
    no.0 == 0
}

fn no_misconfigured_yet(no: &MisconfiguredNo) -> bool {
    no.0 == 0
}

fn no_quiet_yet(id: &QuietId) -> bool {
    id.0 == 0
}

fn no_handoff_yet(no: &HandoffNo) -> bool {
    no.0 == 0
}

fn no_item_yet(no: &ItemNo) -> bool {
    no.0 == 0
}

fn is_none_yet(post: &PostId) -> bool {
    post.0 == 0
}

fn no_fyi_yet(fyi: &FyiId) -> bool {
    fyi.0 == 0
}

/// Who is on call by a schedule, and when to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentShift {
    pub shift: Shift,
    /// `shift.until` on the line of `at`.
    pub due: At,
    /// Since when this person carries it, or nobody does, however many shifts it is since then; on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// When the draft of the next handoff is due, on the line of `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<At>,
    /// When to look whose shift is ahead, on the line of `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<At>,
}

/// What left memory for a row of its own.
#[derive(Clone, Debug)]
pub enum Spilled {
    /// Of an incident's timeline.
    Entry(IncidentNo, Entry),
    /// Completed long ago.
    Rca(Arc<Rca>),
    /// Done long ago.
    Item(Arc<Item>),
}

/// What a deadline belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    Incident(IncidentNo),
    Shift(ScheduleId),
    Draft(ScheduleId),
    Ahead(ScheduleId),
    Moved(UserId),
    Handoff(HandoffNo),
    Rca(IncidentNo),
    Item(ItemNo),
    Override(OverrideId),
    Post(PostId),
    Announcement(AnnouncementNo),
    Quiet(QuietId),
    Heartbeat(HeartbeatId),
    Sweep,
}

impl World {
    /// The next instant at which something is due.
    pub fn next_wake(&self) -> Option<At> {
        self.wakes.get_min().map(|(at, _)| *at)
    }

    /// What is due at `at`, oldest first, at most `limit`.
    pub fn due(&self, at: At, limit: usize) -> Vec<Wake> {
        self.wakes.iter().take_while(|(due, _)| *due <= at).take(limit).map(|(_, w)| w.clone()).collect()
    }

    pub fn incident(&self, no: IncidentNo) -> Option<&Arc<Incident>> {
        self.incidents.get(&no)
    }

    /// The latest incident of an alert.
    pub fn incident_of(&self, key: &AlertKey) -> Option<&Arc<Incident>> {
        self.by_alert.get(key).and_then(|no| self.incidents.get(no))
    }

    /// Incidents that are not resolved, oldest first. Test pages are nobody's work, and not among them.
    pub fn open_incidents(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.incidents.values().filter(|i| !i.is_resolved() && !i.is_test())
    }

    /// Test pages that wait for their answer.
    pub fn tests(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.incidents.values().filter(|i| !i.is_resolved() && i.is_test())
    }

    /// The pages that share this page's message, itself among them, with their incidents; of a page that is alone, only
    /// itself. Those of incidents that closed are left out.
    pub fn sharing(&self, no: IncidentNo, page: PageId) -> Vec<(&Arc<Incident>, &Page)> {
        let alone = self.open_page(no, page);
        let Some((_, p)) = alone else { return Vec::new() };
        let Some(number) = p.bundle() else { return alone.into_iter().collect() };
        // What was taken for lost was sent again by the same number: then two messages have it.
        self.bundle(number).into_iter().filter(|(_, other)| other.message() == p.message()).collect()
    }

    /// Of the pages that share this one's message, the first that is open.
    pub fn first_sharing(&self, no: IncidentNo, page: PageId) -> Option<(IncidentNo, PageId)> {
        let (_, p) = self.open_page(no, page)?;
        let Some(number) = p.bundle() else { return Some((no, page)) };
        let shares = |(no, other): &(IncidentNo, PageId)| {
            self.open_page(*no, *other).is_some_and(|(_, other)| other.message() == p.message())
        };
        self.bundles.get(&number)?.iter().copied().find(shares)
    }

    /// The pages of a bundle, by its number.
    pub fn bundle(&self, number: PageId) -> Vec<(&Arc<Incident>, &Page)> {
        let all = self.bundles.get(&number);
        all.into_iter().flatten().filter_map(|(no, page)| self.open_page(*no, *page)).collect()
    }

    fn open_page(&self, no: IncidentNo, page: PageId) -> Option<(&Arc<Incident>, &Page)> {
        let incident = self.incidents.get(&no).filter(|i| !i.closed)?;
        Some((incident, incident.page(page)?))
    }

    /// The last stamp applied.
    pub fn stamp(&self) -> Stamp {
        Stamp { at: self.meta.at, wall: self.meta.wall }
    }

    /// The closed incidents in memory.
    pub fn closed(&self) -> impl Iterator<Item = &IncidentNo> {
        self.closed.iter()
    }

    /// Was this input decided within the last hour?
    pub fn has_seen(&self, id: &InputId) -> bool {
        self.seen.contains_key(id)
    }

    /// The pages that share a message, computed without the index; what the index must agree with.
    pub fn bundles_by_brute_force(&self) -> OrdMap<PageId, OrdSet<(IncidentNo, PageId)>> {
        let mut all: OrdMap<PageId, OrdSet<(IncidentNo, PageId)>> = OrdMap::new();
        for incident in self.incidents.values() {
            for (bundle, page) in incident.bundled() {
                all.entry(bundle).or_default().insert((incident.no, page));
            }
        }
        all
    }

    /// Every deadline, computed without the index; what the index must agree with.
    pub fn next_wake_by_brute_force(&self) -> Option<At> {
        let incidents = self.incidents.values().filter_map(|i| i.next_wake());
        let shifts = self.shifts.values().flat_map(|s| [Some(s.due), s.draft, s.ahead]).flatten();
        let handoffs = self.handoffs.values().filter_map(|h| h.due);
        let owed = self.rcas.values().filter_map(|rca| rca.wake());
        let items = self.items.values().filter_map(|item| item.wake());
        let moved = self.moved.values().map(|news| news.due);
        let handoffs = handoffs.chain(owed).chain(items).chain(moved);
        let overrides = self.overrides.values().map(|o| o.wake());
        let posts = self.posts.values().map(|p| p.keep_until);
        let announcements = self.announcements.values().map(|a| a.due);
        let quiets = self.quiets.values().map(|q| q.due);
        let heartbeats = self.heartbeats.values().filter_map(Watched::wake);
        let sweep = self.meta.sweep.map(|s| s.due);
        let of_state = posts.chain(announcements).chain(quiets).chain(heartbeats).chain(sweep);
        incidents.chain(shifts).chain(handoffs).chain(overrides).chain(of_state).min()
    }

    /// The rows that changed since this was last asked, each once.
    pub fn take_touched(&mut self) -> Vec<RowKey> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort();
        touched.dedup();
        touched
    }

    /// What left memory since this was last asked; each becomes a row.
    pub fn take_spilled(&mut self) -> Vec<Spilled> {
        std::mem::take(&mut self.spilled)
    }

    /// This state with no other incident in it: what one of them leads to is the same without the others.
    pub fn alone(&self, no: IncidentNo) -> Self {
        let mut world = self.clone();
        world.incidents = self.incidents.get(&no).map(|i| (no, i.clone())).into_iter().collect();
        world.wakes = self
            .wakes
            .iter()
            .filter(|(_, wake)| match wake {
                Wake::Incident(other) => *other == no,
                // What is said before a shift, and what is written and done afterwards, changes nothing of it.
                Wake::Ahead(_) | Wake::Moved(_) | Wake::Rca(_) | Wake::Item(_) => false,
                _ => true,
            })
            .cloned()
            .collect();
        world
    }

    /// This state with nothing in it that could fall silent: whether something will, nobody knows.
    pub fn hearing_all(mut self) -> Self {
        self.heartbeats.clear();
        self.wakes = self.wakes.iter().filter(|(_, wake)| !matches!(wake, Wake::Heartbeat(_))).cloned().collect();
        self
    }

    /// Drops closed incidents from memory. Only after their rows were handed to whoever writes them.
    pub fn evict_closed(&mut self) {
        for no in std::mem::take(&mut self.closed) {
            let Some(incident) = self.incidents.remove(&no) else {
                continue;
            };
            for (bundle, page) in incident.bundled() {
                self.leave_bundle(bundle, no, page);
            }
            for key in change::alert_keys(&incident) {
                if self.by_alert.get(&key).is_some_and(|latest| !self.incidents.contains_key(latest)) {
                    self.by_alert.remove(&key);
                }
            }
        }
    }

    /// Remembers that the inputs of a frame were decided.
    pub fn remember(&mut self, inputs: impl Iterator<Item = InputId>, stamp: Stamp) {
        for id in inputs.filter(InputId::may_come_twice) {
            if self.seen.insert(id.clone(), stamp.at).is_none() {
                self.seen_order.insert((stamp.at, id.clone()));
                self.touched.push(RowKey::Seen(id));
            }
        }
        while let Some((at, id)) = self.seen_order.get_min().cloned() {
            if self.seen.len() <= INPUT_MEMORY && at.0 > stamp.at.0 - INPUT_MEMORY_MS {
                break;
            }
            self.seen_order.remove(&(at, id.clone()));
            self.seen.remove(&id);
            self.touched.push(RowKey::Seen(id));
        }
    }

    /// Applies one fact. The rows and incidents it needs (see [`Fact::needs`]) are in memory already.
    pub fn apply(&mut self, fact: &Fact, stamp: Stamp) {
        self.meta.at = stamp.at;
        self.meta.wall = stamp.wall;
        apply::apply(self, fact, stamp);
    }

    fn leave_bundle(&mut self, bundle: PageId, no: IncidentNo, page: PageId) {
        let Some(all) = self.bundles.get_mut(&bundle) else { return };
        all.remove(&(no, page));
        if all.is_empty() {
            self.bundles.remove(&bundle);
        }
    }

    /// The message about a storm, while that lasts.
    fn put_post(&mut self, post: Post) {
        if let Some((channel, storm)) = post.storm()
            && storm.over.is_none()
        {
            self.storms.insert(channel.clone(), post.id);
        }
        self.wake_at(Some(post.keep_until), Wake::Post(post.id));
        self.posts.insert(post.id, post);
    }

    fn forget_post(&mut self, id: PostId) {
        let old = self.posts.remove(&id);
        if let Some((channel, _)) = old.as_ref().and_then(Post::storm)
            && self.storms.get(channel) == Some(&id)
        {
            self.storms.remove(channel);
        }
        self.forget_wake(old.map(|p| p.keep_until), Wake::Post(id));
    }

    fn wake_at(&mut self, at: Option<At>, wake: Wake) {
        if let Some(at) = at {
            self.wakes.insert((at, wake));
        }
    }

    fn forget_wake(&mut self, at: Option<At>, wake: Wake) {
        if let Some(at) = at {
            self.wakes.remove(&(at, wake));
        }
    }
}

/// It is found under this from now on.
fn enter<K: Ord + Clone>(index: &mut OrdMap<K, OrdSet<IncidentNo>>, key: K, no: IncidentNo) {
    index.entry(key).or_default().insert(no);
}

/// It is not found under this any more.
fn leave<K: Ord + Clone>(index: &mut OrdMap<K, OrdSet<IncidentNo>>, key: &K, no: IncidentNo) {
    let Some(all) = index.get_mut(key) else { return };
    all.remove(&no);
    if all.is_empty() {
        index.remove(key);
    }
}

/// Moves it, where it is found by something else than before.
fn follow<K: Ord + Clone>(
    index: &mut OrdMap<K, OrdSet<IncidentNo>>,
    before: Option<K>,
    now: Option<K>,
    no: IncidentNo,
) {
    if before == now {
        return;
    }
    if let Some(key) = before {
        leave(index, &key, no);
    }
    if let Some(key) = now {
        enter(index, key, no);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Method, Urgency};
    use crate::domain::fact::IncidentOpened;
    use crate::domain::id::{CallNo, MessageRef};
    use crate::domain::incident::SETTLED_PAGES_KEPT;
    use crate::domain::input::Source;
    use crate::domain::page::{Purpose, Recipient};
    use crate::domain::text::Text;

    /// #1, of low urgency: nobody is asked by itself.
    fn one_incident() -> World {
        let mut world = World::default();
        let opened = Fact::IncidentOpened(Box::new(IncidentOpened {
            incident: IncidentNo(1),
            service: "payments".into(),
            team: "payments".into(),
            channel: "C0PAY".into(),
            private: false,
            tier: 1,
            urgency: Urgency::Low,
            policy: "payments".into(),
            source: Source::Generic,
            dedup: "disk".into(),
            by: None,
            earlier: None,
            starts_at: None,
            origin: None,
            title: Text::new("disk"),
            link: Text::default(),
            labels: Text::default(),
            message: None,
            told: None,
            group: Text::default(),
            threshold: None,
        }));
        world.apply(&opened, Stamp::agreed(At(0)));
        world
    }

    fn page_in_a_bundle(world: &mut World, page: PageId, bundle: PageId) {
        let (incident, call, method) = (IncidentNo(1), CallNo(0), Method::Slack);
        let (to, purpose) = (Recipient::User("ana".into()), Purpose::Step);
        let requested =
            Fact::PageRequested { incident, page, call, to, method, purpose, queued: false, silent_until: None };
        let message = MessageRef { channel: "D0ANA".into(), ts: "1.2".into() };
        let delivered = Fact::PageDelivered { incident, page, message, bundle: Some(bundle) };
        for fact in [requested, delivered] {
            world.apply(&fact, Stamp::agreed(At(0)));
        }
    }

    #[test]
    fn a_page_that_is_forgotten_leaves_the_message_it_shared() {
        let mut world = one_incident();
        let all = SETTLED_PAGES_KEPT as u64 + 5;
        for n in 1..=all {
            page_in_a_bundle(&mut world, PageId(n), PageId(n / 2));
            assert_eq!(world.bundles, world.bundles_by_brute_force(), "after page {n}");
        }
        let kept = world.incident(IncidentNo(1)).map_or(0, |i| i.pages.len());
        assert!(kept <= SETTLED_PAGES_KEPT, "{kept} pages are kept");
        assert_eq!(world.bundles.values().map(OrdSet::len).sum::<usize>(), kept);
    }
}
