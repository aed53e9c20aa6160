//! JSON as monitors write it. Fields are taken from the body without copying; a field of an unexpected kind, a field
//! sent twice, a lone surrogate or a number no machine can hold is no reason to lose a page, so none of them fails the
//! reading: the decoder decides. Only what is not JSON at all is an error here.
//!
//! Nothing here recurses into what the body nests: depth costs a byte a level.

use super::limits;
use super::sources::DecodeError;
use super::text;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Reads a whole body.
///
/// # Errors
/// When it is empty, not UTF-8 or not JSON; the error names the place.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let text = utf8(body)?;
    serde_json::from_str(text).map_err(|e| {
        let found = if e.is_eof() { format!("JSON that breaks off ({e})") } else { format!("no JSON ({e})") };
        DecodeError::new("the body", &found, "one JSON value in UTF-8, complete, with nothing after it")
    })
}

/// The body as text, without the byte order mark that some senders put first.
pub fn utf8(body: &[u8]) -> Result<&str, DecodeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|e| {
        let found = format!("bytes that are not UTF-8 after byte {}", e.valid_up_to());
        DecodeError::new("the body", &found, "JSON in UTF-8")
    })?;
    if text.trim_ascii().is_empty() {
        return Err(DecodeError::new("the body", "nothing", "a JSON body; see the sender's webhook settings"));
    }
    Ok(text)
}

/// A value of any kind, as it stands in the body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loose<'a>(Option<&'a str>);

impl<'a> Loose<'a> {
    /// The field was not sent, or is `null`.
    pub fn is_absent(self) -> bool {
        matches!(self.0, None | Some("null"))
    }

    /// A string's content, or a number or boolean as it was written. Nothing for an array or object.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        let raw = self.0?;
        match raw.as_bytes().first()? {
            b'"' => Some(unescape(raw)),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(raw)),
        }
    }

    /// As [`Self::scalar`], without white space around it, and only if something is left.
    pub fn words(self) -> Option<Cow<'a, str>> {
        match self.scalar()? {
            Cow::Borrowed(s) => Some(Cow::Borrowed(s.trim())),
            Cow::Owned(s) => Some(Cow::Owned(s.trim().to_owned())),
        }
        .filter(|s| !s.is_empty())
    }

    /// Whatever it is, as text: an array or object as its JSON. Nothing if absent.
    pub fn any_text(self) -> Option<Cow<'a, str>> {
        if self.is_absent() { None } else { self.scalar().or(self.0.map(Cow::Borrowed)) }
    }

    /// The object's fields; nothing for any other kind.
    pub fn pairs(self) -> Option<Vec<(Cow<'a, str>, Loose<'a>)>> {
        match serde_json::from_str(self.0?) {
            Ok(Pairs::Fields(fields)) => Some(fields),
            Ok(Pairs::Absent | Pairs::Odd(_)) | Err(_) => None,
        }
    }

    /// The list's items, at most [`limits::ITEMS_READ`] of them; nothing for any other kind.
    pub fn items(self) -> Option<Vec<Loose<'a>>> {
        match serde_json::from_str(self.0?) {
            Ok(List::<Loose<'a>, { limits::ITEMS_READ }>::Items { items, .. }) => Some(items),
            Ok(List::Absent | List::Odd(_)) | Err(_) => None,
        }
    }

    /// As [`Self::any_text`], but a list is its items, separated by commas, and what is not words is left out.
    pub fn listed(self) -> Option<Cow<'a, str>> {
        let Some(items) = self.items() else { return self.any_text() };
        let words: Vec<Cow<'a, str>> =
            items.into_iter().filter_map(|item| item.words().or_else(|| item.any_text())).collect();
        (!words.is_empty()).then(|| Cow::Owned(words.join(", ")))
    }

    /// For an error message: what stands there, bounded.
    pub fn found(self) -> String {
        match self.0 {
            None => "nothing".to_owned(),
            Some(raw) => text::cut(raw, limits::FOUND_CHARS).into_owned(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(d).map(|raw| Self(Some(raw.get())))
    }
}

/// The content of a JSON string. An escape that means nothing (half of a surrogate pair, as senders leave that cut text
/// by UTF-16 units) becomes U+FFFD.
fn unescape(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').unwrap_or(raw);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.as_bytes().contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(unescape_lossy(inner))
}

/// Resolves JSON's escapes in `inner`, which may come from a body that is not JSON.
pub fn unescape_lossy(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = escape.chars();
        chars.next();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let (c, left) = unicode_escape(chars.as_str());
                out.push(c);
                rest = left;
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// `rest` stands behind a `\u`. The character, and what follows it.
fn unicode_escape(rest: &str) -> (char, &str) {
    let Some((high, after)) = hex4(rest) else { return (char::REPLACEMENT_CHARACTER, rest) };
    if let Some(c) = char::from_u32(high) {
        return (c, after);
    }
    let low = after.strip_prefix("\\u").and_then(hex4);
    match low {
        Some((low, behind)) if (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low) => {
            let c = char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
            (c.unwrap_or(char::REPLACEMENT_CHARACTER), behind)
        }
        _ => (char::REPLACEMENT_CHARACTER, after),
    }
}

fn hex4(s: &str) -> Option<(u32, &str)> {
    let digits = s.get(..4)?;
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
    Some((value, &s[4..]))
}

/// An object's name of a field.
pub struct Name<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }
            fn visit_borrowed_str<E: Error>(self, s: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(s)))
            }
            fn visit_str<E: Error>(self, s: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(s.to_owned())))
            }
        }
        d.deserialize_str(V)
    }
}

