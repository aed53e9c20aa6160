//! Slack's message markup as HTML. What is not markup is text, and text is escaped.

use super::super::state::Slack;
use super::emoji::emoji;
use crate::domain::stamp::At;
use chrono::{Datelike, TimeZone};
use chrono_tz::Tz;
use std::fmt::Write;

/// Who reads, and when: dates are shown in the reader's time zone.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub slack: &'a Slack,
    pub tz: Tz,
    pub now: At,
}

/// Marks the place of a finished piece of HTML while the text around it is formatted.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Formats `mrkdwn`.
pub fn mrkdwn(text: &str, reader: Reader<'_>) -> String {
    let clean: String = text.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect();
    let mut pieces = Vec::new();
    let marked = take_controls(&clean, reader, &mut pieces);
    let marked = take_code(&marked, &mut pieces);
    let mut out = String::new();
    let mut quoted = false;
    for (i, line) in marked.split('\n').enumerate() {
        let quote = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'));
        match (quote.is_some(), quoted) {
            (true, false) => out.push_str("<blockquote>"),
            (false, true) => out.push_str("</blockquote>"),
            _ if i > 0 => out.push_str("<br>"),
            _ => {}
        }
        quoted = quote.is_some();
        out.push_str(&spans(quote.unwrap_or(line).trim_start_matches(if quoted { ' ' } else { '\0' }), 0));
    }
    if quoted {
        out.push_str("</blockquote>");
    }
    fill(&out, &pieces)
}

/// Formats `plain_text`: only emoji shortcodes and line ends mean something.
pub fn plain(text: &str) -> String {
    emoji(&html(&unescape(text))).replace('\n', "<br>")
}

/// Formatted text without its format: what a lock screen or a label shows of it.
pub fn bare(text: &str, reader: Reader<'_>) -> String {
    let formatted = mrkdwn(text, reader).replace("<br>", "\n").replace("</blockquote>", "\n");
    let mut out = String::with_capacity(formatted.len());
    let mut inside = false;
    for c in formatted.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    unescape(&out.replace("&quot;", "\"").replace("&#39;", "'"))
}

/// Escapes text for HTML, attributes included.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn keep(pieces: &mut Vec<String>, piece: String) -> String {
    pieces.push(piece);
    format!("{OPEN}{}{CLOSE}", pieces.len() - 1)
}

fn fill(text: &str, pieces: &[String]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        out.push_str(&rest[..start]);
        let after = &rest[start + OPEN.len_utf8()..];
        let Some(end) = after.find(CLOSE) else { break };
        if let Some(piece) = after[..end].parse::<usize>().ok().and_then(|i| pieces.get(i)) {
            // A piece may hold earlier pieces: code around a link.
            out.push_str(&fill(piece, pieces));
        }
        rest = &after[end + CLOSE.len_utf8()..];
    }
    out.push_str(rest);
    out
}

/// Replaces `<…>` by marks.
fn take_controls(text: &str, reader: Reader<'_>, pieces: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(len) = rest[start..].find('>') else { break };
        out.push_str(&rest[..start]);
        let inside = &rest[start + 1..start + len];
        match control(inside, reader) {
            Some(piece) => out.push_str(&keep(pieces, piece)),
            None => out.push_str(&html(&format!("<{inside}>"))),
        }
        rest = &rest[start + len + 1..];
    }
    out.push_str(rest);
    out
}

fn control(inside: &str, reader: Reader<'_>) -> Option<String> {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(t, l)| (t, Some(l)));
    let dir = reader.slack.directory();
    let said = |label: Option<&str>, or: &str| html(&unescape(label.unwrap_or(or)));
    if let Some(id) = target.strip_prefix('@') {
        let name = dir.users.get(id).map_or(id, |u| u.name.as_str());
        return Some(format!("<span class=mention>@{}</span>", said(None, name)));
    }
    if let Some(id) = target.strip_prefix('#') {
        let name = dir.conversations.get(id).map_or(label.unwrap_or(id), |c| c.name.as_str());
        return Some(format!("<span class=mention>#{}</span>", said(None, name)));
    }
    if let Some(special) = target.strip_prefix('!') {
        if let Some(date) = special.strip_prefix("date^") {
            return Some(date_token(date, label.unwrap_or(""), reader));
        }
        let name = special.strip_prefix("subteam^").map_or(special, |id| label.unwrap_or(id)).trim_start_matches('@');
        return Some(format!("<span class=\"mention loud\">@{}</span>", said(None, name)));
    }
    is_web(target).then(|| anchor(target, label.unwrap_or(target)))
}

/// Whether a link may be followed: nothing but the web.
pub fn is_web(url: &str) -> bool {
    ["http://", "https://"].iter().any(|p| url.starts_with(p))
}

