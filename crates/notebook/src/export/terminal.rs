//! Text as a terminal would show it: carriage returns and backspaces overwrite, escape sequences colour or vanish.
//! The escape sequences are parsed by `anstyle-parse`; `ansi-to-html` prints those it doesn't know (every progress bar
//! hides the cursor), nests one element per colour change without end and takes quadratic time on some input.

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};
use std::borrow::Cow;
use std::fmt::Write;

/// The text with every line as it stood in the end: what follows a carriage return overwrites the line from its start,
/// a backspace steps back. In a line with escape sequences, whose columns can't be counted, the last part replaces all.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\u{8}']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.trim_end_matches('\r'), "\n"),
            None => (line, ""),
        };
        if !line.contains(['\r', '\u{8}']) {
            out.push_str(line);
        } else if line.contains('\u{1b}') {
            let last = line.rsplit('\r').find(|part| !part.is_empty());
            out.push_str(last.unwrap_or_default());
        } else {
            overwrite(line, &mut out);
        }
        out.push_str(end);
    }
    Cow::Owned(out)
}

fn overwrite(line: &str, out: &mut String) {
    let mut cells = Vec::with_capacity(line.len());
    let mut column = 0_usize;
    for char in line.chars() {
        match char {
            '\r' => column = 0,
            '\u{8}' => column = column.saturating_sub(1),
            char if column < cells.len() => {
                cells[column] = char;
                column += 1;
            }
            char => {
                cells.push(char);
                column += 1;
            }
        }
    }
    out.extend(cells);
}

/// The text without escape sequences.
pub fn stripped(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = Plain(String::with_capacity(text.len()));
    let mut parser = Parser::<DefaultCharAccumulator>::new();
    for byte in text.bytes() {
        parser.advance(&mut plain, byte);
    }
    Cow::Owned(plain.0)
}

struct Plain(String);

impl Perform for Plain {
    fn print(&mut self, char: char) {
        self.0.push(char);
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\t') {
            self.0.push(char::from(byte));
        }
    }
}

/// Writes terminal text as HTML: everything escaped, styles as `<span class="ansi-…">`, never nested, all closed at
/// the end of each piece. Styles carry over from one piece to the next.
#[derive(Default)]
pub(super) struct Painter {
    parser: Parser<DefaultCharAccumulator>,
    canvas: Canvas,
}

impl Painter {
    /// The next piece of the text, as HTML.
    pub fn paint(&mut self, text: &str) -> String {
        self.canvas.html.reserve(text.len());
        for byte in text.bytes() {
            self.parser.advance(&mut self.canvas, byte);
        }
        self.canvas.close();
        std::mem::take(&mut self.canvas.html)
    }
}

#[derive(Default)]
struct Canvas {
    html: String,
    style: Style,
    /// The style of the open `<span>`.
    open: Option<Style>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    foreground: Option<Color>,
    background: Option<Color>,
    bold: bool,
    faint: bool,
    italic: bool,
    underline: bool,
    struck: bool,
    inverse: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Color {
    /// One of the terminal's sixteen, which the page's style sheet names.
    Named(u8),
    Rgb(u8, u8, u8),
}

impl Canvas {
    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
    }

    /// Opens the span that the next character needs.
    fn prepare(&mut self) {
        let wanted = (self.style != Style::default()).then_some(self.style);
        if wanted != self.open {
            self.close();
            if let Some(style) = wanted {
                style.open(&mut self.html);
                self.open = wanted;
            }
        }
    }
}

impl Perform for Canvas {
    fn print(&mut self, char: char) {
        self.prepare();
        match char {
            '&' => self.html.push_str("&amp;"),
            '<' => self.html.push_str("&lt;"),
            '>' => self.html.push_str("&gt;"),
            char => self.html.push(char),
        }
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\t') {
            self.html.push(char::from(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: u8) {
        if action == b'm' && intermediates.is_empty() && !ignore {
            // `38;5;1` and `38:5:1` are both in use; one flat list reads them alike.
            let codes: Vec<u16> = params.iter().flatten().copied().collect();
            self.style.apply(&codes);
        }
    }
}

impl Style {
    /// Applies the codes of one "select graphic rendition" sequence (ECMA-48, 8.3.117).
    fn apply(&mut self, codes: &[u16]) {
        let mut codes = codes.iter().copied();
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.faint = true,
                3 => self.italic = true,
                4 | 21 => self.underline = true,
                7 => self.inverse = true,
                9 => self.struck = true,
                22 => (self.bold, self.faint) = (false, false),
                23 => self.italic = false,
                24 => self.underline = false,
                27 => self.inverse = false,
                29 => self.struck = false,
                30..=37 => self.foreground = Some(Color::Named(code as u8 - 30)),
                38 => self.foreground = Color::extended(&mut codes).or(self.foreground),
                39 => self.foreground = None,
                40..=47 => self.background = Some(Color::Named(code as u8 - 40)),
                48 => self.background = Color::extended(&mut codes).or(self.background),
                49 => self.background = None,
                90..=97 => self.foreground = Some(Color::Named(code as u8 - 90 + 8)),
                100..=107 => self.background = Some(Color::Named(code as u8 - 100 + 8)),
                _ => {}
            }
        }
    }