/// The scalar half of a visitor that wants an object or an array: notes what stood there instead.
macro_rules! odd_scalars {
    ($none:expr, $odd:expr) => {
        fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("any JSON")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($none)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($odd("true or false"))
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($odd("a number"))
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($odd("a number"))
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($odd("a number"))
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($odd("a text"))
        }
    };
}
pub(super) use odd_scalars;

/// An object read for its fields as they come, at most [`limits::LABELS_READ`] of them.
#[derive(Clone, Debug, Default)]
pub enum Pairs<'a> {
    #[default]
    Absent,
    /// Something else stood there.
    Odd(&'static str),
    Fields(Vec<(Cow<'a, str>, Loose<'a>)>),
}

impl<'a> Pairs<'a> {
    /// The fields; none where something else stood.
    pub fn fields(&self) -> &[(Cow<'a, str>, Loose<'a>)] {
        match self {
            Self::Fields(fields) => fields,
            Self::Absent | Self::Odd(_) => &[],
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Pairs<'de>;
            odd_scalars!(Pairs::Absent, Pairs::Odd);
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Pairs::Odd("a list"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if fields.len() < limits::LABELS_READ {
                        fields.push((name, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Pairs::Fields(fields))
            }
        }
        d.deserialize_any(V)
    }
}

/// An array of which at most `CAP` items are kept.
#[derive(Clone, Debug, Default)]
pub enum List<T, const CAP: usize> {
    #[default]
    Absent,
    /// Something else stood there.
    Odd(&'static str),
    Items {
        items: Vec<T>,
        /// How many came after the last one kept.
        more: usize,
    },
}

impl<T, const CAP: usize> List<T, CAP> {
    /// Each item kept made into another.
    pub fn map<U>(self, how: impl FnMut(T) -> U) -> List<U, CAP> {
        match self {
            Self::Absent => List::Absent,
            Self::Odd(what) => List::Odd(what),
            Self::Items { items, more } => List::Items { items: items.into_iter().map(how).collect(), more },
        }
    }

    /// The items kept.
    pub fn items(&self) -> &[T] {
        match self {
            Self::Items { items, .. } => items,
            Self::Absent | Self::Odd(_) => &[],
        }
    }
}

impl<'de, T: Deserialize<'de>, const CAP: usize> Deserialize<'de> for List<T, CAP> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V<T, const CAP: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const CAP: usize> Visitor<'de> for V<T, CAP> {
            type Value = List<T, CAP>;
            odd_scalars!(List::Absent, List::Odd);
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < CAP {
                    match seq.next_element()? {
                        Some(item) => items.push(item),
                        None => return Ok(List::Items { items, more: 0 }),
                    }
                }
                let mut more = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    more += 1;
                }
                Ok(List::Items { items, more })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(List::Odd("an object"))
            }
        }
        d.deserialize_any(V(std::marker::PhantomData))
    }
}

/// A struct read from an object: a field sent twice counts as its last, an unknown one is skipped. `odd` says what stood
/// there when it was no object.
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$lt:lifetime> { $($seen:vis $field:ident: $ty:ty = $key:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        $vis struct $name<$lt> {
            $($seen $field: $ty,)*
            #[allow(dead_code)] // not every record asks
            $vis odd: Option<&'static str>,
            _body: ::std::marker::PhantomData<&$lt str>,
        }

        impl<$lt> ::serde::Deserialize<$lt> for $name<$lt> {
            fn deserialize<D: ::serde::Deserializer<$lt>>(d: D) -> Result<Self, D::Error> {
                struct V;
                impl<$lt> ::serde::de::Visitor<$lt> for V {
                    type Value = $name<$lt>;
                    $crate::ingest::json::odd_scalars!($name { odd: Some("null"), ..$name::default() }, |what| $name {
                        odd: Some(what),
                        ..$name::default()
                    });
                    fn visit_seq<A: ::serde::de::SeqAccess<$lt>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                        while seq.next_element::<::serde::de::IgnoredAny>()?.is_some() {}
                        Ok($name { odd: Some("a list"), ..$name::default() })
                    }
                    fn visit_map<A: ::serde::de::MapAccess<$lt>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut out = $name::default();
                        while let Some($crate::ingest::json::Name(key)) = map.next_key()? {
                            match key.as_ref() {
                                $($key => out.$field = map.next_value()?,)*
                                _ => {
                                    map.next_value::<::serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(out)
                    }
                }
                d.deserialize_any(V)
            }
        }
    };
}
pub(super) use record;
