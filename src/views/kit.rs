//! Block Kit in the few shapes we use.

use super::action_id::{Action, Subject};
use super::mrkdwn::{cut, truncate};
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

/// So many of a list are not for this reader.
pub fn more_private(count: usize) -> String {
    match count {
        1 => "1 more is of a private service: ask in its channel.".to_owned(),
        n => format!("{n} more are of private services: ask in their channels."),
    }
}

/// A row of buttons.
pub fn actions(buttons: Vec<SlackBlockButtonElement>) -> SlackBlock {
    SlackActionsBlock::new(buttons.into_iter().map(SlackActionBlockElement::Button).collect()).into()
}

/// A paragraph with a button beside it.
pub fn section_with(mrkdwn: &str, button: SlackBlockButtonElement) -> SlackBlock {
    let text = cut(mrkdwn, super::limits::SECTION_TEXT);
    SlackSectionBlock::new()
        .with_text(SlackBlockText::MarkDown(SlackBlockMarkDownText::new(text)))
        .with_accessory(SlackSectionBlockElement::Button(button))
        .into()
}

/// Big words.
pub fn header(words: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(&truncate(words, 150))).into()
}

/// A line between two parts.
pub fn divider() -> SlackBlock {
    SlackDividerBlock::new().into()
}

/// A choice of a list. Slack takes 75 characters of words and 150 of value.
pub fn option(words: &str, value: &str) -> SlackBlockChoiceItem<SlackBlockText> {
    let words = SlackBlockText::Plain(SlackBlockPlainText::new(cut(words, 75)));
    SlackBlockChoiceItem::new(words, value.to_owned())
}

/// The same where Slack takes plain words only.
pub fn plain_option(words: &str, value: &str) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    SlackBlockChoiceItem::new(plain(&cut(words, 75)), value.to_owned())
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