fn anchor(url: &str, label: &str) -> String {
    format!(
        "<a href=\"{}\" target=_blank rel=\"noopener noreferrer\">{}</a>",
        html(&unescape(url)),
        emoji(&html(&unescape(label)))
    )
}

/// `SECONDS^FORMAT[^LINK]`. Source: docs.slack.dev/messaging/formatting-message-text (dates).
fn date_token(token: &str, fallback: &str, reader: Reader<'_>) -> String {
    let mut parts = token.split('^');
    let secs = parts.next().and_then(|s| s.parse::<i64>().ok());
    let (format, link) = (parts.next().unwrap_or("{date}"), parts.next());
    let when = secs.and_then(|s| reader.tz.timestamp_opt(s, 0).single());
    let Some(when) = when else { return html(&unescape(fallback)) };
    let today = reader.now.utc().with_timezone(&reader.tz).date_naive();
    let day = format!("{}{}", when.day(), ordinal(when.day()));
    let pretty = |otherwise: String| match (when.date_naive() - today).num_days() {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        _ => otherwise,
    };
    let (long, short) =
        (format!("{} {day}, {}", when.format("%B"), when.year()), when.format("%b %-d, %Y").to_string());
    let weekday = format!("{}, {long}", when.format("%A"));
    let text = format
        .replace("{date_num}", &when.format("%Y-%m-%d").to_string())
        .replace("{date_short_pretty}", &pretty(short.clone()))
        .replace("{date_long_pretty}", &pretty(weekday.clone()))
        .replace("{date_pretty}", &pretty(long.clone()))
        .replace("{date_short}", &short)
        .replace("{date_long}", &weekday)
        .replace("{date}", &long)
        .replace("{time_secs}", &when.format("%H:%M:%S").to_string())
        .replace("{time}", &when.format("%H:%M").to_string())
        .replace("{ago}", &ago(reader.now.secs() - when.timestamp()));
    let title = html(&when.format("%A, %-d %B %Y, %H:%M:%S %Z").to_string());
    let shown = html(&unescape(&text));
    match link.filter(|l| is_web(l)) {
        Some(link) => format!("<time title=\"{title}\">{}</time>", anchor(link, &text)),
        None => format!("<time title=\"{title}\">{shown}</time>"),
    }
}

fn ordinal(day: u32) -> &'static str {
    match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn ago(secs: i64) -> String {
    let (n, unit) = match secs.abs() {
        s @ 0..60 => (s, "second"),
        s @ 60..3_600 => (s / 60, "minute"),
        s @ 3_600..86_400 => (s / 3_600, "hour"),
        s => (s / 86_400, "day"),
    };
    let plural = if n == 1 { "" } else { "s" };
    if secs < 0 { format!("in {n} {unit}{plural}") } else { format!("{n} {unit}{plural} ago") }
}

/// Replaces code by marks, so that nothing inside it is formatted.
fn take_code(text: &str, pieces: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let fence = if rest[start..].starts_with("```") { "```" } else { "`" };
        let after = &rest[start + fence.len()..];
        let end = after.find(fence).filter(|end| *end > 0 && (fence == "```" || !after[..*end].contains('\n')));
        let Some(end) = end else {
            out.push_str(&rest[..start + fence.len()]);
            rest = after;
            continue;
        };
        let before = &rest[..start];
        // A line of its own ends by itself, unless it is a quote: that must not take the code in.
        let quoted = before.trim_end_matches('\n').rsplit('\n').next().is_some_and(|l| l.starts_with(['>', '&']));
        let whole = fence == "```" && !quoted;
        out.push_str(if whole { before.strip_suffix('\n').unwrap_or(before) } else { before });
        let code = html(&unescape(after[..end].trim_matches('\n')));
        let piece = if fence == "```" { format!("<pre>{code}</pre>") } else { format!("<code>{code}</code>") };
        out.push_str(&keep(pieces, piece));
        rest = &after[end + fence.len()..];
        // A block of code ends its line by itself; only a quote after it needs to know that a line begins.
        if let Some(next) = rest.strip_prefix('\n').filter(|n| fence == "```" && !n.starts_with(['>', '&'])) {
            rest = next;
        }
    }
    out.push_str(rest);
    out
}

/// `*bold*`, `_italic_` and `~struck~` within a line.
fn spans(line: &str, depth: usize) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut out = String::new();
    let mut text = String::new();
    let mut i = 0;
    while i < chars.len() {
        let tag = match chars[i] {
            '*' => "b",
            '_' => "i",
            '~' => "s",
            _ => "",
        };
        let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        let opens = !tag.is_empty() && depth < 8 && !word(i.checked_sub(1).and_then(|p| chars.get(p)));
        let end = opens.then(|| closing(&chars, i)).flatten();
        if let Some(end) = end {
            out.push_str(&emoji(&html(&unescape(&text))));
            text.clear();
            let inner: String = chars[i + 1..end].iter().collect();
            let _ = write!(out, "<{tag}>{}</{tag}>", spans(&inner, depth + 1));
            i = end + 1;
        } else {
            text.push(chars[i]);
            i += 1;
        }
    }
    out.push_str(&emoji(&html(&unescape(&text))));
    out
}

