use super::*;
use crate::domain::directory::{PersonalRule, Policy, Service, Step, Target, Team, User};
use crate::domain::handle::handle;
use crate::domain::id::{IncidentNo, InputId};
use crate::domain::incident::{AckTimeout, Happening, State, in_order};
use crate::domain::input::{Act, Deed, Input, Raise, What};
use crate::domain::stamp::Stamp;
use crate::domain::world::World;
use chrono_tz::Tz;

/// Monday 2026-03-02, 03:02 UTC.
const NIGHT: At = At(1_772_420_520_000);

struct Story {
    d: Directory,
    world: World,
    now: At,
    inputs: u64,
}

impl Story {
    /// A shop for which Ana is asked, and a vault that is private; each in a channel of its own. #1 is open in the shop.
    fn open() -> Self {
        let mut d = Directory::empty("C0ADMIN".into());
        let (slack, rules) = (Some("U0ANA".into()), vec![PersonalRule::slack(0)]);
        let (name, tz) = ("Ana".to_owned(), Tz::UTC);
        let ana = User { id: "ana".into(), name, slack, email: None, phone: None, tz, admin: false, rules };
        d.users.insert("ana".into(), ana);
        let steps = vec![Step::all(vec![Target::User("ana".into())], 300)];
        d.policies.insert("all".into(), Policy { id: "all".into(), steps, repeat: 0 });
        for (id, channel) in [("shop", "C0SHOP"), ("vault", "C0VAULT")] {
            d.teams.insert(id.into(), Team::new(id.into(), channel.into(), Vec::new()));
            let service = Service::new(id.into(), id.into(), "all".into(), channel.into());
            d.services.insert(id.into(), Service { private: id == "vault", ..service });
        }
        let mut story = Self { d, world: World::default(), now: NIGHT, inputs: 0 };
        story.raises("shop", None).expect("it is opened");
        story
    }

    fn tries(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        self.inputs += 1;
        let input = Input { id: InputId::minted('t', self.inputs), what };
        let stamp = Stamp::agreed(self.now);
        let facts = handle(&self.world, &self.d, &input, stamp)?;
        facts.iter().for_each(|fact| self.world.apply(fact, stamp));
        Ok(facts)
    }

    fn act(&mut self, no: u64, deed: Deed) -> Result<Vec<Fact>, Refusal> {
        self.tries(What::Act(Act { incident: IncidentNo(no), by: "ana".into(), deed }))
    }

    fn quotes(&mut self, no: u64, quote: Quote) -> Result<Vec<Fact>, Refusal> {
        self.act(no, Deed::Quote(Box::new(quote)))
    }

    fn raises(&mut self, service: &str, from: Option<Quote>) -> Result<Vec<Fact>, Refusal> {
        let title = "nobody can pay".to_owned();
        self.tries(What::Raise(Raise { service: service.into(), by: "ana".into(), title, urgency: None, from }))
    }

    fn one(&self) -> &Incident {
        self.world.incident(IncidentNo(1)).expect("#1 is there")
    }
}

fn quote(channel: &str, ts: &str) -> Quote {
    let message = MessageRef { channel: channel.into(), ts: ts.into() };
    Quote { message, author: "Ben".to_owned(), text: "the pool is full".to_owned(), link: "https://x".to_owned() }
}

#[test]
fn a_ts_says_when_and_what_is_none_says_nothing() {
    let said = |ts: &str| quote("C1", ts).message.said();
    assert_eq!(said("1772420520.000300"), Some(NIGHT));
    assert_eq!(said("1772420520.987654"), Some(NIGHT.plus_ms(987)));
    assert_eq!(said("1772420520.5"), Some(NIGHT.plus_ms(500)));
    for none in
        ["", "1772420520", "1772420520.", ".5", "now.000", "-1.5", "1.2.3", "17724205200000.1", "1.\u{e9}\u{e9}"]
    {
        assert_eq!(said(none), None, "{none}");
    }
}

