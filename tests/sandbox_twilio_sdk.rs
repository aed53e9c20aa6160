//! Twilio's own Python library against the double of Twilio, and the signatures that we make and take against its own.

use serde_json::json;
use std::process::Command;
use warridor::clock::Clock;
use warridor::methods::twilio::{is_signed, sign};
use warridor::sandbox::telephone::Account;
use warridor::sandbox::{Sandbox, SandboxConfig, Workspace};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "a token of the double";
const NUMBER: &str = "+15550000000";

fn fields(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The example of Twilio's documentation (twilio.com/docs/usage/security, "Validating Signatures from Twilio").
fn documented() -> (&'static str, Vec<(String, String)>) {
    let all = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ];
    ("https://mycompany.com/myapp.php?foo=1&bar=2", fields(&all))
}

#[test]
fn the_documented_example_is_taken_and_nothing_near_it() {
    let (url, all) = documented();
    let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    let tokens = |names: &[&str]| names.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    assert!(is_signed(signature, url, &all, &tokens(&["12345"])));
    assert!(is_signed(signature, url, &all, &tokens(&["a new one", "12345"])), "while a token is replaced");
    let mut other = all.clone();
    other[2].1 = "1".to_owned();
    let mut more = all.clone();
    more.push(("Extra".to_owned(), String::new()));
    more.push(("Extra".to_owned(), "x".to_owned()));
    for (what, signature, url, all, token) in [
        ("another token", signature, url, &all, "12346"),
        ("another key pressed", signature, url, &other, "12345"),
        ("a field more", signature, url, &more, "12345"),
        ("another page", signature, "https://mycompany.com/myapp.php?foo=1&bar=3", &all, "12345"),
        ("without TLS", signature, "http://mycompany.com/myapp.php?foo=1&bar=2", &all, "12345"),
        ("a shorter one", "RSOYDt4T1cUTdK1PDd93/VVr8A==", url, &all, "12345"),
        ("none", "", url, &all, "12345"),
        ("no Base64", "RSOYDt4T1cUTdK1PDd93/VVr8B8", url, &all, "12345"),
    ] {
        assert!(!is_signed(signature, url, all, &tokens(&[token])), "{what}");
    }
    assert!(!is_signed(signature, url, &all, &[]), "no token is no open door");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twilios_python_library_works_unmodified_and_agrees_about_signatures() {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let config = SandboxConfig { listen, clock: Clock::system(0), dir: None, workspace: Workspace::default() };
    let sandbox = Sandbox::start(config).expect("the sandbox starts");
    sandbox.telephone().set_account(Account {
        sid: ACCOUNT.to_owned(),
        token: TOKEN.to_owned(),
        number: NUMBER.to_owned(),
        can_text: true,
        sms_url: String::new(),
    });
    let (url, example) = documented();
    let cases = [
        ("12345", url, example),
        (TOKEN, "https://pager.example.com/twilio/voice?store=7&incident=1&page=2", fields(&[("Digits", "1")])),
        (TOKEN, "https://pager.example.com/twilio/sms", fields(&[("Body", "ça va? <&> \"1\""), ("From", "+1")])),
        (TOKEN, "https://pager.example.com/twilio/sms", fields(&[])),
        (TOKEN, "https://pager.example.com/x", fields(&[("b", "2"), ("a", "1"), ("a", "3"), ("a", "1"), ("B", "")])),
    ];
    let signed: Vec<_> = cases
        .iter()
        .map(|(token, url, all)| json!({ "token": token, "url": url, "fields": all, "signature": sign(token, url, all) }))
        .collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/twilio_sdk/check.py");
    let at = sandbox.twilio_url();
    let run = tokio::task::spawn_blocking(move || {
        Command::new("python3").arg(script).args([&at, ACCOUNT, TOKEN, NUMBER, &json!(signed).to_string()]).output()
    });
    let output = run
        .await
        .expect("the thread ends")
        .expect("python3 is needed for this test: install python3 and `pip install twilio`");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_ne!(output.status.code(), Some(3), "twilio is needed for this test: pip install twilio\n{complained}");
    assert!(output.status.success() && said.ends_with("all ok\n"), "{said}\n{complained}");
    sandbox.shutdown();
}
