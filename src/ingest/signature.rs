//! Is a body from whom it says? Grafana and PagerDuty sign what they send, with a secret that is not in the URL: whoever
//! reads the URL in their settings, or in a proxy's log, cannot send by it.
//!
//! Grafana, from 11.6 on (<https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/>,
//! *HMAC signature*): the hex HMAC-SHA256 of the body, or of `TIMESTAMP:BODY` where a timestamp header is configured.
//! PagerDuty (<https://developer.pagerduty.com/docs/verifying-webhook-signatures>): `v1=HEX`, once for each secret that
//! is good at the moment, separated by commas; any may match.
//!
//! **Sent again.** A body that comes a second time is what a sender does that did not hear our answer, so it is let in,
//! and means no more than the first one did: it has the same dedup key and names the same episode. Where a time is
//! signed, that ends after [`OLD_SECS`]. PagerDuty signs no time, and itself sends again for two days.

use super::limits;
use super::routes::Kind;
use crate::domain::stamp::At;
use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;

/// A signed time may be off by so much, either way.
pub const OLD_SECS: i64 = 5 * 60;

const GRAFANA: &str = "x-grafana-alerting-signature";
/// Grafana has no name of its own for it; these are those of its documentation and of its Terraform provider.
const GRAFANA_TIME: [&str; 2] = ["x-grafana-alerting-signature-timestamp", "x-grafana-alerting-timestamp"];
const PAGERDUTY: &str = "x-pagerduty-signature";

/// Why a request under a key that asks for signatures was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unsigned {
    /// Whoever sends to this path cannot sign.
    Path,
    /// None of the variables with the secrets is set.
    NoSecret,
    /// There is no signature.
    Missing,
    /// It is not of this body, or not with a secret that is good here.
    Wrong,
    /// It is right, and of another time.
    Old,
    /// The body could not be read whole, so nobody can say whether it is right.
    Unread,
}

impl Unsigned {
    /// All of them, for their metrics.
    pub const ALL: [Self; 6] = [Self::Path, Self::NoSecret, Self::Missing, Self::Wrong, Self::Old, Self::Unread];

    /// As metrics call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::NoSecret => "no_secret",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Old => "old",
            Self::Unread => "unread",
        }
    }
}

/// For people: what is wrong with it.
impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "sent to a path where nobody can sign",
            Self::NoSecret => "no variable with a secret is set",
            Self::Missing => "not signed",
            Self::Wrong => "signed wrong",
            Self::Old => "signed too long ago, or a clock is wrong",
            Self::Unread => "too large, or packed in a way that is not understood",
        })
    }
}

/// How secrets are found: by the name of a variable. They are asked for when they are needed and kept nowhere.
#[derive(Clone)]
pub struct Secrets(Arc<Find>);

type Find = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Secrets {
    pub fn new(find: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// Those of these variables that are set, without white space around them.
    fn of(&self, variables: &[String]) -> Vec<String> {
        let set = variables.iter().filter_map(|name| (self.0)(name));
        set.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty()).collect()
    }
}

impl Default for Secrets {
    /// Of the process's environment.
    fn default() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// What a request says of itself, before its body is read.
pub struct Claim {
    /// As they were sent; only those that can be one.
    signatures: Vec<[u8; 32]>,
    /// The signed time, as it was sent.
    time: Option<String>,
    keys: Vec<Hmac<Sha256>>,
}

/// What has to be looked at once the body is there.
///
/// # Errors
/// What needs no body to be refused.
pub fn claim(kind: Kind, headers: &HeaderMap, variables: &[String], secrets: &Secrets) -> Result<Claim, Unsigned> {
    let name = match kind {
        Kind::Grafana => GRAFANA,
        Kind::PagerDuty => PAGERDUTY,
        Kind::Alertmanager | Kind::NewRelic | Kind::Splunk | Kind::Generic => return Err(Unsigned::Path),
    };
    let keys: Vec<_> =
        secrets.of(variables).iter().filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok()).collect();
    if keys.is_empty() {
        return Err(Unsigned::NoSecret);
    }
    let sent = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let sent: Vec<&str> = sent.flat_map(|line| line.split(',')).map(str::trim).filter(|one| !one.is_empty()).collect();
    if sent.is_empty() {
        return Err(Unsigned::Missing);
    }
    let hex = |one: &&str| match kind {
        Kind::PagerDuty => one.strip_prefix("v1=").and_then(bytes),
        _ => bytes(one),
    };
    let signatures: Vec<[u8; 32]> = sent.iter().filter_map(hex).take(limits::SIGNATURES_READ).collect();
    if signatures.is_empty() {
        return Err(Unsigned::Wrong);
    }
    let time = GRAFANA_TIME.iter().filter(|_| kind == Kind::Grafana).find_map(|name| headers.get(*name));
    let time = time.map(|time| String::from_utf8_lossy(time.as_bytes()).trim().to_owned());
    Ok(Claim { signatures, time, keys })
}

