//! A local double of Twilio: takes texts and calls over its API, rings the telephones of the people in the workspace, and
//! tells whoever asked what came of it, signed as Twilio signs.
//!
//! [`Exchange`] is a machine without I/O; `http` is its shell. It knows nothing of our own program: a rule stands here
//! because Twilio documents it (twilio.com/docs/voice/api/call-resource, /docs/messaging/api/message-resource,
//! /docs/api/errors, /docs/usage/webhooks/webhooks-security).

pub mod http;
pub mod twiml;

use super::answer::{Answer, Fate};
use crate::domain::stamp::At;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use twiml::Verb;

/// Texts, and calls, that are remembered.
pub const KEPT: usize = 200;
/// Of a text, in characters (docs: `Body`).
const BODY_CHARS: usize = 1_600;
/// Of inline TwiML, in characters (docs: `Twiml`).
const TWIML_CHARS: usize = 4_000;

/// The one account there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub sid: String,
    pub token: String,
    /// The number that it owns.
    pub number: String,
    /// It can text as well as call.
    pub can_text: bool,
    /// Where texts to that number are told (in Twilio's console: "A message comes in").
    pub sms_url: String,
}

/// A text, either way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    pub sid: String,
    pub from: String,
    pub to: String,
    pub body: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// A person wrote it.
    #[serde(skip)]
    pub inbound: bool,
}

/// How a call stands. The words are Twilio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    pub sid: String,
    pub from: String,
    pub to: String,
    pub status: CallStatus,
    /// What was said so far.
    pub said: Vec<String>,
    /// A key is waited for.
    pub waits: bool,
    /// Milliseconds since 1970.
    pub at: i64,
    #[serde(skip)]
    rings_until: At,
    #[serde(skip)]
    left: VecDeque<Verb>,
    #[serde(skip)]
    action: Option<String>,
    #[serde(skip)]
    status_url: Option<String>,
}

/// A request to whoever owns the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    pub url: String,
    pub fields: Vec<(String, String)>,
    /// What its answer is for.
    pub of: Of,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// The call goes on by the TwiML in it.
    Call(String),
    /// Texts in it go to this number.
    Text { to: String },
    /// It is not looked at.
    Nothing,
}

/// Why a person's act did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cannot(pub String);

/// The machine.
#[derive(Debug, Default)]
pub struct Exchange {
    account: Account,
    texts: VecDeque<Text>,
    calls: VecDeque<Call>,
    made: u64,
    /// What went wrong with callbacks, newest last: Twilio's debugger.
    pub debugger: VecDeque<String>,
}

impl Exchange {
    pub fn set_account(&mut self, account: Account) {
        self.account = account;
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.texts.iter()
    }

    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    /// A request to the API: `Messages.json` or `Calls.json` of an account, by name and token.
    pub fn request(
        &mut self,
        (name, token): (&str, &str),
        sid: &str,
        path: &str,
        fields: Option<&[(String, String)]>,
        query: &[(String, String)],
        now: At,
    ) -> (Answer, Vec<Callback>) {
        let known = !self.account.sid.is_empty() && name == self.account.sid && token == self.account.token;
        if !known {
            return (refused(401, 20003, "Authenticate"), Vec::new());
        }
        if sid != self.account.sid {
            let message = format!("The requested resource /2010-04-01/Accounts/{sid}/{path} was not found");
            return (refused(404, 20404, &message), Vec::new());
        }
        let came = match (path, fields) {
            ("Messages.json", Some(fields)) => self.text(fields, now),
            ("Calls.json", Some(fields)) => self.call(fields, now).map(|body| (body, Vec::new())),
            ("Messages.json", None) => {
                return (listed("messages", self.texts.iter().rev().map(text_json), query), Vec::new());
            }
            ("Calls.json", None) => {
                return (listed("calls", self.calls.iter().rev().map(call_json), query), Vec::new());
            }
            ("IncomingPhoneNumbers.json", None) => {
                return (listed("incoming_phone_numbers", [self.number_json()].into_iter(), query), Vec::new());
            }
            _ => Err((404, 20404, "The requested resource was not found".to_owned())),
        };
        match came {
            Ok((body, callbacks)) => (answer(201, body), callbacks),
            Err((status, code, message)) => (refused(status, code, &message), Vec::new()),
        }
    }

