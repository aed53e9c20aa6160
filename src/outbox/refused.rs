//! What Slack's refusals mean for what we wanted to do. Error names: docs.slack.dev, each method's page.

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Our token, not the message: wait for an operator, and go on trying.
    Token,
    /// The words are fine, the blocks are not: say it without them.
    Blocks,
    /// What it is found again by: say it without that, better twice than never.
    Metadata,
    /// The message that was to be edited is gone.
    MessageGone,
    /// This destination will not take it.
    Destination,
}

/// Sorts an error. Unknown errors are about the destination: they must not be tried for ever.
pub(super) fn sort(error: &str) -> Refused {
    match error {
        e if is_about_our_token(e) => Refused::Token,
        "invalid_blocks"
        | "invalid_blocks_format"
        | "invalid_attachments"
        | "msg_too_long"
        | "msg_blocks_too_long"
        | "too_many_attachments"
        | "no_text"
        | "invalid_arguments" => Refused::Blocks,
        "invalid_metadata_format"
        | "invalid_metadata_schema"
        | "metadata_too_large"
        | "error_processing_metadata"
        | "metadata_must_be_sent_from_app" => Refused::Metadata,
        "message_not_found" | "cant_update_message" | "edit_window_closed" => Refused::MessageGone,
        _ => Refused::Destination,
    }
}

/// Errors that no other message would avoid.
pub(super) fn is_about_our_token(error: &str) -> bool {
    matches!(
        error,
        "not_authed"
            | "invalid_auth"
            | "token_revoked"
            | "token_expired"
            | "account_inactive"
            | "no_permission"
            | "missing_scope"
            | "not_allowed_token_type"
            | "ekm_access_denied"
            | "team_access_not_granted"
            | "org_login_required"
            | "access_denied"
            | "accesslimited"
    )
}
