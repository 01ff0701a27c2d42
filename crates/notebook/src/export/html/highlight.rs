//! Source code as HTML: `<span class="hl-…">` around what syntect's grammars recognise. A page names a dozen classes
//! instead of Sublime's deep scopes, which makes it several times smaller.

use maud::PreEscaped;
use std::borrow::Cow;
use std::sync::LazyLock;
use syntect::easy::ScopeRegionIterator;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// Code beyond this many bytes isn't coloured; grammars cost about a millisecond per kilobyte.
const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Code with a line beyond this many bytes isn't coloured: some patterns take quadratic time on a line.
const LINE_BYTES_MAX: usize = 4 * 1024;

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Scope prefixes and the class of what they cover; within one scope stack the innermost scope that is listed wins.
static CLASSES: LazyLock<Vec<(Scope, &str)>> = LazyLock::new(|| {
    let classes = [
        ("comment", "c"),
        ("punctuation.definition.comment", "c"),
        ("punctuation.definition.string", "s"),
        ("constant.character.escape", "e"),
        ("constant.other.placeholder", "e"),
        ("string", "s"),
        ("constant.numeric", "n"),
        ("constant.language", "l"),
        ("constant", "l"),
        ("keyword.operator.word", "k"),
        ("keyword.operator.logical", "k"),
        ("keyword.operator", "o"),
        ("keyword", "k"),
        ("storage", "k"),
        ("support.function", "b"),
        ("support.type", "b"),
        ("support.class", "b"),
        ("variable.language", "l"),
        ("variable.function", "f"),
        ("variable.parameter", "v"),
        ("entity.name.function.decorator", "d"),
        ("meta.annotation", "d"),
        ("variable.annotation", "d"),
        ("entity.name.class", "t"),
        ("entity.name.type", "t"),
        ("entity.name.tag", "k"),
        ("entity.other.attribute-name", "v"),
        ("entity.name", "f"),
        ("markup.inserted", "s"),
        ("markup.deleted", "k"),
        // Code inside of an interpolated string is code again.
        ("meta.interpolation", ""),
        ("source", ""),
    ];
    classes
        .into_iter()
        .filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, class)))
        .collect()
});

/// The code as HTML, coloured if its language is known. A cell magic that names a language (`%%bash`) decides for the
/// rest of its cell, as in nbconvert.
pub(super) fn highlight(code: &str, language: Option<&str>) -> PreEscaped<String> {
    let mut html = String::with_capacity(code.len() * 2);
    let (magic, rest) = match code.split_once('\n') {
        Some((first, rest)) if first.starts_with("%%") => (Some(first), rest),
        _ => (None, code),
    };
    let of_magic = magic.and_then(|line| magic_language(line[2..].split_whitespace().next()?));
    match (magic, of_magic) {
        (Some(line), Some(language)) => {
            push_span("d", line, &mut html);
            html.push('\n');
            colour(rest, Some(language), &mut html);
        }
        _ => colour(code, language, &mut html),
    }
    PreEscaped(html)
}

fn magic_language(magic: &str) -> Option<&'static str> {
    Some(match magic {
        "bash" | "sh" | "script" | "system" => "bash",
        "html" | "HTML" => "html",
        "javascript" | "js" => "javascript",
        "latex" => "latex",
        "markdown" => "markdown",
        "perl" => "perl",
        "R" => "r",
        "ruby" => "ruby",
        "sql" => "sql",
        "svg" | "SVG" => "xml",
        _ => return None,
    })
}

fn colour(code: &str, language: Option<&str>, html: &mut String) {
    let too_big =
        code.len() > SOURCE_BYTES_MAX || code.lines().any(|line| line.len() > LINE_BYTES_MAX);
    match language.and_then(syntax).filter(|_| !too_big) {
        Some(syntax) => {
            let start = html.len();
            if coloured(code, syntax, html).is_err() {
                html.truncate(start);
                escape(code, html);
            }
        }
        None => escape(code, html),
    }
}

/// The grammar for a language by Jupyter's or a Markdown fence's name.
fn syntax(language: &str) -> Option<&'static SyntaxReference> {
    let token = language.split([' ', ',', '{']).next().unwrap_or_default();
    let token = match token.to_ascii_lowercase().as_str() {
        "ipython" | "ipython2" | "ipython3" | "python3" | "pycon" => "python",
        "typescript" | "ts" | "node" | "deno" => "javascript",
        "shell" | "console" | "zsh" => "bash",
        "ir" => "r",
        "csharp" | "c#" | ".net-csharp" => "cs",
        "cpp" | "c++" | "c++11" | "c++14" | "c++17" | "c++20" => "cpp",
        other => return SYNTAXES.find_syntax_by_token(other),
    };
    SYNTAXES.find_syntax_by_token(token)
}

