//! `[[channel]]`, `[[user]]`, `[[team]]`.

use super::app::Channel;
use super::hours::{self, Named};
use super::limits::{MAX_CHANNELS, MAX_ID_CHARS, MAX_MEMBERS, MAX_NAME_CHARS, MAX_RULES, MAX_TEAMS, MAX_USERS};
use super::limits::{RULE_DELAY_SECS, TOPIC_CHARS};
use super::names::{Names, Once, known};
use super::reader::{Found, Table};
use super::{suggest, telephone, zone};
use crate::domain::directory::{Method, PersonalRule, Team, Urgency, User};
use crate::domain::hours::Hours;
use crate::domain::id::{ChannelId, HookId, SlackUserId, TeamId, UserId};
use std::collections::BTreeMap;

/// Where a person and their rules stand in the file.
pub(super) struct UserPlace {
    pub user: Found<UserId>,
    pub rules: Vec<Found<PersonalRule>>,
}

pub(super) fn channels(top: &Table<'_>, all: &Names) -> Vec<Channel> {
    let (mut names, mut ids) = (Once::default(), Once::default());
    let mut channels = Vec::new();
    for mut table in top.tables("channel", "[[channel]]", MAX_CHANNELS) {
        let name = table
            .id("name", "payments", &all.channels)
            .filter(|n| names.take(&table, n, "the name of another channel"));
        let id = table.text("id", MAX_ID_CHARS);
        table.required("id", "id = \"C0123456789\" (in Slack: the channel's name, About, at the bottom)");
        let id = id.filter(|id| {
            let good = slack_id(&id.value, ['C', 'G']);
            if !good {
                let mend = "write what Slack shows at the bottom of the channel's About: C and ten letters or digits";
                table.complain(id, "is not a channel's id", mend);
            }
            good && ids.take(&table, id, "the id of another channel")
        });
        let private = table.flag("private").unwrap_or(false);
        let allow_shared = table.flag("allow_shared").unwrap_or(false);
        if let (Some(name), Some(id)) = (name, id) {
            channels.push(Channel { name: name.value, id: ChannelId::from(id.value), private, allow_shared });
        }
        table.finish();
    }
    channels
}

pub(super) fn users(
    top: &Table<'_>,
    all: &Names,
    hours: &Named,
    own_hours: &mut BTreeMap<UserId, Hours>,
) -> (Vec<User>, Vec<UserPlace>) {
    let (mut ids, mut slacks, mut emails, mut phones) = <(Once, Once, Once, Once)>::default();
    let (mut users, mut places) = (Vec::new(), Vec::new());
    for mut table in top.tables("user", "[[user]]", MAX_USERS) {
        let id = table.id("id", "ana", &all.users).filter(|id| ids.take(&table, id, "the id of another user"));
        let name = table.name_or(id.as_ref().map_or("", |id| &id.value));
        let slack = table.text("slack", MAX_ID_CHARS).filter(|found| {
            let good = slack_id(&found.value, ['U', 'W']);
            if !good {
                let mend = "write the member id from the person's Slack profile (⋮, Copy member ID): U and ten letters or digits";
                table.complain(found, "is not a member's id", mend);
            }
            good && slacks.take(&table, found, "the Slack id of another user")
        });
        let email = table.text("email", MAX_NAME_CHARS).filter(|found| {
            let good = found.value.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'));
            if !good {
                table.complain(found, "is not an e-mail address", "write it as ana@example.com");
            }
            good && emails.take(&table, found, "the e-mail address of another user")
        });
        let tz = zone::read(&table);
        let admin = table.flag("admin").unwrap_or(false);
        let phone = table.text("phone", MAX_NAME_CHARS);
        // Whoever answers by telephone is known by their number.
        let phone = phone.and_then(|found| {
            let value = telephone::number(&table, &found)?;
            let same = Found { value: value.to_string(), ..found };
            phones.take(&table, &same, "the number of another user").then_some(value)
        });
        let rules = rules(&table, all);
        let own = hours::of_user(&table, all, hours, tz);
        if let (Some(id), Some(tz)) = (id, tz) {
            if let Some(own) = own {
                own_hours.insert(UserId::from(id.value.as_str()), own);
            }
            let at = Found { value: UserId::from(id.value.as_str()), at: id.at, shown: id.shown };
            let mut own: Vec<PersonalRule> = rules.iter().map(|r| r.value.clone()).collect();
            own.sort_by_key(|rule| rule.delay_secs);
            if own.is_empty() {
                own.push(PersonalRule::slack(0));
            }
            users.push(User {
                id: at.value.clone(),
                name,
                slack: slack.map(|s| SlackUserId::from(s.value)),
                email: email.map(|e| e.value),
                phone,
                tz,
                admin,
                rules: own,
            });
            places.push(UserPlace { user: at, rules });
        }
        table.finish();
    }
    (users, places)
}

