//! People are texted and called, and answer by telephone. Each story goes through the whole program, with a Slack and a
//! double of Twilio beside it, on a clock that stands until the story moves it. It is 03:02.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY};
use e2e::{SOON, eventually, eventually_true, http};
use office::{Office, PUBLIC_URL, TWILIO_NUMBER, TWILIO_SID, plain};
use serde_json::{Value, json};
use std::time::Duration;
use warridor::sandbox::workspace::DndWindow;

const MINUTE: u64 = 60;
const ANA: &str = "+15550000001";
const BEN: &str = "+15550000002";

/// Ana's rules; Ben has Slack and, at once, a call. Three levels of half an hour: Ana, Ben, Mara.
fn config(ana: &str) -> String {
    config_with(
        ana,
        "[[user.rule]]\nmethod = \"slack\"\ndelay = \"0s\"\n[[user.rule]]\nmethod = \"voice\"\ndelay = \"0s\"\n",
    )
}

fn config_with(ana: &str, ben: &str) -> String {
    let company = Company::waiting(&["30m", "30m", "30m"]).config();
    let twilio = format!(
        "public_url = \"{PUBLIC_URL}\"\n\n[twilio]\naccount_sid = \"{TWILIO_SID}\"\nauth_token_env = \
         \"TWILIO_AUTH_TOKEN\"\nfrom = \"{TWILIO_NUMBER}\"\napi_url = \"{{twilio}}\"\n\n[settings]"
    );
    let with = |config: String, who: &str, phone: &str, rules: &str| {
        let slack = company::user_id(who);
        let line = format!("slack = \"{slack}\"\ntz = \"UTC\"\n");
        config.replace(&line, &format!("{line}phone = \"{phone}\"\n{rules}"))
    };
    let company = company.replace("[settings]", &twilio);
    with(with(company, "ana", ANA, ana), "ben", BEN, ben)
}

fn rule(method: &str, delay: &str) -> String {
    format!("[[user.rule]]\nmethod = \"{method}\"\ndelay = \"{delay}\"\n")
}

/// Slack at once, a text after a minute, a call after two.
fn usual() -> String {
    [rule("slack", "0s"), rule("sms", "1m"), rule("voice", "2m")].concat()
}

fn open(config: &str) -> Office {
    Office::open(config, company::workspace())
}

trait Telephones {
    fn telephone(&self, number: &str) -> Value;
    fn texts(&self, number: &str) -> Vec<String>;
    fn calls(&self, number: &str) -> Vec<Value>;
    fn does(&self, what: Value);
    fn picks_up(&self, number: &str) -> String;
    fn presses(&self, number: &str, key: &str) -> String;
    fn writes(&self, number: &str, text: &str);
    fn log_says(&self, words: &str);
    fn card(&self, words: &str) -> String;
    fn knows_who_sleeps(&self);
}

impl Telephones for Office {
    fn telephone(&self, number: &str) -> Value {
        self.slack.get(&format!("/sandbox/telephone?number={}", number.replace('+', "%2B")))
    }

    /// What was texted to this number.
    fn texts(&self, number: &str) -> Vec<String> {
        let all = self.telephone(number)["texts"].as_array().cloned().unwrap_or_default();
        all.iter().filter(|t| t["to"] == number).map(|t| t["body"].as_str().unwrap().to_owned()).collect()
    }

    fn calls(&self, number: &str) -> Vec<Value> {
        self.telephone(number)["calls"].as_array().cloned().unwrap_or_default()
    }

    fn does(&self, what: Value) {
        let came = self.slack.post("/sandbox/telephone", &what);
        assert_eq!(came["ok"], true, "{what}: {came}");
        self.comes_to_rest();
    }

    /// The telephone is answered; what was said.
    fn picks_up(&self, number: &str) -> String {
        let call = self.calls(number).into_iter().find(|c| c["status"] == "ringing").expect("it rings");
        self.does(json!({ "call": call["sid"], "do": "pick_up" }));
        said(self.calls(number).last().unwrap())
    }

