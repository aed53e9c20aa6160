use super::*;
use crate::domain::directory::{Directory, Service};
use crate::domain::handle::decide;
use crate::domain::id::{InputId, ItemNo};
use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Raise, SnoozeWhy, Unreadable, What};
use crate::domain::item::{Item, ItemDeed, Kind};
use crate::domain::stamp::Stamp;

const DAY: i64 = 24 * 60 * 60;

struct Desk {
    directory: Directory,
    world: World,
    now: At,
}

impl Desk {
    fn new() -> Self {
        let service = |id: &str| Service::new(id.into(), "team".into(), "policy".into(), "C0PAY".into());
        let services = ["payments", "search"].map(|id| (ServiceId::from(id), service(id))).into();
        let directory = Directory { services, ..Directory::empty("C0ADMIN".into()) };
        Self { directory, world: World::default(), now: At(0) }
    }

    fn tell(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        let input = Input { id: InputId::minted('t', 1), what };
        decide(&mut self.world, &self.directory, &input, Stamp::agreed(self.now))
    }

    /// An alert of this name fires; the number of its incident.
    fn fires(&mut self, service: &str, key: &str, labels: &[(&str, &str)]) -> u64 {
        let delivery = delivery(service, event(key, labels));
        self.tell(What::Events(delivery)).expect("a service that is known");
        self.world.meta.last_incident.0
    }

    fn act(&mut self, by: &str, no: u64, deed: Deed) -> Vec<Fact> {
        self.tell(What::Act(Act { incident: IncidentNo(no), by: by.into(), deed })).expect("not refused")
    }

    /// It fires, somebody has it, and it is resolved; by whom, if anybody.
    fn comes(&mut self, key: &str, labels: &[(&str, &str)], by: Option<&str>) -> u64 {
        let no = self.fires("payments", key, labels);
        if let Some(by) = by {
            self.act(by, no, Deed::Acknowledge);
        }
        let event = Event { action: EventAction::Resolve, ..event(key, labels) };
        self.tell(What::Events(delivery("payments", event))).expect("known");
        if let Some(by) = by {
            self.act(by, no, Deed::Resolve { note: None });
        }
        no
    }

    /// "1: DiskFull of payments, ana by Mon 09:00, came back 3 times, done by ben"
    fn items(&self) -> Vec<String> {
        let line = |item: &Arc<Item>| {
            let done = item.done.as_ref().map_or(String::new(), |done| format!(", done by {}", done.by));
            let Kind::Alert { why, .. } = item.kind else { panic!("{item:?}") };
            format!("{}: {} of {}, {}, {why:?}{done}", item.no.0, item.what, item.service, item.owner)
        };
        self.world.items.values().map(line).collect()
    }

    /// Whoever was to mend what is listed is gone, as of entries that an earlier version made.
    fn nobody_mends(&mut self) {
        for no in self.world.misconfigured.keys().copied().collect::<Vec<_>>() {
            self.world.misconfigured[&no].item = None;
        }
    }

    fn for_later(&mut self, by: &str, no: u64, because: &str) -> Vec<Fact> {
        let (until, because) = (self.now.plus_secs(3_600), because.to_owned());
        self.act(by, no, Deed::Snooze { until, why: Some(SnoozeWhy::NotUrgent), because })
    }

    /// "1: disk-full of payments, 2 not urgent, 1 not actionable, by ana of #3"
    fn list(&self) -> Vec<String> {
        let line = |m: &Misconfigured| {
            let (later, nothing) = (m.not_urgent, m.not_actionable);
            let (no, name, service) = (m.no.0, &m.name, &m.service);
            format!(
                "{no}: {name} of {service}, {later} not urgent, {nothing} not actionable, {} of {}",
                m.by, m.incident
            )
        };
        listed(&self.world, self.now).into_iter().map(line).collect()
    }
}

fn event(key: &str, labels: &[(&str, &str)]) -> Event {
    Event {
        action: EventAction::Trigger,
        dedup_key: key.into(),
        title: "it is wrong".to_owned(),
        link: String::new(),
        labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        starts_at: None,
        ends_at: None,
    }
}

fn delivery(service: &str, event: Event) -> Delivery {
    let (service, source) = (service.into(), Source::Alertmanager);
    Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events: vec![event] }
}

const DISK: &[(&str, &str)] = &[("alertname", "DiskFull"), ("instance", "db-1")];

