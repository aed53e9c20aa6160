use super::*;
use crate::domain::directory::{PersonalRule, Policy, Service, Step, Target, Team, User};
use crate::domain::handle::handle;
use crate::domain::hours::{Hours, Weekdays};
use crate::domain::id::{InputId, ItemNo, MessageRef};
use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Settled, Source, What};
use crate::domain::item::{ItemDeed, Kind};
use crate::domain::page::SyncKey;
use crate::domain::stamp::Stamp;
use crate::domain::world::rows::{RowKey, put_away_key};
use chrono::NaiveDateTime;
use chrono_tz::Tz;

fn utc(text: &str) -> At {
    At::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time").and_utc())
}

const HOUR: i64 = 3_600;

/// Ana is asked first, Ben after her; Lia leads. All of them work Monday to Friday, 09:00 to 17:00 UTC.
fn company() -> Directory {
    let mut d = Directory::empty("C0ADMIN".into());
    let rules = vec![PersonalRule::slack(0)];
    for id in ["ana", "ben", "lia"] {
        let (slack, tz, name) = (Some(id.to_uppercase().into()), Tz::UTC, id.to_owned());
        let rules = rules.clone();
        d.users
            .insert(id.into(), User { id: id.into(), name, slack, email: None, phone: None, tz, admin: false, rules });
    }
    let steps =
        vec![Step::all(vec![Target::User("ana".into())], 300), Step::all(vec![Target::User("ben".into())], 300)];
    d.policies = [("p".into(), Policy { id: "p".into(), steps, repeat: 0 })].into();
    let team = Team { lead: Some("lia".into()), ..Team::new("shop".into(), "C0SHOP".into(), vec!["ana".into()]) };
    d.teams = [("shop".into(), team)].into();
    for (id, production) in [("shop", true), ("staging", false)] {
        let service = Service::new(id.into(), "shop".into(), "p".into(), "C0SHOP".into());
        d.services.insert(id.into(), Service { production, ..service });
    }
    d
}

/// The decisions at work, on a clock that stands until it is moved.
struct Story {
    d: Directory,
    world: World,
    now: At,
    inputs: u64,
    /// Every message about what somebody owes: when, to whom, and what it names.
    told: Vec<String>,
}

impl Story {
    fn at(now: &str) -> Self {
        Self { d: company(), world: World::default(), now: utc(now), inputs: 0, told: Vec::new() }
    }

    fn tries(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        self.inputs += 1;
        let input = Input { id: InputId::minted('t', self.inputs), what };
        let stamp = Stamp::agreed(self.now);
        let facts = handle(&self.world, &self.d, &input, stamp)?;
        for fact in &facts {
            self.world.apply(fact, stamp);
            if let Fact::PostWanted { about, to, .. } = fact {
                let (who, what) = match about {
                    About::Owes { user, rcas, items, .. } => {
                        let items = items.iter().map(|no| format!("item {}", no.0));
                        (user.clone(), rcas.iter().map(ToString::to_string).chain(items).collect::<Vec<_>>().join(" "))
                    }
                    About::OwesLate { rcas, .. } => {
                        let who = match to {
                            Recipient::User(lead) => lead.clone(),
                            Recipient::Channel(channel) => channel.as_str().into(),
                        };
                        (who, format!("late {}", rcas.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
                    }
                    About::ItemTouched { item, by, what, .. } => {
                        let Recipient::User(who) = to else { panic!("it is for a person") };
                        (who.clone(), format!("item {}, {by}: {what:?}", item.0))
                    }
                    _ => continue,
                };
                self.told.push(format!("{} {who}: {what}", self.now.utc().format("%a %-d %H:%M")));
            }
        }
        assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force(), "an index is wrong");
        Ok(facts)
    }

    fn does(&mut self, what: What) -> Vec<Fact> {
        self.tries(what).expect("it is not refused")
    }

    fn act(&mut self, by: &str, no: u64, deed: Deed) -> Vec<Fact> {
        self.does(What::Act(Act { incident: IncidentNo(no), by: by.into(), deed }))
    }

    fn rca(&mut self, by: &str, no: u64, deed: RcaDeed) -> Result<Vec<Fact>, Refusal> {
        self.tries(What::Rca { incident: IncidentNo(no), by: by.into(), deed })
    }

    fn writes(&mut self, by: &str, no: u64, part: Part, text: &str) {
        let revision = self.of(no).revision(part);
        self.rca(by, no, RcaDeed::Write { part, revision, text: text.to_owned() }).expect("it is saved");
    }

    fn fires(&mut self, service: &str, key: &str) {
        self.event(service, key, EventAction::Trigger);
    }

    fn event(&mut self, service: &str, key: &str, action: EventAction) {
        let event = Event {
            action,
            dedup_key: key.into(),
            title: key.to_owned(),
            link: String::new(),
            labels: Vec::new(),
            starts_at: None,
            ends_at: None,
        };
        let (source, service) = (Source::Generic, service.into());
        self.does(What::Events(Delivery {
            service,
            source,
            urgency: None,
            resolve_after_secs: None,
            key: None,
            events: vec![event],
        }));
    }

    /// Everything that is due until then happens when it is due.
    fn goes_on_until(&mut self, end: &str) {
        let (end, mut looks) = (utc(end), 0);
        while let Some(at) = self.world.next_wake().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.does(What::Due);
            looks += 1;
            assert!(looks < 500, "something is due again and again at {}", at.utc());
        }
        self.now = end;
    }

