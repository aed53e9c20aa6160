//! Text from outside that is shown in Slack or said by telephone. Nothing in it can mention, link, mark or reorder, and
//! it is as long as it may be.

use unicode_segmentation::UnicodeSegmentation;
use warridor::views::mrkdwn::{cut, escape, escape_marked, for_input, link, plain, truncate, with_times_written};

pub fn texts(data: &[u8]) {
    let Some((&[limit, other], rest)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(rest);
    let most = 1 + usize::from(limit);
    is_plain(&plain(&text, most), most);
    let escaped = escape(&text, most);
    is_escaped(&escaped);
    assert_eq!(unescaped(&escaped), plain(&text, most), "escaping changes nothing but the three");
    // A character is five long at most, and a grapheme 32 characters.
    assert!(escaped.chars().count() <= 5 * 32 * most + 1);
    let marked = escape_marked(&text, most);
    is_escaped(&marked);
    assert!(!marked.contains(['*', '_', '~', '`']), "{marked:?} ends our marks");

    is_cut(&text, most);
    let shown = for_input(&text, most);
    assert!(shown.encode_utf16().count() <= most, "{shown:?}");
    is_plain(&shown, shown.len() + 1);
    assert!(shown.trim() == shown && !shown.contains("  "), "{shown:?}");

    let (url, label) = text.split_at(text.floor_char_boundary(usize::from(other) * 8));
    is_linked(url, &escape_marked(label, most));
    let _ = with_times_written(&text, chrono_tz::Europe::Berlin);
}

/// One line, without what could reorder it or hide in it.
fn is_plain(text: &str, most: usize) {
    let hidden = |c: char| {
        let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let unseen =
            matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        c.is_control() || bidi || unseen || (c.is_whitespace() && c != ' ')
    };
    assert!(!text.contains(hidden), "{text:?}");
    assert!(text.graphemes(true).count() <= most, "{} graphemes, {most} were asked for", text.graphemes(true).count());
}

/// Slack makes mentions, links and dates of `<…>` and of nothing else, so there is none; and every `&` is one of its three.
fn is_escaped(text: &str) {
    assert!(!text.contains(['<', '>']), "{text:?}");
    for (at, _) in text.match_indices('&') {
        let after = &text[at..];
        assert!(["&amp;", "&lt;", "&gt;"].iter().any(|e| after.starts_with(e)), "{text:?}");
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn is_cut(text: &str, most: usize) {
    let kept = cut(text, most);
    assert!(kept.chars().count() <= most);
    assert!(kept == text || (kept.ends_with('…') && text.starts_with(kept.trim_end_matches('…'))));
    let shown = truncate(text, most);
    assert!(shown.graphemes(true).count() <= most, "{shown:?}");
    assert!(shown.graphemes(true).all(|g| g.chars().count() <= 2 * 32), "{shown:?}");
}

/// A link is `<URL|TEXT>` and leads to a web address, or it is only its text.
fn is_linked(url: &str, text: &str) {
    let linked = link(url, text);
    if linked == text {
        return;
    }
    let inner = linked.strip_prefix('<').and_then(|l| l.strip_suffix('>')).expect("a link");
    let (to, shown) = inner.split_once('|').expect("an address and words");
    assert_eq!(shown, text);
    is_escaped(to);
    assert!(to.starts_with("http://") || to.starts_with("https://"), "{to}");
    // A section takes 3,000 characters: what stands behind an address must still fit.
    assert!(to.chars().count() <= 2_000, "{} characters of an address", to.chars().count());
}
