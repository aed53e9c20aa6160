//! Who looks at what.

use super::super::directory::{Conversation, Sort};
use super::super::messages::Ts;
use super::super::scripts::Service;
use super::super::state::Slack;
use super::super::workspace::User;
use super::mrkdwn::Reader;
use crate::sandbox::guide::Guide;
use crate::sandbox::telephone::http::Screen;
use serde::Deserialize;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Id or handle; whom the guide opens as by default, else the first person.
    pub r#as: String,
    /// Id, name, `dm` for the direct message with the app, or `home`; the first service's channel by default.
    pub channel: String,
    /// The `ts` of a message whose thread is open.
    pub thread: String,
}

/// A person in front of a place.
pub struct Seat<'a> {
    pub slack: &'a Slack,
    pub guide: &'a Guide,
    pub services: &'a [Service],
    pub me: &'a User,
    /// What is on the screen of their telephone, where they have one.
    pub telephone: Option<&'a Screen>,
    pub place: Place<'a>,
    pub reader: Reader<'a>,
}

/// Where somebody is.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    Channel(&'a Conversation),
    Home,
    Nowhere,
}

impl Seat<'_> {
    /// The place's name in an address.
    pub fn at(&self) -> &str {
        match self.place {
            Place::Channel(c) if c.sort == Sort::Im => "dm",
            Place::Channel(c) => &c.name,
            Place::Home => "home",
            Place::Nowhere => "",
        }
    }

    pub fn channel_id(&self) -> &str {
        if let Place::Channel(c) = self.place { &c.id } else { "" }
    }

    /// The address of a place as a person sees it.
    pub fn link(&self, user: &str, channel: &str, thread: Option<Ts>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("as", user).append_pair("channel", channel);
        if let Some(ts) = thread {
            query.append_pair("thread", &ts.to_string());
        }
        format!("/?{}", query.finish())
    }

    /// The same for the person who looks.
    pub fn to(&self, channel: &str, thread: Option<Ts>) -> String {
        self.link(&self.me.name, channel, thread)
    }

    /// The app as people read its name.
    pub fn app_name(&self) -> String {
        capital(&self.slack.workspace().bot.name)
    }
}

/// With a capital first letter.
pub fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A hue of its own for everybody.
pub fn hue(id: &str) -> u32 {
    id.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 360
}

/// The first letters of a name, for the square where Slack shows a photo.
pub fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|w| w.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}
