//! Opening an incident: for an alert, or because a person says so.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::escalation;
use super::fact::{AlertJoined, Fact, IncidentOpened, Origin, UrgencyWhy};
use super::id::{AlertKey, IncidentNo, ServiceId};
use super::input::{Delivery, Event, Raise, Source};
use super::quote::{self, Quote};
use super::refusal::Refusal;
use super::routing::{Destination, Route};
use super::text::Text;
use super::{fyi, group, routing, threshold, urgency};

/// The only thing a body can be refused for, before its first fact.
pub(super) fn service_of<'a>(d: &Decision<'a>, id: &ServiceId) -> Result<&'a Service, Refusal> {
    d.directory.services.get(id).ok_or_else(|| Refusal::NoSuchService(id.clone()))
}

/// A trigger that is for no incident there is: where it goes is the rules' to say, as they are now.
pub(super) fn begin(d: &mut Decision<'_>, told: &Service, key: &AlertKey, event: &Event, from: &Delivery) {
    let directory = d.directory;
    // That a body cannot be read must be seen, whatever the rules say of what stands in it.
    let route =
        (from.source != Source::Warridor).then(|| routing::route(directory, told, event, from.source)).flatten();
    let (to, rule) = match route.map(|route| (route, &route.to)) {
        None => (told, None),
        // A service that is no longer configured: better its own than none.
        Some((route, Destination::Service(to))) => (directory.services.get(to).unwrap_or(told), Some(route)),
        Some((route, Destination::Fyi { channel })) => return fyi::show(d, told, key, event, route, channel.as_ref()),
        Some((route, Destination::Nothing)) => {
            let until = fyi::day_end(directory, told, d.stamp.wall);
            let rule = route.rule(d.world().meta.config);
            fyi::is_none_now(d, key);
            d.emit(Fact::EventDropped { service: told.id.clone(), rule, until });
            return;
        }
    };
    fyi::is_none_now(d, key);
    open(d, to, key, event, from, rule);
}

fn open(
    d: &mut Decision<'_>,
    service: &Service,
    key: &AlertKey,
    event: &Event,
    from: &Delivery,
    route: Option<&Route>,
) {
    let rule = route.map(|route| route.rule(d.world().meta.config));
    let fixed = from.urgency;
    let urgency = urgency::of(d, service, fixed, Some(event));
    // What we say ourselves, of a body that nobody can read or of what is silent, is said once: it waits for no more of it.
    let is_ours = matches!(from.source, Source::Warridor | Source::Heartbeat);
    // Nor does it join what waits.
    let is_alone = from.source == Source::Warridor || is_ours && service.threshold.is_some();
    let own = if is_alone { None } else { group::values(service, event) };
    let window_secs = service.group.as_ref().map_or(0, |group| group.window_secs);
    let joins = |values: &str, window_secs| group::joins(d, service, (values, window_secs), key, urgency);
    // It is said once: in what somebody has already, nobody would see it.
    let takes = |no: &IncidentNo| !is_ours || group::takes_flood(d, *no);
    let joined = own.as_deref().and_then(|values| joins(values, window_secs)).filter(takes);
    // What would be one incident more of very many comes together.
    let flood = if is_alone || joined.is_some() { None } else { group::flood(d, service, urgency) };
    let floods = || flood.and_then(|values| joins(values, group::FLOOD_SECS)).filter(|no| group::takes_flood(d, *no));
    let joined = joined.or_else(floods);
    let group = flood.map(str::to_owned).or(own);
    if let Some(no) = joined {
        let title = line(&event.title);
        let joined = AlertJoined {
            incident: no,
            service: key.service.clone(),
            dedup: key.dedup.clone(),
            starts_at: event.starts_at,
            // Without any words it would not be seen on the card.
            title: Text::new(if title.is_empty() { line(&event.dedup_key) } else { title }),
            rule,
        };
        group::join(d, service, no, (urgency, fixed), joined);
        threshold::look(d, no);
        return;
    }
    let earlier = d.world().incident_of(key).map(|i| i.no);
    let labels: Vec<String> =
        event.labels.iter().map(|(name, value)| format!("{}: {}", line(name), line(value))).collect();
    let why = if fixed.is_some() { UrgencyWhy::Key } else { UrgencyWhy::Service };
    let blank = blank(d, service, from.source, urgency, why);
    open_incident(
        d,
        service,
        fixed,
        IncidentOpened {
            dedup: event.dedup_key.clone(),
            earlier,
            starts_at: event.starts_at,
            title: Text::new(line(&event.title)),
            link: Text::new(event.link.as_str()),
            labels: Text::new(labels.join("\n")),
            origin: blank.origin.map(|o| Origin { key: from.key.clone(), rule, ..o }),
            told: (key.service != service.id).then(|| key.service.clone()),
            group: Text::new(group.unwrap_or_default()),
            threshold: service.threshold.filter(|_| !is_ours),
            ..blank
        },
    );
}