#[test]
fn one_rule_is_one_entry_whatever_instance_of_it_fires_and_its_marks_are_counted_by_incident() {
    let mut desk = Desk::new();
    let (one, two) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "b2", &[("alertname", "DiskFull")]));
    let elsewhere = desk.fires("search", "c3", DISK);
    desk.for_later("ana", one, "the cleaner runs at six");
    desk.now = At(0).plus_secs(DAY);
    desk.for_later("ben", two, "");
    desk.act("ben", two, Deed::NotActionable);
    desk.for_later("ana", elsewhere, "");
    assert_eq!(
        desk.list(),
        [
            "1: DiskFull of payments, 2 not urgent, 1 not actionable, ben of #2",
            "2: DiskFull of search, 1 not urgent, 0 not actionable, ana of #3"
        ]
    );
    let first = &desk.world.misconfigured[&MisconfiguredNo(1)];
    assert_eq!((first.first, first.last, &*first.note), (At(0), desk.now, "the cleaner runs at six"));
    assert_eq!(first.urgency, Urgency::High);
}

#[test]
fn what_is_said_twice_of_one_incident_counts_once() {
    let mut desk = Desk::new();
    let no = desk.fires("payments", "a1", DISK);
    desk.for_later("ana", no, "");
    desk.for_later("ben", no, "at six");
    desk.act("ben", no, Deed::NotActionable);
    desk.act("ana", no, Deed::Reopen);
    desk.act("ana", no, Deed::NotActionable);
    assert_eq!(desk.list(), ["1: DiskFull of payments, 1 not urgent, 1 not actionable, ana of #1"]);
    assert_eq!(&*desk.world.misconfigured[&MisconfiguredNo(1)].note, "at six");
}

#[test]
fn only_some_of_what_people_do_marks_an_alert() {
    let mut desk = Desk::new();
    let until = At(0).plus_secs(60);
    for why in [None, Some(SnoozeWhy::WaitingOn), Some(SnoozeWhy::KnownWork)] {
        let no = desk.fires("payments", "a1", DISK);
        desk.act("ana", no, Deed::Snooze { until, why, because: String::new() });
        desk.act("ana", no, Deed::Resolve { note: None });
        desk.act("ana", no, Deed::Reopen);
    }
    let raise =
        Raise { service: "payments".into(), by: "ana".into(), title: "slow".to_owned(), urgency: None, from: None };
    desk.tell(What::Raise(raise)).expect("known");
    desk.for_later("ana", desk.world.meta.last_incident.0, "");
    let body = Unreadable {
        service: "payments".into(),
        key_name: "KEY".to_owned(),
        urgency: None,
        title: "?".to_owned(),
        problem: "?".to_owned(),
        excerpt: "?".to_owned(),
    };
    desk.tell(What::Unreadable(body)).expect("known");
    desk.act("ana", desk.world.meta.last_incident.0, Deed::NotActionable);
    assert_eq!(desk.list(), [""; 0], "what a person reported and what nobody can read have no rule");
}

#[test]
fn without_a_name_an_alert_is_known_by_its_key() {
    let mut desk = Desk::new();
    for (key, label) in [("disk/db-1", ("severity", "critical")), ("disk/db-2", ("alertname", "  "))] {
        let no = desk.fires("payments", key, &[label]);
        desk.act("ana", no, Deed::NotActionable);
    }
    let named = desk.fires("payments", "x", &[("alertname", "disk/db-1")]);
    desk.act("ana", named, Deed::NotActionable);
    let by_key: Vec<bool> = desk.world.misconfigured.values().map(|m| m.by_key).collect();
    assert_eq!(by_key, [true, true, false], "a name is not a key");
}

#[test]
fn mended_it_is_listed_no_more_and_a_later_mark_begins_anew() {
    let mut desk = Desk::new();
    let no = desk.fires("payments", "a1", DISK);
    desk.for_later("ana", no, "");
    let mended = || What::Mended { entry: MisconfiguredNo(1), by: "ben".into() };
    desk.tell(mended()).expect("it is listed");
    assert_eq!(desk.list(), [""; 0]);
    let none = Err(Refusal::NoSuchMisconfigured(MisconfiguredNo(1)));
    assert_eq!(desk.tell(mended()), none);
    desk.now = At(0).plus_secs(DAY);
    desk.for_later("ana", no, "");
    assert_eq!(desk.list(), ["2: DiskFull of payments, 1 not urgent, 0 not actionable, ana of #1"]);
    assert_eq!(desk.tell(mended()), none, "an old button mends nothing new");
}