    /// An incident of the shop at the present time: Ana has it, and resolves it an hour later.
    fn night(&mut self, key: &str) -> u64 {
        self.fires("shop", key);
        let no = self.world.meta.last_incident.0;
        self.act("ana", no, Deed::Acknowledge);
        self.now = self.now.plus_secs(HOUR);
        self.event("shop", key, EventAction::Resolve);
        self.act("ana", no, Deed::Resolve { note: None });
        self.is_shown(no);
        no
    }

    /// Slack has its card and its thread: nothing keeps it from being closed.
    fn is_shown(&mut self, no: u64) {
        let incident = IncidentNo(no);
        let message = MessageRef { channel: "C0SHOP".into(), ts: format!("{no}.1").into() };
        self.does(What::Settled(Settled::Created { key: SyncKey::Card(incident), message }));
        let upto = self.world.incident(incident).expect("it is there").next_entry - 1;
        self.does(What::Settled(Settled::ThreadShown { incident, upto }));
    }

    fn of(&self, no: u64) -> Rca {
        (**self.world.rcas.get(&IncidentNo(no)).expect("one is known")).clone()
    }

    fn is_owed(&self, no: u64) -> bool {
        self.world.rcas.get(&IncidentNo(no)).is_some_and(|rca| rca.is_owed())
    }
}

#[test]
fn an_rca_is_owed_by_what_was_urgent_in_production_and_asked_somebody() {
    type Row = (&'static str, &'static str, fn(&mut Story), bool);
    let rows: [Row; 8] = [
        ("resolved by whoever had it", "shop", |s| drop(s.act("ana", 1, Deed::Resolve { note: None })), true),
        ("mitigated, and still open", "shop", |s| drop(s.act("ana", 1, Deed::Mitigate)), true),
        ("still open", "shop", |_| {}, false),
        (
            "cleared by its monitor before anybody answered",
            "shop",
            |s| s.event("shop", "a", EventAction::Resolve),
            true,
        ),
        ("not of production", "staging", |s| drop(s.act("ana", 1, Deed::Resolve { note: None })), false),
        (
            "lowered before",
            "shop",
            |s| {
                s.act("ana", 1, Deed::SetUrgency { to: Urgency::Low });
                s.act("ana", 1, Deed::Resolve { note: None });
            },
            false,
        ),
        ("nothing had to be done", "shop", |s| drop(s.act("ana", 1, Deed::NotActionable)), false),
        (
            "part of another one",
            "shop",
            |s| {
                s.fires("shop", "b");
                s.act("ana", 1, Deed::MergeInto { into: IncidentNo(2) });
            },
            false,
        ),
    ];
    for (row, service, happens, owed) in rows {
        let mut story = Story::at("2026-03-04 03:00");
        story.fires(service, "a");
        happens(&mut story);
        assert_eq!(story.is_owed(1), owed, "{row}");
    }
    let mut mitigated = Story::at("2026-03-04 03:00");
    mitigated.fires("shop", "a");
    mitigated.act("ana", 1, Deed::Resolve { note: None });
    mitigated.act("ana", 1, Deed::NotActionable);
    assert_eq!(mitigated.of(1).stands, Stands::NotOwed(Excuse::NotActionable), "said after it was resolved");
}

