//! Text of outputs: streams, plain results, tracebacks. Long text is folded, endless text is cut.

use crate::export::terminal::{self, Painter};
use maud::{Markup, PreEscaped, html};

/// Text beyond this many lines stands behind "Show".
const SHOWN_LINES_MAX: usize = 100;
/// Text beyond this many bytes stands behind "Show".
const SHOWN_BYTES_MAX: usize = 48 * 1024;
/// Text beyond this many bytes is left out, and the page says so.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Terminal text in a box of this class.
pub(super) fn text(text: &str, class: &str) -> Markup {
    let text = terminal::folded(text);
    let (shown, folded) = split(&text);
    let (folded, cut) = folded.split_at(floor(folded, TEXT_BYTES_MAX));
    let mut painter = Painter::default();
    html! {
        pre class=(class) { (PreEscaped(painter.paint(shown))) }
        @if !folded.is_empty() {
            details.nb-more {
                summary { "Show " (count(folded.lines().count(), "more line")) }
                pre class=(class) { (PreEscaped(painter.paint(folded))) }
                @if !cut.is_empty() {
                    p.nb-note { "Another " (bytes(cut.len())) " are left out here; the notebook has them." }
                }
            }
        }
    }
}

/// The part that is shown at once, and the rest.
fn split(text: &str) -> (&str, &str) {
    let mut end = floor(text, SHOWN_BYTES_MAX);
    if let Some((line, _)) = text[..end].match_indices('\n').nth(SHOWN_LINES_MAX - 1) {
        end = line + 1;
    } else if end < text.len() {
        end = text[..end].rfind('\n').map_or(end, |line| line + 1);
    }
    // A few lines more are not worth a click.
    if text[end..].len() < 1024 {
        (text, "")
    } else {
        text.split_at(end)
    }
}

fn floor(text: &str, index: usize) -> usize {
    text.floor_char_boundary(index.min(text.len()))
}

/// "1 more line", "1,234 more lines".
pub(super) fn count(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {noun}{}", if number == 1 { "" } else { "s" })
}

/// "17 bytes", "3.2 MB".
pub(super) fn bytes(bytes: usize) -> String {
    match bytes {
        0..1_000 => count(bytes, "byte"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_folded_and_endless_text_is_cut() {
        let short = text(&"x\n".repeat(SHOWN_LINES_MAX), "nb-text").0;
        assert!(!short.contains("details"));
        let long = text(&"line\n".repeat(2_000), "nb-text").0;
        assert!(
            long.contains("Show 1,900 more lines"),
            "{}",
            &long[long.len() - 300..]
        );
        assert_eq!(long.matches("line\n").count(), 2_000);
        let endless = text(&"漢字\n".repeat(1_000_000), "nb-text").0;
        assert!(endless.len() < TEXT_BYTES_MAX + SHOWN_BYTES_MAX + 1024);
        assert!(
            endless.contains("Another 2.8 MB are left out here"),
            "{}",
            &endless[endless.len() - 300..]
        );
    }

    #[test]
    fn one_long_line_is_folded_too() {
        let html = text(&"x".repeat(SHOWN_BYTES_MAX * 2), "nb-text").0;
        assert!(html.contains("Show 1 more line<"));
    }

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!(count(1, "byte"), "1 byte");
        assert_eq!(count(1_234_567, "line"), "1,234,567 lines");
        assert_eq!(bytes(3_210_000), "3.2 MB");
    }
}