    /// The one number there is. (docs: /docs/phone-numbers/api/incomingphonenumber-resource)
    fn number_json(&self) -> Value {
        json!({
            "sid": format!("PN{:032x}", 1), "phone_number": self.account.number, "sms_url": self.account.sms_url,
            "sms_method": "POST", "voice_url": "", "capabilities": { "voice": true, "sms": self.account.can_text, "mms": false },
        })
    }

    fn text(&mut self, fields: &[(String, String)], now: At) -> Result<(Value, Vec<Callback>), (u16, u32, String)> {
        let bad = |code, message: &str| (400, code, message.to_owned());
        let to = field(fields, "To").ok_or_else(|| bad(21604, "A 'To' phone number is required."))?;
        let from = field(fields, "From").ok_or_else(|| bad(21603, "A 'From' phone number is required."))?;
        let body = field(fields, "Body").ok_or_else(|| bad(21602, "Message body is required."))?;
        if !is_number(to) {
            return Err(bad(21211, &format!("Invalid 'To' Phone Number: {to}")));
        }
        if from != self.account.number {
            return Err(bad(
                21606,
                &format!("The 'From' phone number {from} is not a valid, SMS-capable number of this account."),
            ));
        }
        if body.chars().count() > BODY_CHARS {
            return Err(bad(21617, "The concatenated message body exceeds the 1600 character limit."));
        }
        let status_url = url_of(fields, "StatusCallback", 21609)?;
        let text = Text {
            sid: self.next_sid("SM"),
            from: from.to_owned(),
            to: to.to_owned(),
            body: body.to_owned(),
            at: now.0,
            inbound: false,
        };
        let answer = text_json(&text);
        let status = |status: &str| Callback {
            url: status_url.clone().unwrap_or_default(),
            fields: pairs(&[
                ("AccountSid", &self.account.sid),
                ("ApiVersion", "2010-04-01"),
                ("From", from),
                ("MessageSid", &text.sid),
                ("MessageStatus", status),
                ("SmsSid", &text.sid),
                ("SmsStatus", status),
                ("To", to),
            ]),
            of: Of::Nothing,
        };
        let callbacks = if status_url.is_some() { vec![status("sent"), status("delivered")] } else { Vec::new() };
        keep(&mut self.texts, text);
        Ok((answer, callbacks))
    }