/// The next incident of a service, with nothing said about it yet.
pub(super) fn blank(
    d: &Decision<'_>,
    service: &Service,
    source: Source,
    urgency: Urgency,
    why: UrgencyWhy,
) -> IncidentOpened {
    IncidentOpened {
        incident: IncidentNo(d.world().meta.last_incident.0 + 1),
        service: service.id.clone(),
        team: service.team.clone(),
        channel: service.channel.clone(),
        private: service.private,
        tier: service.tier,
        urgency,
        policy: service.policy.clone(),
        source,
        dedup: "".into(),
        by: None,
        earlier: None,
        starts_at: None,
        origin: Some(Origin { source, key: None, config: d.world().meta.config, urgency: why, rule: None }),
        title: Text::default(),
        link: Text::default(),
        labels: Text::default(),
        message: None,
        told: None,
        group: Text::default(),
        threshold: None,
    }
}

/// Opens it, and asks for somebody unless it is of low urgency.
fn open_incident(d: &mut Decision<'_>, service: &Service, fixed: Option<Urgency>, opened: IncidentOpened) {
    let (incident, urgency) = (opened.incident, opened.urgency);
    d.emit(Fact::IncidentOpened(Box::new(opened)));
    urgency::opened(d, service, incident, fixed);
    if urgency == Urgency::High {
        escalation::start_main_call(d, incident, Vec::new());
    }
    // It may ask somebody one day, by the policy of now.
    let asks = d.incident(incident).filter(|i| i.main_call().is_none());
    if let Some(policy) = asks.and_then(|i| d.directory.policies.get(&i.policy)) {
        d.emit(Fact::PolicyKept { incident, policy: policy.clone() });
    }
}

/// An incident without a monitor.
pub(super) fn raise(d: &mut Decision<'_>, raise: &Raise) -> Result<(), Refusal> {
    let service = service_of(d, &raise.service)?;
    let title = line(&raise.title);
    if title.is_empty() {
        return Err(Refusal::EmptyTitle { service: service.id.clone() });
    }
    if let Some(from) = &raise.from {
        if quote::leaks(d.directory, &from.message.channel, &service.id) {
            return Err(Refusal::SaidInPrivate);
        }
        if let Some(known) = d.world().incident_of(&from.message.key()) {
            return Err(Refusal::OpenedAlready { incident: known.no });
        }
    }
    let urgency = urgency::of(d, service, raise.urgency, None);
    let why = if raise.urgency.is_some() { UrgencyWhy::Person } else { UrgencyWhy::Service };
    let blank = blank(d, service, Source::Person, urgency, why);
    let (by, title, incident) = (Some(raise.by.clone()), Text::new(title), blank.incident);
    let message = raise.from.as_ref().map(|from| from.message.clone());
    let link = Text::new(raise.from.as_ref().map_or("", Quote::link));
    open_incident(d, service, raise.urgency, IncidentOpened { by, title, message, link, ..blank });
    if let Some((from, opened)) = raise.from.as_ref().zip(d.incident(incident)) {
        // A picture has no words: then there is the link.
        let _ = quote::quote(d, &opened, &raise.by, from);
    }
    Ok(())
}

/// One line: whatever breaks lines becomes a space.
pub(super) fn line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