#[test]
fn the_clock_runs_from_when_customers_do_not_feel_it_and_anew_when_they_do_again() {
    let mut story = Story::at("2026-03-04 03:00");
    story.fires("shop", "a");
    story.act("ben", 1, Deed::Acknowledge);
    story.now = utc("2026-03-04 04:00");
    story.act("ben", 1, Deed::Mitigate);
    assert_eq!(story.of(1).due, Some(utc("2026-03-07 04:00")));
    assert_eq!(story.of(1).owner, "ben".into(), "whoever had it");
    story.now = utc("2026-03-04 05:00");
    story.act("ana", 1, Deed::Resolve { note: None });
    assert_eq!(story.of(1).due, Some(utc("2026-03-07 04:00")), "resolving later does not move it");
    story.writes("ana", 1, Part::Cause, "a full disk");
    story.act("ana", 1, Deed::Reopen);
    assert_eq!((story.of(1).due, story.of(1).remind), (None, None), "the clock stands");
    story.now = utc("2026-03-05 10:00");
    story.act("ana", 1, Deed::Resolve { note: None });
    let rca = story.of(1);
    assert_eq!((rca.due, rca.text(Part::Cause)), (Some(utc("2026-03-08 10:00")), "a full disk"));
    assert_eq!(rca.owner, "ben".into(), "it stays whose it was");
}

#[test]
fn what_somebody_wrote_stays_owed_also_when_nothing_had_to_be_done_in_the_end() {
    let mut story = Story::at("2026-03-04 03:00");
    story.fires("shop", "a");
    story.act("ana", 1, Deed::Resolve { note: None });
    story.writes("ana", 1, Part::Cause, "a full disk");
    story.act("ana", 1, Deed::Reopen);
    story.now = utc("2026-03-05 10:00");
    story.act("ana", 1, Deed::NotActionable);
    let rca = story.of(1);
    assert_eq!((rca.due, rca.text(Part::Cause)), (Some(utc("2026-03-08 10:00")), "a full disk"), "it is due again");
    story.rca("ana", 1, RcaDeed::Excuse { because: "it was nothing".to_owned() }).expect("she may say so");
    assert!(!story.of(1).is_owed());
}

#[test]
fn reminders_come_in_working_hours_a_day_before_when_due_and_each_working_day() {
    let mut story = Story::at("2026-03-04 03:00");
    story.night("a");
    story.goes_on_until("2026-03-18 12:00");
    let expected = [
        "Fri 6 09:00 ana: #1",
        "Mon 9 09:00 ana: #1",
        "Tue 10 09:00 ana: #1",
        "Tue 10 09:00 lia: late #1",
        "Wed 11 09:00 ana: #1",
        "Thu 12 09:00 ana: #1",
        "Fri 13 09:00 ana: #1",
        "Mon 16 09:00 ana: #1",
        "Tue 17 09:00 ana: #1",
        "Tue 17 09:00 lia: late #1",
        "Wed 18 09:00 ana: #1",
    ];
    assert_eq!(story.told, expected);
}

#[test]
fn all_that_somebody_owes_is_one_message_and_what_is_written_is_told_of_no_more() {
    let mut story = Story::at("2026-03-04 01:00");
    for key in ["a", "b", "c"] {
        story.night(key);
    }
    story.goes_on_until("2026-03-06 10:00");
    assert_eq!(story.told, ["Fri 6 09:00 ana: #1 #2 #3"]);
    story.rca("ben", 2, RcaDeed::Answer { felt: false }).expect("anybody may");
    story.writes("ben", 2, Part::Summary, "The probe was wrong.");
    story.rca("ben", 2, RcaDeed::Complete).expect("a summary is enough");
    story.rca("ana", 3, RcaDeed::Excuse { because: "a drill".to_owned() }).expect("she says why");
    story.goes_on_until("2026-03-09 10:00");
    assert_eq!(story.told[1..], ["Mon 9 09:00 ana: #1"]);
}

#[test]
fn whoever_is_given_one_is_told_at_once_and_reminded_from_then_on() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.rca("ana", 1, RcaDeed::HandOver { to: "ben".into() }).expect("it may be handed over");
    let again = story.rca("ana", 1, RcaDeed::HandOver { to: "ben".into() });
    assert_eq!(again, Err(Refusal::OwesItAlready { incident: IncidentNo(1), who: "ben".into() }));
    story.goes_on_until("2026-03-06 12:00");
    assert_eq!(story.told, ["Wed 4 10:30 ben: #1", "Fri 6 10:30 ben: #1"]);
}