#[test]
fn it_stands_where_it_was_said_and_once() {
    let mut story = Story::open();
    story.now = NIGHT.plus_secs(1_200);
    story.act(1, Deed::Acknowledge).expect("it is acknowledged");
    story.now = NIGHT.plus_secs(2_400);
    story.quotes(1, quote("C0LUNCH", "1772420820.000100")).expect("it is taken");
    let order: Vec<At> = in_order(&story.one().timeline).iter().map(|e| e.at()).collect();
    assert!(order.is_sorted() && order.contains(&NIGHT.plus_secs(300)), "{order:?}");
    let added = story.one().timeline.last().expect("an entry");
    assert_eq!((added.wall, added.at()), (story.now, NIGHT.plus_secs(300)), "both are remembered");
    assert!(!added.what.is_shown_in_thread() && !added.what.pages_again(), "nobody is pushed for it");
    let again = story.quotes(1, Quote { text: "other words".to_owned(), ..quote("C0LUNCH", "1772420820.000100") });
    assert_eq!(again, Err(Refusal::QuotedAlready { incident: IncidentNo(1) }));
    // The same instant elsewhere is another message.
    story.quotes(1, quote("C0DINNER", "1772420820.000100")).expect("it is taken");
}

#[test]
fn it_is_work_on_what_somebody_has_and_nothing_else_follows() {
    let mut story = Story::open();
    story.act(1, Deed::Acknowledge).expect("it is acknowledged");
    story.now = NIGHT.plus_secs(600);
    let facts = story.quotes(1, quote("C0LUNCH", "1772420820.000100")).expect("it is taken");
    assert!(matches!(facts.as_slice(), [Fact::Quoted { .. }]), "{facts:?}");
    let asked = story.now.plus_secs(30 * 60);
    assert!(
        matches!(story.one().state, State::Acknowledged { timeout: AckTimeout::AskAt(at), .. } if at == asked),
        "{:?}",
        story.one().state
    );
    assert!(story.one().started.is_none(), "whoever repeats what another said has not begun");
    // Resolved, it goes on taking what was said of it.
    story.act(1, Deed::Resolve { note: None }).expect("it is resolved");
    story.quotes(1, quote("C0LUNCH", "1772420821.000100")).expect("it is taken");
    assert!(story.one().is_resolved());
}

#[test]
fn texts_and_their_number_are_bounded() {
    let mut story = Story::open();
    let long = |text: &str| Quote {
        author: "n".repeat(500),
        text: text.to_owned(),
        link: format!("https://{}", "x".repeat(LINK_BYTES)),
        ..quote("C1", "1772420820.000100")
    };
    assert_eq!(story.quotes(1, long(" \n ")), Err(Refusal::NothingSaid));
    story.quotes(1, long(&"é".repeat(5_000))).expect("it is taken");
    let Happening::Quoted(quoted) = &story.one().timeline.last().expect("an entry").what else { panic!("not quoted") };
    assert_eq!(quoted.text.chars().count(), QUOTE_CHARS);
    assert_eq!((quoted.author.len(), &*quoted.link), (AUTHOR_CHARS, ""));
    for n in 1..QUOTES_MAX {
        story.quotes(1, quote("C1", &format!("1772420821.{n:06}"))).expect("it is taken");
    }
    let full = story.quotes(1, quote("C1", "1772420822.000100"));
    assert_eq!(full, Err(Refusal::TooManyQuotes { incident: IncidentNo(1), most: QUOTES_MAX }));
    assert_eq!(story.one().quotes.len(), QUOTES_MAX);
}

#[test]
fn what_is_said_in_a_private_services_channel_stays_there() {
    let mut story = Story::open();
    let secret = || quote("C0VAULT", "1772420820.000100");
    assert_eq!(story.quotes(1, secret()), Err(Refusal::SaidInPrivate));
    assert_eq!(story.raises("shop", Some(secret())), Err(Refusal::SaidInPrivate));
    story.raises("vault", None).expect("#2 is opened");
    story.quotes(2, secret()).expect("it is at home there");
    story.quotes(2, quote("C0SHOP", "1772420820.000100")).expect("what everybody may read is told there too");
}

