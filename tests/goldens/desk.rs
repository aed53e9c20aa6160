//! The domain at work for the goldens: no journal, no outbox; pages are delivered when the story says so.

use super::company::company;
use std::sync::Arc;
use warridor::domain::directory::{Directory, Policy, Step, Target, Urgency};
use warridor::domain::dnd::Window;
use warridor::domain::fact::Fact;
use warridor::domain::going_on::Announce;
use warridor::domain::handle::handle;
use warridor::domain::id::{HandoffNo, IncidentNo, InputId, ItemNo, MessageRef, QuietId, ServiceId, StoreId, UserId};
use warridor::domain::incident::Incident;
use warridor::domain::input::{
    Act, Deed, Delivery, Event, EventAction, Input, OverrideRequest, QuietRequest, Raise, Settled, Source, Unreadable,
    What,
};
use warridor::domain::item::ItemDeed;
use warridor::domain::page::SyncKey;
use warridor::domain::quiet::Covered;
use warridor::domain::rca::{Rca, RcaDeed};
use warridor::domain::refusal::Refusal;
use warridor::domain::stamp::{At, Stamp};
use warridor::domain::world::World;
use warridor::views::action_id::Subject;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Monday 2026-03-02, 03:02 in Lisbon and UTC.
pub const NIGHT: At = At(1_772_420_520_000);

pub struct Desk {
    pub directory: Directory,
    pub world: World,
    pub store: StoreId,
    pub now: At,
    inputs: u64,
}

impl Desk {
    /// The same, to go on in two ways.
    pub fn copy(&self) -> Self {
        Self {
            directory: self.directory.clone(),
            world: self.world.clone(),
            store: self.store,
            now: self.now,
            inputs: self.inputs,
        }
    }

    /// What an incident owes, or owed.
    pub fn rca_of(&self, i: &Incident) -> Option<&Rca> {
        self.world.rcas.get(&i.no).map(|rca| &**rca)
    }

    pub fn at(now: At) -> Self {
        let mut directory = company();
        // Long lists of incidents are not put together.
        directory.settings.flood = 0;
        for (id, name) in [("payments", "Payments API"), ("search", "Search"), ("reports", "Nightly reports")] {
            if let Some(service) = directory.services.get_mut(&ServiceId::from(id)) {
                service.name = name.to_owned();
            }
        }
        // A service whose policy finds nobody.
        let mut orphan = directory.services[&ServiceId::from("payments")].clone();
        (orphan.id, orphan.name, orphan.policy) = ("orphan".into(), "Orphan".to_owned(), "nobody".into());
        let steps = vec![Step::all(vec![Target::Schedule("empty".into())], 300)];
        directory.policies.insert("nobody".into(), Policy { id: "nobody".into(), steps, repeat: 0 });
        directory.services.insert("orphan".into(), orphan);
        // One that waits whether it clears by itself, and then for more of its kind.
        let mut sparks = directory.services[&ServiceId::from("probes")].clone();
        (sparks.id, sparks.name, sparks.hold_secs) = ("sparks".into(), "Sparks".to_owned(), 120);
        directory.services.insert("sparks".into(), sparks);
        let mut desk = Self { directory, world: World::default(), store: StoreId(0x5703_e1d0), now, inputs: 0 };
        let loaded = What::ConfigLoaded(Arc::new(desk.directory.clone()));
        desk.decide(loaded).expect("a configuration is never refused");
        desk
    }

    fn decide(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        self.inputs += 1;
        let input = Input { id: InputId::minted('g', self.inputs), what };
        let stamp = Stamp::agreed(self.now);
        let facts = handle(&self.world, &self.directory, &input, stamp)?;
        facts.iter().for_each(|f| self.world.apply(f, stamp));
        Ok(facts)
    }

    pub fn alert(&mut self, service: &str, action: EventAction) {
        let title = "Payment errors at 8 %: more than 2 % for 5 minutes";
        let labels = [("alertname", "PaymentErrors"), ("severity", "critical"), ("region", "eu-west-1")];
        self.event(service, action, "errors", title, "https://grafana.example/d/1?a=1&b=2", &labels);
    }