fn rules(user: &Table<'_>, all: &Names) -> Vec<Found<PersonalRule>> {
    let mut rules = Vec::new();
    let mut seen = Once::default();
    for table in user.tables("rule", "[[user.rule]]", MAX_RULES) {
        let method = table.text("method", MAX_NAME_CHARS);
        table.required("method", "method = \"slack\"");
        let method = method.and_then(|found| {
            let by = method_of(&table, &found, all)?;
            Some((found, by))
        });
        let delay = table.span("delay", RULE_DELAY_SECS);
        table.required("delay", "delay = \"0s\"");
        let urgency = table.text("urgency", MAX_NAME_CHARS);
        let by = method.as_ref().map(|(_, by)| by.clone());
        let only = only(&table, urgency.as_ref(), by.as_ref());
        if let (Some((method, by)), Some(delay), Some(only)) = (method, delay, only) {
            let both = format!("{} {}", method.shown, delay.shown);
            let value = format!("{} {} {only:?}", method.value, delay.value);
            let once = Found { value, at: method.at, shown: both };
            if seen.take(&table, &once, "a rule of this person") {
                let rule = PersonalRule { method: by, delay_secs: delay.value, only };
                rules.push(Found { value: rule, at: delay.at, shown: delay.shown });
            }
        }
        table.finish();
    }
    rules
}

/// `slack`, `sms`, `voice`, or the id of a hook.
fn method_of(table: &Table<'_>, found: &Found<String>, all: &Names) -> Option<Method> {
    match found.value.as_str() {
        "slack" => return Some(Method::Slack),
        "sms" => return Some(Method::Sms),
        "voice" => return Some(Method::Voice),
        _ => {}
    }
    if let Some(id) = found.value.strip_prefix("hook:") {
        let named = Found { value: id.trim().to_owned(), ..found.clone() };
        return known(table, &named, "hook", &all.hooks).then(|| Method::Hook(HookId::from(named.value)));
    }
    let hooks: Vec<String> = all.hooks.iter().map(|id| format!("hook:{id}")).collect();
    let words = ["slack", "sms", "voice"].into_iter().chain(hooks.iter().map(String::as_str));
    table.complain(found, "is not a method", &suggest::one_of(&found.value, words));
    None
}

/// For which urgency a rule is. Low urgency never wakes anybody: only what need not wake is for it, unless it is said.
fn only(table: &Table<'_>, found: Option<&Found<String>>, by: Option<&Method>) -> Option<Option<Urgency>> {
    let rings = matches!(by, Some(Method::Sms | Method::Voice));
    match found.map(|f| f.value.as_str()) {
        None => Some((by != Some(&Method::Slack)).then_some(Urgency::High)),
        Some("high") => Some(Some(Urgency::High)),
        Some("low") if !rings => Some(Some(Urgency::Low)),
        Some("any") if !rings => Some(None),
        Some("low" | "any") => {
            let mend = "write urgency = \"high\", or leave it out";
            table.complain(found?, "wakes people for what can wait", mend);
            None
        }
        Some(word) => {
            table.complain(found?, "is not an urgency", &suggest::one_of(word, ["high", "low", "any"]));
            None
        }
    }
}