#[test]
fn of_what_somebody_owed_who_is_gone_the_lead_hears() {
    let mut story = Story::at("2026-03-04 03:00");
    story.night("a");
    story.d.users.remove(&"ana".into());
    story.goes_on_until("2026-03-06 12:00");
    assert_eq!(story.told, ["Fri 6 09:00 lia: #1"]);
    story.d.teams.get_mut(&"shop".into()).expect("a team").lead = None;
    story.goes_on_until("2026-03-20 12:00");
    let nobody = ["Fri 6 09:00 lia: #1", "Tue 10 09:00 C0ADMIN: late #1", "Tue 17 09:00 C0ADMIN: late #1"];
    assert_eq!(story.told, nobody, "then the admin channel does");
    assert!(story.of(1).remind.is_some(), "and it is looked at again");
}

#[test]
fn somebody_who_works_other_hours_now_is_reminded_in_those() {
    let mut story = Story::at("2026-03-04 03:00");
    story.night("a");
    let mut late = Hours::usual(Tz::UTC);
    for span in &mut late.spans {
        span.from = chrono::NaiveTime::from_hms_opt(13, 0, 0).expect("a time");
    }
    story.d.hours_of_users = [("ana".into(), late)].into();
    story.goes_on_until("2026-03-07 00:00");
    assert_eq!(story.told, ["Fri 6 13:00 ana: #1"], "not at nine, when she does not work");
}

#[test]
fn two_people_write_and_neither_writes_over_the_other_unseen() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    let write = |revision, text: &str| RcaDeed::Write { part: Part::Cause, revision, text: text.to_owned() };
    story.rca("ana", 1, write(0, "a full disk")).expect("the first one is saved");
    let refused = story.rca("ben", 1, write(0, "a slow disk"));
    let at = story.now;
    assert_eq!(refused, Err(Refusal::WrittenMeanwhile { part: Part::Cause, by: "ana".into(), at }));
    let twice = story.rca("ana", 1, write(0, "a full disk"));
    assert_eq!(twice, Ok(Vec::new()), "what is sent twice is saved once");
    story.rca("ben", 1, write(1, "a full disk, and no alert for it")).expect("he has read hers");
    assert_eq!(story.of(1).parts[&Part::Cause].by, "ben".into());
    let long = "x".repeat(PART_CHARS + 1);
    let refused = story.rca("ben", 1, write(2, &long));
    assert_eq!(refused, Err(Refusal::TooMuchWritten { chars: PART_CHARS + 1, most: PART_CHARS }));
    story.rca("ben", 1, write(2, &long[1..])).expect("as much as fits");
}

#[test]
fn it_is_complete_when_each_part_is_there_and_says_what_is_missing() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    let lacks = |story: &mut Story| match story.rca("ana", 1, RcaDeed::Complete) {
        Err(Refusal::RcaLacks { missing }) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(&mut story), [Missing::Answer]);
    story.rca("ana", 1, RcaDeed::Answer { felt: false }).expect("she says");
    assert_eq!(lacks(&mut story), [Missing::Part(Part::Summary)]);
    story.rca("ana", 1, RcaDeed::Answer { felt: true }).expect("she looked again");
    let rest = [
        Missing::Part(Part::Timeline),
        Missing::Impact,
        Missing::Part(Part::Cause),
        Missing::Part(Part::Resolution),
        Missing::Repair,
    ];
    assert_eq!(lacks(&mut story), rest);
    for part in [Part::Timeline, Part::Cause, Part::Resolution] {
        story.writes("ana", 1, part, "words");
    }
    let impact = |revision: u32, who: &str| RcaDeed::Impact {
        revision,
        who: who.to_owned(),
        what: "pay".to_owned(),
        users: Reach::All,
        time: Reach::Some,
    };
    assert_eq!(story.rca("ana", 1, impact(0, "  ")), Err(Refusal::NothingWritten));
    story.rca("ana", 1, impact(0, "customers")).expect("who felt what");
    let at = story.now;
    let meanwhile = story.rca("ben", 1, impact(0, "everybody"));
    assert_eq!(meanwhile, Err(Refusal::ImpactToldMeanwhile { by: "ana".into(), at }), "he has not read hers");
    story.rca("ben", 1, impact(1, "customers")).expect("he has");
    assert_eq!(lacks(&mut story), [Missing::Repair]);
    let mut without = Story { world: story.world.clone(), d: story.d.clone(), told: Vec::new(), ..story };
    without.writes("ana", 1, Part::NoRepair, "It is gone with the old host.");
    without.rca("ana", 1, RcaDeed::Complete).expect("or why there is none");

    let due = story.now.plus_secs(7 * DAY_SECS);
    let repair = RcaDeed::Repair { what: "Alert at 80 %".to_owned(), owner: "ben".into(), due };
    story.rca("ana", 1, repair).expect("a repair item");
    story.rca("ana", 1, RcaDeed::Complete).expect("all is there");
    let rca = story.of(1);
    assert_eq!((rca.wake(), rca.in_time), (None, Some(true)), "nobody is reminded of it any more");
    let meeting: Vec<_> = story.world.items.values().filter(|item| item.kind == Kind::Meeting).collect();
    assert_eq!(meeting.len(), 1, "all customers, of tier 1: that is talked about");
    let posted = story.world.posts.values().any(|p| p.about == About::Rca { incident: IncidentNo(1) });
    assert!(posted, "the channel hears of it");
    let again = story.rca("ben", 1, RcaDeed::Answer { felt: false });
    assert_eq!(again, Err(Refusal::RcaIsCompleted { incident: IncidentNo(1), by: "ana".into(), at: story.now }));
    story.rca("ben", 1, RcaDeed::TakeUp).expect("he writes on");
    assert!(story.is_owed(1) && story.of(1).remind.is_some());
}

