//! One frame as one line of JSON, and back.
//!
//! ```text
//! {"v":1,"store":…,"seq":…,"at":…,"wall":…,"config":…,"inputs":[…],"facts":[…],"prev":…,"hash":…,"texts":{…}}
//! ```
//! `hash` is the SHA-256 of the bytes before `,"hash"`, so it covers the facts and, through `prev`, all frames before.
//! The texts stand after it: a text can be dropped (`"id":null` and spaces) without breaking the chain, and as long as
//! it is there its own id proves it. Every byte of a line is therefore covered by something; that a text is there at all,
//! by the fact that names it, which only whoever reads facts can tell ([`crate::record::unseal`]).
//!
//! The line is written straight into a buffer and read with a cursor. Reading never panics, allocates only for texts,
//! and accepts nothing that writing would not produce: a lenient reader would let damage through.
//!
//! Absent on purpose: any meaning of a fact. Facts are copied, byte for byte.

use super::{Frame, SealedText, StoreId};
use crate::domain::stamp::At;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// The version of the line that this code writes, and the only one it reads.
pub const VERSION: u64 = 1;

/// What every line starts with. A search for frames in damaged bytes looks for it.
pub const START: &[u8] = b"{\"v\":1,\"store\":\"";

/// The longest salt of a text, in hex digits.
pub const MAX_SALT_DIGITS: usize = 64;

/// The hash of a frame, which the next one carries as `prev`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHash(pub [u8; 32]);

impl FrameHash {
    /// What the first frame carries as `prev`.
    pub const NONE: Self = Self([0; 32]);

    /// Reads 64 lower-case hex digits.
    pub fn parse(hex: &[u8]) -> Option<Self> {
        let mut out = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(out))
    }
}

impl fmt::Display for FrameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for FrameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Why bytes are not a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// Not UTF-8, or a control character where none can be.
    #[error("it is not text")]
    NotText,
    /// The shape breaks at this byte.
    #[error("byte {at} is not {expected}")]
    Shape { at: usize, expected: &'static str },
    /// Written by another version of this program.
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u64),
    /// The bytes do not lead to the hash they carry.
    #[error("its bytes do not match its hash")]
    Hash,
    /// A text is not the one its id stands for.
    #[error("the text {0} does not match its id")]
    Text(String),
    /// Writing never gives two texts one id.
    #[error("the text {0} stands there twice")]
    Twice(String),
    /// A dropped text that no fact names.
    #[error("the dropped text {0} is named by no fact")]
    Stray(String),
    /// The facts or inputs are not the JSON they should be.
    #[error("its facts cannot be read: {0}")]
    Json(String),
}

/// A line that was checked: shape, hash, texts. The facts are still JSON text.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub store: StoreId,
    pub seq: u64,
    pub at: At,
    pub wall: At,
    pub config: u64,
    pub prev: FrameHash,
    pub hash: FrameHash,
    inputs: Vec<Cow<'a, str>>,
    facts: &'a str,
    texts: Vec<SealedText>,
    /// For each text, the bytes of its value within the line.
    spans: Vec<std::ops::Range<usize>>,
}

/// The id of `text` under `salt`: the first 16 bytes, in hex, of the SHA-256 of the salt's hex digits and the text.
/// (`printf %s "$SALT$TEXT" | sha256sum` says the same.)
pub fn text_id(salt: &str, text: &str) -> String {
    let mut sha = Sha256::new();
    sha.update(salt.as_bytes());
    sha.update(text.as_bytes());
    hex(&sha.finalize()[..16])
}

impl SealedText {
    /// Seals `text` under `salt`, which is random and in lower-case hex.
    pub fn seal(salt: &str, text: &str) -> Self {
        Self { id: text_id(salt, text), salt: salt.to_owned(), text: Some(text.to_owned()) }
    }
}

/// Appends `frame` as a line, newline included, and returns its hash. On an error `out` is as it was.
///
/// # Errors
/// A sentence, when the line could not be read back: a fact that is no object, a text that does not match its id.
pub fn encode(frame: &Frame, store: StoreId, prev: FrameHash, out: &mut Vec<u8>) -> Result<FrameHash, String> {
    let start = out.len();
    let done = write_line(frame, store, prev, out);
    if done.is_err() {
        out.truncate(start);
    }
    done
}

