//! Nagios' macros as JSON, by the names Nagios gives them: what [`super::generic`] hands over when it sees them.
//!
//! Source: <https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html>. Nagios speaks no HTTP: a
//! notification command sends its macros, and which of them have values depends on whether a host or a service is meant.

use super::{DecodeError, Decoded, Labels};
use crate::domain::input::{Event, EventAction};
use crate::ingest::json::{self, Loose, record};
use crate::ingest::{limits, text};
use std::borrow::Cow;

record! {
    struct Macros<'a> {
        kind: Loose<'a> = "NOTIFICATIONTYPE",
        host: Loose<'a> = "HOSTNAME",
        host_alias: Loose<'a> = "HOSTALIAS",
        host_address: Loose<'a> = "HOSTADDRESS",
        host_state: Loose<'a> = "HOSTSTATE",
        host_output: Loose<'a> = "HOSTOUTPUT",
        service: Loose<'a> = "SERVICEDESC",
        service_state: Loose<'a> = "SERVICESTATE",
        service_output: Loose<'a> = "SERVICEOUTPUT",
        author: Loose<'a> = "NOTIFICATIONAUTHOR",
        comment: Loose<'a> = "NOTIFICATIONCOMMENT",
        groups: Loose<'a> = "HOSTGROUPNAMES",
        link: Loose<'a> = "ACTIONURL",
        host_link: Loose<'a> = "HOSTACTIONURL",
        service_link: Loose<'a> = "SERVICEACTIONURL",
    }
}

/// The event of a notification, or none for what asks nobody to act: flapping, downtime, a custom note.
///
/// A service on a host is `HOST/SERVICE`, a host is `HOST`. The title says what and how: `Disk on db-1: DISK CRITICAL …`.
///
/// # Errors
/// A type of notification nobody knows, or no host.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let macros: Macros<'_> = json::read(body)?;
    let state = [macros.service_state, macros.host_state].into_iter().find_map(Loose::words).unwrap_or_default();
    let is_well = ["OK", "UP"].contains(&state.to_ascii_uppercase().as_str());
    let action = match macros.kind.words().unwrap_or_default().to_ascii_uppercase().as_str() {
        "PROBLEM" => EventAction::Trigger,
        "RECOVERY" => EventAction::Resolve,
        "ACKNOWLEDGEMENT" => EventAction::Acknowledge,
        // While something flaps, Nagios sends neither problems nor recoveries: this stands in their place.
        "FLAPPINGSTART" if !is_well && !state.is_empty() => EventAction::Trigger,
        "FLAPPINGSTOP" | "FLAPPINGDISABLED" if is_well => EventAction::Resolve,
        "FLAPPINGSTOP" | "FLAPPINGDISABLED" if !state.is_empty() => EventAction::Trigger,
        other if other == "CUSTOM" || other.starts_with("FLAPPING") || other.starts_with("DOWNTIME") => {
            return Ok(Decoded::nothing());
        }
        _ => {
            let mend = "Nagios' $NOTIFICATIONTYPE$: \"PROBLEM\", \"RECOVERY\", \"ACKNOWLEDGEMENT\"…";
            return Err(DecodeError::new("NOTIFICATIONTYPE", &macros.kind.found(), mend));
        }
    };
    let Some(host) = macros.host.words() else {
        return Err(DecodeError::new("HOSTNAME", &macros.host.found(), "Nagios' $HOSTNAME$"));
    };
    let service = macros.service.words();
    let (state, output) = match service {
        Some(_) => (macros.service_state, macros.service_output),
        None => (macros.host_state, macros.host_output),
    };
    let state = state.words().unwrap_or_default();
    let what = match &service {
        Some(service) => format!("{service} on {host}"),
        None => host.to_string(),
    };
    let said = output.words().unwrap_or(Cow::Borrowed(&*state));
    let title = if said.is_empty() { what } else { format!("{what}: {said}") };
    let key = match &service {
        Some(service) => format!("{host}/{service}"),
        None => host.to_string(),
    };
    let mut labels = Labels::default();
    labels.add("severity", &severity(&state));
    labels.add("host", &host);
    labels.add("service", service.as_deref().unwrap_or_default());
    labels.add("state", &state);
    for (name, value) in [
        ("alias", macros.host_alias),
        ("address", macros.host_address),
        ("hostgroups", macros.groups),
        ("author", macros.author),
        ("comment", macros.comment),
    ] {
        labels.add(name, &value.any_text().unwrap_or_default());
    }
    let title = text::one_line(&title, limits::TITLE_CHARS);
    let links = [macros.service_link, macros.host_link, macros.link];
    Ok(Decoded::one(Event {
        action,
        dedup_key: text::dedup_key(&key),
        title: if title.is_empty() { "a notification of Nagios'".to_owned() } else { title },
        link: links.into_iter().find_map(|url| text::link(&url.scalar()?)).unwrap_or_default(),
        labels: labels.0,
        starts_at: None,
        ends_at: None,
    }))
}

/// A host that is down is critical; a service's state is its severity.
fn severity(state: &str) -> String {
    match state {
        "DOWN" | "UNREACHABLE" => "critical".to_owned(),
        "UP" | "OK" => "ok".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}
