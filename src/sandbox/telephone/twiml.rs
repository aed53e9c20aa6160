//! TwiML, as far as a double needs it: what a call says, which key it waits for, what a text answers. What it does not
//! know, it refuses, so that nothing is sent to Twilio that only our double would take.
//!
//! Sources: twilio.com/docs/voice/twiml (say, gather, pause, hangup, redirect), /docs/messaging/twiml/message.

use roxmltree::{Document, Node};

/// The greatest document Twilio reads, in bytes (docs: "TwiML documents … 64 kB").
const DOCUMENT_BYTES: usize = 64 * 1024;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Say(String),
    Pause {
        secs: u32,
    },
    /// Says what stands in it, and waits for keys.
    Gather {
        says: Vec<String>,
        action: String,
        digits: usize,
    },
    Redirect(String),
    Hangup,
    /// A text is answered by a text.
    Message(String),
}

/// Reads a document.
///
/// # Errors
/// Twilio's error 12100 (not XML), 12200 (a verb or an attribute that is not known) in words.
pub fn parse(xml: &str) -> Result<Vec<Verb>, String> {
    if xml.len() > DOCUMENT_BYTES {
        return Err("11750 TwiML response body too large".to_owned());
    }
    let document = Document::parse(xml).map_err(|e| format!("12100 Document parse failure: {e}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "Response" {
        return Err(format!("12100 Document parse failure: the root is {}, not Response", root.tag_name().name()));
    }
    root.children().filter(Node::is_element).map(verb).collect()
}

fn verb(node: Node<'_, '_>) -> Result<Verb, String> {
    let name = node.tag_name().name();
    let (attributes, nested): (&[&str], &[&str]) = match name {
        "Say" => (&["voice", "language", "loop"], &[]),
        "Pause" => (&["length"], &[]),
        "Gather" => (
            &["input", "numDigits", "timeout", "action", "method", "finishOnKey", "actionOnEmptyResult"],
            &["Say", "Pause"],
        ),
        "Redirect" => (&["method"], &[]),
        "Hangup" => (&[], &[]),
        "Message" => (&["to", "from", "action", "method"], &[]),
        other => return Err(format!("12200 Schema validation warning: no verb {other}")),
    };
    if let Some(odd) = node.attributes().find(|a| !attributes.contains(&a.name())) {
        return Err(format!("12200 Schema validation warning: {name} has no attribute {}", odd.name()));
    }
    if let Some(odd) = node.children().filter(Node::is_element).find(|n| !nested.contains(&n.tag_name().name())) {
        return Err(format!("12200 Schema validation warning: {} in {name}", odd.tag_name().name()));
    }
    let number = |key: &str, default: u32, least: u32, most: u32| match node.attribute(key) {
        None => Ok(default),
        Some(text) => {
            let value = text.parse().ok().filter(|n| (least..=most).contains(n));
            value.ok_or_else(|| format!("12200 Schema validation warning: {name} {key}={text:?}"))
        }
    };
    let method = node.attribute("method").unwrap_or("POST");
    if method != "POST" {
        return Err(format!("12200 Schema validation warning: this double only does POST, not {method:?}"));
    }
    Ok(match name {
        "Say" => Verb::Say(words(node)?),
        "Pause" => Verb::Pause { secs: number("length", 1, 0, 120)? },
        "Gather" => {
            let says = node.children().filter(|n| n.tag_name().name() == "Say").map(words).collect::<Result<_, _>>()?;
            number("timeout", 5, 1, 600)?;
            let input = node.attribute("input").unwrap_or("dtmf");
            if input != "dtmf" {
                return Err(format!("13320 Gather: this double hears keys only, not {input:?}"));
            }
            let action = node.attribute("action").ok_or("13320 Gather: this double needs an action")?.to_owned();
            Verb::Gather { says, action, digits: number("numDigits", 1, 1, 32)? as usize }
        }
        "Redirect" => Verb::Redirect(words(node)?),
        "Hangup" => Verb::Hangup,
        _ => Verb::Message(words(node)?),
    })
}

/// The text in an element. Twilio says nothing for an empty one, and complains (13520).
fn words(node: Node<'_, '_>) -> Result<String, String> {
    let text: String = node.children().filter_map(|n| n.text()).collect();
    let text = text.trim().to_owned();
    if text.is_empty() { Err(format!("13520 {}: Invalid text", node.tag_name().name())) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_twilio_would_not_take_is_refused() {
        for (xml, wanted) in [
            ("<Response><Say>Hello</Say><Hangup/></Response>", Ok(vec![Verb::Say("Hello".into()), Verb::Hangup])),
            ("<Response/>", Ok(Vec::new())),
            ("<Response><Say/></Response>", Err("13520 Say: Invalid text")),
            ("<Response><Say>a & b</Say></Response>", Err("12100")),
            ("<Response><Shout>x</Shout></Response>", Err("12200 Schema validation warning: no verb Shout")),
            ("<Say>x</Say>", Err("12100 Document parse failure: the root is Say")),
            (
                "<Response><Say loud=\"1\">x</Say></Response>",
                Err("12200 Schema validation warning: Say has no attribute"),
            ),
            ("<Response><Gather numDigits=\"99\" action=\"/x\"/></Response>", Err("12200")),
            ("<Response><Say>x<Pause/></Say></Response>", Err("12200 Schema validation warning: Pause in Say")),
        ] {
            match (parse(xml), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{xml}"),
                (Err(found), Err(wanted)) => assert!(found.starts_with(wanted), "{xml}: {found}"),
                (found, wanted) => panic!("{xml}: {found:?}, not {wanted:?}"),
            }
        }
        assert!(parse(&format!("<Response><Say>{}</Say></Response>", "x".repeat(70_000))).is_err());
    }
}