fn write_line(frame: &Frame, store: StoreId, prev: FrameHash, out: &mut Vec<u8>) -> Result<FrameHash, String> {
    use std::io::Write;
    let start = out.len();
    let text_of = |e: std::io::Error| format!("frame {}: {e}", frame.seq);
    write!(
        out,
        r#"{{"v":{VERSION},"store":"{store}","seq":{},"at":{},"wall":{},"config":{},"inputs":["#,
        frame.seq, frame.at.0, frame.wall.0, frame.config
    )
    .map_err(text_of)?;
    for (i, input) in frame.inputs.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_string(input, out)?;
    }
    out.extend_from_slice(br#"],"facts":["#);
    for (i, fact) in frame.facts.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let json = fact.get();
        if !json.starts_with('{') {
            return Err(format!("frame {}: fact {i} is not a JSON object", frame.seq));
        }
        // Line breaks in JSON are white space; one line is one frame.
        out.extend(json.bytes().map(|b| if matches!(b, b'\n' | b'\r' | b'\t') { b' ' } else { b }));
    }
    out.push(b']');
    let before_prev = start..out.len();
    write!(out, r#","prev":"{prev}""#).map_err(text_of)?;
    let hash = FrameHash(Sha256::digest(&out[start..]).into());
    write!(out, r#","hash":"{hash}","texts":{{"#).map_err(text_of)?;
    let mut ids = HashSet::new();
    for (i, text) in frame.texts.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if !ids.insert(text.id.as_str()) {
            return Err(format!("frame {}: the text {} stands there twice", frame.seq, text.id));
        }
        write_text(text, before_prev.clone(), out)?;
    }
    out.extend_from_slice(b"}}\n");
    Ok(hash)
}

