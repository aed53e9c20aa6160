//! What people are told about the sockets. Every text says what to do next.

use std::collections::BTreeMap;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// Slack does not accept the app-level token, or it lacks its scope.
    TokenRefused,
    /// More than 10 sockets of this app.
    TooManySockets,
    /// Socket Mode is switched off.
    LinkDisabled,
    /// Slack counts sockets that are not ours: they swallow clicks.
    GhostSockets,
    /// Sockets open but stay mute.
    NoHello,
    /// No socket for half a minute: no click reaches us.
    NoSocket,
}

/// Something people must know, in words for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What is wrong.
    pub kind: AlarmKind,
    /// What happened, what it means, and what to do.
    pub text: String,
}

impl Alarm {
    /// The alarm for an error of `apps.connections.open`, when it is one that only a person can mend.
    pub(super) fn token_refused(error: &str) -> Option<Self> {
        let mend = match error {
            "missing_scope" => {
                "The app-level token lacks connections:write. Add it under Basic Information, App-Level Tokens"
            }
            "not_allowed_token_type" => {
                "This needs the app-level token, which starts with xapp-. Put it where the configuration expects it"
            }
            "invalid_auth" | "not_authed" | "missing_args" | "token_revoked" | "token_expired" => {
                "Make a new app-level token with connections:write under Basic Information, App-Level Tokens"
            }
            "account_inactive"
            | "team_disabled"
            | "user_removed_from_team"
            | "app_uninstalled"
            | "org_login_required" => "The app was removed or the workspace switched off. Install the app again",
            "no_permission" | "access_denied" | "ekm_access_denied" | "forbidden_team" | "team_access_not_granted" => {
                "Ask a workspace admin to allow the app"
            }
            _ => return None,
        };
        Some(Self::new(
            AlarmKind::TokenRefused,
            format!(
                "Slack refused the app-level token ({error}): clicks and commands do not reach Warridor. {mend} at https://api.slack.com/apps. It is tried again every minute."
            ),
        ))
    }

    pub(super) fn too_many() -> Self {
        Self::new(
            AlarmKind::TooManySockets,
            "Slack says this app has more than 10 sockets (too_many_websockets). Stop the other processes that use the same app-level token; each swallows a share of the clicks.".to_owned(),
        )
    }

    pub(super) fn link_disabled() -> Self {
        Self::new(
            AlarmKind::LinkDisabled,
            "Socket Mode is switched off for this app (link_disabled): clicks and commands do not reach Warridor. Switch it on at https://api.slack.com/apps, Socket Mode. It is tried again every minute.".to_owned(),
        )
    }

    pub(super) fn ghosts(counted: usize, ours: usize) -> Self {
        Self::new(
            AlarmKind::GhostSockets,
            format!(
                "Slack counts {counted} sockets for this app, and this process has {ours}. The others swallow their share of the clicks. Stop any other process that uses the same app-level token; a socket that died without closing goes by itself within about 5 h."
            ),
        )
    }

    pub(super) fn no_hello() -> Self {
        Self::new(
            AlarmKind::NoHello,
            "Sockets to Slack open but stay mute (no hello). Look at https://slack-status.com, and for a proxy between here and Slack that does not pass WebSockets.".to_owned(),
        )
    }

    pub(super) fn no_socket(last_error: Option<&str>) -> Self {
        let why = last_error.unwrap_or("the reason is not known");
        Self::new(
            AlarmKind::NoSocket,
            format!(
                "No socket to Slack for 30 s: clicks and commands do not reach Warridor; pages are still sent. Last error: {why}. Look at https://slack-status.com and at this machine's network."
            ),
        )
    }

    fn new(kind: AlarmKind, text: String) -> Self {
        Self { kind, text }
    }
}

/// The alarms that stand, so that each is told once.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<AlarmKind, String>);

impl Alarms {
    /// True when this is news.
    pub(super) fn raise(&mut self, alarm: &Alarm) -> bool {
        self.0.insert(alarm.kind, alarm.text.clone()).is_none_or(|before| before != alarm.text)
    }

    /// True when it stood.
    pub(super) fn clear(&mut self, kind: AlarmKind) -> bool {
        self.0.remove(&kind).is_some()
    }

    pub(super) fn is_active(&self, kind: AlarmKind) -> bool {
        self.0.contains_key(&kind)
    }

    pub(super) fn active(&self) -> Vec<Alarm> {
        self.0.iter().map(|(kind, text)| Alarm { kind: *kind, text: text.clone() }).collect()
    }
}