    /// A new alert with these words.
    pub fn titled(&mut self, service: &str, title: &str, link: &str, labels: &[(&str, &str)]) {
        let key = format!("key-{}", self.inputs);
        self.event(service, EventAction::Trigger, &key, title, link, labels);
    }

    pub fn event(
        &mut self,
        service: &str,
        action: EventAction,
        key: &str,
        title: &str,
        link: &str,
        l: &[(&str, &str)],
    ) {
        let event = Event {
            action,
            dedup_key: key.into(),
            title: title.to_owned(),
            link: link.to_owned(),
            labels: l.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            starts_at: None,
            ends_at: None,
        };
        let source = Source::Alertmanager;
        let (service, events) = (service.into(), vec![event]);
        let delivery = Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events };
        self.decide(What::Events(delivery)).expect("the service is known");
    }

    /// Another configuration is in force.
    pub fn configure(&mut self, directory: Directory) {
        self.directory = directory;
        let loaded = What::ConfigLoaded(Arc::new(self.directory.clone()));
        self.decide(loaded).expect("a configuration is never refused");
    }

    /// Something is heard of.
    pub fn beat(&mut self, heartbeat: &str) {
        self.decide(What::Beat { heartbeat: heartbeat.into() }).expect("nobody is refused");
    }

    /// The process was away, and begins again.
    pub fn restart(&mut self) {
        self.decide(What::Booted).expect("nobody is refused");
    }

    pub fn unreadable(&mut self, service: &str) {
        let body = Unreadable {
            service: service.into(),
            key_name: "WARRIDOR_KEY_PAYMENTS".to_owned(),
            urgency: None,
            title: "Cannot read an alert: payments are down".to_owned(),
            problem: "alerts: found \"many\"; send a list".to_owned(),
            excerpt: "{\"alerts\":\"many\",\"message\":\"payments are down\"}".to_owned(),
        };
        self.decide(What::Unreadable(body)).expect("the service is known");
    }

    /// Somebody opens an incident by hand.
    pub fn raise(&mut self, who: &str, service: &str, title: &str, urgency: Option<Urgency>) -> Vec<Fact> {
        let raise = Raise { service: service.into(), by: who.into(), title: title.to_owned(), urgency, from: None };
        self.decide(What::Raise(raise)).expect("the service is known")
    }

    /// Somebody carries the pager from so long on, for so long.
    pub fn stand_in(&mut self, schedule: &str, who: &str, from_ms: i64, for_ms: i64) {
        let (from, by) = (self.now.plus_ms(from_ms), who.into());
        let until = from.plus_ms(for_ms);
        let request = OverrideRequest { schedule: schedule.into(), user: who.into(), from, until, by };
        self.decide(What::Override(request)).expect("the schedule is known");
    }

    /// Slack holds back this person's notifications, from five hours ago until five hours from now.
    pub fn sleeps(&mut self, who: &str) {
        let window = Window { from: self.now.plus_ms(-5 * HOUR), until: self.now.plus_ms(5 * HOUR) };
        let slack = self.directory.users[&who.into()].slack.clone().expect("somebody in Slack");
        self.decide(What::DoNotDisturb(vec![(slack, Some(window))])).expect("never refused");
    }

    /// Somebody makes a silence or a maintenance window, from so long on until so long from now.
    pub fn quiet(&mut self, who: &str, scope: Covered, from_ms: i64, until_ms: i64, because: &str) {
        let (from, until) = (self.now.plus_ms(from_ms), self.now.plus_ms(until_ms));
        let request =
            QuietRequest { scope, by: who.into(), from, until, because: because.to_owned(), elsewhere: false };
        self.decide(What::Quiet(request)).expect("the story's windows are allowed");
    }

    pub fn end_quiet(&mut self, who: &str, id: u64) {
        self.decide(What::EndQuiet { id: QuietId(id), by: who.into() }).expect("it is in force");
    }

    /// Somebody notes something for the next handoff.
    pub fn note_for_handoff(&mut self, team: &str, who: &str, text: &str) {
        let note = What::HandoffNote { team: team.into(), by: who.into(), text: text.to_owned() };
        self.decide(note).expect("the team is known");
    }

    /// Whoever hands over writes something, unless it is empty, and offers what they have; if there is something to hand over.
    pub fn hands_over(&mut self, who: &str, handoff: HandoffNo, words: &str) {
        let by = UserId::from(who);
        if !words.is_empty() {
            let write = What::HandoffWrite { handoff, by: by.clone(), words: words.to_owned() };
            self.decide(write).expect("it is a draft");
        }
        let _ = self.decide(What::HandoffOffer { handoff, by });
    }

    /// Somebody does something to the RCA of #1.
    pub fn rca(&mut self, who: &str, deed: RcaDeed) {
        self.try_rca(who, deed).expect("the story's RCAs are written as they may be");
    }

    pub fn try_rca(&mut self, who: &str, deed: RcaDeed) -> Result<Vec<Fact>, Refusal> {
        self.decide(What::Rca { incident: IncidentNo(1), by: who.into(), deed })
    }

    pub fn item_done(&mut self, who: &str, item: u64, outcome: &str) {
        let done =
            What::Item { item: ItemNo(item), by: who.into(), deed: ItemDeed::Done { outcome: outcome.to_owned() } };
        self.decide(done).expect("it is to be done");
    }

    pub fn accepts(&mut self, who: &str, handoff: HandoffNo) {
        self.decide(What::HandoffAccept { handoff, by: who.into() }).expect("it waits for them");
    }

    /// Somebody says what they are doing, for so long.
    pub fn announce(&mut self, who: &str, text: &str, for_ms: i64) {
        let (text, until) = (text.to_owned(), self.now.plus_ms(for_ms));
        let said = Announce { by: who.into(), text, of: None, link: String::new(), until };
        self.decide(What::Announce(said)).expect("the story's announcements are allowed");
    }

    /// They want to know that pages reach them.
    pub fn test_page(&mut self, who: &str) -> Vec<Fact> {
        self.decide(What::TestPage { by: who.into() }).expect("they can be reached")
    }

    pub fn due(&mut self) {
        self.decide(What::Due).expect("never refused");
    }

    pub fn act_on(&mut self, incident: u64, who: &str, deed: Deed) -> Vec<Fact> {
        let act = Act { incident: IncidentNo(incident), by: who.into(), deed };
        self.decide(What::Act(act)).expect("the story's deeds are allowed")
    }

    pub fn act(&mut self, who: &str, deed: Deed) {
        self.try_act(who, deed).expect("the story's deeds are allowed");
    }

    pub fn try_act(&mut self, who: &str, deed: Deed) -> Result<Vec<Fact>, Refusal> {
        self.decide(What::Act(Act { incident: IncidentNo(1), by: who.into(), deed }))
    }

    /// Time passes and nothing is looked at.
    pub fn pass(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
    }

    /// Time passes, and what is due happens when it is due.
    pub fn advance(&mut self, ms: i64) {
        let end = self.now.plus_ms(ms);
        while let Some(due) = self.world.next_wake().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.decide(What::Due).expect("time is never refused");
            self.deliver();
        }
        self.now = end;
    }

    /// Slack took everything that was to be sent.
    pub fn deliver(&mut self) {
        let wanted: Vec<_> = self.world.wanted.iter().map(|(page, no)| (*page, *no)).collect();
        for (page, incident) in wanted {
            let message = MessageRef { channel: "D0".into(), ts: format!("1.{:06}", page.0).as_str().into() };
            self.settle(Settled::PagesDelivered { pages: vec![(incident, page)], message, bundle: None });
        }
        let incidents: Vec<Incident> = self.world.incidents.values().map(|i| (**i).clone()).collect();
        for i in incidents.iter().filter(|i| i.card.is_none()) {
            let message = MessageRef { channel: i.channel.clone(), ts: format!("2.{:06}", i.no.0).as_str().into() };
            self.settle(Settled::Created { key: SyncKey::Card(i.no), message });
        }
    }

    pub fn settle(&mut self, settled: Settled) {
        self.decide(What::Settled(settled)).expect("answers are never refused");
    }

    pub fn incident(&self, no: IncidentNo) -> Incident {
        (**self.world.incident(no).expect("the story has this incident")).clone()
    }

    pub fn subject(&self, i: &Incident) -> Option<Subject> {
        Some(Subject { store: self.store, incident: i.no })
    }
}