impl Claim {
    /// Is this body signed so? `now` is the real time: what it is compared with comes from outside.
    ///
    /// # Errors
    /// When no signature is right, or the signed time is too far from `now`.
    pub fn holds(self, body: &[u8], now: At) -> Result<(), Unsigned> {
        let Self { signatures, time, keys } = self;
        let is_right = keys.into_iter().any(|mut mac| {
            if let Some(time) = &time {
                mac.update(time.as_bytes());
                mac.update(b":");
            }
            mac.update(body);
            // In constant time, each of them.
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        });
        if !is_right {
            return Err(Unsigned::Wrong);
        }
        let Some(time) = time else { return Ok(()) };
        let secs: i64 = time.parse().map_err(|_| Unsigned::Old)?;
        let off = secs.checked_mul(1000).and_then(|ms| ms.checked_sub(now.0)).ok_or(Unsigned::Old)?;
        if off.unsigned_abs() <= OLD_SECS.unsigned_abs() * 1000 { Ok(()) } else { Err(Unsigned::Old) }
    }
}

/// 64 hex digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    /// PagerDuty's documentation signs nothing with a secret that it shows; RFC 4231, test case 2, does.
    const JEFE: &str = "Jefe";
    const WANTED: &[u8] = b"what do ya want for nothing?";
    const OF_WANTED: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn judged(kind: Kind, sent: &[(&str, &str)], secrets: &[&str], body: &[u8]) -> Result<(), Unsigned> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let variables: Vec<String> = (0..secrets.len()).map(|n| n.to_string()).collect();
        let values: Vec<String> = secrets.iter().map(|s| (*s).to_owned()).collect();
        let found = Secrets::new(move |name| values.get(name.parse::<usize>().ok()?).cloned());
        claim(kind, &headers, &variables, &found)?.holds(body, At(1_000_000_000_000))
    }

    fn signed(secret: &str, parts: &[&[u8]]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        crate::ingest::text::hex(&mac.finalize().into_bytes())
    }

    /// What is looked at, where, what was sent, with which secrets here, and what comes of it.
    type Row<'a> = (&'a str, Kind, &'a [(&'a str, &'a str)], &'a [&'a str], Result<(), Unsigned>);

    #[test]
    fn a_signature_of_the_standard_is_right_and_everything_else_is_not() {
        let v1 = format!("v1={OF_WANTED}");
        let (pd, gr) = ("X-PagerDuty-Signature", "X-Grafana-Alerting-Signature");
        let other = format!("v1={}", signed("another", &[WANTED]));
        let both = format!("{other}, {v1}");
        let many = format!("{},{v1}", [other.as_str(); limits::SIGNATURES_READ].join(","));
        let rows: &[Row<'_>] = &[
            ("right", Kind::PagerDuty, &[(pd, &v1)], &[JEFE], Ok(())),
            ("in capitals", Kind::PagerDuty, &[(pd, &format!("v1={}", OF_WANTED.to_uppercase()))], &[JEFE], Ok(())),
            ("the second of two", Kind::PagerDuty, &[(pd, &both)], &[JEFE], Ok(())),
            ("in a header of its own", Kind::PagerDuty, &[(pd, &other), (pd, &v1)], &[JEFE], Ok(())),
            ("with the second secret", Kind::PagerDuty, &[(pd, &v1)], &["another", " Jefe\n"], Ok(())),
            ("one secret is not set", Kind::PagerDuty, &[(pd, &v1)], &["", JEFE], Ok(())),
            ("Grafana's", Kind::Grafana, &[(gr, OF_WANTED)], &[JEFE], Ok(())),
            ("no secret", Kind::PagerDuty, &[(pd, &v1)], &["", " "], Err(Unsigned::NoSecret)),
            ("nothing signed", Kind::PagerDuty, &[], &[JEFE], Err(Unsigned::Missing)),
            ("an empty one", Kind::PagerDuty, &[(pd, " , ")], &[JEFE], Err(Unsigned::Missing)),
            ("in the other's header", Kind::PagerDuty, &[(gr, OF_WANTED)], &[JEFE], Err(Unsigned::Missing)),
            ("without its version", Kind::PagerDuty, &[(pd, OF_WANTED)], &[JEFE], Err(Unsigned::Wrong)),
            ("Grafana's, with a version", Kind::Grafana, &[(gr, &v1)], &[JEFE], Err(Unsigned::Wrong)),
            ("cut off", Kind::PagerDuty, &[(pd, &v1[..60])], &[JEFE], Err(Unsigned::Wrong)),
            ("not hex", Kind::Grafana, &[(gr, &format!("+{}", &OF_WANTED[1..]))], &[JEFE], Err(Unsigned::Wrong)),
            ("another secret", Kind::PagerDuty, &[(pd, &v1)], &["jefe"], Err(Unsigned::Wrong)),
            ("too many to look at", Kind::PagerDuty, &[(pd, &many)], &[JEFE], Err(Unsigned::Wrong)),
            ("a path where nobody signs", Kind::Generic, &[(pd, &v1)], &[JEFE], Err(Unsigned::Path)),
        ];
        for (what, kind, sent, secrets, expected) in rows {
            assert_eq!(judged(*kind, sent, secrets, WANTED), *expected, "{what}");
        }
        assert_eq!(judged(Kind::PagerDuty, &[(pd, &v1)], &[JEFE], b"what do ya want"), Err(Unsigned::Wrong));
    }

    #[test]
    fn a_signed_time_counts_and_an_unsigned_one_does_not_help() {
        let now: i64 = 1_000_000_000;
        let (gr, ts) = ("X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Signature-Timestamp");
        let at = |time: &str| {
            let signature = signed(JEFE, &[time.as_bytes(), b":", WANTED]);
            judged(Kind::Grafana, &[(gr, &signature), (ts, time)], &[JEFE], WANTED)
        };
        assert_eq!(at(&now.to_string()), Ok(()));
        assert_eq!(at(&(now - OLD_SECS).to_string()), Ok(()));
        assert_eq!(at(&(now - OLD_SECS - 1).to_string()), Err(Unsigned::Old));
        assert_eq!(at(&(now + OLD_SECS + 1).to_string()), Err(Unsigned::Old));
        for odd in ["", "soon", "9223372036854775807", "-9223372036854775808", "1e9"] {
            assert_eq!(at(odd), Err(Unsigned::Old), "{odd}");
        }
        let time = now.to_string();
        let with_time = signed(JEFE, &[time.as_bytes(), b":", WANTED]);
        let other_name = [(gr, with_time.as_str()), ("X-Grafana-Alerting-Timestamp", &time)];
        assert_eq!(judged(Kind::Grafana, &other_name, &[JEFE], WANTED), Ok(()));
        let left_out = [(gr, with_time.as_str())];
        assert_eq!(judged(Kind::Grafana, &left_out, &[JEFE], WANTED), Err(Unsigned::Wrong));
        let made_up = [(gr, OF_WANTED), (ts, &time)];
        assert_eq!(judged(Kind::Grafana, &made_up, &[JEFE], WANTED), Err(Unsigned::Wrong));
        let moved = (now + 10).to_string();
        assert_eq!(judged(Kind::Grafana, &[(gr, &with_time), (ts, &moved)], &[JEFE], WANTED), Err(Unsigned::Wrong));
    }

    proptest! {
        #[test]
        fn only_what_was_signed_is_let_in(secret in "[a-z]{8,40}", body in prop::collection::vec(any::<u8>(), 0..200), at in any::<usize>(), bit in 0u32..8) {
            let header = format!("v1={}", signed(&secret, &[&body]));
            let sent = [("x-pagerduty-signature", header.as_str())];
            prop_assert_eq!(judged(Kind::PagerDuty, &sent, &[&secret], &body), Ok(()));
            let mut other = body.clone();
            if other.is_empty() { other.push(0) } else { let at = at % other.len(); other[at] ^= 1u8 << bit }
            prop_assert_eq!(judged(Kind::PagerDuty, &sent, &[&secret], &other), Err(Unsigned::Wrong));
        }

        #[test]
        fn no_header_panics(value in "[ -~]{0,200}", time in "[ -~]{0,40}") {
            for kind in [Kind::Grafana, Kind::PagerDuty] {
                let sent = [("x-pagerduty-signature", value.as_str()), ("x-grafana-alerting-signature", &value), ("x-grafana-alerting-timestamp", &time)];
                prop_assert!(judged(kind, &sent, &[JEFE], WANTED).is_err());
            }
        }
    }
}
