//! The account at Twilio: is the token good, and can the number do what people's rules ask of it?

use super::{Finding, Level};
use crate::config::Loaded;
use crate::domain::directory::Method;
use crate::methods::{Methods, twilio};
use crate::slack::outcome::Outcome;
use serde_json::Value;

/// Asks Twilio. Without a token nothing is asked: `check` tells of that.
pub async fn check(loaded: &Loaded, methods: &Methods) -> Vec<Finding> {
    let Some(of) = &loaded.directory.twilio else { return Vec::new() };
    let about = |level, key: &str, found: &str, wrong: &str, mend: &str| {
        vec![Finding::of(level, &loaded.places.complaint("twilio", key, found, wrong, mend))]
    };
    if methods.tokens(&loaded.directory).is_empty() {
        // `check` itself told of it.
        return Vec::new();
    }
    let from = format!("from = \"{}\"", of.from);
    let answer = match methods.number(&loaded.directory).await {
        Outcome::Ok(answer) => answer,
        Outcome::Refused { error, .. } => {
            let mend = "write the account's SID, and set the auth token that Twilio's console shows beside it";
            return about(Level::Wrong, "account_sid", "account_sid", &format!("is refused: {error}"), mend);
        }
        Outcome::RateLimited { .. } => {
            return about(
                Level::Doubtful,
                "account_sid",
                "account_sid",
                "was not looked at: Twilio has no time",
                "try again",
            );
        }
        Outcome::NotSent(why) | Outcome::Unknown(why) => {
            let wrong = format!("was not looked at: {why}");
            let mend = "let this machine reach Twilio, or nobody is texted or called";
            return about(Level::Wrong, "account_sid", "account_sid", &wrong, mend);
        }
    };
    let Some(number) = answer["incoming_phone_numbers"].as_array().and_then(|all| all.first()) else {
        let mend = "write a number that the account has: Twilio's console, Phone Numbers, Active numbers";
        return about(Level::Wrong, "from", &from, "is no number of this account", mend);
    };
    let mut findings = Vec::new();
    for (method, capability, does) in [(Method::Sms, "sms", "text"), (Method::Voice, "voice", "call")] {
        let asked = loaded.directory.users.values().any(|u| u.rules.iter().any(|r| r.method == method));
        if asked && number["capabilities"][capability] == false {
            let mend = format!("take a number that can {does}, or leave out rules with that method");
            findings.extend(about(Level::Wrong, "from", &from, &format!("cannot {does}"), &mend));
        }
    }
    if let Some((wrong, mend)) = replies(loaded, number) {
        findings.extend(about(Level::Doubtful, "from", &from, &wrong, &mend));
    }
    findings
}

/// What is wrong with where texts go that people write, and the mend; `None`: they come to us.
fn replies(loaded: &Loaded, number: &Value) -> Option<(String, String)> {
    let public = loaded.directory.public_url.as_ref()?;
    let wanted = format!("{public}{}", twilio::SMS_PATH);
    let (there, how) =
        (number["sms_url"].as_str().unwrap_or_default(), number["sms_method"].as_str().unwrap_or("POST"));
    if there == wanted && how == "POST" {
        return None;
    }
    let wrong = match there {
        "" => "tells nobody of the texts that it gets, so replies are lost".to_owned(),
        there if there == wanted => format!("tells of texts by {how}"),
        _ => "tells somebody else of the texts that it gets, so replies are lost".to_owned(),
    };
    let mend = format!("set, in Twilio's console at the number, \"A message comes in\": {wanted}, HTTP POST");
    Some((wrong, mend))
}