    fn call(&mut self, fields: &[(String, String)], now: At) -> Result<Value, (u16, u32, String)> {
        let bad = |code, message: &str| (400, code, message.to_owned());
        let to = field(fields, "To").ok_or_else(|| bad(21201, "No 'To' number specified"))?;
        let from = field(fields, "From").ok_or_else(|| bad(21213, "'From' phone number is required"))?;
        if !is_number(to) {
            return Err(bad(21211, &format!("Invalid 'To' Phone Number: {to}")));
        }
        if from != self.account.number {
            return Err(bad(
                21210,
                &format!("The source phone number provided, {from}, is not yet verified for your account."),
            ));
        }
        let Some(twiml) = field(fields, "Twiml") else {
            return Err(bad(21205, "Url, Twiml or ApplicationSid is required; this double takes Twiml"));
        };
        if twiml.chars().count() > TWIML_CHARS {
            return Err(bad(21200, "Twiml is longer than 4000 characters"));
        }
        let verbs = twiml::parse(twiml).map_err(|why| bad(21200, &format!("Twiml cannot be used: {why}")))?;
        let ring_secs: i64 = match field(fields, "Timeout") {
            None => 60,
            Some(secs) => {
                let secs = secs.parse().ok().filter(|secs| (1..=600).contains(secs));
                secs.ok_or_else(|| bad(21200, "Timeout is an integer from 1 to 600"))?
            }
        };
        let known = ["To", "From", "Twiml", "Timeout", "StatusCallback", "StatusCallbackEvent", "StatusCallbackMethod"];
        if let Some((odd, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return Err(bad(21200, &format!("this double does not know the parameter {odd}")));
        }
        let status_url = url_of(fields, "StatusCallback", 21609)?;
        let call = Call {
            sid: self.next_sid("CA"),
            from: from.to_owned(),
            to: to.to_owned(),
            status: CallStatus::Ringing,
            said: Vec::new(),
            waits: false,
            at: now.0,
            rings_until: now.plus_secs(ring_secs),
            left: verbs.into(),
            action: None,
            status_url,
        };
        let mut answer = call_json(&call);
        answer["status"] = json!("queued");
        keep(&mut self.calls, call);
        Ok(answer)
    }

    /// Somebody picks up.
    ///
    /// # Errors
    /// When that call does not ring.
    pub fn pick_up(&mut self, sid: &str) -> Result<Vec<Callback>, Cannot> {
        let call = self.find(sid, CallStatus::Ringing)?;
        call.status = CallStatus::InProgress;
        Ok(self.go_on(sid))
    }

    /// Somebody presses a key.
    ///
    /// # Errors
    /// When that call waits for none.
    pub fn press(&mut self, sid: &str, key: char) -> Result<Vec<Callback>, Cannot> {
        if !(key.is_ascii_digit() || key == '*' || key == '#') {
            return Err(Cannot(format!("{key:?} is on no telephone")));
        }
        let call = self.find(sid, CallStatus::InProgress)?;
        let Some(action) = call.action.take().filter(|_| call.waits) else {
            return Err(Cannot("this call waits for no key".to_owned()));
        };
        call.waits = false;
        call.left.clear();
        let mut fields = self.call_fields(sid);
        fields.push(("Digits".to_owned(), key.to_string()));
        Ok(vec![Callback { url: action, fields, of: Of::Call(sid.to_owned()) }])
    }

    /// Nothing is pressed until the call has waited long enough.
    ///
    /// # Errors
    /// When that call waits for none.
    pub fn say_nothing(&mut self, sid: &str) -> Result<Vec<Callback>, Cannot> {
        let call = self.find(sid, CallStatus::InProgress)?;
        call.waits = false;
        call.action = None;
        Ok(self.go_on(sid))
    }

    /// Somebody hangs up, or does not take the call.
    ///
    /// # Errors
    /// When that call is over.
    pub fn hang_up(&mut self, sid: &str) -> Result<Vec<Callback>, Cannot> {
        let call =
            self.calls.iter_mut().find(|c| c.sid == sid).ok_or_else(|| Cannot(format!("there is no call {sid}")))?;
        let status = match call.status {
            CallStatus::Ringing => CallStatus::Busy,
            CallStatus::InProgress => CallStatus::Completed,
            CallStatus::Completed | CallStatus::Busy | CallStatus::NoAnswer => {
                return Err(Cannot("this call is over".to_owned()));
            }
        };
        Ok(self.end(sid, status))
    }

    /// Somebody writes a text to the account's number.
    pub fn write(&mut self, from: &str, body: &str, now: At) -> Vec<Callback> {
        let sid = self.next_sid("SM");
        let to = self.account.number.clone();
        let body_kept = body.to_owned();
        let text =
            Text { sid: sid.clone(), from: from.to_owned(), to: to.clone(), body: body_kept, at: now.0, inbound: true };
        keep(&mut self.texts, text);
        if self.account.sms_url.is_empty() {
            return Vec::new();
        }
        let fields = pairs(&[
            ("AccountSid", &self.account.sid),
            ("ApiVersion", "2010-04-01"),
            ("Body", body),
            ("From", from),
            ("MessageSid", &sid),
            ("NumMedia", "0"),
            ("NumSegments", "1"),
            ("SmsMessageSid", &sid),
            ("SmsSid", &sid),
            ("SmsStatus", "received"),
            ("To", &to),
        ]);
        let of = Of::Text { to: from.to_owned() };
        vec![Callback { url: self.account.sms_url.clone(), fields, of }]
    }

    /// The answer to a callback.
    pub fn took(&mut self, of: &Of, status: u16, body: &str, now: At) -> Vec<Callback> {
        let ok = (200..300).contains(&status);
        if !ok {
            self.complain(format!("11200 HTTP retrieval failure: {status}"));
        }
        let verbs = match (of, ok) {
            (Of::Nothing, _) => return Vec::new(),
            (_, false) => Err(()),
            (_, true) if body.trim().is_empty() => Ok(Vec::new()),
            (_, true) => twiml::parse(body).map_err(|why| self.complain(why)),
        };
        match (of, verbs) {
            (Of::Call(sid), Ok(verbs)) => {
                if let Ok(call) = self.find(sid, CallStatus::InProgress) {
                    call.left = verbs.into();
                }
                self.go_on(sid)
            }
            // What Twilio says to its caller then.
            (Of::Call(sid), Err(())) => {
                if let Ok(call) = self.find(sid, CallStatus::InProgress) {
                    call.said.push("We are sorry, an application error has occurred. Goodbye.".to_owned());
                }
                self.end(sid, CallStatus::Completed)
            }
            (Of::Text { to }, Ok(verbs)) => {
                for verb in verbs {
                    if let Verb::Message(body) = verb {
                        let (sid, from) = (self.next_sid("SM"), self.account.number.clone());
                        keep(&mut self.texts, Text { sid, from, to: to.clone(), body, at: now.0, inbound: false });
                    }
                }
                Vec::new()
            }
            (Of::Text { .. } | Of::Nothing, _) => Vec::new(),
        }
    }

    /// Calls that rang long enough.
    pub fn due(&mut self, now: At) -> Vec<Callback> {
        let over = self.calls.iter().filter(|c| c.status == CallStatus::Ringing && c.rings_until <= now);
        let over: Vec<String> = over.map(|c| c.sid.clone()).collect();
        over.iter().flat_map(|sid| self.end(sid, CallStatus::NoAnswer)).collect()
    }

    /// When the next of them has.
    pub fn next_wake(&self) -> Option<At> {
        self.calls.iter().filter(|c| c.status == CallStatus::Ringing).map(|c| c.rings_until).min()
    }

    /// Says what is to be said until a key is waited for, or the end.
    fn go_on(&mut self, sid: &str) -> Vec<Callback> {
        let Ok(call) = self.find(sid, CallStatus::InProgress) else { return Vec::new() };
        while let Some(verb) = call.left.pop_front() {
            match verb {
                Verb::Say(words) => call.said.push(words),
                Verb::Pause { .. } => {}
                Verb::Gather { says, action, .. } => {
                    call.said.extend(says);
                    call.action = Some(action);
                    call.waits = true;
                    return Vec::new();
                }
                Verb::Redirect(url) => {
                    let fields = self.call_fields(sid);
                    return vec![Callback { url, fields, of: Of::Call(sid.to_owned()) }];
                }
                Verb::Hangup => break,
                Verb::Message(_) => {}
            }
        }
        self.end(sid, CallStatus::Completed)
    }

    fn end(&mut self, sid: &str, status: CallStatus) -> Vec<Callback> {
        let Some(call) = self.calls.iter_mut().find(|c| c.sid == sid) else { return Vec::new() };
        call.status = status;
        call.waits = false;
        call.left.clear();
        call.action = None;
        let url = call.status_url.clone();
        let fields = self.call_fields(sid);
        url.map(|url| Callback { url, fields, of: Of::Nothing }).into_iter().collect()
    }

    fn call_fields(&self, sid: &str) -> Vec<(String, String)> {
        let Some(call) = self.calls.iter().find(|c| c.sid == sid) else { return Vec::new() };
        pairs(&[
            ("AccountSid", &self.account.sid),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", sid),
            ("CallStatus", word(call.status)),
            ("Called", &call.to),
            ("Caller", &call.from),
            ("Direction", "outbound-api"),
            ("From", &call.from),
            ("To", &call.to),
        ])
    }

    fn find(&mut self, sid: &str, status: CallStatus) -> Result<&mut Call, Cannot> {
        let call = self.calls.iter_mut().find(|c| c.sid == sid);
        let call = call.ok_or_else(|| Cannot(format!("there is no call {sid}")))?;
        if call.status != status {
            return Err(Cannot(format!("this call is {}, not {}", word(call.status), word(status))));
        }
        Ok(call)
    }

    pub(super) fn complain(&mut self, what: String) {
        keep(&mut self.debugger, what);
    }

    fn next_sid(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}{:032x}", self.made)
    }
}

