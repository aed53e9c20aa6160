//! What comes from Twilio: a form under a URL, signed. Nothing unsigned is heard, a text is understood or nothing is
//! done, and every answer is XML.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;
use warridor::domain::directory::{Directory, Twilio};
use warridor::domain::id::{StoreId, UserId};
use warridor::domain::stamp::{At, Stamp};
use warridor::domain::world::World;
use warridor::door::Door;
use warridor::methods::answers::{Desk, FIELDS, Reply, Request, read};
use warridor::methods::twilio::{self, failure, is_signed, sign, written_answer};
use warridor::methods::{CALL, FIND_TEXT, Methods, TEXT};
use warridor::pump::Snapshot;
use warridor::pump::driver::Board;
use warridor::views::phone::Answered;

const TOKEN: &str = "a token of ours";
const PUBLIC: &str = "https://pager.example.com";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let twilio = Twilio {
        account: "AC0123456789abcdef0123456789abcdef".into(),
        token_envs: vec!["TOKEN".to_owned()],
        from: "+15550000000".into(),
        api: "https://api.example.com".into(),
    };
    let mut directory =
        Directory { twilio: Some(twilio), public_url: Some(PUBLIC.into()), ..crate::company::company() };
    directory.users.get_mut(&UserId::from("ana")).expect("Ana is there").phone = Some("+15550000001".into());
    let snapshot = Snapshot {
        seq: 0,
        store: StoreId(7),
        stamp: Stamp::agreed(At(1_700_000_000_000)),
        world: World::default(),
        directory: Arc::new(directory),
    };
    Desk {
        methods: Methods::new(Arc::new(|name| (name == "TOKEN").then(|| TOKEN.to_owned()))),
        board: Arc::new(Board::new(Arc::new(snapshot))),
        door: Door::new(),
        settled: Default::default(),
    }
});

pub fn forms(data: &[u8]) {
    let _ = case(Unstructured::new(data));
}

fn case(mut u: Unstructured<'_>) -> Result<()> {
    let path = *u.choose(&[twilio::VOICE_PATH, twilio::SMS_PATH, twilio::STATUS_PATH, "/twilio/other"])?;
    let query = *u.choose(&[
        "",
        "?store=0000000000000007&incident=1&page=1",
        "?store=0000000000000007&page=99999999999999999999",
        "?",
    ])?;
    let path_and_query = format!("{path}{query}");
    let is_ours: bool = u.arbitrary()?;
    let from_ana: bool = u.arbitrary()?;
    let form = u.take_rest();
    let fields = url::form_urlencoded::parse(form).take(FIELDS);
    let mut fields: Vec<(String, String)> = fields.map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    if from_ana {
        fields.insert(0, ("From".to_owned(), "+15550000001".to_owned()));
    }
    let url = format!("{PUBLIC}{path_and_query}");
    let right = sign(TOKEN, &url, &fields);
    let given = fields.iter().find(|(n, _)| n == "signature").map_or("", |(_, v)| v.as_str());
    let signature = if is_ours { right.as_str() } else { given };
    let tokens = [TOKEN.to_owned()];
    assert_eq!(is_signed(signature, &url, &fields, &tokens), signature == right, "{signature:?}");
    assert!(!is_signed(&right, &url, &fields, &[]) && !is_signed(&right, &format!("{url}x"), &fields, &tokens));
    if let Some((n, _)) = fields.iter().enumerate().next() {
        let mut other = fields.clone();
        other[n].1.push('1');
        assert!(!is_signed(&right, &url, &other, &tokens), "a field may be changed");
    }
    let reply =
        RUNTIME.block_on(DESK.hear(Request { path_and_query: &path_and_query, signature, fields: fields.clone() }));
    match &reply {
        Reply::Unsigned => assert!(signature != right || path == "/twilio/other" || !is_ours),
        Reply::Script(script) => {
            assert_eq!(signature, right);
            is_twiml(script);
        }
        Reply::Heard => assert_eq!((signature, path), (right.as_str(), twilio::STATUS_PATH)),
        Reply::TryAgain => panic!("there was nothing to be done"),
    }
    assert!(failure(&fields).is_none_or(|why| !why.is_empty()));
    for (_, value) in &fields {
        is_understood(value);
        is_twiml(&written_answer(value));
        speaks(value);
    }
    Ok(())
}

/// One incident acknowledged by mistake is a page nobody answers: only these words do anything.
fn is_understood(body: &str) {
    let Some((what, numbers)) = read(body) else { return };
    assert!(numbers.len() <= 20);
    let lower = body.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let any = |some: &[&str]| words.iter().any(|w| some.contains(w));
    let unseen = lower.chars().any(|c| c.is_control() || !c.is_ascii());
    match what {
        _ if unseen => {}
        Answered::Acknowledge => {
            assert!(any(&["1", "ack", "acknowledge", "ok", "okay", "yes", "y", "mine"]), "{body:?}")
        }
        Answered::Escalate => assert!(any(&["2", "esc", "escalate", "next"]), "{body:?}"),
    }
    for no in numbers {
        assert!(lower.contains(&no.0.to_string()), "{no} was made of {body:?}");
    }
}

/// What is said and written for a page with these words in it, and what an answer with them means.
fn speaks(words: &str) {
    let twilio = DESK.board.snapshot().directory.twilio.clone().expect("an account");
    let body = serde_json::json!({ "to": "+15550000001", "text": words, "news": words, "menu": "Press 1.", "store": "7",
        "incident": "1", "page": "1" });
    for (method, field, most) in [(CALL, "Twiml", twilio::TWIML_CHARS), (TEXT, "Body", twilio::BODY_CHARS)] {
        let request = twilio::request(method, &body, &twilio, Some(PUBLIC));
        let told = request.fields.iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value);
        assert!(told.chars().count() <= most, "{} characters", told.chars().count());
        if method == CALL {
            is_twiml(told);
        }
    }
    let _ = twilio::outcome(FIND_TEXT, &body, 200, Some(words), words.as_bytes());
    let _ = twilio::outcome(TEXT, &body, 400, Some(words), words.as_bytes());
}

fn is_twiml(script: &str) {
    let read = roxmltree::Document::parse(script).unwrap_or_else(|e| panic!("{e}: {script}"));
    assert_eq!(read.root_element().tag_name().name(), "Response");
    let known = ["Response", "Say", "Gather", "Pause", "Hangup", "Message"];
    let all = read.descendants().filter(roxmltree::Node::is_element);
    assert!(all.into_iter().all(|n| known.contains(&n.tag_name().name())), "words became an instruction: {script}");
}
