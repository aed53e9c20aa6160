//! Text from outside, made harmless; and the little markup we write ourselves.
//!
//! Slack turns `<!channel>`, `<@U…>` and `<url|text>` into mentions and links. Escaping `&`, `<` and `>` kills all of
//! them (docs.slack.dev: "Formatting message text"). Control and bidirectional characters are dropped first: they could
//! reorder what a person reads.

use crate::domain::stamp::At;
use chrono_tz::Tz;
use unicode_segmentation::UnicodeSegmentation;

/// Escapes text from outside. At most `graphemes` of it, with `…` where it was cut.
pub fn escape(text: &str, graphemes: usize) -> String {
    entities(&plain(text, graphemes))
}

/// The three characters by which Slack's markup begins, and nothing else, made harmless.
pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// Text from outside where nothing is markup: one line, without what could reorder it.
pub fn plain(text: &str, graphemes: usize) -> String {
    let clean: String =
        text.chars().filter(|c| !is_dangerous(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    truncate(&clean, graphemes)
}

/// Escapes text from outside of several lines, which it keeps.
pub fn escape_lines(text: &str, graphemes: usize) -> String {
    let clean = |c: char| if c.is_whitespace() && c != '\n' { ' ' } else { c };
    let clean: String = text.chars().filter(|c| !is_dangerous(*c)).map(clean).collect();
    entities(&truncate(&clean, graphemes))
}

/// Escapes text from outside that stands between our own marks: `*bold*`, `_italic_`, `~struck~` and code would let it
/// end them.
pub fn escape_marked(text: &str, graphemes: usize) -> String {
    escape(text, graphemes).replace(['*', '_', '~', '`'], "\u{2009}")
}

/// Text from outside for an input of a form, which shows it as it stands: one line, without what could reorder it.
/// At most `units` of UTF-16, by which an input counts, with `…` where it was cut.
pub fn for_input(text: &str, units: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let clean: String = clean.chars().filter(|c| !is_dangerous(*c)).collect();
    let line = clean.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.encode_utf16().count() <= units {
        return line;
    }
    let mut room = units.saturating_sub(1);
    let fits = |c: &char| {
        let left = room.checked_sub(c.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let kept: String = line.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// The first `graphemes` of a text, with `…` where it was cut. No grapheme is longer than 32 characters: a letter with
/// a thousand accents is cut as well.
pub fn truncate(text: &str, graphemes: usize) -> String {
    let mut out = String::with_capacity(text.len().min(graphemes * 4));
    for (n, g) in text.graphemes(true).enumerate() {
        if n + 1 >= graphemes && text.graphemes(true).nth(graphemes).is_some() {
            out.push('…');
            break;
        }
        out.extend(g.chars().take(32));
    }
    out
}

/// The first `chars` characters: the last resort before a limit of Slack's, which counts characters.
pub fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}

/// Characters that are never shown: they could reorder what a person reads, or hide in it.
pub(super) fn is_dangerous(c: char) -> bool {
    let control = c.is_control() && c != '\n' && c != '\t';
    let bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let invisible =
        matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    control || bidi || invisible
}

/// A clock time in the reader's own zone.
pub fn time(at: At) -> String {
    format!("<!date^{}^{{time}}|{}>", at.secs(), at.utc().format("%H:%M UTC"))
}

/// A day and time in the reader's own zone.
pub fn day_and_time(at: At) -> String {
    format!("<!date^{}^{{date_short_pretty}} {{time}}|{}>", at.secs(), at.utc().format("%b %-d %H:%M UTC"))
}

/// A day in the reader's own zone.
pub fn day(at: At) -> String {
    format!("<!date^{}^{{date_short_pretty}}|{}>", at.secs(), at.utc().format("%b %-d"))
}

/// The same text where Slack draws no times, as beside the inputs of a form: times as whoever lives in `tz` reads them.
pub fn with_times_written(text: &str, tz: Tz) -> String {
    let mut parts = text.split("<!date^");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let written = part.split_once('>').and_then(|(token, rest)| {
            let at = At(token.split('^').next()?.parse::<i64>().ok()?.checked_mul(1_000)?);
            Some((at.utc().with_timezone(&tz).format("%b %-d %H:%M"), rest))
        });
        match written {
            Some((at, rest)) => out.push_str(&format!("{at}{rest}")),
            None => out.push_str(part),
        }
    }
    out
}

/// `text` (escaped already) linked to `url`, if that is a web address fit for a link.
pub fn link(url: &str, text: &str) -> String {
    let fit = (url.starts_with("https://") || url.starts_with("http://"))
        && !url.chars().any(|c| c.is_whitespace() || is_dangerous(c) || matches!(c, '<' | '>' | '|'));
    let url = url.replace('&', "&amp;");
    if fit && url.len() <= super::limits::LINK { format!("<{url}|{text}>") } else { text.to_owned() }
}

/// "Ana", "Ana and Ben", "Ana, Ben and 3 others".
pub fn names(all: &[&str]) -> String {
    names_up_to(40, all)
}

/// The same, each of up to so many graphemes.
pub fn names_up_to(graphemes: usize, all: &[&str]) -> String {
    let shown: Vec<String> = all.iter().take(super::limits::NAMES).map(|n| escape_marked(n, graphemes)).collect();
    let more = all.len().saturating_sub(shown.len());
    match (shown.as_slice(), more) {
        ([], _) => "nobody".to_owned(),
        ([one], 0) => one.clone(),
        ([most @ .., last], 0) => format!("{} and {last}", most.join(", ")),
        (some, more) => format!("{} and {more} others", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_slack_draws_no_times_they_are_written_in_the_readers_zone() {
        let at = At(1_772_420_520_000);
        let text = format!("Choose an end before {}, not {}.", day_and_time(at), time(at));
        let written = with_times_written(&text, chrono_tz::Europe::Lisbon);
        assert_eq!(written, "Choose an end before Mar 2 03:02, not Mar 2 03:02.");
        assert_eq!(with_times_written("no time", chrono_tz::UTC), "no time");
    }

    #[test]
    fn text_from_outside_cannot_mention_link_or_reorder() {
        let rows = [
            ("<!channel> help", "&lt;!channel&gt; help"),
            ("<@U123>", "&lt;@U123&gt;"),
            ("<https://evil|https://bank>", "&lt;https://evil|https://bank&gt;"),
            ("a\u{0}b\u{7}c", "abc"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("one\ntwo\tthree", "one two three"),
            ("&lt;", "&amp;lt;"),
        ];
        for (from, to) in rows {
            assert_eq!(escape(from, 100), to, "{from:?}");
        }
    }

    #[test]
    fn an_input_is_filled_with_one_line_that_fits_as_slack_counts() {
        assert_eq!(for_input(" a\n\n\u{202e}b\t<!here> & c ", 100), "a b <!here> & c");
        assert_eq!(for_input(&"é".repeat(300), 300), "é".repeat(300));
        let cut = for_input(&"👩".repeat(300), 300);
        assert_eq!(cut, format!("{}…", "👩".repeat(149)));
        assert!(cut.encode_utf16().count() <= 300);
        assert_eq!(for_input("\u{200b} \n", 300), "");
    }

    #[test]
    fn a_cut_never_splits_what_a_person_sees_as_one_character() {
        assert_eq!(truncate("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2), "👩‍👩‍👧‍👦…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abcd", 3), "ab…");
    }

    #[test]
    fn one_letter_with_a_thousand_accents_is_cut() {
        let zalgo = format!("a{}", "\u{301}".repeat(1_000));
        assert!(truncate(&zalgo, 10).chars().count() <= 32);
    }

    #[test]
    fn only_a_web_address_becomes_a_link() {
        assert_eq!(link("https://x.example/a?b=1&c=2", "t"), "<https://x.example/a?b=1&amp;c=2|t>");
        // It is as long as it is written: of a section, what is too long is cut, and the words stand behind the address.
        let long = format!("https://x.example/?{}", "a&".repeat(500));
        assert!(long.len() < crate::views::limits::LINK && link(&long, "t") == "t");
        for bad in ["javascript:alert(1)", "https://x|y", "https://x>y", "", "https://a b"] {
            assert_eq!(link(bad, "t"), "t", "{bad:?}");
        }
    }
}