fn keep<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == KEPT {
        all.pop_front();
    }
    all.push_back(one);
}

fn word(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Ringing => "ringing",
        CallStatus::InProgress => "in-progress",
        CallStatus::Completed => "completed",
        CallStatus::Busy => "busy",
        CallStatus::NoAnswer => "no-answer",
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// E.164: `+`, and at most 15 digits.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit()) && !digits.starts_with('0')
}

fn url_of(fields: &[(String, String)], name: &str, code: u32) -> Result<Option<String>, (u16, u32, String)> {
    let Some(url) = field(fields, name) else { return Ok(None) };
    let good = url::Url::parse(url).is_ok_and(|u| ["http", "https"].contains(&u.scheme()) && u.has_host());
    if good { Ok(Some(url.to_owned())) } else { Err((400, code, format!("The {name} URL {url} is not a valid URL."))) }
}

fn rfc2822(at: i64) -> String {
    At(at).utc().to_rfc2822()
}

fn text_json(t: &Text) -> Value {
    json!({
        "sid": t.sid, "from": t.from, "to": t.to, "body": t.body, "api_version": "2010-04-01",
        "status": "queued", "direction": if t.inbound { "inbound" } else { "outbound-api" },
        "num_media": "0", "num_segments": "1", "error_code": null, "error_message": null, "price": null,
        "price_unit": "USD", "messaging_service_sid": null, "date_created": rfc2822(t.at),
        "date_updated": rfc2822(t.at), "date_sent": null,
    })
}

