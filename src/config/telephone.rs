//! `[twilio]`, `[[hook]]` and `public_url`: how people are reached beside Slack.

use super::keys::is_variable;
use super::limits::{MAX_COMMAND_WORDS, MAX_HOOKS, MAX_NAME_CHARS, MAX_URL_CHARS};
use super::names::{Names, Once};
use super::reader::{Found, Table};
use crate::config::Env;
use crate::domain::directory::{Hook, Twilio};
use crate::domain::id::HookId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Twilio's own address (docs: "Twilio API request": `https://api.twilio.com/2010-04-01`).
const TWILIO_API: &str = "https://api.twilio.com";

/// Live auth tokens: the one in use, and while it is replaced, the other.
const MAX_TOKENS: usize = 2;

/// Without a slash at its end.
pub(super) fn public_url(top: &Table<'_>) -> Option<Arc<str>> {
    let url = super::app::url(top, "public_url")?;
    let at = top.has("public_url").unwrap_or(top.at);
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        let mend = "write what stands before the paths: \"https://pager.example.com\"";
        top.notes.complain(at, "", "public_url", "is more than an address", mend);
        return None;
    }
    Some(url.as_str().trim_end_matches('/').into())
}

pub(super) fn twilio(top: &Table<'_>, env: &dyn Env) -> Option<Twilio> {
    let table = top.table("twilio", "[twilio]")?;
    table.required("account_sid", "account_sid = \"AC…\", from the first page of Twilio's console");
    let account = table.text("account_sid", MAX_NAME_CHARS).filter(|found| {
        let rest = found.value.strip_prefix("AC").unwrap_or_default();
        let good = rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit());
        if !good {
            // It may be the token: do not quote it.
            let found = Found { shown: "account_sid".to_owned(), ..found.clone() };
            table.complain(&found, "is not an account's SID", "write AC and the 32 hex digits after it");
        }
        good
    });
    table.required("auth_token_env", "auth_token_env = \"TWILIO_AUTH_TOKEN\", the variable that holds the token");
    let tokens = tokens(&table, env);
    table.required("from", "from = \"+15551234567\", the number at Twilio that texts and calls come from");
    let from = table.text("from", MAX_NAME_CHARS).and_then(|found| number(&table, &found));
    let api = match table.has("api_url") {
        Some(_) => super::app::url(&table, "api_url").map(|url| url.as_str().trim_end_matches('/').into()),
        // Another address for the very same code, as `SLACK_API_URL` is for Slack.
        None => Some(env.var("TWILIO_API_URL").unwrap_or_else(|| TWILIO_API.to_owned()).trim_end_matches('/').into()),
    };
    table.finish();
    Some(Twilio { account: account?.value.into(), token_envs: tokens?, from: from?, api: api? })
}

fn tokens(table: &Table<'_>, env: &dyn Env) -> Option<Vec<String>> {
    let (_, found) = table.text_or_texts("auth_token_env", MAX_TOKENS, MAX_NAME_CHARS)?;
    let mut seen = Once::default();
    let mut tokens = Vec::new();
    for one in found {
        // It may be the token itself: do not quote it.
        let hidden = Found { shown: "auth_token_env".to_owned(), ..one.clone() };
        if !is_variable(&one.value) {
            let mend = "write a name in capitals: auth_token_env = \"TWILIO_AUTH_TOKEN\"";
            table.complain(&hidden, "is not the name of an environment variable", mend);
            return None;
        }
        let shown = Found { shown: format!("auth_token_env = \"{}\"", one.value), ..one };
        if !seen.take(table, &shown, "a token of this account") {
            return None;
        }
        if env.var(&shown.value).is_none_or(|token| token.trim().is_empty()) {
            let mend = format!("set {}, or nobody is texted or called", shown.value);
            table.notes.warn(shown.at, &table.place, &shown.shown, "names a variable that is not set", &mend);
        }
        tokens.push(shown.value);
    }
    (!tokens.is_empty()).then_some(tokens)
}

/// A telephone number in E.164 form (ITU-T E.164: at most 15 digits, the country's first).
pub(super) fn number(table: &Table<'_>, found: &Found<String>) -> Option<Arc<str>> {
    let digits: String = found.value.chars().filter(|c| !" -().".contains(*c)).collect();
    let rest = digits.strip_prefix('+').unwrap_or_default();
    let good = (7..=15).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_digit()) && !rest.starts_with('0');
    if !good {
        let mend = "write + and the country's code first: \"+351 912 345 678\"";
        table.complain(found, "is not a telephone number that can be called from anywhere", mend);
    }
    good.then(|| digits.into())
}

/// `[[hook]]`.
pub(super) fn hooks(top: &Table<'_>, names: &Names, env: &dyn Env) -> BTreeMap<HookId, Hook> {
    let mut ids = Once::default();
    let mut hooks = BTreeMap::new();
    for mut table in top.tables("hook", "[[hook]]", MAX_HOOKS) {
        let id = table.id("id", "push", &names.hooks).filter(|id| ids.take(&table, id, "the id of another hook"));
        let places = ["url", "url_env", "command"];
        let given: Vec<&str> = places.into_iter().filter(|key| table.has(key).is_some()).collect();
        let mend = "url_env = \"PUSH_URL\" (or url, or command = [\"/usr/local/bin/push\"])";
        let url = || {
            let url = super::app::url(&table, "url")?;
            Some(Hook::Url(url.as_str().into()))
        };
        let hook = match given.as_slice() {
            [] => {
                table.required("url_env", mend);
                None
            }
            ["url"] => url(),
            ["url_env"] => url_env(&table, env),
            ["command"] => command(&table),
            several => {
                let mend = format!("keep one line: {mend}");
                table.notes.complain(
                    table.at,
                    &table.place,
                    &several.join(" and "),
                    "are too many for one hook",
                    &mend,
                );
                // They are keys of a hook all the same.
                let _ = (url(), table.text("url_env", MAX_NAME_CHARS), table.has("command"));
                None
            }
        };
        if let (Some(id), Some(hook)) = (id, hook) {
            hooks.insert(HookId::from(id.value), hook);
        }
        table.finish();
    }
    hooks
}

fn url_env(table: &Table<'_>, env: &dyn Env) -> Option<Hook> {
    let found = table.text("url_env", MAX_NAME_CHARS)?;
    if !is_variable(&found.value) {
        // It may be the URL itself, which is a secret.
        let found = Found { shown: "url_env".to_owned(), ..found };
        let mend = "write a name in capitals: url_env = \"PUSH_URL\"";
        table.complain(&found, "is not the name of an environment variable", mend);
        return None;
    }
    if env.var(&found.value).is_none_or(|url| url.trim().is_empty()) {
        let mend = format!("set {}, or nobody is reached by this hook", found.value);
        table.notes.warn(found.at, &table.place, &found.shown, "names a variable that is not set", &mend);
    }
    Some(Hook::UrlEnv(found.value))
}

fn command(table: &Table<'_>) -> Option<Hook> {
    let words = table.texts("command", MAX_COMMAND_WORDS, MAX_URL_CHARS)?;
    let Some(program) = words.first() else {
        table.required_items("command", "write the program's path: [\"/usr/local/bin/push\"]");
        return None;
    };
    if !program.value.starts_with('/') {
        let mend = "write its whole path: [\"/usr/local/bin/push\"]";
        table.complain(program, "is looked for in a PATH that a service may not have", mend);
        return None;
    }
    Some(Hook::Command(words.into_iter().map(|w| w.value).collect()))
}