fn write_text(sealed: &SealedText, facts: std::ops::Range<usize>, out: &mut Vec<u8>) -> Result<(), String> {
    let named = |out: &mut Vec<u8>| {
        out.push(b'"');
        out.extend_from_slice(sealed.id.as_bytes());
        out.extend_from_slice(b"\":");
    };
    match &sealed.text {
        Some(text) => {
            if sealed.salt.len() > MAX_SALT_DIGITS || !sealed.salt.bytes().all(|b| hex_digit(b).is_some()) {
                return Err(format!("the salt of text {} is not lower-case hex", sealed.id));
            }
            if text_id(&sealed.salt, text) != sealed.id {
                return Err(format!("the text {} does not match its id", sealed.id));
            }
            named(out);
            out.extend_from_slice(br#"{"salt":""#);
            out.extend_from_slice(sealed.salt.as_bytes());
            out.extend_from_slice(br#"","text":"#);
            write_string(text, out)?;
            out.push(b'}');
        }
        None => {
            let known = sealed.id.len() == 32 && sealed.id.bytes().all(|b| hex_digit(b).is_some());
            if !known || !contains(&out[facts], sealed.id.as_bytes()) {
                return Err(format!("the dropped text {} is named by no fact", sealed.id));
            }
            named(out);
            out.extend_from_slice(b"null");
        }
    }
    Ok(())
}

fn write_string(s: &str, out: &mut Vec<u8>) -> Result<(), String> {
    serde_json::to_writer(out, s).map_err(|e| e.to_string())
}

/// Reads and checks one line, given without its newline.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn decode(line: &[u8]) -> Result<Line<'_>, BadFrame> {
    let text = std::str::from_utf8(line).map_err(|_| BadFrame::NotText)?;
    if let Some(version) = version_of(line).filter(|v| *v != VERSION) {
        return Err(BadFrame::Version(version));
    }
    // Quotes inside strings are escaped, and the texts' own keys are ids: the last `,"hash":"` is the frame's.
    let hash_at = text.rfind(HASH_KEY).ok_or(BadFrame::Shape { at: line.len(), expected: "a hash" })?;
    let facts_end = hash_at.checked_sub(PREV_BYTES).ok_or(BadFrame::Shape { at: hash_at, expected: "a prev" })?;
    let mut c = Cursor { line, at: 0 };
    c.literal(START, "the start of a frame")?;
    let store = StoreId(c.hex_u64()?);
    c.literal(br#"","seq":"#, "seq")?;
    let seq = c.unsigned()?;
    c.literal(br#","at":"#, "at")?;
    let at = At(c.signed()?);
    c.literal(br#","wall":"#, "wall")?;
    let wall = At(c.signed()?);
    c.literal(br#","config":"#, "config")?;
    let config = c.unsigned()?;
    c.literal(br#","inputs":["#, "inputs")?;
    let inputs = c.strings()?;
    c.literal(br#","facts":"#, "facts")?;
    let facts_at = c.at;
    let facts = text.get(facts_at..facts_end).ok_or(BadFrame::Shape { at: facts_at, expected: "the facts" })?;
    c.at = facts_end;
    c.literal(br#","prev":""#, "prev")?;
    let prev = c.hash()?;
    c.literal(b"\",\"hash\":\"", "the hash")?;
    let hash = c.hash()?;
    if <[u8; 32]>::from(Sha256::digest(&line[..hash_at])) != hash.0 {
        return Err(BadFrame::Hash);
    }
    c.literal(br#"","texts":{"#, "the texts")?;
    let mut texts = Vec::new();
    let mut spans = Vec::new();
    if !c.skip(b"}") {
        loop {
            let (sealed, span) = c.text(&line[..facts_end])?;
            texts.push(sealed);
            spans.push(span);
            if c.skip(b"}") {
                break;
            }
            c.literal(b",", "the next text")?;
        }
    }
    c.literal(b"}", "the end of the frame")?;
    if c.at != line.len() {
        return Err(BadFrame::Shape { at: c.at, expected: "the end of the line" });
    }
    let mut ids = HashSet::new();
    if let Some(twice) = texts.iter().find(|t: &&SealedText| !ids.insert(t.id.as_str())) {
        return Err(BadFrame::Twice(twice.id.clone()));
    }
    Ok(Line { store, seq, at, wall, config, prev, hash, inputs, facts, texts, spans })
}

impl Line<'_> {
    /// The frame, with its facts cut apart.
    ///
    /// # Errors
    /// [`BadFrame::Json`] when the facts are not an array of JSON objects.
    pub fn frame(&self) -> Result<Frame, BadFrame> {
        let facts: Vec<Box<RawValue>> = serde_json::from_str(self.facts).map_err(|e| BadFrame::Json(e.to_string()))?;
        if facts.iter().any(|f| !f.get().starts_with('{')) {
            return Err(BadFrame::Json("a fact is not an object".into()));
        }
        Ok(Frame {
            seq: self.seq,
            at: self.at,
            wall: self.wall,
            config: self.config,
            inputs: self.inputs.iter().map(|i| i.clone().into_owned()).collect(),
            facts,
            texts: self.texts.clone(),
        })
    }

    /// The texts, checked against their ids.
    pub fn texts(&self) -> &[SealedText] {
        &self.texts
    }

    /// Where in the line the value of text `id` stands, when the text is still there.
    pub fn span_of(&self, id: &str) -> Option<std::ops::Range<usize>> {
        let i = self.texts.iter().position(|t| t.id == id && t.text.is_some())?;
        self.spans.get(i).cloned()
    }
}

/// The version a line says it has, if it starts like a frame of any version.
fn version_of(line: &[u8]) -> Option<u64> {
    let mut c = Cursor { line, at: 0 };
    c.literal(br#"{"v":"#, "a version").ok()?;
    let version = c.unsigned().ok()?;
    c.literal(b",", "the rest of a frame").ok()?;
    Some(version)
}

/// Looks for a good frame anywhere in `bytes`: its offset and seq.
pub fn find_good(bytes: &[u8]) -> Option<(usize, u64)> {
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| find(rest, START)).map(|i| i + from) {
        let end = find(&bytes[at..], b"\n").map_or(bytes.len(), |i| i + at);
        if end < bytes.len()
            && let Ok(line) = decode(&bytes[at..end])
        {
            return Some((at, line.seq));
        }
        from = at + 1;
    }
    None
}

const HASH_KEY: &str = r#","hash":""#;
/// `,"prev":"` and 64 digits and `"`.
const PREV_BYTES: usize = 9 + 64 + 1;

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, BadFrame> {
        Err(BadFrame::Shape { at: self.at, expected })
    }

    fn skip(&mut self, literal: &[u8]) -> bool {
        let there = self.rest().starts_with(literal);
        if there {
            self.at += literal.len();
        }
        there
    }

    fn literal(&mut self, literal: &[u8], expected: &'static str) -> Result<(), BadFrame> {
        if self.skip(literal) { Ok(()) } else { self.wrong(expected) }
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let n = rest.iter().position(|&b| !keep(b)).unwrap_or(rest.len());
        self.at += n;
        // Only called for ASCII, so this cannot fail.
        std::str::from_utf8(&rest[..n]).unwrap_or_default()
    }

    fn unsigned(&mut self) -> Result<u64, BadFrame> {
        let start = self.at;
        let digits = self.take_while(|b| b.is_ascii_digit());
        match digits.parse::<u64>() {
            Ok(n) if digits == "0" || !digits.starts_with('0') => Ok(n),
            _ => Err(BadFrame::Shape { at: start, expected: "a number" }),
        }
    }

    fn signed(&mut self) -> Result<i64, BadFrame> {
        let start = self.at;
        let negative = self.skip(b"-");
        let bad = BadFrame::Shape { at: start, expected: "a number" };
        let n = i128::from(self.unsigned().map_err(|_| bad.clone())?);
        if negative && n == 0 {
            return Err(bad);
        }
        i64::try_from(if negative { -n } else { n }).map_err(|_| bad)
    }

    fn hex_u64(&mut self) -> Result<u64, BadFrame> {
        let start = self.at;
        let digits = self.take_while(|b| hex_digit(b).is_some());
        match u64::from_str_radix(digits, 16) {
            Ok(n) if digits.len() == 16 => Ok(n),
            _ => Err(BadFrame::Shape { at: start, expected: "a store id" }),
        }
    }

    fn hash(&mut self) -> Result<FrameHash, BadFrame> {
        match self.rest().get(..64).and_then(FrameHash::parse) {
            Some(hash) => {
                self.at += 64;
                Ok(hash)
            }
            None => self.wrong("a SHA-256 in hex"),
        }
    }

    /// A JSON string, quotes included, as it was written.
    fn string(&mut self) -> Result<Cow<'a, str>, BadFrame> {
        let start = self.at;
        let rest = self.rest();
        if rest.first() != Some(&b'"') {
            return self.wrong("a string");
        }
        let mut i = 1;
        let mut escaped = false;
        loop {
            match rest.get(i) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    i += 2;
                }
                Some(0..0x20) => return Err(BadFrame::NotText),
                Some(_) => i += 1,
                None => {
                    return Err(BadFrame::Shape { at: start, expected: "a string that ends" });
                }
            }
        }
        self.at += i + 1;
        let quoted = std::str::from_utf8(&rest[..=i]).map_err(|_| BadFrame::NotText)?;
        if escaped {
            let plain: String = serde_json::from_str(quoted).map_err(|e| BadFrame::Json(e.to_string()))?;
            Ok(Cow::Owned(plain))
        } else {
            Ok(Cow::Borrowed(&quoted[1..i]))
        }
    }

    /// Strings up to the closing bracket, which is consumed.
    fn strings(&mut self) -> Result<Vec<Cow<'a, str>>, BadFrame> {
        let mut out = Vec::new();
        if self.skip(b"]") {
            return Ok(out);
        }
        loop {
            out.push(self.string()?);
            if self.skip(b"]") {
                return Ok(out);
            }
            self.literal(b",", "the next input")?;
        }
    }

    /// One entry of the texts, and where its value stands.
    fn text(&mut self, facts: &[u8]) -> Result<(SealedText, std::ops::Range<usize>), BadFrame> {
        self.literal(b"\"", "the id of a text")?;
        let id = self.take_while(|b| hex_digit(b).is_some());
        if id.len() != 32 {
            return self.wrong("the id of a text");
        }
        self.literal(b"\":", "a text")?;
        let value_at = self.at;
        if self.skip(b"null") {
            self.take_while(|b| b == b' ');
            if !contains(facts, id.as_bytes()) {
                return Err(BadFrame::Stray(id.to_owned()));
            }
            return Ok((SealedText { id: id.to_owned(), salt: String::new(), text: None }, value_at..self.at));
        }
        self.literal(br#"{"salt":""#, "a salt")?;
        let salt = self.take_while(|b| hex_digit(b).is_some());
        if salt.len() > MAX_SALT_DIGITS {
            return self.wrong("a salt");
        }
        self.literal(br#"","text":"#, "a text")?;
        let text_at = self.at;
        let text = self.string()?;
        // The id proves what the text says; this proves that it is written the one way it can be.
        let mut again = Vec::with_capacity(self.at - text_at);
        let same = write_string(&text, &mut again).is_ok() && again == self.line[text_at..self.at];
        self.literal(b"}", "the end of a text")?;
        if !same || text_id(salt, &text) != id {
            return Err(BadFrame::Text(id.to_owned()));
        }
        let sealed = SealedText { id: id.to_owned(), salt: salt.to_owned(), text: Some(text.into_owned()) };
        Ok((sealed, value_at..self.at))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

fn hex_digit(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    }
}

/// Where `needle` first occurs. The needles here are short and start with a rare byte, or are one byte.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack.get(from..)?.iter().position(|&b| b == first).map(|i| i + from) {
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    find(haystack, needle).is_some()
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