    fn open(self, html: &mut String) {
        let (mut foreground, mut background) = (self.foreground, self.background);
        if self.inverse {
            (foreground, background) = (background, foreground);
        }
        html.push_str("<span class=\"ansi");
        let flags = [
            (self.bold, " ansi-bold"),
            (self.faint, " ansi-faint"),
            (self.italic, " ansi-italic"),
            (self.underline, " ansi-underline"),
            (self.struck, " ansi-struck"),
            (self.inverse && foreground.is_none(), " ansi-inverse-fg"),
            (self.inverse && background.is_none(), " ansi-inverse-bg"),
        ];
        for (_, class) in flags.iter().filter(|(set, _)| *set) {
            html.push_str(class);
        }
        let mut inline = String::new();
        for (color, class, property) in [
            (foreground, "fg", "color"),
            (background, "bg", "background-color"),
        ] {
            // Writing into a String cannot fail.
            let _ = match color {
                Some(Color::Named(number)) => write!(html, " ansi-{class}-{number}"),
                Some(Color::Rgb(r, g, b)) => write!(inline, "{property}:#{r:02x}{g:02x}{b:02x};"),
                None => Ok(()),
            };
        }
        html.push('"');
        if !inline.is_empty() {
            let _ = write!(html, " style=\"{inline}\"");
        }
        html.push('>');
    }
}

impl Color {
    /// The color after a 38 or 48: `5;N` of the palette of 256, or `2;R;G;B`.
    fn extended(codes: &mut impl Iterator<Item = u16>) -> Option<Self> {
        let mut byte = || codes.next().map(|code| code.min(255) as u8);
        match byte()? {
            5 => Some(match byte()? {
                number @ 0..=15 => Self::Named(number),
                cube @ 16..=231 => {
                    let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
                    let index = cube - 16;
                    Self::Rgb(level(index / 36), level(index / 6 % 6), level(index % 6))
                }
                grey => {
                    let level = 8 + 10 * (grey - 232);
                    Self::Rgb(level, level, level)
                }
            }),
            2 => Some(Self::Rgb(byte()?, byte()?, byte()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_shown_as_it_stood_in_the_end() {
        for (text, expected) in [
            ("a\nb", "a\nb"),
            ("a\r\nb\r\n", "a\nb\n"),
            (" 10%\r 20%\r100%\n", "100%\n"),
            ("long line\rshort\n", "shortline\n"),
            ("gone\r", "gone"),
            ("ab\u{8}c\n", "ac\n"),
            ("\u{8}\u{8}x", "x"),
            ("\u{1b}[31m10%\r\u{1b}[32m20%\r", "\u{1b}[32m20%"),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
    }

    #[test]
    fn escape_sequences_become_classes_and_unknown_ones_vanish() {
        for (text, expected) in [
            ("<b>&", "&lt;b&gt;&amp;"),
            (
                "\u{1b}[31mred\u{1b}[0m.",
                "<span class=\"ansi ansi-fg-1\">red</span>.",
            ),
            (
                "\u{1b}[1;94mx\u{1b}[22my",
                "<span class=\"ansi ansi-bold ansi-fg-12\">x</span><span class=\"ansi ansi-fg-12\">y</span>",
            ),
            (
                "\u{1b}[38;5;208mx",
                "<span class=\"ansi\" style=\"color:#ff8700;\">x</span>",
            ),
            (
                "\u{1b}[48;2;1;2;3mx",
                "<span class=\"ansi\" style=\"background-color:#010203;\">x</span>",
            ),
            (
                "\u{1b}[7mx",
                "<span class=\"ansi ansi-inverse-fg ansi-inverse-bg\">x</span>",
            ),
            (
                "\u{1b}[?25l\u{1b}[2K\u{1b}]8;;https://x\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
            ),
            ("\u{1b}[38mx\u{1b}[999my\u{1b}[", "xy"),
            ("bell\u{7}", "bell"),
        ] {
            assert_eq!(Painter::default().paint(text), expected, "{text:?}");
        }
        assert_eq!(stripped("\u{1b}[31mred\u{1b}[0m\tplain\n"), "red\tplain\n");
    }

    #[test]
    fn a_style_carries_over_to_the_next_piece() {
        let mut painter = Painter::default();
        assert_eq!(
            painter.paint("\u{1b}[1ma"),
            "<span class=\"ansi ansi-bold\">a</span>"
        );
        assert_eq!(
            painter.paint("b\u{1b}[0mc"),
            "<span class=\"ansi ansi-bold\">b</span>c"
        );
    }

    proptest! {
        #[test]
        fn nothing_but_our_spans_comes_out(text in "(\u{1b}\\[[0-9;:?]{0,9}[a-zA-Z]|[<>&\"'a\r\n\u{8}]|\\PC){0,40}") {
            let html = Painter::default().paint(&folded(&text));
            let left = html.replace("</span>", "");
            let tags: Vec<&str> = left.split('<').skip(1).collect();
            prop_assert!(tags.iter().all(|tag| tag.starts_with("span class=\"ansi")));
            prop_assert_eq!(tags.len(), html.matches("</span>").count());
        }
    }
}
