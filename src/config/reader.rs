//! Reads TOML tables key by key and remembers where everything stood.
//!
//! Not serde: a derived `Deserialize` stops at the first mistake, and this must tell them all. Every key a table was
//! asked for is known; [`Table::finish`] complains of the others.

use super::complaint::Notes;
use super::limits::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_QUOTED_CHARS};
use super::{brackets, span, suggest};
use crate::domain::routing::{AnyOf, Glob};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys of the top of the file; a key of these inside a table was written below a `[table]` by mistake.
pub(super) const TOP_KEYS: &[&str] = &[
    "workspace",
    "catch_all",
    "admin_channel",
    "listen",
    "data_dir",
    "heartbeat_url",
    "public_url",
    "timeline_reaction",
];

/// A value, where it stands, and how to quote it.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub value: T,
    pub at: usize,
    /// `policy = "paymnts"`, or `"user:bn" in targets`.
    pub shown: String,
}

/// One of a list that may hold names and tables.
pub(super) enum Item<'a> {
    Name(Found<String>),
    Table(Table<'a>),
}

/// One table of the file.
pub(super) struct Table<'a> {
    pub notes: &'a Notes,
    table: &'a DeTable<'a>,
    /// Where it begins.
    pub at: usize,
    /// What its keys are keys of: `[[service]]`.
    kind: &'static str,
    /// How complaints call it: `[service.payments]`.
    pub place: String,
    asked: RefCell<Vec<&'static str>>,
    /// Keys that must be there and are not, with what to write.
    missing: RefCell<Vec<(&'static str, String)>>,
}

impl<'a> Table<'a> {
    pub fn new(notes: &'a Notes, table: &'a DeTable<'a>, at: usize, kind: &'static str, place: String) -> Self {
        Self { notes, table, at, kind, place, asked: RefCell::default(), missing: RefCell::default() }
    }