fn call_json(c: &Call) -> Value {
    json!({
        "sid": c.sid, "from": c.from, "to": c.to, "api_version": "2010-04-01", "status": word(c.status),
        "direction": "outbound-api", "date_created": rfc2822(c.at), "date_updated": rfc2822(c.at),
        "start_time": null, "end_time": null, "duration": null, "price": null, "price_unit": "USD",
    })
}

fn listed(name: &str, all: impl Iterator<Item = Value>, query: &[(String, String)]) -> Answer {
    let most = field(query, "PageSize").and_then(|n| n.parse().ok()).unwrap_or(50_usize).min(1_000);
    let wanted = |one: &Value| {
        ["to", "from", "phone_number"]
            .iter()
            .zip(["To", "From", "PhoneNumber"])
            .all(|(key, asked)| field(query, asked).is_none_or(|v| one[*key] == v))
    };
    let page: Vec<Value> = all.filter(wanted).take(most).collect();
    answer(200, json!({ name: page, "page": 0, "page_size": most, "next_page_uri": null }))
}

fn answer(status: u16, body: Value) -> Answer {
    Answer { status, retry_after_secs: None, body, delay_ms: 0, fate: Fate::Arrives }
}

fn refused(status: u16, code: u32, message: &str) -> Answer {
    let info = format!("https://www.twilio.com/docs/errors/{code}");
    answer(status, json!({ "code": code, "message": message, "more_info": info, "status": status }))
}