#[test]
fn ninety_days_after_its_last_mark_it_is_forgotten() {
    let mut desk = Desk::new();
    let (disk, cpu) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "c1", &[("alertname", "Cpu")]));
    desk.for_later("ana", disk, "");
    desk.now = At(0).plus_secs(DAY);
    desk.for_later("ana", cpu, "");
    desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS);
    assert_eq!(desk.list().len(), 2, "somebody is to mend them");
    desk.nobody_mends();
    desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS - 1);
    assert_eq!(desk.list().len(), 2);
    desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS);
    assert_eq!(desk.list(), ["2: Cpu of payments, 1 not urgent, 0 not actionable, ana of #2"], "it is not shown");
    let gone = desk.tell(What::Mended { entry: MisconfiguredNo(1), by: "ben".into() });
    assert_eq!(gone, Err(Refusal::NoSuchMisconfigured(MisconfiguredNo(1))));
    desk.for_later("ana", disk, "");
    let listed = "3: DiskFull of payments, 1 not urgent, 0 not actionable, ana of #1";
    let cpu = "2: Cpu of payments, 1 not urgent, 0 not actionable, ana of #2";
    assert_eq!(desk.list(), [listed, cpu], "marked again, it begins anew");
    assert_eq!(desk.world.misconfigured.len(), 2);
}

#[test]
fn one_mark_while_the_clock_is_months_ahead_forgets_no_other() {
    let mut desk = Desk::new();
    let (disk, cpu) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "c1", &[("alertname", "Cpu")]));
    desk.for_later("ana", disk, "");
    desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS);
    desk.for_later("ana", cpu, "");
    desk.now = At(0).plus_secs(DAY);
    assert_eq!(desk.list().len(), 2, "set right, it shows both");
}

#[test]
fn there_are_only_so_many_and_the_one_that_was_marked_longest_ago_goes() {
    let mut desk = Desk::new();
    for n in 0..MISCONFIGURED_MAX {
        let no = desk.fires("payments", &format!("k{n}"), &[("alertname", &format!("Alert{n}"))]);
        desk.now = desk.now.plus_secs(1);
        desk.for_later("ana", no, "");
    }
    desk.now = desk.now.plus_secs(1);
    desk.for_later("ben", 1, "");
    let one_more = desk.fires("payments", "more", &[("alertname", "OneMore")]);
    let facts = desk.for_later("ana", one_more, "");
    assert!(facts.contains(&Fact::MisconfiguredForgotten { entry: MisconfiguredNo(2) }));
    assert_eq!(desk.world.misconfigured.len(), MISCONFIGURED_MAX);
    assert!(desk.world.misconfigured.values().any(|m| &*m.name == "Alert0"), "it was marked again");
}

#[test]
fn the_list_survives_as_rows() {
    let mut desk = Desk::new();
    let no = desk.fires("payments", "a1", DISK);
    desk.for_later("ana", no, "at six");
    let mut read = World::default();
    for (key, value) in desk.world.all_rows() {
        read.load_row(&key, &value.expect("a value")).expect("it can be read");
    }
    assert_eq!((&read.misconfigured, &read.meta), (&desk.world.misconfigured, &desk.world.meta));
    assert_eq!(read.incidents, desk.world.incidents);
    assert_eq!(read.misconfigured.len(), 1);
    desk.tell(What::Mended { entry: MisconfiguredNo(1), by: "ben".into() }).expect("it is listed");
    let touched = desk.world.take_touched();
    let gone = touched
        .iter()
        .flat_map(|key| desk.world.row_changes(key))
        .any(|(key, value)| key.starts_with(b"w/") && value.is_none());
    assert!(gone, "its row goes too");
}

#[test]
fn what_asks_somebody_three_times_within_a_week_is_whose_it_was_to_mend() {
    let mut desk = Desk::new();
    for (day, key, by) in [(0, "db-1", Some("ana")), (3, "db-2", Some("ben"))] {
        desk.now = At(0).plus_secs(day * DAY);
        desk.comes(key, DISK, by);
    }
    assert_eq!((desk.list(), desk.items()), (vec![], vec![]), "twice is not often");
    desk.now = At(0).plus_secs(7 * DAY - 1);
    let no = desk.comes("db-3", DISK, Some("ben"));
    assert_eq!(desk.list(), [format!("1: DiskFull of payments, 0 not urgent, 0 not actionable,  of #{no}")]);
    assert_eq!(desk.items(), ["1: DiskFull of payments, ben, CameBack { times: 3 }"]);
    assert_eq!(desk.world.misconfigured[&MisconfiguredNo(1)].came, 3);
    desk.now = At(0).plus_secs(7 * DAY);
    desk.comes("db-1", DISK, Some("ana"));
    assert_eq!(desk.world.misconfigured[&MisconfiguredNo(1)].came, 3, "the first is a week ago");
    let no = desk.fires("payments", "db-1", DISK);
    desk.for_later("ana", no, "");
    assert_eq!(desk.items().len(), 1, "and somebody mends it already");
}

