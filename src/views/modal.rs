//! Modals.

use super::action_id::{SNOOZE_BLOCK, SNOOZE_CHOICE, SNOOZE_MODAL, Subject};
use super::kit::{plain, section};
use super::mrkdwn::truncate;
use crate::domain::incident::Incident;
use crate::domain::response::SnoozeChoice;
use slack_morphism::prelude::*;

/// "Until when?", with the times spelled out in the reader's zone.
pub fn snooze(i: &Incident, choices: &[SnoozeChoice], subject: Subject) -> SlackView {
    let options: Vec<SlackBlockChoiceItem<SlackBlockText>> = choices
        .iter()
        .map(|c| {
            let words = SlackBlockText::Plain(SlackBlockPlainText::new(truncate(&c.words, 75)));
            SlackBlockChoiceItem::new(words, c.until.0.to_string())
        })
        .collect();
    let radio = SlackBlockRadioButtonsElement::new(options.clone()).with_action_id(SNOOZE_CHOICE.into());
    let radio = match options.into_iter().next() {
        Some(first) => radio.with_initial_option(first),
        None => radio,
    };
    let input = SlackInputBlock::new(plain("Nobody is paged until"), SlackInputBlockElement::RadioButtons(radio))
        .with_block_id(SNOOZE_BLOCK.into());
    let modal = SlackModalView::new(
        plain(&truncate(&format!("Snooze {}", i.no), 24)),
        vec![section(&super::card::title(i)), input.into()],
    )
    .with_callback_id(SNOOZE_MODAL.into())
    .with_private_metadata(subject.value())
    .with_submit(plain("Snooze"))
    .with_close(plain("Cancel"));
    SlackView::Modal(modal)
}