#[test]
fn what_is_private_does_not_leak_by_a_channel_that_others_use_as_well() {
    let mut d = Story::open().d;
    let (vault, shop) = (ChannelId::from("C0VAULT"), ServiceId::from("shop"));
    let with = |d: &Directory, id: &str, channel: &str, private: bool| {
        let service = Service::new(id.into(), id.into(), "all".into(), channel.into());
        let mut d = d.clone();
        d.services.insert(id.into(), Service { private, ..service });
        d
    };
    let rows = [
        ("C0VAULT", "vault", false, "it is at home"),
        ("C0VAULT", "shop", true, "it is read elsewhere"),
        ("C0VAULT", "desk", true, "it shares the channel, and its incidents are read anywhere"),
        ("C0ADMIN", "shop", true, "what private services cannot say elsewhere is said there"),
        ("C0ADMIN", "vault", false, "the only private one"),
        ("C0ROOM", "shop", true, "a private channel of others"),
        ("C0ROOM", "room", false, "its own"),
        ("C0ROOM", "vault", false, "what is private may hear it"),
        ("C0LUNCH", "shop", false, "everybody reads it"),
        ("C0ADMIN", "gone", true, "a service that is not there"),
    ];
    d = with(&with(&d, "desk", vault.as_str(), false), "room", "C0ROOM", false);
    d.private_channels = ["C0VAULT", "C0ROOM", "C0ADMIN"].map(ChannelId::from).into();
    for (from, to, leak, why) in rows {
        assert_eq!(leaks(&d, &from.into(), &to.into()), leak, "{from} to {to}: {why}");
    }
    let two = with(&d, "safe", "C0SAFE", true);
    assert!(leaks(&two, &"C0ADMIN".into(), &"vault".into()), "nobody knows of which of both it is");
    d.services.retain(|_, s| !s.private);
    d.private_channels.clear();
    assert!(!leaks(&d, &"C0ADMIN".into(), &shop), "without private services it is a channel as others");
}

#[test]
fn what_somebody_else_pins_does_not_put_off_whether_its_responder_is_still_on_it() {
    let mut story = Story::open();
    story.act(1, Deed::Acknowledge).expect("ana has it");
    let asked = |story: &Story| match story.one().state {
        State::Acknowledged { timeout: AckTimeout::AskAt(at), .. } => at,
        ref other => panic!("{other:?}"),
    };
    let before = asked(&story);
    story.now = story.now.plus_secs(60);
    let deed = Deed::Quote(Box::new(quote("C0SHOP", "1772420820.000100")));
    let act = Act { incident: IncidentNo(1), by: "ben".into(), deed };
    story.tries(What::Act(act)).expect("everybody may");
    assert_eq!(asked(&story), before, "ben does not work on it");
    story.quotes(1, quote("C0SHOP", "1772420820.000200")).expect("she may");
    assert_eq!(asked(&story), before.plus_secs(60), "ana does");
}

#[test]
fn what_is_put_into_a_merged_one_goes_to_the_one_that_it_is_part_of() {
    let mut story = Story::open();
    for _ in 0..2 {
        story.raises("shop", None).expect("another one");
    }
    story.act(3, Deed::MergeInto { into: IncidentNo(2) }).expect("merged");
    story.act(2, Deed::MergeInto { into: IncidentNo(1) }).expect("merged");
    let facts = story.quotes(3, quote("C0SHOP", "1772420820.000100")).expect("it is kept");
    assert!(facts.iter().any(|f| matches!(f, Fact::Quoted { incident: IncidentNo(1), .. })), "{facts:?}");
}

#[test]
fn a_message_is_one_incident_and_stands_in_its_timeline() {
    let mut story = Story::open();
    story.now = NIGHT.plus_secs(600);
    let alarm = || quote("C0LUNCH", "1772420820.000100");
    story.raises("shop", Some(alarm())).expect("#2 is opened");
    let two = story.world.incident(IncidentNo(2)).expect("#2").clone();
    assert_eq!((two.message.as_ref(), &*two.link), (Some(&alarm().message), "https://x"));
    let first = in_order(&two.timeline)[0];
    assert!(matches!(&first.what, Happening::Quoted(q) if q.said == NIGHT.plus_secs(300)), "{first:?}");
    let known = Err(Refusal::OpenedAlready { incident: IncidentNo(2) });
    assert_eq!(story.raises("vault", Some(alarm())), known, "whatever service is chosen");
    story.act(2, Deed::Resolve { note: None }).expect("it is resolved");
    assert_eq!(story.raises("shop", Some(alarm())), known);
    // It is found by it after it was put away, too.
    let row = story.world.row_changes(&crate::domain::world::rows::RowKey::Incident(IncidentNo(2)));
    let mut back = World::default();
    for (key, value) in row.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        back.load_row(&key, &value).expect("a row");
    }
    assert_eq!(back.incident_of(&alarm().message.key()).map(|i| i.no), Some(IncidentNo(2)));
    // A picture has no words: the link says it.
    let picture = Quote { text: String::new(), ..quote("C0LUNCH", "1772420821.000100") };
    story.raises("shop", Some(picture)).expect("#3 is opened");
    assert!(story.world.incident(IncidentNo(3)).is_some_and(|i| i.quotes.is_empty() && &*i.link == "https://x"));
}
