//! By what somebody can be reached, in which order, and which of that makes a sound.
//!
//! A page is never left out because it may be silent; but where nothing before it makes a sound, the next method goes at
//! once and does not wait for its delay.

use super::decision::Decision;
use super::directory::{Directory, Method, PersonalRule, Urgency, User};
use super::stamp::At;

/// Why a page makes no sound now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// Do Not Disturb, until then, on the wall clock.
    Until(At),
    /// Slack cannot be reached.
    SlackAway,
}

/// The rules by which a page of this urgency travels, in order of delay. Nobody is out of reach only because their rules
/// are all for the other urgency: Slack is there, and low urgency never wakes anybody by more.
pub fn rules(directory: &Directory, user: &User, urgency: Urgency) -> Vec<PersonalRule> {
    let fits = |rule: &&PersonalRule| rule.only.is_none_or(|only| only == urgency);
    let can = |rule: &&PersonalRule| can_reach(directory, user, &rule.method);
    let own: Vec<PersonalRule> = user.rules.iter().filter(fits).filter(can).cloned().collect();
    let slack = || Some(PersonalRule::slack(0)).filter(|rule| can_reach(directory, user, &rule.method));
    if own.is_empty() && !user.rules.iter().any(|rule| fits(&rule)) { slack().into_iter().collect() } else { own }
}

/// Somebody whom at least one of their own methods reaches.
pub(super) fn is_reachable(directory: &Directory, user: &User, urgency: Urgency) -> bool {
    !rules(directory, user, urgency).is_empty()
}

pub fn can_reach(directory: &Directory, user: &User, method: &Method) -> bool {
    match method {
        // Known by e-mail only, somebody's Slack id is looked up while everything runs; the page waits for it.
        Method::Slack => user.slack.is_some() || user.email.is_some(),
        Method::Sms | Method::Voice => directory.twilio.is_some() && user.phone.is_some(),
        Method::Hook(hook) => directory.hooks.contains_key(hook),
    }
}

/// Why a page to this person by this method makes no sound; `None`: it makes one.
pub(super) fn silence(d: &Decision<'_>, user: &User, method: &Method) -> Option<Silence> {
    match method {
        Method::Slack if d.world().meta.slack_away.is_some() => Some(Silence::SlackAway),
        Method::Slack => {
            let window = d.world().dnd.get(user.slack.as_ref()?)?;
            window.holds(d.stamp.wall).then_some(Silence::Until(window.until))
        }
        Method::Sms | Method::Voice | Method::Hook(_) => None,
    }
}

/// Why no method of this person makes a sound; `None`: one does.
pub(super) fn out_of_hearing(d: &Decision<'_>, user: &User, urgency: Urgency) -> Option<Silence> {
    let rules = rules(d.directory, user, urgency);
    let silences: Option<Vec<Silence>> = rules.iter().map(|r| silence(d, user, &r.method)).collect();
    silences?.into_iter().min()
}

/// Their methods, and after how many seconds each goes. What comes first and makes no sound is not waited for.
pub(super) fn plan(d: &Decision<'_>, user: &User, urgency: Urgency) -> Vec<(Method, i64)> {
    let rules = rules(d.directory, user, urgency);
    let heard = rules.iter().position(|rule| silence(d, user, &rule.method).is_none());
    let at_once = heard.filter(|first| *first > 0);
    let delay = |at: usize, rule: &PersonalRule| if at_once == Some(at) { 0 } else { rule.delay_secs };
    rules.iter().enumerate().map(|(at, rule)| (rule.method.clone(), delay(at, rule))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Hook, Twilio};
    use crate::domain::dnd::Window;
    use crate::domain::id::SlackUserId;
    use crate::domain::stamp::Stamp;
    use crate::domain::world::World;

    const NOW: At = At(1_772_334_000_000);

    fn rule(method: Method, delay_secs: i64, only: Option<Urgency>) -> PersonalRule {
        PersonalRule { method, delay_secs, only }
    }

    fn ana(rules: Vec<PersonalRule>) -> User {
        let (slack, phone) = (Some("U0ANA".into()), Some("+351912345678".into()));
        let (id, name, tz) = ("ana".into(), "Ana Silva".to_owned(), chrono_tz::UTC);
        User { id, name, slack, email: None, phone, tz, admin: false, rules }
    }

    /// What goes when, in words.
    fn planned(rules: Vec<PersonalRule>, telephone: bool, asleep: bool, away: bool, urgency: Urgency) -> String {
        let mut directory = Directory::empty("C0ADMIN".into());
        let twilio = |()| Twilio { account: "AC0".into(), token_envs: Vec::new(), from: "+1".into(), api: "".into() };
        directory.twilio = telephone.then_some(()).map(twilio);
        directory.hooks.insert("ntfy".into(), Hook::Command(vec!["true".to_owned()]));
        let mut world = World::default();
        if asleep {
            let window = Window { from: NOW.plus_secs(-60), until: NOW.plus_secs(60) };
            world.dnd.insert(SlackUserId::from("U0ANA"), window);
        }
        world.meta.slack_away = away.then_some(NOW);
        let user = ana(rules);
        let d = Decision::new(&mut world, &directory, Stamp::agreed(NOW));
        let words = |(method, secs): (Method, i64)| format!("{method:?} {secs}");
        let plan: Vec<String> = plan(&d, &user, urgency).into_iter().map(words).collect();
        let heard = match out_of_hearing(&d, &user, urgency) {
            None => "",
            Some(Silence::Until(_)) => " asleep",
            Some(Silence::SlackAway) => " away",
        };
        format!("{}{heard}", plan.join(", "))
    }

    #[test]
    fn what_makes_no_sound_is_not_waited_for() {
        let high = Some(Urgency::High);
        let three = || vec![PersonalRule::slack(0), rule(Method::Sms, 60, high), rule(Method::Voice, 120, high)];
        let hook = || vec![PersonalRule::slack(0), rule(Method::Hook("ntfy".into()), 60, None)];
        let gone = || vec![PersonalRule::slack(0), rule(Method::Hook("gone".into()), 60, None)];
        let calls = || vec![rule(Method::Voice, 0, high)];
        use Urgency::{High, Low};
        for (what, rules, telephone, asleep, away, urgency, wanted) in [
            ("Everything in its time", three(), true, false, false, High, "Slack 0, Sms 60, Voice 120"),
            ("Asleep, the text goes at once", three(), true, true, false, High, "Slack 0, Sms 0, Voice 120"),
            ("So it does when Slack is away", three(), true, false, true, High, "Slack 0, Sms 0, Voice 120"),
            ("Low urgency calls nobody", three(), true, false, false, Low, "Slack 0"),
            ("and is silent in the night", three(), true, true, false, Low, "Slack 0 asleep"),
            ("No telephone is configured", three(), false, true, false, High, "Slack 0 asleep"),
            ("nor is Slack there", three(), false, false, true, High, "Slack 0 away"),
            ("A way of one's own", hook(), true, true, false, Low, "Slack 0, Hook(HookId(\"ntfy\")) 0"),
            ("that is no longer configured", gone(), true, true, false, High, "Slack 0 asleep"),
            ("Calls only", calls(), true, false, true, High, "Voice 0"),
            ("and yet a person may ask them for what can wait", calls(), true, false, false, Low, "Slack 0"),
            ("Calls only, and nobody to carry them", calls(), false, false, false, High, ""),
        ] {
            assert_eq!(planned(rules, telephone, asleep, away, urgency), wanted, "{what}");
        }
    }
}