#[test]
fn nothing_is_complete_while_customers_feel_it() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.rca("ana", 1, RcaDeed::Answer { felt: false }).expect("she says");
    story.writes("ana", 1, Part::Summary, "Over.");
    story.act("ana", 1, Deed::Reopen);
    let refused = story.rca("ana", 1, RcaDeed::Complete);
    assert_eq!(refused, Err(Refusal::StillFelt { incident: IncidentNo(1) }));
}

#[test]
fn what_was_merged_after_it_was_resolved_owes_none_and_cannot_be_taken_up() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.fires("shop", "b");
    story.act("ana", 1, Deed::Reopen);
    story.act("ana", 1, Deed::MergeInto { into: IncidentNo(2) });
    let into = IncidentNo(2);
    assert_eq!(story.of(1).stands, Stands::NotOwed(Excuse::Merged { into }));
    let refused = story.rca("ana", 1, RcaDeed::TakeUp);
    assert_eq!(refused, Err(Refusal::IsMerged { incident: IncidentNo(1), into }));
}

#[test]
fn a_repair_item_is_due_within_a_year_its_owner_is_reminded_and_it_is_done_once() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    let repair = |due| RcaDeed::Repair { what: "Alert at 80 %".to_owned(), owner: "ben".into(), due };
    for due in [story.now, story.now.plus_secs(item::DUE_MAX_SECS + 1)] {
        assert_eq!(story.rca("ana", 1, repair(due)), Err(Refusal::DueThen { due }));
    }
    story.rca("ana", 1, RcaDeed::Excuse { because: "a drill".to_owned() }).expect("none is owed");
    assert!(story.rca("ana", 1, repair(utc("2026-03-13 17:00"))).is_err(), "so nothing is repaired either");
    story.rca("ana", 1, RcaDeed::TakeUp).expect("it was none");
    story.rca("ana", 1, repair(utc("2026-03-13 17:00"))).expect("a repair item");
    story.rca("ana", 1, RcaDeed::Excuse { because: "a drill".to_owned() }).expect("none is owed");
    story.goes_on_until("2026-03-31 12:00");
    let expected = [
        "Wed 4 10:30 ben: item 1",
        "Fri 13 09:00 ben: item 1",
        "Mon 16 09:00 ben: item 1",
        "Mon 23 09:00 ben: item 1",
        "Mon 30 09:00 ben: item 1",
    ];
    assert_eq!(story.told, expected, "when it is given, a day before, when due, then each week");
    let done =
        |by: &str| What::Item { item: ItemNo(1), by: by.into(), deed: ItemDeed::Done { outcome: "PR 12".to_owned() } };
    story.does(done("ana"));
    let refused = story.tries(done("ben"));
    let at = story.now;
    assert_eq!(refused, Err(Refusal::ItemIsDone { item: ItemNo(1), by: "ana".into(), at }));
    story.goes_on_until("2026-04-30 12:00");
    let after: Vec<_> = story.told.drain(expected.len()..).collect();
    assert_eq!(after, ["Tue 31 12:00 ben: item 1, ana: Done"], "nobody is reminded any more");
}