    /// A key is pressed in the call that goes on; what is said then.
    fn presses(&self, number: &str, key: &str) -> String {
        let call = self.calls(number).into_iter().find(|c| c["status"] == "in-progress").expect("it is answered");
        let before = said(&call);
        self.does(json!({ "call": call["sid"], "do": "press", "key": key }));
        let after = self.calls(number).into_iter().find(|c| c["sid"] == call["sid"]).unwrap();
        said(&after).trim_start_matches(&before).trim().to_owned()
    }

    fn writes(&self, number: &str, text: &str) {
        self.does(json!({ "from": number, "text": text }));
    }

    fn log_says(&self, words: &str) {
        eventually_true(format!("the log says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", 1);
            let card = cards.first().expect("the card");
            self.slack.thread("payments", card).iter().any(|m| plain(&m.0.to_string()).contains(words))
        });
    }

    /// Slack was asked, and its answer is known: of Chen, who has nothing else, it is shown.
    fn knows_who_sleeps(&self) {
        eventually_true("Slack is asked who sleeps", SOON, || !self.slack.calls_of("dnd.teamInfo").is_empty());
        eventually_true("and it is known", SOON, || {
            self.comes_to_rest();
            let answer = self.slack.types("mara", "payments", "/pager", "now");
            plain(&answer.to_string()).contains("Do Not Disturb")
        });
    }

    fn card(&self, words: &str) -> String {
        eventually(format!("the card says {words:?}"), SOON, || {
            self.pass(1);
            let all = self.slack.cards("payments", 1).into_iter().map(|c| plain(&c.0.to_string()));
            all.into_iter().find(|c| c.contains(words))
        })
    }
}