    /// Names of things: lower-case letters, digits, `-` and `_`. From here on complaints call the table by it.
    pub fn id(&mut self, key: &'static str, example: &str, taken: &BTreeSet<String>) -> Option<Found<String>> {
        let found = self.text(key, MAX_ID_CHARS);
        self.required(key, &format!("{key} = \"{}\"", self.free_id(key, example, taken)));
        let found = found?;
        let kind = self.kind.trim_matches(['[', ']']);
        self.place = format!("[{kind}.{}]", found.value);
        let mut chars = found.value.chars();
        let starts_well = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts_well || !chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_') {
            self.place = format!("[[{kind}]]");
            self.complain(&found, "is not a name Warridor can use", "write lower-case letters, digits, - and _");
            return None;
        }
        Some(found)
    }

    /// An id nobody has: made of the name if there is one.
    fn free_id(&self, key: &str, example: &str, taken: &BTreeSet<String>) -> String {
        let name = if key == "name" { None } else { self.table.get("name").and_then(|v| v.get_ref().as_str()) };
        let mut slug = String::new();
        for c in name.unwrap_or_default().to_lowercase().chars().take(MAX_ID_CHARS - 4) {
            match c {
                'a'..='z' | '0'..='9' => slug.push(c),
                _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                _ => {}
            }
        }
        let slug = slug.trim_end_matches('-');
        let base = if slug.is_empty() { example } else { slug };
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        std::iter::once(base.to_owned()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or_default()
    }

    /// A name for people; the id when it is not given.
    pub fn name_or(&self, id: &str) -> String {
        self.text("name", MAX_NAME_CHARS).map_or_else(|| id.to_owned(), |found| found.value)
    }

    /// One line of text, trimmed.
    pub fn text(&self, key: &'static str, max_chars: usize) -> Option<Found<String>> {
        let value = self.get(key)?;
        self.text_of(key, value, max_chars, false)
    }

    pub fn texts(&self, key: &'static str, max_items: usize, max_chars: usize) -> Option<Vec<Found<String>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, &format!("a list: {key} = [\"…\"]"));
            return None;
        };
        self.bounded(key, value, items.len(), max_items);
        Some(items.iter().take(max_items).filter_map(|v| self.text_of(key, v, max_chars, true)).collect())
    }

    /// One text, or a list of them.
    pub fn text_or_texts(
        &self,
        key: &'static str,
        max_items: usize,
        max_chars: usize,
    ) -> Option<(bool, Vec<Found<String>>)> {
        let is_list = self.get(key)?.get_ref().is_array();
        let found =
            if is_list { self.texts(key, max_items, max_chars) } else { self.text(key, max_chars).map(|f| vec![f]) };
        found.map(|found| (is_list, found))
    }

    /// A list of names, some of them written as `{ … }` to say more.
    pub fn items(&self, key: &'static str, kind: &'static str, max_items: usize) -> Option<Vec<Item<'a>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, &format!("a list: {key} = [\"…\"]"));
            return None;
        };
        self.bounded(key, value, items.len(), max_items);
        let item = |(item, number): (&'a Spanned<DeValue<'a>>, usize)| match item.get_ref() {
            DeValue::Table(table) => {
                let place = format!("{} {} {number}", self.place, key.strip_suffix('s').unwrap_or(key));
                Some(Item::Table(Table::new(self.notes, table, item.span().start, kind, place)))
            }
            _ => self.text_of(key, item, MAX_ID_CHARS, true).map(Item::Name),
        };
        Some(items.iter().zip(1..).take(max_items).filter_map(item).collect())
    }

    /// `{ severity = "info", region = ["eu-*", "us-*"] }`: names from outside, and what their values must be like.
    pub fn label_values(
        &self,
        key: &'static str,
        max_labels: usize,
        max_items: usize,
        max_chars: usize,
    ) -> BTreeMap<String, AnyOf> {
        let Some(value) = self.get(key) else { return BTreeMap::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_kind(key, value, &format!("{key} = {{ severity = \"info\" }}"));
            return BTreeMap::new();
        };
        self.bounded(key, value, table.len(), max_labels);
        if table.is_empty() {
            self.complain(&self.found(key, value, ()), "is empty", "write at least one label, or leave it out");
        }
        let mut all = BTreeMap::new();
        for (name, wanted) in table.iter().take(max_labels) {
            let place: &str = name.get_ref();
            let texts: Vec<Found<String>> = match wanted.get_ref() {
                DeValue::Array(items) if items.is_empty() => {
                    let mend = "write at least one, or leave it out";
                    self.complain(&self.found(place, wanted, ()), "fits nothing", mend);
                    continue;
                }
                DeValue::Array(items) => {
                    self.bounded(place, wanted, items.len(), max_items);
                    let items = items.iter().take(max_items);
                    items.filter_map(|v| self.text_of(place, v, max_chars, true)).collect()
                }
                _ => self.text_of(place, wanted, max_chars, false).into_iter().collect(),
            };
            let globs = texts.into_iter().map(|f| Glob(f.value)).collect();
            all.insert(name.get_ref().to_string(), AnyOf(globs));
        }
        all
    }

    /// One table written inside this one: `key = { … }`.
    pub fn table_in(&self, key: &'static str, example: &str) -> Option<Table<'a>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_kind(key, value, &format!("{key} = {example}"));
            return None;
        };
        let place = format!("{} {key}", self.place);
        Some(Table::new(self.notes, table, value.span().start, key, place))
    }

    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_kind(key, value, "true or false, without quotes");
        }
        flag
    }

    pub fn number(&self, key: &'static str, within: RangeInclusive<i64>) -> Option<i64> {
        let value = self.get(key)?;
        let want = format!("a whole number from {} to {}, without quotes", within.start(), within.end());
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_kind(key, value, &want);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| within.contains(n));
        if number.is_none() {
            self.complain(&self.found(key, value, ()), "is out of bounds", &format!("write {want}"));
        }
        number
    }

    /// A list of whole numbers.
    pub fn numbers(&self, key: &'static str, max_items: usize, within: RangeInclusive<i64>) -> Option<Vec<i64>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, &format!("a list: {key} = [{}]", within.start()));
            return None;
        };
        self.bounded(key, value, items.len(), max_items);
        let number = |item: &'a Spanned<DeValue<'a>>| {
            let integer = item.get_ref().as_integer();
            let number = integer.and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
            let number = number.filter(|n| within.contains(n));
            if number.is_none() {
                let mend = format!("write whole numbers from {} to {}, without quotes", within.start(), within.end());
                self.complain(&self.found(key, item, ()), "is out of bounds", &mend);
            }
            number
        };
        Some(items.iter().take(max_items).filter_map(number).collect())
    }

    /// A span of time, in seconds.
    pub fn span(&self, key: &'static str, within: RangeInclusive<i64>) -> Option<Found<i64>> {
        let value = self.get(key)?;
        self.span_of(key, value, within, false)
    }

    pub fn spans(&self, key: &'static str, max_items: usize, within: RangeInclusive<i64>) -> Option<Vec<Found<i64>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, &format!("a list: {key} = [\"5m\", \"10m\"]"));
            return None;
        };
        self.bounded(key, value, items.len(), max_items);
        Some(items.iter().take(max_items).filter_map(|v| self.span_of(key, v, within.clone(), true)).collect())
    }

    /// A day: `2026-01-05`, with or without quotes.
    pub fn date(&self, key: &'static str) -> Option<Found<NaiveDate>> {
        let value = self.get(key)?;
        let date = plain(value.get_ref()).and_then(|text| text.parse().ok());
        if date.is_none() {
            self.unreadable(key, value, "a day that exists: 2026-01-05");
        }
        date.map(|date| self.found(key, value, date))
    }

    /// A list of days.
    pub fn dates(&self, key: &'static str, max_items: usize) -> Option<Vec<NaiveDate>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, &format!("a list: {key} = [2026-12-25]"));
            return None;
        };
        self.bounded(key, value, items.len(), max_items);
        let mut dates = Vec::new();
        for item in items.iter().take(max_items) {
            match plain(item.get_ref()).and_then(|text| text.parse().ok()) {
                Some(date) => dates.push(date),
                None => self.unreadable(key, item, "a day that exists: 2026-01-05"),
            }
        }
        Some(dates)
    }

    /// A time of day: `18:00`, with or without quotes.
    pub fn time(&self, key: &'static str) -> Option<Found<NaiveTime>> {
        let value = self.get(key)?;
        let parse = |text: String| {
            NaiveTime::parse_from_str(&text, "%H:%M").or_else(|_| NaiveTime::parse_from_str(&text, "%H:%M:00")).ok()
        };
        let time = plain(value.get_ref()).and_then(parse);
        if time.is_none() {
            self.unreadable(key, value, "a time of day in hours and minutes: \"18:00\"");
        }
        time.map(|time| self.found(key, value, time))
    }

    /// A day and a time of day, on the local clock: `2026-12-24T18:00`, with or without quotes.
    pub fn local_time(&self, key: &'static str) -> Option<Found<NaiveDateTime>> {
        const FORMATS: [&str; 4] = ["%Y-%m-%dT%H:%M:00", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:00", "%Y-%m-%d %H:%M"];
        let value = self.get(key)?;
        let parse = |text: String| FORMATS.iter().find_map(|f| NaiveDateTime::parse_from_str(&text, f).ok());
        let time = plain(value.get_ref()).and_then(parse);
        if time.is_none() {
            self.unreadable(key, value, "a day and a local time, in hours and minutes: 2026-12-24T18:00");
        }
        time.map(|time| self.found(key, value, time))
    }

    /// Tables written as `[[kind]]`, or as a list of `{ … }`.
    pub fn tables(&self, key: &'static str, kind: &'static str, max_items: usize) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let items = match value.get_ref() {
            DeValue::Array(items) if items.iter().all(|i| i.get_ref().is_table()) => Some(&items[..]),
            // Read on all the same: what else is wrong in it is told too.
            DeValue::Table(_) if self.begins_singly(kind, value) => Some(std::slice::from_ref(value)),
            _ => None,
        };
        let Some(items) = items else {
            let how =
                if kind.starts_with('[') { format!("{kind} above its lines") } else { format!("{key} = [{{ … }}]") };
            self.wrong_kind(key, value, &how);
            return Vec::new();
        };
        self.bounded(key, value, items.len(), max_items);
        let inside = |item: &'a Spanned<DeValue<'a>>, number: usize| {
            let place = match (self.place.as_str(), kind.starts_with("[[")) {
                ("", true) => kind.to_owned(),
                ("", false) => format!("{kind} {number}"),
                (place, _) if key == "hours" => format!("{place} {key} {number}"),
                (place, _) => format!("{place} {} {number}", key.strip_suffix('s').unwrap_or(key)),
            };
            item.get_ref().as_table().map(|t| Table::new(self.notes, t, item.span().start, kind, place))
        };
        items.iter().take(max_items).zip(1..).filter_map(|(item, number)| inside(item, number)).collect()
    }

    /// Complains if this one of a list begins with `[kind]`, like what there is once.
    fn begins_singly(&self, kind: &str, value: &Spanned<DeValue<'_>>) -> bool {
        let at = value.span().start;
        let name = kind.trim_matches(['[', ']']);
        let singly =
            brackets::header(self.notes.line_text(at)).is_some_and(|(written, single)| single && written == name);
        if singly {
            brackets::complain(self.notes, at, name);
        }
        singly
    }

    /// One table written as `[key]`.
    pub fn table(&self, key: &'static str, kind: &'static str) -> Option<Table<'a>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_kind(key, value, &format!("{kind} above its lines"));
            return None;
        };
        Some(Table::new(self.notes, table, value.span().start, kind, kind.to_owned()))
    }

    /// Is the key there, whatever its value? Counts as asked for.
    pub fn has(&self, key: &'static str) -> Option<usize> {
        self.get(key).and_then(|_| self.table.get_key_value(key)).map(|(k, _)| k.span().start)
    }

    /// Where the key's value stands, if it is text where something else belongs. Does not count as asked for.
    pub fn is_text(&self, key: &str) -> Option<usize> {
        self.table.get(key).filter(|value| value.get_ref().is_str()).map(|value| value.span().start)
    }

    /// Complains, in the end, if the key is missing.
    pub fn required(&self, key: &'static str, example: &str) {
        if self.get(key).is_none() {
            self.missing.borrow_mut().push((key, example.to_owned()));
        }
    }

    /// Complains if the key is an empty list.
    pub fn required_items(&self, key: &'static str, mend: &str) {
        if let Some(value) = self.get(key).filter(|v| v.get_ref().as_array().is_some_and(|items| items.is_empty())) {
            let found = format!("{} = []", quote(key));
            self.notes.complain(value.span().start, &self.place, &found, "is empty", mend);
        }
    }

    pub fn complain<T>(&self, found: &Found<T>, wrong: &str, mend: &str) {
        self.notes.complain(found.at, &self.place, &found.shown, wrong, mend);
    }

    /// Complains of every key nobody asked for, and of every key that is missing.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        let mut missing = self.missing.borrow_mut();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let of = if self.kind.is_empty() { "the top of the file" } else { self.kind };
            let mend = if !self.kind.is_empty() && TOP_KEYS.contains(&name) {
                "move it to the top of the file, above the first [table]".to_owned()
            } else if let Some(meant) = suggest::nearest(name, asked.iter().copied()) {
                // One slip is told once: what it was meant to be is not missing.
                missing.retain(|(key, _)| *key != meant);
                suggest::one_of(name, asked.iter().copied())
            } else if is_secret(name) {
                "leave it out: secrets come from the environment (SLACK_BOT_TOKEN, SLACK_APP_TOKEN) or from files"
                    .to_owned()
            } else {
                suggest::one_of(name, asked.iter().copied())
            };
            let wrong = format!("is not a key of {of}");
            self.notes.complain(key.span().start, &self.place, &quote(name), &wrong, &mend);
        }
        let place = if self.place.is_empty() { "the top of the file" } else { &self.place };
        for (key, example) in missing.iter() {
            self.notes.complain(self.at, place, "", &format!("has no {key}"), &format!("write {example}"));
        }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key)
    }

    fn found<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, read: T) -> Found<T> {
        Found { value: read, at: value.span().start, shown: show(key, value.get_ref()) }
    }

    fn listed<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, read: T) -> Found<T> {
        let shown = if is_secret(key) { quote(key) } else { format!("{} in {key}", show_value(value.get_ref())) };
        Found { value: read, at: value.span().start, shown }
    }

    fn text_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        max_chars: usize,
        in_list: bool,
    ) -> Option<Found<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_kind(key, value, "text in double quotes");
            return None;
        };
        let text = text.trim();
        let found = if in_list { self.listed(key, value, ()) } else { self.found(key, value, ()) };
        let wrong = if text.is_empty() {
            "is empty".to_owned()
        } else if !text.chars().all(printable) {
            "holds characters that cannot be shown on one line".to_owned()
        } else if text.chars().count() > max_chars {
            format!("is longer than {max_chars} characters")
        } else {
            return Some(Found { value: text.to_owned(), at: found.at, shown: found.shown });
        };
        self.complain(&found, &wrong, &format!("write 1 to {max_chars} printable characters or leave it out"));
        None
    }

    fn span_of(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        within: RangeInclusive<i64>,
        in_list: bool,
    ) -> Option<Found<i64>> {
        let Some(secs) = value.get_ref().as_str().and_then(|text| span::parse(text.trim())) else {
            self.unreadable(key, value, "a span of time in quotes: \"90s\", \"5m\" or \"1h30m\"");
            return None;
        };
        let found = if in_list { self.listed(key, value, secs) } else { self.found(key, value, secs) };
        if within.contains(&secs) {
            return Some(found);
        }
        let bounds = format!("write {} to {}", span::show(*within.start()), span::show(*within.end()));
        self.complain(&found, "is out of bounds", &bounds);
        None
    }

    fn bounded(&self, key: &str, value: &Spanned<DeValue<'_>>, count: usize, max: usize) {
        if count > max {
            let wrong = format!("are more than {max}");
            self.notes.complain(
                value.span().start,
                &self.place,
                &format!("{count} × {key}"),
                &wrong,
                &format!("keep {max} at most"),
            );
        }
    }

    /// The value is of another kind than wanted.
    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'_>>, want: &str) {
        let wrong = match value.get_ref() {
            DeValue::String(_) => "is text",
            DeValue::Integer(_) | DeValue::Float(_) => "is a number",
            DeValue::Boolean(_) => "is a yes or no",
            DeValue::Datetime(_) => "is a date or a time",
            DeValue::Array(_) => "is a list",
            DeValue::Table(_) => "is a table",
        };
        self.complain(&self.found(key, value, ()), wrong, &format!("write {want}"));
    }

    /// The value is of a kind that could be right, or of another.
    fn unreadable(&self, key: &str, value: &Spanned<DeValue<'_>>, want: &str) {
        if plain(value.get_ref()).is_some() {
            self.complain(&self.found(key, value, ()), "cannot be read", &format!("write {want}"));
        } else {
            self.wrong_kind(key, value, want);
        }
    }
}