/// A row: who does what to Ben's item on Wednesday night; then who hears of it, and when.
#[test]
fn whose_item_it_is_hears_what_others_did_to_it_while_they_work_unless_it_was_undone() {
    let done = || ItemDeed::Done { outcome: "PR 12".to_owned() };
    let give = |to: &str| ItemDeed::Change { owner: Some(to.into()), due: None };
    let friday = utc("2026-03-20 17:00");
    let move_it = || ItemDeed::Change { owner: None, due: Some(friday) };
    let moved = format!("Thu 5 09:00 ben: item 1, ana: {:?}", item::Touched::Moved { due: friday });
    let taken = "Thu 5 09:00 lia: item 1, ben: Given { to: UserId(\"ben\") }";
    let given = "Thu 5 09:00 ben: item 1, ana: Given { to: UserId(\"lia\") }";
    for (deeds, told) in [
        (vec![("ana", done())], vec!["Thu 5 09:00 ben: item 1, ana: Done"]),
        (vec![("ben", done())], vec![]),
        (vec![("ben", done()), ("ana", ItemDeed::Reopen)], vec!["Thu 5 09:00 ben: item 1, ana: Reopened"]),
        (vec![("ana", done()), ("ben", ItemDeed::Reopen)], vec![]),
        (vec![("ana", done()), ("ana", ItemDeed::Reopen)], vec!["Thu 5 09:00 ben: item 1, ana: Reopened"]),
        (vec![("ana", move_it())], vec![moved.as_str()]),
        (vec![("ana", move_it()), ("lia", done())], vec!["Thu 5 09:00 ben: item 1, lia: Done"]),
        (vec![("ben", move_it())], vec![]),
        (vec![("ana", give("lia"))], vec![given, "Thu 5 09:00 lia: item 1"]),
        (vec![("ana", give("lia")), ("ben", give("ben"))], vec![taken]),
        (vec![("ben", give("lia"))], vec!["Thu 5 09:00 lia: item 1"]),
    ] {
        let mut story = Story::at("2026-03-04 09:30");
        story.night("a");
        let what = "an alert when the pool is full".to_owned();
        let repair = RcaDeed::Repair { what, owner: "ben".into(), due: utc("2026-03-13 17:00") };
        story.rca("ana", 1, repair).expect("a repair item");
        story.rca("ana", 1, RcaDeed::Excuse { because: "a drill".to_owned() }).expect("none is owed");
        story.goes_on_until("2026-03-04 23:00");
        story.told.clear();
        for (by, deed) in &deeds {
            story.does(What::Item { item: ItemNo(1), by: (*by).into(), deed: deed.clone() });
        }
        story.goes_on_until("2026-03-06 00:00");
        story.told.sort();
        assert_eq!(story.told, told, "{deeds:?}");
        let item = &story.world.items[&ItemNo(1)];
        assert!(item.news.is_empty(), "all is told");
        assert_eq!(item.is_open(), item.remind.is_some(), "what is open is asked for: {deeds:?}");
    }
}

#[test]
fn an_item_that_is_open_is_not_opened_again() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    let due = utc("2026-03-13 17:00");
    let repair = |n: usize| RcaDeed::Repair { what: format!("thing {n}"), owner: "ben".into(), due };
    story.rca("ana", 1, repair(0)).expect("it fits");
    let item = |deed| What::Item { item: ItemNo(1), by: "ana".into(), deed };
    let is_open = Refusal::ItemIsOpen { item: ItemNo(1), owner: "ben".into(), due };
    assert_eq!(story.tries(item(ItemDeed::Reopen)), Err(is_open));
    story.does(item(ItemDeed::Done { outcome: "PR 12".to_owned() }));
    for n in 1..=item::REPAIRS_MAX {
        story.rca("ana", 1, repair(n)).expect("it fits");
    }
    assert_eq!(story.tries(item(ItemDeed::Reopen)), Err(Refusal::TooManyItems { most: item::REPAIRS_MAX }));
}

