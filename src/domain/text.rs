//! Free text and personal data inside facts.
//!
//! A fact on disk names a text by a salted hash; the text itself stands beside the facts, so that it can be dropped
//! without changing what was hashed. The salt comes from outside: nothing here is random.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// A text in a fact. Serialised, it is only its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What the journal calls this text; empty until it is sealed.
    id: Arc<str>,
    body: Arc<str>,
}

/// What is shown where a text was dropped.
pub const REMOVED: &str = "[removed]";

impl Text {
    pub fn new(body: impl Into<Arc<str>>) -> Self {
        Self { id: "".into(), body: body.into() }
    }

    pub fn body(&self) -> &Arc<str> {
        &self.body
    }

    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Gives the text its id. `name` receives the text and answers with the id; an empty text needs none.
    pub fn seal(&mut self, name: &mut dyn FnMut(&str) -> String) {
        if !self.body.is_empty() {
            self.id = name(&self.body).into();
        }
    }

    /// Fills the text in after reading. `find` answers `None` for a text that was dropped.
    pub fn unseal(&mut self, find: &mut dyn FnMut(&str) -> Option<Arc<str>>) {
        if !self.id.is_empty() {
            self.body = find(&self.id).unwrap_or_else(|| REMOVED.into());
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.id)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let id = String::deserialize(d)?;
        Ok(Self { id: id.into(), body: "".into() })
    }
}
