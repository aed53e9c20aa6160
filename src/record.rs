//! Facts as journal frames hold them: JSON, with every text set apart under a salted hash.

use crate::domain::fact::Fact;
use crate::domain::id::InputId;
use crate::domain::stamp::Stamp;
use crate::store::{Frame, SealedText};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// 16 random bytes for one text; without them a short text could be guessed from its hash.
pub type Salt = [u8; 16];

/// Facts of one frame, ready to be written.
pub struct Sealed {
    pub facts: Vec<Box<RawValue>>,
    pub texts: Vec<SealedText>,
}

/// A fact in a frame that cannot be read: the journal is from a newer release, or is not what it seems.
#[derive(Debug, thiserror::Error)]
#[error("frame {seq}: fact {index} cannot be read ({why}). If a newer release wrote this data directory, run that one")]
pub struct UnreadableFact {
    pub seq: u64,
    pub index: usize,
    pub why: String,
}

/// Writes facts down and sets their texts apart.
///
/// # Errors
/// When a fact has no JSON form, which is a bug in the fact.
pub fn seal(facts: &mut [Fact], salt: &mut dyn FnMut() -> Salt) -> Result<Sealed, serde_json::Error> {
    let mut texts = Vec::new();
    for fact in facts.iter_mut() {
        fact.texts(&mut |text| {
            text.seal(&mut |body| {
                let sealed = name(body, salt());
                let id = sealed.id.clone();
                texts.push(sealed);
                id
            });
        });
    }
    let facts = facts.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>()?;
    Ok(Sealed { facts, texts })
}

fn name(body: &str, salt: Salt) -> SealedText {
    let salt = hex(&salt);
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update(body.as_bytes());
    SealedText { id: hex(&hash.finalize()[..16]), salt, text: Some(body.to_owned()) }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let mut s = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        s.push(digit(byte >> 4));
        s.push(digit(byte & 15));
    }
    s
}

/// Reads the facts of a frame, texts filled in.
///
/// # Errors
/// When a fact is of a kind this release does not know, or names a text that is not there: not even as a dropped one.
pub fn unseal(frame: &Frame) -> Result<Vec<Fact>, UnreadableFact> {
    let texts: HashMap<&str, Option<Arc<str>>> =
        frame.texts.iter().map(|t| (t.id.as_str(), t.text.as_deref().map(Arc::from))).collect();
    let mut facts = Vec::with_capacity(frame.facts.len());
    for (index, raw) in frame.facts.iter().enumerate() {
        let mut fact: Fact = serde_json::from_str(raw.get()).map_err(|e| UnreadableFact {
            seq: frame.seq,
            index,
            why: e.to_string(),
        })?;
        let mut missing = None;
        fact.texts(&mut |text| {
            text.unseal(&mut |id| match texts.get(id) {
                Some(text) => text.clone(),
                None => {
                    missing = Some(id.to_owned());
                    None
                }
            });
        });
        if let Some(id) = missing {
            return Err(UnreadableFact {
                seq: frame.seq,
                index,
                why: format!("the text {id} that it names is missing"),
            });
        }
        facts.push(fact);
    }
    Ok(facts)
}

/// The stamp a frame was decided at.
pub fn stamp_of(frame: &Frame) -> Stamp {
    Stamp { at: frame.at, wall: frame.wall }
}

/// The inputs a frame decided.
pub fn inputs_of(frame: &Frame) -> impl Iterator<Item = InputId> {
    frame.inputs.iter().map(|id| InputId::from(id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::IncidentNo;
    use crate::domain::stamp::At;
    use crate::domain::text::{REMOVED, Text};

    #[test]
    fn a_text_that_was_dropped_is_known_for_it_and_one_that_is_gone_is_damage() {
        let mut facts = vec![Fact::Noted {
            incident: IncidentNo(1),
            by: "ana".into(),
            text: Text::new("the disk of db-1"),
            ask_at: None,
        }];
        let Sealed { facts, texts } = seal(&mut facts, &mut || [7; 16]).expect("a fact has a JSON form");
        let inputs = vec!["i".to_owned()];
        let frame = Frame { seq: 3, at: At(0), wall: At(0), config: 1, inputs, facts, texts };
        let said = |frame: &Frame| match unseal(frame).map(|f| f.into_iter().next()) {
            Ok(Some(Fact::Noted { text, .. })) => Ok(text.body().to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(e) => Err(e.to_string()),
        };
        assert_eq!(said(&frame), Ok("the disk of db-1".to_owned()));
        let mut dropped = frame.clone();
        dropped.texts[0].text = None;
        assert_eq!(said(&dropped), Ok(REMOVED.to_owned()));
        let mut gone = frame;
        let id = gone.texts.remove(0).id;
        assert!(said(&gone).is_err_and(|why| why.contains(&format!("the text {id} that it names is missing"))));
    }
}
