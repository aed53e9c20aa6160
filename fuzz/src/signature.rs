//! Only what was signed with a secret that is good here is let in, whatever the headers say.

use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use sha2::Sha256;
use warridor::domain::stamp::At;
use warridor::ingest::routes::Kind;
use warridor::ingest::signature::claim;
use warridor::ingest::{OLD_SECS, Secrets, Unsigned};

const NOW: At = At(1_700_000_000_000);
const SECRETS: [&str; 2] = ["the old secret", "the new secret"];
const KINDS: [Kind; 6] =
    [Kind::Alertmanager, Kind::Grafana, Kind::NewRelic, Kind::Splunk, Kind::PagerDuty, Kind::Generic];
const NAMES: [&str; 5] = [
    "x-grafana-alerting-signature",
    "x-grafana-alerting-signature-timestamp",
    "x-grafana-alerting-timestamp",
    "x-pagerduty-signature",
    "authorization",
];

pub fn headers(data: &[u8]) {
    // Too few bytes for a case is no case.
    let _ = case(Unstructured::new(data));
}

fn case(mut u: Unstructured<'_>) -> Result<()> {
    let kind = *u.choose(&KINDS)?;
    let set: [bool; 2] = [u.arbitrary()?, u.arbitrary()?];
    let mut headers = HeaderMap::new();
    let signed_time = if u.arbitrary()? { Some(time(&mut u)?) } else { None };
    let sent: Vec<(u8, u8, Vec<u8>)> = u.arbitrary()?;
    let body = u.take_rest().to_vec();
    for (name, how, value) in sent {
        let name = NAMES[usize::from(name) % NAMES.len()];
        let value = match how % 8 {
            // Right ones, which bytes by themselves never are.
            0 => mac(SECRETS[0], None, &body).into_bytes(),
            1 => format!("v1={}", mac(SECRETS[1], None, &body)).into_bytes(),
            2 => mac(SECRETS[1], signed_time.as_deref(), &body).into_bytes(),
            3 => format!("v1={},v1={}", "0".repeat(64), mac(SECRETS[0], None, &body)).into_bytes(),
            4 => mac("no secret of ours", signed_time.as_deref(), &body).into_bytes(),
            5 => signed_time.clone().unwrap_or_default().into_bytes(),
            _ => value,
        };
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    judge(kind, set, &headers, &body);
    Ok(())
}

fn judge(kind: Kind, set: [bool; 2], headers: &HeaderMap, body: &[u8]) {
    let find = move |name: &str| name.parse::<usize>().ok().filter(|n| set[*n]).map(|n| SECRETS[n].to_owned());
    let variables = ["0".to_owned(), "1".to_owned()];
    let judged = claim(kind, headers, &variables, &Secrets::new(find)).and_then(|claim| claim.holds(body, NOW));
    let (name, lead) = match kind {
        Kind::Grafana => (NAMES[0], ""),
        Kind::PagerDuty => (NAMES[3], "v1="),
        _ => {
            assert_eq!(judged, Err(Unsigned::Path), "nobody signs there");
            return;
        }
    };
    // The same question, asked the long way: is there a header that holds a right one?
    let time = NAMES[1..3].iter().filter(|_| kind == Kind::Grafana).find_map(|name| headers.get(*name));
    let time = time.map(|t| String::from_utf8_lossy(t.as_bytes()).trim().to_owned());
    let right: Vec<String> =
        (0..2).filter(|n| set[*n]).map(|n| format!("{lead}{}", mac(SECRETS[n], time.as_deref(), body))).collect();
    let sent = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    let sent: Vec<String> = sent.map(|one| one.trim().to_owned()).collect();
    let is_among = sent.iter().any(|one| right.iter().any(|r| r.eq_ignore_ascii_case(one)));
    let is_fresh = time
        .as_ref()
        .is_none_or(|t| t.parse::<i64>().is_ok_and(|t| t.abs_diff(NOW.0 / 1_000) <= OLD_SECS.unsigned_abs()));
    if judged.is_ok() {
        assert!(is_among, "let in, and nobody who may has signed it: {headers:?}");
        assert!(is_fresh, "let in, and of another time: {headers:?}");
    } else if is_among && is_fresh && sent.len() <= 8 {
        panic!("right, and not let in: {judged:?} {headers:?}");
    }
}

fn time(u: &mut Unstructured<'_>) -> Result<String> {
    let now = NOW.0 / 1_000;
    Ok(match u.int_in_range(0..=4)? {
        0 => now.to_string(),
        1 => (now + i64::from(u.arbitrary::<i16>()?)).to_string(),
        2 => u.arbitrary::<i64>()?.to_string(),
        3 => format!(" {now} "),
        _ => u.arbitrary::<String>()?,
    })
}

fn mac(secret: &str, time: Option<&str>, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length is one");
    if let Some(time) = time {
        mac.update(time.as_bytes());
        mac.update(b":");
    }
    mac.update(body);
    warridor::ingest::text::hex(&mac.finalize().into_bytes())
}