pub(super) fn teams(
    top: &Table<'_>,
    names: &Names,
    channels: &BTreeMap<String, ChannelId>,
    hours: &Named,
    own_hours: &mut BTreeMap<TeamId, Hours>,
) -> Vec<Team> {
    let mut ids = Once::default();
    let mut teams = Vec::new();
    for mut table in top.tables("team", "[[team]]", MAX_TEAMS) {
        let id = table.id("id", "payments", &names.teams).filter(|id| ids.take(&table, id, "the id of another team"));
        let name = table.name_or(id.as_ref().map_or("", |id| &id.value));
        let tier = tier(&table);
        table.required("tier", "tier = 1, 2 or 3");
        let channel = channel(&table, names, channels);
        table.required("channel", "channel = \"…\", the name of a [[channel]]");
        let members = members(&table, "members", names);
        table.required("members", "members = [\"…\"], the ids of users");
        let lead = table.text("lead", MAX_ID_CHARS).filter(|f| known(&table, f, "user", &names.users));
        let lead = lead.map(|f| UserId::from(f.value));
        let usergroup = usergroup(&table);
        let topic = topic(&table);
        let own = hours::of_team(&table, names, hours);
        if let (Some(id), Some(tier), Some(channel), Some(members)) = (id, tier, channel, members) {
            if let Some(own) = own {
                own_hours.insert(TeamId::from(id.value.as_str()), own);
            }
            let team = Team::new(TeamId::from(id.value), channel, members);
            teams.push(Team { name, tier, lead, usergroup, topic, ..team });
        }
        table.finish();
    }
    teams
}

/// Slack's id of a user group.
fn usergroup(table: &Table<'_>) -> Option<String> {
    let found = table.text("usergroup", MAX_ID_CHARS)?;
    let is_id =
        found.value.starts_with('S') && found.value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    if !is_id {
        let mend = "write the group's id, S and then capital letters and digits: it stands in the address of the group's \
                    page in Slack, and `check --online` lists them";
        table.complain(&found, "is not a user group's id", mend);
    }
    is_id.then_some(found.value)
}

/// Words for the channel's topic, with a place for who is on call.
fn topic(table: &Table<'_>) -> Option<String> {
    let found = table.text("topic", TOPIC_CHARS)?;
    let is_fine = found.value.contains("{oncall}");
    if !is_fine {
        let mend =
            "write {oncall} where the name belongs, and {next} for the level after: \"On call: {oncall}, then {next}\"";
        table.complain(&found, "does not say who is on call", mend);
    }
    is_fine.then_some(found.value)
}

/// Users by id. At least one, none twice.
fn members(table: &Table<'_>, key: &'static str, names: &Names) -> Option<Vec<UserId>> {
    let found = table.texts(key, MAX_MEMBERS, MAX_ID_CHARS)?;
    let mut seen = Once::default();
    if found.is_empty() {
        table.required_items(key, "write the id of at least one user");
    }
    let members = found.into_iter().filter(|f| known(table, f, "user", &names.users) && seen.take(table, f, "listed"));
    Some(members.map(|f| UserId::from(f.value)).collect())
}

/// 1, 2 or 3.
pub(super) fn tier(table: &Table<'_>) -> Option<u8> {
    table.number("tier", 1..=3).and_then(|tier| u8::try_from(tier).ok())
}

/// The id of the channel that `channel = "payments"` names. A leading `#` is forgiven.
pub(super) fn channel(table: &Table<'_>, names: &Names, channels: &BTreeMap<String, ChannelId>) -> Option<ChannelId> {
    let mut found = table.text("channel", MAX_NAME_CHARS)?;
    found.value = found.value.trim_start_matches('#').to_owned();
    let named = known(table, &found, "channel", &names.channels);
    channels.get(&found.value).filter(|_| named).cloned()
}

/// Slack's ids: a letter that tells the kind, then capitals and digits.
fn slack_id(id: &str, kinds: [char; 2]) -> bool {
    let rest = id.strip_prefix(kinds);
    rest.is_some_and(|rest| rest.len() >= 7 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()))
}
