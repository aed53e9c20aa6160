//! Block Kit in the few shapes we use.

use super::action_id::{Action, Subject};
use super::mrkdwn::cut;
use slack_morphism::prelude::*;

/// A paragraph of our own markup.
pub fn section(mrkdwn: &str) -> SlackBlock {
    let text = cut(mrkdwn, super::limits::SECTION_TEXT);
    SlackSectionBlock::new().with_text(SlackBlockText::MarkDown(SlackBlockMarkDownText::new(text))).into()
}

/// Small grey words.
pub fn context(mrkdwn: &str) -> SlackBlock {
    let text = cut(mrkdwn, super::limits::SECTION_TEXT);
    SlackContextBlock::new(vec![SlackContextBlockElement::MarkDown(SlackBlockMarkDownText::new(text))]).into()
}

/// A row of buttons.
pub fn actions(buttons: Vec<SlackBlockButtonElement>) -> SlackBlock {
    SlackActionsBlock::new(buttons.into_iter().map(SlackActionBlockElement::Button).collect()).into()
}

/// One button.
pub fn button(action: Action, words: &str, subject: Subject) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(words)).with_action_id(action.id().into()).with_value(subject.value())
}

/// Plain words on a button or a modal.
pub fn plain(words: &str) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(words.to_owned()).into()
}

/// The confirmation before an act that wakes somebody.
pub fn confirm(title: &str, mrkdwn: &str, yes: &str) -> SlackBlockConfirmItem {
    SlackBlockConfirmItem::new(
        plain(title),
        SlackBlockText::MarkDown(SlackBlockMarkDownText::new(cut(mrkdwn, 300))),
        plain(yes),
        plain("Cancel"),
    )
}