#[test]
fn the_items_of_one_incident_are_bounded() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    let repair = |n: usize, due| RcaDeed::Repair { what: format!("thing {n}"), owner: "ben".into(), due };
    let due = story.now.plus_secs(DAY_SECS);
    for n in 0..item::REPAIRS_MAX {
        story.rca("ana", 1, repair(n, due)).expect("it fits");
    }
    assert_eq!(story.rca("ana", 1, repair(99, due)), Err(Refusal::TooManyItems { most: item::REPAIRS_MAX }));
}

/// As many as there may be, and two.
#[test]
fn beyond_what_memory_holds_the_oldest_that_is_complete_is_put_away_and_can_be_read() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.night("b");
    story.rca("ana", 2, RcaDeed::Answer { felt: false }).expect("she says");
    story.writes("ana", 2, Part::Summary, "Over.");
    story.rca("ana", 2, RcaDeed::Complete).expect("it is complete");
    let two = story.of(2);
    story.world.take_spilled();
    let stamp = Stamp::agreed(story.now);
    let owed = |no: u64| Fact::RcaOwed {
        incident: IncidentNo(no),
        owner: "ana".into(),
        mitigated: At(0),
        due: At(1),
        private: false,
        remind: None,
        tell_lead: None,
    };
    // Of one more incident each; only what it is called differs. All of them are closed but for the first.
    let pattern = story.world.incident(IncidentNo(1)).expect("it is there").clone();
    for no in 2..=RCAS_MAX as u64 + 2 {
        let incident = Incident { no: IncidentNo(no), closed: true, ..(*pattern).clone() };
        story.world.incidents.insert(IncidentNo(no), Arc::new(incident));
        if no > 2 {
            story.world.apply(&owed(no), stamp);
        }
    }
    assert_eq!(story.world.rcas.len(), RCAS_MAX);
    let gone: Vec<u64> = [1, 2, 3].into_iter().filter(|no| !story.world.rcas.contains_key(&IncidentNo(*no))).collect();
    assert_eq!(gone, [2, 3], "the complete one first, then the oldest, but none of an incident that is not closed");
    let rows: Vec<_> = story.world.take_spilled().iter().map(|spilled| spilled.row()).collect();
    assert_eq!(
        rows.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(),
        [2, 3].map(|no| put_away_key(IncidentNo(no)))
    );
    let read = crate::domain::world::rows::read_rca_row(&rows[0].0, rows[0].1.as_deref().expect("a value"));
    assert_eq!(read.expect("it can be read"), two);
    assert_eq!(story.world.next_wake(), story.world.next_wake_by_brute_force());
}

#[test]
fn a_note_on_what_closed_long_ago_makes_it_owe_nothing() {
    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.goes_on_until("2026-03-06 09:30");
    let closed = story.world.row_changes(&RowKey::Incident(IncidentNo(1)));
    // What was closed before RCAs were kept, or whose RCA was put away.
    let mut story = Story { world: World::default(), ..story };
    for (key, value) in closed.iter().filter_map(|(key, value)| Some((key, value.as_deref()?))) {
        assert_eq!(key[0], b'c', "it is closed");
        story.world.load_row(key, value).expect("a row");
    }
    story.act("ana", 1, Deed::Note { text: "for the record".to_owned() });
    assert!(!story.is_owed(1));
}

#[test]
fn somebody_who_works_at_any_hour_is_not_written_to_at_night_and_not_forgotten() {
    let mut story = Story::at("2026-03-04 03:00");
    let mut always = Hours::usual(Tz::UTC);
    for span in &mut always.spans {
        span.days = Weekdays::ALL;
        span.from = chrono::NaiveTime::MIN;
        span.until = chrono::NaiveTime::MIN;
    }
    story.d.hours_of_users = [("ana".into(), always)].into();
    story.night("a");
    story.goes_on_until("2026-03-09 12:00");
    let hers: Vec<&str> = story.told.iter().map(String::as_str).filter(|told| told.contains("ana")).collect();
    let expected = ["Fri 6 08:00 ana: #1", "Sat 7 08:00 ana: #1", "Sun 8 09:00 ana: #1", "Mon 9 09:00 ana: #1"];
    assert_eq!(hers, expected);
}