#[test]
fn a_week_between_the_first_and_the_third_is_too_long() {
    let mut desk = Desk::new();
    for at in [0, DAY, 7 * DAY] {
        desk.now = At(0).plus_secs(at);
        desk.comes("db-1", DISK, Some("ana"));
    }
    assert_eq!(desk.items(), [""; 0]);
}

#[test]
fn one_outage_is_one_time_on_however_many_hosts() {
    let mut desk = Desk::new();
    for (minutes, key) in [(0, "db-1"), (20, "db-2"), (59, "db-3"), (61, "db-1"), (119, "db-2")] {
        desk.now = At(0).plus_secs(minutes * 60);
        desk.comes(key, DISK, Some("ana"));
    }
    assert_eq!(desk.items(), [""; 0], "that was twice: at 0:00 and at 1:01");
    desk.now = At(0).plus_secs(121 * 60);
    desk.comes("db-3", DISK, Some("ana"));
    assert_eq!(desk.items(), ["1: DiskFull of payments, ana, CameBack { times: 3 }"]);
}

#[test]
fn what_was_open_longer_is_counted_when_it_came_and_not_when_it_was_over() {
    let mut desk = Desk::new();
    let long = desk.fires("payments", "db-1", DISK);
    desk.act("ana", long, Deed::Acknowledge);
    for hour in [2, 4] {
        desk.now = At(0).plus_secs(hour * CAME_APART_SECS);
        desk.comes("db-2", DISK, Some("ben"));
    }
    assert_eq!(desk.items(), [""; 0]);
    desk.now = At(0).plus_secs(5 * CAME_APART_SECS);
    desk.act("ana", long, Deed::Resolve { note: None });
    let when = |came: &Came| came.times.iter().map(|(_, at)| at.0 / 3_600_000).collect::<Vec<_>>();
    assert_eq!(desk.world.came.values().map(when).collect::<Vec<_>>(), [[0, 2, 4]], "in the order in which they came");
    assert_eq!(desk.items(), ["1: DiskFull of payments, ana, CameBack { times: 3 }"]);
}

#[test]
fn what_asked_nobody_or_has_no_rule_or_is_the_same_incident_again_is_not_counted() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.comes("db-1", DISK, None);
        desk.now = desk.now.plus_secs(3_600);
    }
    assert_eq!(desk.items(), [""; 0], "its monitor cleared it, and nobody was asked: there is no policy");
    for _ in 0..3 {
        let raise =
            Raise { service: "payments".into(), by: "ana".into(), title: "slow".to_owned(), urgency: None, from: None };
        desk.tell(What::Raise(raise)).expect("known");
        let no = desk.world.meta.last_incident.0;
        desk.act("ana", no, Deed::Acknowledge);
        desk.act("ana", no, Deed::Resolve { note: None });
    }
    let no = desk.comes("db-1", DISK, Some("ana"));
    for _ in 0..3 {
        desk.act("ana", no, Deed::Reopen);
        desk.act("ana", no, Deed::Resolve { note: None });
    }
    assert_eq!((desk.items(), desk.list()), (vec![], vec![]));
    assert_eq!(desk.world.came.values().map(|came| came.times.len()).collect::<Vec<_>>(), [1]);
}

#[test]
fn who_marks_an_alert_is_to_mend_it_and_what_is_done_is_off_the_list() {
    let mut desk = Desk::new();
    let no = desk.fires("payments", "a1", DISK);
    desk.for_later("ana", no, "");
    desk.act("ben", no, Deed::NotActionable);
    assert_eq!(desk.items(), ["1: DiskFull of payments, ana, NotUrgent"], "one for both marks");
    let deed = ItemDeed::Done { outcome: "95 %".to_owned() };
    desk.tell(What::Item { item: ItemNo(1), by: "ben".into(), deed }).expect("it is open");
    assert_eq!(desk.items(), ["1: DiskFull of payments, ana, NotUrgent, done by ben"]);
    assert_eq!(desk.list(), [""; 0]);
    let no = desk.fires("payments", "b2", DISK);
    desk.act("ben", no, Deed::NotActionable);
    assert_eq!(desk.items()[1], "2: DiskFull of payments, ben, NotActionable", "marked again, it is work again");
    desk.tell(What::Mended { entry: MisconfiguredNo(2), by: "ana".into() }).expect("it is listed");
    assert_eq!(desk.items()[1], "2: DiskFull of payments, ben, NotActionable, done by ana");
}