fn closing(chars: &[char], start: usize) -> Option<usize> {
    if chars.get(start + 1).is_none_or(|c| c.is_whitespace()) {
        return None;
    }
    let ends = |i: usize| {
        chars[i] == chars[start]
            && !chars[i - 1].is_whitespace()
            && chars.get(i + 1).is_none_or(|c| !c.is_alphanumeric())
    };
    (start + 2..chars.len()).find(|i| ends(*i))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::workspace::{Channel, User, Workspace};

    fn show(text: &str) -> String {
        let workspace = Workspace {
            users: vec![User { id: "U1".into(), ..User::named("ana") }],
            channels: vec![Channel { id: "C1".into(), ..Channel::named("ops") }],
            ..Workspace::default()
        };
        let slack = Slack::new(workspace);
        mrkdwn(text, Reader { slack: &slack, tz: chrono_tz::Europe::Berlin, now: At(1_700_000_000_000) })
    }

    #[test]
    fn markup_becomes_html() {
        for (text, wanted) in [
            ("*bold* _it_ ~no~", "<b>bold</b> <i>it</i> <s>no</s>"),
            ("*a _b_ c*", "<b>a <i>b</i> c</b>"),
            ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
            ("`a *b* <c>`", "<code>a *b* &lt;c&gt;</code>"),
            ("a\n```x\n*y*```\nb", "a<pre>x\n*y*</pre>b"),
            ("```x```\n> q", "<pre>x</pre><blockquote>q</blockquote>"),
            ("&gt; q\n```x```", "<blockquote>q</blockquote><pre>x</pre>"),
            ("<@U1> in <#C1>", "<span class=mention>@ana</span> in <span class=mention>#ops</span>"),
            ("<!channel>", "<span class=\"mention loud\">@channel</span>"),
            ("&lt;!channel&gt; &amp; co", "&lt;!channel&gt; &amp; co"),
            (
                "<https://e.com/?a=1&amp;b=2|*see*>",
                "<a href=\"https://e.com/?a=1&amp;b=2\" target=_blank rel=\"noopener noreferrer\">*see*</a>",
            ),
            ("*<https://e.com|x>*", "<b><a href=\"https://e.com\" target=_blank rel=\"noopener noreferrer\">x</a></b>"),
            ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
            ("a\nb", "a<br>b"),
            (":fire: 03:02 :nope:", "🔥 03:02 :nope:"),
        ] {
            assert_eq!(show(text), wanted, "{text}");
        }
    }

    #[test]
    fn nothing_from_outside_becomes_html() {
        for text in [
            "<script>alert(1)</script>",
            "<javascript:alert(1)|x>",
            "<data:text/html,x|x>",
            "<https://e.com\" onmouseover=\"alert(1)|x>",
            "\"><img src=x onerror=alert(1)>",
            "`<img src=x>`",
            "<!date^1700000000^<img>|<img>>",
            "\u{E000}0\u{E001}",
        ] {
            let shown = show(text);
            for bad in ["<script", "<img", "href=\"javascript", "\" onmouseover"] {
                assert!(!shown.contains(bad), "{text}: {shown}");
            }
        }
        assert_eq!(plain("<b>&lt;i&gt; :fire:"), "&lt;b&gt;&lt;i&gt; 🔥");
    }

    #[test]
    fn a_lock_screen_shows_words_only() {
        let slack = Slack::new(Workspace {
            users: vec![User { id: "U1".into(), ..User::named("ana") }],
            ..Workspace::default()
        });
        let reader = Reader { slack: &slack, tz: chrono_tz::Tz::UTC, now: At(1_700_000_000_000) };
        assert_eq!(
            bare("*Disk* of <@U1> &lt;db&gt; \"x\"\n<https://e.com|see> :fire:", reader),
            "Disk of @ana <db> \"x\"\nsee 🔥"
        );
    }

    #[test]
    fn dates_are_drawn_in_the_readers_zone() {
        for (format, wanted) in [
            ("{date_num} {time_secs}", "2023-11-14 23:13:20"),
            ("{date}", "November 14th, 2023"),
            ("{date_short} at {time}", "Nov 14, 2023 at 23:13"),
            ("{date_long_pretty}", "today"),
            ("{ago}", "0 seconds ago"),
        ] {
            let shown = show(&format!("<!date^1700000000^{format}|later>"));
            assert!(shown.contains(&format!(">{wanted}</time>")), "{format}: {shown}");
        }
        assert!(show("<!date^1700100000^{ago}|x>").contains("in 1 day"));
        assert_eq!(show("<!date^soon^{time}|later>"), "later");
    }
}
