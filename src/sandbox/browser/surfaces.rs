//! Modals and the Home tab.

use super::super::forms;
use super::blocks::{Kit, blocks};
use super::message::warning;
use super::mrkdwn::plain;
use super::seat::Seat;
use maud::{Markup, PreEscaped, html};
use serde_json::json;

/// The app's Home tab as published for this person.
pub fn home(seat: &Seat<'_>) -> Markup {
    let Some(v) = seat.slack.views.home(&seat.me.id) else {
        return html! { p class="older quiet" { "The app has not published a Home tab for you yet." } };
    };
    let values = forms::values(v.blocks(), &v.typed);
    let kit = Kit { reader: seat.reader, scope: &v.id, values: &values };
    html! { div class="home" data-view=(v.id) { (blocks(v.blocks(), kit)) } }
}

/// The modal on top of this person's stack.
pub fn modal(seat: &Seat<'_>) -> Markup {
    let stack = seat.slack.views.stack(&seat.me.id);
    let Some(v) = stack.last() else { return html! {} };
    let said = |key: &str, or: &str| v.body.get(key).and_then(|t| t["text"].as_str()).unwrap_or(or).to_owned();
    let values = forms::values(v.blocks(), &v.typed);
    let kit = Kit { reader: seat.reader, scope: &v.id, values: &values };
    let warned = seat.slack.interactions.warnings.get(&(seat.me.id.clone(), v.id.clone()));
    let stacked = stack.len() > 1;
    html! {
        div class="shade" data-key={ "modal-" (v.id) } {
            form class="modal" role="dialog" aria-modal="true" aria-labelledby="modal-title" data-view=(v.id) data-hash=(v.hash) novalidate {
                div class="modal-head" {
                    @if stacked { button type="button" class="icon" data-act="close" aria-label="Back" { "‹" } }
                    (super::message::face(&seat.slack.workspace().bot.user_id, "", true))
                    h2 id="modal-title" dir="auto" tabindex="-1" { (PreEscaped(plain(&said("title", "")))) }
                    button type="button" class="icon" data-act="close-all" aria-label="Close" { "✕" }
                }
                div class="modal-body" { (blocks(v.blocks(), kit)) }
                div class="warning" role="alert" { @if let Some(error) = warned { "⚠️ " (warning(error)) } }
                div class="modal-foot" {
                    button type="button" class="btn" data-act="close" { (PreEscaped(plain(&said("close", if stacked { "Back" } else { "Cancel" })))) }
                    @if v.body.contains_key("submit") {
                        button type="submit" class="btn primary" disabled[v.body.get("submit_disabled") == Some(&json!(true))]
                            { (PreEscaped(plain(&said("submit", "Submit")))) }
                    }
                }
            }
        }
    }
}