#[test]
fn what_is_mended_is_counted_anew() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.comes("db-1", DISK, Some("ana"));
        desk.now = desk.now.plus_secs(DAY);
    }
    desk.tell(What::Mended { entry: MisconfiguredNo(1), by: "ana".into() }).expect("it is listed");
    for times in 1..=3 {
        assert_eq!(desk.items().len(), 1, "it came {} times since", times - 1);
        desk.now = desk.now.plus_secs(CAME_APART_SECS);
        desk.comes("db-1", DISK, Some("ana"));
    }
    assert_eq!(desk.items()[1], "2: DiskFull of payments, ana, CameBack { times: 3 }");
}

#[test]
fn the_alert_of_a_private_service_is_private_work_also_when_that_is_gone() {
    let mut desk = Desk::new();
    desk.directory.services.get_mut(&"payments".into()).expect("it is there").private = true;
    let (one, two) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "c1", &[("alertname", "Cpu")]));
    desk.act("ana", one, Deed::NotActionable);
    let payments = desk.directory.services.remove(&"payments".into()).expect("it is there");
    desk.act("ana", two, Deed::NotActionable);
    let private = |desk: &Desk| desk.world.items.values().map(|item| item.private).collect::<Vec<_>>();
    assert_eq!(private(&desk), [true, true]);
    desk.directory.services.insert("payments".into(), Service { private: false, ..payments });
    let three = desk.fires("payments", "m1", &[("alertname", "Memory")]);
    desk.act("ana", three, Deed::NotActionable);
    assert_eq!(private(&desk), [true, true, false]);
}

#[test]
fn an_item_is_given_and_moved_and_its_owner_hears_of_it() {
    let mut desk = Desk::new();
    let no = desk.fires("payments", "a1", DISK);
    desk.act("ana", no, Deed::NotActionable);
    let mut change = |owner: Option<&str>, due: Option<At>| {
        let deed = ItemDeed::Change { owner: owner.map(UserId::from), due };
        desk.tell(What::Item { item: ItemNo(1), by: "ana".into(), deed })
    };
    let due = At(0).plus_secs(30 * DAY);
    change(Some("ben"), None).expect("it is open");
    change(None, Some(due)).expect("it is open");
    let so = Refusal::ItemIsSo { item: ItemNo(1), owner: "ben".into(), due };
    assert_eq!(change(Some("ben"), Some(due)), Err(so));
    assert_eq!(change(None, Some(At(0))), Err(Refusal::DueThen { due: At(0) }));
    let deed = ItemDeed::Change { owner: None, due: None };
    assert_eq!(desk.tell(What::Item { item: ItemNo(2), by: "ana".into(), deed }), Err(Refusal::NoSuchItem(ItemNo(2))));
    let item = &desk.world.items[&ItemNo(1)];
    assert_eq!((&item.owner, item.due, item.made.by.as_str()), (&UserId::from("ben"), due, "ana"));
    assert!(item.remind.is_some_and(|at| at > At(0) && at < due));
}

#[test]
fn of_so_many_rules_it_is_known_how_often_they_came_and_of_each_the_last_times() {
    let mut desk = Desk::new();
    for n in 0..=CAME_RULES_MAX {
        desk.comes(&format!("k{n}"), &[("alertname", &format!("Alert{n}"))], Some("ana"));
        desk.now = desk.now.plus_secs(1);
    }
    assert_eq!(desk.world.came.len(), CAME_RULES_MAX);
    assert!(desk.world.came.values().all(|came| came.times != [(IncidentNo(1), At(0))]), "the oldest is forgotten");
    for _ in 0..=CAME_TIMES_MAX {
        desk.now = desk.now.plus_secs(CAME_APART_SECS);
        desk.comes("db-1", DISK, Some("ana"));
    }
    let times = desk.world.came.values().map(|came| came.times.len()).max();
    assert_eq!(times, Some(CAME_TIMES_MAX), "the first of them is forgotten");
    assert_eq!(desk.world.misconfigured[&MisconfiguredNo(1)].came as usize, CAME_TIMES_MAX);
    let mut read = World::default();
    for (key, value) in desk.world.all_rows() {
        read.load_row(&key, &value.expect("a value")).expect("it can be read");
    }
    assert_eq!((&read.came, &read.items), (&desk.world.came, &desk.world.items), "all of it survives as rows");
}