fn said(call: &Value) -> String {
    call["said"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn slack_then_a_text_then_a_call_and_a_key_acknowledges() {
    let office = open(&config(&usual()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.slack.page_to("ana", 1);
    assert!(office.texts(ANA).is_empty() && office.calls(ANA).is_empty(), "nothing else goes yet");
    office.pass(MINUTE);
    assert_eq!(
        office.texts(ANA),
        ["Warridor: #1 Payments API: Alert db-1 (tier 3). Reply 1 to acknowledge, 2 to escalate."]
    );
    office.pass(MINUTE);
    let words = office.picks_up(ANA);
    assert_eq!(
        words,
        "This is Warridor. Incident 1. Payments API, tier 3. Alert db-1. Press 1 to acknowledge. Press 2 to escalate."
    );
    assert_eq!(office.presses(ANA, "1"), "You have incident 1.");
    assert_eq!(office.calls(ANA)[0]["status"], "completed");
    office.card("Ana Silva has it");
    office.log_says("Ana Silva (phone call): sent");
    office.pass(40 * MINUTE);
    assert!(office.calls(BEN).is_empty(), "nobody else is asked");
    assert_eq!(office.telephone(ANA)["debugger"], json!([]), "Twilio understood everything");
}

#[test]
fn a_test_page_rings_everything_at_once_and_nobody_else() {
    let office = open(&config(&usual()));
    let told = plain(&office.slack.types("ana", "payments", "/pager", "oncall test").to_string());
    let words = "A test page comes to you by Slack, text message and phone call, and to nobody else.";
    assert!(told.contains(words), "{told}");
    office.comes_to_rest();
    let page = office.slack.page_to("ana", 1);
    assert_eq!(plain(page.text()), "Test page: nothing is wrong.");
    let text = "Warridor: this is a test. Nothing is wrong. Reply \"1 1\" once it came by all.";
    assert_eq!(office.texts(ANA), [text]);
    let words = office.picks_up(ANA);
    assert_eq!(words, "This is Warridor. This is a test. Nothing is wrong. Press 1 to say that you heard it.");
    // What is wrong meanwhile does not wait for it, nor is it taken for it.
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.comes_to_rest();
    office.slack.page_to("ana", 2);
    assert!(office.presses(ANA, "2").contains("there is nothing to escalate"), "a key that does nothing says so");
    office.pass(MINUTE);
    office.writes(ANA, "1");
    assert_eq!(office.texts(ANA).last().unwrap(), "You have #2.", "the real one comes first");
    office.writes(ANA, "1 1");
    assert_eq!(office.texts(ANA).last().unwrap(), "Thank you. The test page reached you.");
    let shown = eventually("the message says how it went", SOON, || {
        office.comes_to_rest();
        let page = plain(&office.slack.page_to("ana", 1).0.to_string());
        page.contains("reached you").then_some(page)
    });
    for way in ["Slack: delivered", "Text message: sent", "Phone call: sent"] {
        assert!(shown.contains(way), "{way}: {shown}");
    }
    office.pass(40 * MINUTE);
    assert!(office.calls(BEN).is_empty(), "nobody else is asked");
    let cards = |incident| office.slack.cards("payments", incident).len();
    assert_eq!((cards(1), cards(2)), (0, 1), "the real one has a card, the test none");
}

#[test]
fn a_call_for_what_is_wrong_does_not_wait_for_a_test() {
    let office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.slack.types("ana", "payments", "/pager", "oncall test");
    office.comes_to_rest();
    assert_eq!(office.calls(ANA).len(), 1);
    office.does(json!({ "call": office.calls(ANA)[0]["sid"], "do": "hang_up" }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.comes_to_rest();
    assert_eq!(office.calls(ANA).len(), 2, "a test is no push that others wait for");
}

#[test]
fn a_text_back_acknowledges_and_says_so() {
    let office = open(&config(&usual()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    office.writes(ANA, "what?");
    assert!(office.texts(ANA).last().unwrap().starts_with("Not understood. Reply 1"), "{:?}", office.texts(ANA));
    office.writes(ANA, "Ok!");
    assert_eq!(office.texts(ANA).last().unwrap(), "You have #1.");
    office.card("Ana Silva has it");
    office.pass(5 * MINUTE);
    assert!(office.calls(ANA).is_empty(), "the call is not made any more");
    office.writes(ANA, "1");
    assert_eq!(office.texts(ANA).last().unwrap(), "You have #1.", "once more is no mistake");
}

#[test]
fn an_answer_says_what_else_waits_and_the_same_answer_again_takes_it() {
    let office = open(&config(&usual()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(1);
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    office.pass(MINUTE);
    office.writes(ANA, "1");
    let told = "You have #2. 1 more waits for you. Reply 1 again for the next of them.";
    assert_eq!(office.texts(ANA).last().unwrap(), told);
    office.writes(ANA, "1");
    assert_eq!(office.texts(ANA).last().unwrap(), "You have #1.");
    office.card("Ana Silva has it");
}

#[test]
fn the_second_key_asks_the_next_level() {
    let office = open(&config(&[rule("slack", "0s"), rule("voice", "1m")].concat()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    office.picks_up(ANA);
    assert_eq!(office.presses(ANA, "7"), "That key does nothing. Press 1 to acknowledge. Press 2 to escalate.");
    assert_eq!(office.presses(ANA, "2"), "Incident 1 goes to Ben Okafor.");
    assert!(office.picks_up(BEN).contains("Incident 1"));
    assert_eq!(office.presses(BEN, "1"), "You have incident 1.");
    office.card("Ben Okafor has it");
}

#[test]
fn whoever_does_not_pick_up_is_asked_by_their_next_method_at_once() {
    let rules = [rule("slack", "0s"), rule("voice", "1m"), rule("sms", "20m")].concat();
    let office = open(&config(&rules));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    assert!(office.texts(ANA).is_empty());
    office.pass(30);
    eventually_true("it has rung long enough", SOON, || office.calls(ANA)[0]["status"] == "no-answer");
    eventually_true("the text goes", SOON, || !office.texts(ANA).is_empty());
    office.log_says("Ana Silva (phone call): failed, nobody picked up");
    office.pass(25 * MINUTE);
    assert_eq!(office.texts(ANA).len(), 1, "and not once more at its own time");
}

#[test]
fn a_call_that_is_declined_leads_to_the_next_level_where_there_is_nothing_else() {
    let office = open(&config(&rule("voice", "0s")));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    let call = office.calls(ANA)[0].clone();
    office.does(json!({ "call": call["sid"], "do": "hang_up" }));
    office.slack.page_to("ben", 1);
    assert_eq!(office.calls(BEN).len(), 1);
    office.log_says("Ana Silva (phone call): failed, the line was busy");
}

#[test]
fn nobody_is_called_twice_within_three_minutes_and_what_waits_is_one_call() {
    let office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    assert_eq!(office.calls(ANA).len(), 1);
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    office.pass(MINUTE);
    office.monitor(PAYMENTS_KEY, "db-3", "trigger");
    office.pass(MINUTE);
    assert_eq!(office.calls(ANA).len(), 1);
    office.pass(59);
    assert_eq!(office.calls(ANA).len(), 1, "not before three minutes are over");
    office.pass(1);
    assert_eq!(office.calls(ANA).len(), 2);
    let words = office.picks_up(ANA);
    assert!(words.contains("2 more incidents. The worst of them is incident 2."), "{words}");
    assert!(words.contains("3 wait for you in all."), "{words}");
    assert_eq!(office.presses(ANA, "1"), "You have incident 2, incident 3. 1 more waits for you.");
    office.pass(10 * MINUTE);
    assert_eq!(office.calls(ANA).len(), 2);
}

#[test]
fn a_restart_does_not_call_again() {
    let mut office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    assert_eq!(office.calls(ANA).len(), 1);
    office.restart();
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    office.pass(2 * MINUTE);
    assert_eq!(office.calls(ANA).len(), 1, "three minutes are not over");
    office.pass(MINUTE);
    assert_eq!(office.calls(ANA).len(), 2);
}

#[test]
fn a_lost_answer_is_looked_up_and_nobody_is_called_twice() {
    let office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.slack.order(json!({ "fault": "reset", "method": "twilio.Calls", "when": "after", "count": 1 }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.settle();
    assert_eq!(office.calls(ANA).len(), 1);
    office.log_says("Ana Silva (phone call): sent");
    office.pass(10 * MINUTE);
    assert_eq!(office.calls(ANA).len(), 1);
}

#[test]
fn while_twilio_is_broken_the_next_method_does_not_wait_and_the_call_is_made_when_it_works_again() {
    let rules = [rule("voice", "0s"), rule("slack", "20m")].concat();
    let office = open(&config(&rules));
    office.slack.order(json!({ "fault": "5xx", "status": 503, "method": "twilio.*", "when": "before" }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    eventually_true("Ana is written to in Slack instead", 2 * SOON, || {
        office.pass(1);
        !office.slack.pages("ana", 1).is_empty()
    });
    assert!(office.slack.pages("ben", 1).is_empty(), "a level that can be reached soon is not passed over");
    office.slack.heal();
    eventually_true("Twilio works again, and she is called", SOON, || {
        office.pass(1);
        office.calls(ANA).len() == 1
    });
    office.log_says("Ana Silva (phone call): sent");
    for _ in 0..100 {
        office.pass(1);
    }
    assert_eq!(office.calls(ANA).len(), 1, "once");
}

#[test]
fn what_twilio_refuses_has_failed_and_says_why() {
    let office = open(&config(&rule("sms", "0s")).replace(TWILIO_NUMBER, "+15559999999"));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.slack.page_to("ben", 1);
    office.log_says("Ana Silva (text message): failed, Twilio says 21606: The 'From' phone number");
    // The admins hear of it.
    office.slack.wait("admin", "Ana Silva");
}

#[test]
fn in_the_night_of_slack_the_text_does_not_wait() {
    let mut workspace = company::workspace();
    for user in workspace.users.iter_mut().filter(|u| ["ana", "chen"].contains(&u.name.as_str())) {
        user.dnd = Some(DndWindow { start: "22:00".to_owned(), end: "08:00".to_owned() });
    }
    let office = Office::open(&config(&usual()), workspace);
    office.knows_who_sleeps();
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    eventually_true("the text goes at once", SOON, || office.texts(ANA).len() == 1);
    assert!(office.slack.pages("ben", 1).is_empty(), "Ana hears it: nobody else is woken");
    office.pass(2 * MINUTE);
    assert_eq!(office.calls(ANA).len(), 1, "and the call keeps its time");
}

#[test]
fn fault_26_whoever_is_gone_from_slack_and_has_a_telephone_is_texted_at_once_and_nobody_else_is_woken() {
    let office = open(&config(&[rule("slack", "0s"), rule("sms", "10m")].concat()));
    office.slack.change_user(json!({ "user": "ana", "deleted": true }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    eventually_true("the text does not wait for its ten minutes", SOON, || office.texts(ANA).len() == 1);
    office.log_says("Ana Silva (Slack): failed, Slack says");
    office.slack.wait("admin", "A page to Ana Silva failed");
    office.writes(ANA, "1");
    office.card("Ana Silva has it");
    office.pass(10 * MINUTE);
    assert_eq!(office.texts(ANA).len(), 2, "the page and the answer, and not once more at its own time");
    assert!(office.slack.pages("ben", 1).is_empty() && office.calls(BEN).is_empty(), "she was reached");
}

#[test]
fn fault_7_a_text_does_not_wait_until_slack_has_time_for_somebody() {
    let office = open(&config(&usual()));
    let channel = company::user_id("ana");
    office.slack.order(json!({ "fault": "429", "method": "chat.postMessage", "channel": channel, "retry_after": 30 }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    assert_eq!(office.texts(ANA).len(), 1, "it goes at its own time");
    office.pass(MINUTE);
    assert_eq!(office.calls(ANA).len(), 1);
    office.picks_up(ANA);
    office.presses(ANA, "1");
    office.slack.heal();
    for _ in 0..40 {
        office.pass(1);
    }
    assert!(office.slack.pages("ana", 1).is_empty(), "she has it: what waited is not said any more");
    office.card("Ana Silva has it");
}

#[test]
fn only_what_twilio_signed_is_heard() {
    let office = open(&config(&usual()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    let body =
        format!("From={}&To={}&Body=1&MessageSid=SM1", ANA.replace('+', "%2B"), TWILIO_NUMBER.replace('+', "%2B"));
    for signature in ["", "AAAA", "not base64", "HoB0JDFFM7rXGEQGMzA6mZzX9Z4="] {
        let headers = [("X-Twilio-Signature", signature), ("Content-Type", "application/x-www-form-urlencoded")];
        let sent =
            http::send_with(office.http(), "POST", "/twilio/sms", &headers, body.as_bytes(), Duration::from_secs(SOON));
        assert_eq!(sent.expect("an answer").status, 401, "{signature:?}");
    }
    office.comes_to_rest();
    assert_eq!(office.texts(ANA).len(), 1);
    office.card("Paging Ana Silva");
    office.writes("+15557777777", "1");
    office.comes_to_rest();
    assert!(office.texts("+15557777777").is_empty(), "a stranger is told nothing");
    office.card("Paging Ana Silva");
}

/// No socket, and every call fails.
fn slack_goes_away(office: &Office) {
    office.slack.order(json!([
        { "fault": "refuse_connections", "status": 503 },
        { "fault": "5xx", "status": 503, "method": "*", "when": "before" },
        { "fault": "drop", "sockets": "all" },
    ]));
}

/// A minute passes, second by second, until this is so.
fn within_two_minutes(office: &Office, what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..120 {
        if is_so() {
            return;
        }
        office.clock.advance(Duration::from_secs(1));
        std::thread::sleep(Duration::from_millis(5));
    }
    eventually_true(what, SOON, is_so);
}

#[test]
fn with_slack_away_for_ten_minutes_at_night_the_right_person_is_called_and_the_cards_are_true() {
    // The usual order would text Ana after twenty minutes, and call her after twenty-five.
    let rules = [rule("slack", "0s"), rule("sms", "20m"), rule("voice", "25m")].concat();
    let office = open(&config(&rules));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.slack.page_to("ana", 1);
    slack_goes_away(&office);
    within_two_minutes(&office, "what was under way goes by text", || !office.texts(ANA).is_empty());
    // What comes while Slack is away does not wait either.
    let body = json!({ "action": "trigger", "dedup_key": "db-2", "title": "Alert db-2" }).to_string();
    let path = format!("/integrations/generic/{PAYMENTS_KEY}");
    let sent = http::post(office.http(), &path, body.as_bytes(), Duration::from_secs(SOON)).expect("the pager answers");
    assert_eq!(sent.status, 202, "alerts are taken");
    within_two_minutes(&office, "the new one goes by text at once", || office.texts(ANA).len() == 2);
    assert!(office.texts(ANA)[1].contains("#2 Payments API: Alert db-2"), "{:?}", office.texts(ANA));
    assert!(office.calls(BEN).is_empty(), "Ana hears it: nobody else is woken");
    let reply = json!({ "from": ANA, "text": "ack 1 2" });
    assert_eq!(office.slack.post("/sandbox/telephone", &reply)["ok"], true);
    eventually_true("she is told", SOON, || office.texts(ANA).last().unwrap() == "You have #1, #2.");
    office.clock.advance(Duration::from_secs(8 * MINUTE));
    office.slack.heal();
    let shown =
        |no| office.slack.cards("payments", no).into_iter().map(|c| plain(&c.0.to_string())).collect::<Vec<_>>();
    eventually_true("the cards are true", 2 * SOON, || {
        office.clock.advance(Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
        [1, 2].iter().all(|no| shown(*no).len() == 1 && shown(*no)[0].contains("Ana Silva has it"))
    });
    office.settle();
    assert!(office.slack.pages("ana", 2).is_empty(), "nothing is replayed");
    assert!(office.slack.pages("ben", 1).is_empty() && office.calls(BEN).is_empty());
    assert!(office.calls(ANA).is_empty(), "whoever answered is not called");
}

#[test]
fn with_slack_away_nobody_waits_for_whoever_has_nothing_else() {
    let office = open(&config(&rule("slack", "0s")));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.slack.page_to("ana", 1);
    slack_goes_away(&office);
    within_two_minutes(&office, "Ben is called, half an hour before his turn", || !office.calls(BEN).is_empty());
    let call = office.calls(BEN)[0].clone();
    assert_eq!(office.slack.post("/sandbox/telephone", &json!({ "call": call["sid"], "do": "pick_up" }))["ok"], true);
    assert!(said(&office.calls(BEN)[0]).contains("Incident 1"));
}

#[test]
fn a_hook_is_given_each_page_once_and_its_end_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("pages");
    let script = format!("cat >> {0}; echo >> {0}", kept.display());
    let hook = format!("\n[[hook]]\nid = \"push\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n");
    let broken = "\n[[hook]]\nid = \"broken\"\ncommand = [\"/bin/sh\", \"-c\", \"echo no credit >&2; exit 1\"]\n";
    let rules = [rule("hook:broken", "0s"), rule("hook:push", "10m")].concat();
    let office = open(&format!("{}{hook}{broken}", config(&rules)));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    let pages = || -> Vec<Value> {
        let text = std::fs::read_to_string(&kept).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    eventually_true("the second goes when the first has failed", SOON, || pages().len() == 1);
    office.log_says("Ana Silva (hook broken): failed, the program ended with exit status: 1: no credit");
    office.log_says("Ana Silva (hook push): sent");
    let page = &pages()[0];
    assert_eq!(page["user"]["id"], "ana");
    assert_eq!(page["text"], "Warridor: #1 Payments API: Alert db-1 (tier 3).");
    let expected = json!([{ "number": 1, "title": "Alert db-1", "service": "payments-api",
        "service_name": "Payments API", "tier": 3, "urgency": "high", "link": "", "test": false, "major": false }]);
    assert_eq!((&page["count"], &page["incidents"]), (&json!(1), &expected));
    office.pass(20 * MINUTE);
    assert_eq!(pages().len(), 1, "and not once more at its own time");
}

#[test]
fn whoever_sleeps_and_whose_telephone_does_not_ring_is_not_waited_for() {
    let mut workspace = company::workspace();
    for user in workspace.users.iter_mut().filter(|u| ["ana", "chen"].contains(&u.name.as_str())) {
        user.dnd = Some(DndWindow { start: "22:00".to_owned(), end: "08:00".to_owned() });
    }
    let office = Office::open(&config(&[rule("slack", "0s"), rule("voice", "2m")].concat()), workspace);
    office.knows_who_sleeps();
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    eventually_true("she is called at once", SOON, || office.calls(ANA).len() == 1);
    let call = office.calls(ANA)[0].clone();
    office.does(json!({ "call": call["sid"], "do": "hang_up" }));
    office.slack.page_to("ben", 1);
}

#[test]
fn still_on_it_can_be_answered_by_telephone() {
    // Who has no Slack at all is asked by what they have.
    let office = open(&config(&rule("voice", "0s")).replace(&format!("slack = \"{}\"\n", company::user_id("ana")), ""));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.picks_up(ANA);
    assert_eq!(office.presses(ANA, "1"), "You have incident 1.");
    office.pass(30 * MINUTE);
    assert!(office.picks_up(ANA).contains("Still on it? Incident 1."));
    assert_eq!(office.presses(ANA, "1"), "You have incident 1.");
    office.pass(10 * MINUTE);
    assert!(office.calls(BEN).is_empty() && office.slack.pages("ben", 1).is_empty(), "she answered: nobody is woken");
    office.card("Ana Silva has it");
}

#[test]
fn whoever_has_it_may_ask_the_next_level_and_whoever_comes_late_wakes_nobody() {
    let office = open(&config(&usual()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    office.writes(ANA, "2");
    office.picks_up(BEN);
    assert_eq!(office.presses(BEN, "1"), "You have incident 1.");
    office.writes(ANA, "2");
    assert_eq!(office.texts(ANA).last().unwrap(), "Ben Okafor has #1.");
    assert!(office.slack.pages("mara", 1).is_empty(), "nobody is woken for nothing");
    office.pass(4 * MINUTE);
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    office.pass(MINUTE);
    office.writes(ANA, "1");
    assert_eq!(office.texts(ANA).last().unwrap(), "You have #2.");
    office.writes(ANA, "2");
    assert_eq!(office.texts(ANA).last().unwrap(), "#2 goes to Ben Okafor.");
    eventually_true("Ben is called", SOON, || office.calls(BEN).len() == 2);
}

#[test]
fn a_call_that_never_rang_holds_no_other_back() {
    let office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.slack.order(json!({ "fault": "5xx", "status": 503, "method": "twilio.*", "when": "before" }));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    for _ in 0..20 {
        office.pass(1);
    }
    office.monitor(PAYMENTS_KEY, "db-1", "resolve");
    office.slack.heal();
    for _ in 0..80 {
        office.pass(1);
    }
    assert!(office.calls(ANA).is_empty(), "it is over, and she was never called");
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    eventually_true("the next one rings at once", SOON, || office.calls(ANA).len() == 1);
}

#[test]
fn a_page_that_waits_is_not_taken_for_the_call_that_went_before() {
    let mut office = open(&config(&[rule("slack", "0s"), rule("voice", "0s")].concat()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(2);
    office.monitor(PAYMENTS_KEY, "db-2", "trigger");
    office.pass(MINUTE);
    assert_eq!(office.calls(ANA).len(), 1);
    // The second waits for its time; the process starts anew and looks whether it was sent.
    office.restart();
    office.settle();
    assert_eq!(office.calls(ANA).len(), 1, "three minutes are not over");
    office.pass(105);
    assert_eq!(office.calls(ANA).len(), 1, "three minutes are not over");
    office.pass(10);
    eventually_true("it rings all the same", SOON, || office.calls(ANA).len() == 2);
    assert!(
        office.picks_up(ANA).contains("incident 2") || said(office.calls(ANA).last().unwrap()).contains("Incident 2")
    );
}

#[test]
fn a_restart_in_an_outage_is_no_way_to_slack() {
    let mut office = open(&config(&[rule("slack", "0s"), rule("sms", "20m")].concat()));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.slack.page_to("ana", 1);
    slack_goes_away(&office);
    within_two_minutes(&office, "it goes by text", || office.texts(ANA).len() == 1);
    office.stop();
    office.start_deaf();
    let body = json!({ "action": "trigger", "dedup_key": "db-2", "title": "Alert db-2" }).to_string();
    let path = format!("/integrations/generic/{PAYMENTS_KEY}");
    let sent = http::post(office.http(), &path, body.as_bytes(), Duration::from_secs(SOON)).expect("the pager answers");
    assert_eq!(sent.status, 202);
    eventually_true("what is new goes by text at once", 2 * SOON, || {
        office.clock.advance(Duration::from_secs(1));
        office.texts(ANA).len() == 2
    });
}

#[test]
fn what_makes_no_sound_is_not_waited_for_when_a_call_fails() {
    let mut workspace = company::workspace();
    for user in workspace.users.iter_mut().filter(|u| ["ana", "chen"].contains(&u.name.as_str())) {
        user.dnd = Some(DndWindow { start: "22:00".to_owned(), end: "08:00".to_owned() });
    }
    let rules = [rule("voice", "0s"), rule("slack", "1m"), rule("sms", "5m")].concat();
    let office = Office::open(&config(&rules), workspace);
    office.knows_who_sleeps();
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    let call = office.calls(ANA)[0].clone();
    office.does(json!({ "call": call["sid"], "do": "hang_up" }));
    eventually_true("the text goes with Slack's silent message", SOON, || office.texts(ANA).len() == 1);
    office.slack.page_to("ana", 1);
}

#[test]
fn what_became_urgent_as_slack_went_away_is_heard_all_the_same() {
    let rules = [rule("slack", "0s"), rule("sms", "1m")].concat();
    let office = open(&config(&rules));
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    office.pass(MINUTE);
    office.writes(ANA, "1");
    office.slack.slash("ana", "payments", "urgency 1 low");
    office.comes_to_rest();
    let before = office.texts(ANA).len();
    // Ben makes it urgent at the moment at which posts begin to fail.
    office.slack.order(json!({ "fault": "5xx", "status": 503, "method": "*", "when": "before" }));
    office.slack.slash("ben", "payments", "urgency 1 high");
    slack_goes_away(&office);
    within_two_minutes(&office, "Ana hears it by text", || office.texts(ANA).len() > before);
    let last = office.texts(ANA).last().cloned().unwrap();
    assert!(last.contains("It is urgent now, and you have it. #1"), "{last}");
}