/// A value whose name speaks of a secret must never be quoted.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let named = ["token", "secret", "password", "passwd"].iter().any(|word| key.contains(word));
    // `key_env` names a variable, and whoever writes the key itself there must not see it quoted either.
    named || key == "key" || key.ends_with("_key") || key == "key_env"
}

/// A key as it must be written, cut short.
fn quote(key: &str) -> String {
    let short: String = key.chars().filter(|c| printable(*c)).take(MAX_QUOTED_CHARS).collect();
    let bare = !short.is_empty() && short.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare && short.len() == key.len() { short } else { format!("{short:?}") }
}

fn show(key: &str, value: &DeValue<'_>) -> String {
    if is_secret(key) { quote(key) } else { format!("{} = {}", quote(key), show_value(value)) }
}

fn show_value(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => {
            let mut short: String = text.chars().filter(|c| !is_bidi(*c)).take(MAX_QUOTED_CHARS).collect();
            if text.chars().count() > MAX_QUOTED_CHARS {
                short.push('…');
            }
            format!("{short:?}")
        }
        DeValue::Integer(n) => n.to_string().chars().take(MAX_QUOTED_CHARS).collect(),
        DeValue::Float(n) => n.to_string().chars().take(MAX_QUOTED_CHARS).collect(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(t) => t.to_string(),
        DeValue::Array(_) => "[…]".to_owned(),
        DeValue::Table(_) => "{…}".to_owned(),
    }
}

/// A string's text or a date as it was written.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.trim().to_owned()),
        DeValue::Datetime(t) => Some(t.to_string()),
        _ => None,
    }
}

/// Can it be shown on one line without moving what stands around it?
pub(super) fn printable(c: char) -> bool {
    !c.is_control() && !is_bidi(c)
}

/// Characters that reorder what is shown after them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}