fn coloured(code: &str, syntax: &SyntaxReference, html: &mut String) -> Result<(), syntect::Error> {
    let mut state = ParseState::new(syntax);
    let mut stack = ScopeStack::new();
    // Neighbours of one class share a span.
    let (mut class, mut run) = ("", String::new());
    for line in code.split_inclusive('\n') {
        let line = match line.ends_with('\n') {
            true => Cow::Borrowed(line),
            // The grammars expect every line to end.
            false => Cow::Owned(format!("{line}\n")),
        };
        // IPython's line magics and shell commands, where a statement may begin; no grammar knows them.
        if line.starts_with(['%', '!']) && stack.len() <= 1 && syntax.name == "Python" {
            push_span(class, &std::mem::take(&mut run), html);
            class = "d";
            run.push_str(&line);
            continue;
        }
        let operations = state.parse_line(&line, &SYNTAXES)?;
        for (text, operation) in ScopeRegionIterator::new(&operations, &line) {
            stack.apply(operation)?;
            if text.is_empty() {
                continue;
            }
            let new = class_of(&stack);
            if new != class && !text.trim().is_empty() {
                push_span(class, &run, html);
                run.clear();
                class = new;
            }
            run.push_str(text);
        }
    }
    if !code.ends_with('\n') {
        run.pop();
    }
    push_span(class, &run, html);
    Ok(())
}

fn class_of(stack: &ScopeStack) -> &'static str {
    let listed = |scope: &Scope| {
        let class = CLASSES
            .iter()
            .find(|(prefix, _)| prefix.is_prefix_of(*scope));
        class.map(|(_, class)| *class)
    };
    stack.scopes.iter().rev().find_map(listed).unwrap_or("")
}

fn push_span(class: &str, text: &str, html: &mut String) {
    if class.is_empty() {
        return escape(text, html);
    }
    html.push_str("<span class=\"hl-");
    html.push_str(class);
    html.push_str("\">");
    escape(text, html);
    html.push_str("</span>");
}

/// Appends text with HTML's special characters escaped.
pub(super) fn escape(text: &str, html: &mut String) {
    // Writing into a String cannot fail.
    let _ = std::fmt::Write::write_str(&mut maud::Escaper::new(html), text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_coloured() {
        let PreEscaped(html) = highlight("def f(x):\n    return \"<b>\"  # why", Some("python"));
        assert_eq!(
            html,
            "<span class=\"hl-k\">def </span><span class=\"hl-f\">f</span>(<span class=\"hl-v\">x</span>):\n    \
             <span class=\"hl-k\">return </span><span class=\"hl-s\">&quot;&lt;b&gt;&quot;  </span><span class=\"hl-c\"># why</span>"
        );
    }

    #[test]
    fn a_cell_magic_names_the_language_of_its_cell() {
        let PreEscaped(html) = highlight("%%bash\nif true; then echo; fi", Some("python"));
        assert!(
            html.starts_with("<span class=\"hl-d\">%%bash</span>\n<span class=\"hl-k\">if </span>"),
            "{html}"
        );
    }

    #[test]
    fn a_line_magic_stands_out_where_statements_begin() {
        let PreEscaped(html) = highlight("%cd x\ny = 1\ns = \"\"\"\n%no\n\"\"\"", Some("python"));
        assert!(
            html.starts_with("<span class=\"hl-d\">%cd x\n</span>y "),
            "{html}"
        );
        assert!(!html.contains("\"hl-d\">%no"), "{html}");
    }

    #[test]
    fn what_is_too_much_or_unknown_is_plain() {
        for (code, language) in [
            ("x = '<'".to_owned(), None),
            ("x = '<'".to_owned(), Some("no such language")),
            (
                format!("x = '{}'", "<".repeat(LINE_BYTES_MAX)),
                Some("python"),
            ),
            ("x = '<'\n".repeat(SOURCE_BYTES_MAX / 4), Some("python")),
        ] {
            let PreEscaped(html) = highlight(&code, language);
            assert_eq!(html, code.replace('<', "&lt;"), "{language:?}");
        }
    }

    #[test]
    fn the_text_survives_colouring() {
        let code = "f'{a + 1}' % \"\"\"\n%%x\n\tend \u{0} 漢";
        let PreEscaped(html) = highlight(code, Some("python"));
        let mut text = String::new();
        for part in html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        let text = text.replace("&quot;", "\"").replace("&gt;", ">");
        assert_eq!(text, code);
    }
}