#[test]
fn the_first_reminder_comes_before_it_is_due_also_over_a_weekend() {
    for (began, first, due) in [
        ("2026-03-05 02:00", "Fri 6 09:00", "2026-03-08 03:00"),
        ("2026-03-06 02:00", "Fri 6 09:00", "2026-03-09 03:00"),
        ("2026-03-07 02:00", "Mon 9 09:00", "2026-03-10 03:00"),
    ] {
        let mut story = Story::at(began);
        story.night("a");
        assert_eq!(story.of(1).due, Some(utc(due)));
        story.goes_on_until(due);
        assert_eq!(story.told, [format!("{first} ana: #1")], "begun {began}");
    }
}

#[test]
fn what_is_due_within_minutes_is_told_once() {
    let mut story = Story::at("2026-03-03 09:30");
    story.night("a");
    story.now = utc("2026-03-03 09:35");
    story.night("b");
    story.goes_on_until("2026-03-05 12:00");
    assert_eq!(story.told, ["Thu 5 10:30 ana: #1 #2"]);
}

#[test]
fn the_lead_hears_of_all_that_is_late_by_one_message_a_week() {
    let mut story = Story::at("2026-03-02 03:00");
    for day in 2..=6 {
        story.now = utc(&format!("2026-03-{day:02} 03:00"));
        story.goes_on_until(&format!("2026-03-{day:02} 03:00"));
        story.night(&format!("of {day}"));
    }
    story.goes_on_until("2026-03-26 12:00");
    let hers: Vec<&str> = story.told.iter().map(String::as_str).filter(|told| told.contains("lia")).collect();
    let weeks = [
        "Fri 6 09:00 lia: late #1 #2",
        "Fri 13 09:00 lia: late #1 #2 #3 #4 #5",
        "Fri 20 09:00 lia: late #1 #2 #3 #4 #5",
    ];
    assert_eq!(hers, weeks);
}

#[test]
fn a_drill_stays_one_when_it_comes_back_and_what_is_mended_later_is_not_late() {
    let mut drill = Story::at("2026-03-04 09:30");
    drill.night("a");
    drill.rca("ana", 1, RcaDeed::Excuse { because: "a drill".to_owned() }).expect("she says so");
    drill.act("ana", 1, Deed::Reopen);
    drill.act("ana", 1, Deed::Resolve { note: None });
    assert!(!drill.is_owed(1), "it is a drill all the same");

    let mut story = Story::at("2026-03-04 09:30");
    story.night("a");
    story.rca("ana", 1, RcaDeed::Answer { felt: false }).expect("she says");
    story.writes("ana", 1, Part::Summary, "Over.");
    story.rca("ana", 1, RcaDeed::Complete).expect("it is complete");
    story.goes_on_until("2026-05-04 10:00");
    story.rca("ben", 1, RcaDeed::TakeUp).expect("he mends a word");
    let rca = story.of(1);
    assert!(!rca.is_late(story.now), "{:?}", rca.due);
    story.rca("ben", 1, RcaDeed::Complete).expect("it is complete again");
    assert_eq!(story.of(1).in_time, Some(true), "it was in time, and that stays");
}

#[test]
fn whoever_fixed_it_owes_it_unless_somebody_wrote_or_it_was_given() {
    let mut story = Story::at("2026-03-04 09:30");
    story.fires("shop", "a");
    story.event("shop", "a", EventAction::Resolve);
    assert_eq!(story.of(1).owner, "ana".into(), "she was asked, and nobody answered");
    story.now = story.now.plus_secs(60);
    story.fires("shop", "a");
    story.act("ben", 1, Deed::Acknowledge);
    story.act("ben", 1, Deed::Mitigate);
    assert_eq!(story.of(1).owner, "ben".into());
}

#[test]
fn more_than_one_message_holds_is_told_by_several_and_none_of_them_is_dropped() {
    let mut story = Story::at("2026-03-03 02:00");
    for n in 0..=OWES_MAX {
        story.fires("shop", &format!("key {n}"));
        story.event("shop", &format!("key {n}"), EventAction::Resolve);
    }
    story.goes_on_until("2026-03-05 09:00");
    assert_eq!(story.told.len(), 2, "{:?}", story.told);
    let told: usize = story.told.iter().map(|told| told.matches('#').count()).sum();
    assert_eq!(told, OWES_MAX + 1, "each once");
    let kept = story.world.posts.values().filter(|p| matches!(p.about, About::Owes { .. })).count();
    assert_eq!(kept, 2);
    story.goes_on_until("2026-03-06 09:00");
    let kept = story.world.posts.values().filter(|p| matches!(p.about, About::Owes { .. })).count();
    assert_eq!(kept, 2, "those of the day before are left alone");
}
