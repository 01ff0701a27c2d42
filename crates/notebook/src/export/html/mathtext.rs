//! Brings mathematics in Markdown into the one form that the Markdown parser recognises, as Jupyter does before it
//! parses: displayed formulas on one line, so that no line of theirs looks like a list or a heading; bare AMS
//! environments, `$ x $` with its spaces, `\\(x\\)` and `\\[x\\]` count too. Code stays as it is.

use std::borrow::Cow;

/// Longer displayed formulas are left as they are.
const LINES_MAX: usize = 200;

/// The text with every formula in dollars that touch it.
pub(super) fn fenced(text: &str) -> Cow<'_, str> {
    if !["$", "\\begin{", "\\\\(", "\\\\["]
        .iter()
        .any(|start| text.contains(start))
    {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len() + 16);
    let mut fence: Option<&str> = None;
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        index += 1;
        let trimmed = line.trim();
        let marker = ["```", "~~~"]
            .into_iter()
            .find(|marker| trimmed.starts_with(marker));
        if let (Some(marker), true) = (marker, fence.is_none() || fence == marker) {
            fence = if fence.is_none() { Some(marker) } else { None };
            out.push_str(line);
        } else if fence.is_some() || line.starts_with("    ") || line.starts_with('\t') {
            out.push_str(line);
        } else if let Some((formula, used)) = displayed(trimmed, &lines[index..]) {
            // In a list item, the indentation keeps the formula in the item.
            out.push_str(&line[..line.len() - line.trim_start().len()]);
            out.push_str(&formula);
            out.push('\n');
            index += used;
        } else {
            trimmed_dollars(line, &mut out);
        }
    }
    Cow::Owned(out)
}

/// A displayed formula that starts on this line and ends on a later one (or, as a bare environment, on this one), on
/// one line; and how many of the following lines it takes.
fn displayed(first: &str, following: &[&str]) -> Option<(String, usize)> {
    let (end, bare) = if let Some(rest) = first.strip_prefix("$$") {
        if rest.contains("$$") {
            return None;
        }
        ("$$".to_owned(), false)
    } else {
        let (environment, _) = first.strip_prefix("\\begin{")?.split_once('}')?;
        (format!("\\end{{{environment}}}"), true)
    };
    let mut formula = first.to_owned();
    let mut used = 0;
    while !(formula.ends_with(&end) && (bare || used > 0)) {
        let line = following.get(used).filter(|_| used < LINES_MAX)?.trim();
        if line.is_empty() {
            return None;
        }
        formula.push(' ');
        formula.push_str(line);
        used += 1;
    }
    Some(match bare {
        true => (format!("$${formula}$$"), used),
        false => {
            let inner = formula.trim_start_matches('$').trim_end_matches('$').trim();
            (format!("$${inner}$$"), used)
        }
    })
}

/// Appends a line with `$ x $` as `$x$`, outside of code spans.
fn trimmed_dollars(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find(['$', '`', '\\']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let sign = &from[..1];
        let run = from.len() - from.trim_start_matches(&sign[..1]).len();
        let (opening, after) = from.split_at(if sign == "\\" { 1 } else { run });
        out.push_str(opening);
        rest = after;
        match sign {
            "\\" if let Some((formula, tail)) = escaped_brackets(after) => {
                out.pop();
                out.push_str(&formula);
                rest = tail;
            }
            "\\" => {
                let next = after.chars().next().map_or(0, char::len_utf8);
                out.push_str(&after[..next]);
                rest = &after[next..];
            }
            "$" if run > 2 => {}
            _ => {
                // What the sign opens goes up to the same sign.
                let Some(end) = after.find(opening) else {
                    continue;
                };
                let inner = &after[..end];
                out.push_str(if sign == "$" && !inner.trim().is_empty() {
                    inner.trim()
                } else {
                    inner
                });
                out.push_str(opening);
                rest = &after[end + opening.len()..];
            }
        }
    }
    out.push_str(rest);
}

/// What follows the first backslash of `\\(x\\)` or `\\[x\\]`, in dollars; and the rest.
fn escaped_brackets(after: &str) -> Option<(String, &str)> {
    let (end, dollars) = match after.get(..2)? {
        "\\(" => ("\\\\)", "$"),
        "\\[" => ("\\\\]", "$$"),
        _ => return None,
    };
    let (formula, tail) = after[2..].split_once(end)?;
    Some((format!("{dollars}{}{dollars}", formula.trim()), tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_come_in_one_form() {
        for (text, expected) in [
            ("no math", "no math"),
            ("a $x$ b", "a $x$ b"),
            ("a $ x + y $ b\n", "a $x + y$ b\n"),
            ("code `$ x $` and $ y $", "code `$ x $` and $y$"),
            ("\\$ 5 and \\$ 6", "\\$ 5 and \\$ 6"),
            ("$5", "$5"),
            ("$$\na\n- b\n= c\n$$\nx", "$$a - b = c$$\nx"),
            ("$$ a $$", "$$a$$"),
            (
                "\\\\( x \\\\) and \\\\[y\\\\], \\(z\\)",
                "$x$ and $$y$$, \\(z\\)",
            ),
            ("- x\n  $$\n  a\n  $$\n", "- x\n  $$a$$\n"),
            (
                "\\begin{align}\na\\\\\n\\end{align}\n",
                "$$\\begin{align} a\\\\ \\end{align}$$\n",
            ),
            ("\\begin{x}y\\end{x}", "$$\\begin{x}y\\end{x}$$\n"),
            ("```\n$$\na\n$$\n```", "```\n$$\na\n$$\n```"),
            ("    $ x $\n", "    $ x $\n"),
            ("$$\nnever closed\n\n$ x $", "$$\nnever closed\n\n$x$"),
        ] {
            assert_eq!(fenced(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "([$`\\\\{}\n ]|begin\\{a\\}|end\\{a\\}|\\PC){0,60}") {
            fenced(&text);
        }
    }
}
