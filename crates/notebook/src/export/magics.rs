//! IPython's own syntax as Python: magics and shell commands become the calls that IPython makes of them, as in
//! nbconvert's scripts. Lines inside of strings and brackets stay. Help (`name?`) becomes `pinfo`.

use std::borrow::Cow;
use std::fmt::Write;

/// A cell's source as Python. It ends with a newline.
pub(super) fn as_python(source: &str) -> String {
    if let Some(rest) = source.strip_prefix("%%") {
        let (line, body) = rest.split_once('\n').unwrap_or((rest, ""));
        let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if !name.is_empty() {
            let ending = if body.is_empty() || body.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            let body = repr(&format!("{body}{ending}"));
            return format!(
                "get_ipython().run_cell_magic({}, {}, {body})\n",
                repr(name),
                repr(arguments.trim())
            );
        }
    }
    let mut open = Open::default();
    let mut text = String::with_capacity(source.len() + 1);
    for line in source.lines() {
        let inside = open.inside();
        let python = if inside {
            Cow::Borrowed(line)
        } else {
            statement(line)
        };
        // A magic's arguments are no Python: their quotes open nothing.
        if python == line {
            open.read(line);
        }
        text.push_str(&python);
        text.push('\n');
    }
    if source.is_empty() {
        text.push('\n');
    }
    text
}

/// A line that begins a statement.
fn statement(line: &str) -> Cow<'_, str> {
    let code = line.trim_start();
    let indent = &line[..line.len() - code.len()];
    let call = command(code).map(|call| format!("{indent}{call}"));
    let call = call.or_else(|| {
        let (target, value) = line.split_once('=')?;
        let is_target = target
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | ',' | '.' | ' '));
        let value = value.trim_start();
        if !is_target || target.trim().is_empty() {
            return None;
        }
        match value.strip_prefix('!') {
            Some(shell) => Some(format!(
                "{target}= get_ipython().getoutput({})",
                repr(shell)
            )),
            None => Some(format!("{target}= {}", magic(value)?)),
        }
    });
    call.map_or(Cow::Borrowed(line), Cow::Owned)
}

/// A whole statement in IPython's syntax.
fn command(code: &str) -> Option<String> {
    if let Some(shell) = code.strip_prefix("!!") {
        return Some(format!("get_ipython().getoutput({})", repr(shell)));
    }
    if let Some(shell) = code.strip_prefix('!') {
        return Some(format!("get_ipython().system({})", repr(shell)));
    }
    let bare = code.trim_matches('?').trim();
    let marks = code.trim_end();
    let is_name = !bare.is_empty()
        && bare
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '.' | '%' | '*'));
    if is_name && (marks.starts_with('?') || marks.ends_with('?')) {
        let name = if marks.starts_with("??") || marks.ends_with("??") {
            "pinfo2"
        } else {
            "pinfo"
        };
        return Some(format!(
            "get_ipython().run_line_magic('{name}', {})",
            repr(bare)
        ));
    }
    magic(code)
}

fn magic(code: &str) -> Option<String> {
    let rest = code.strip_prefix('%')?;
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let starts_well = name
        .trim_start_matches('%')
        .starts_with(|char: char| char.is_alphabetic() || char == '_');
    starts_well.then(|| {
        format!(
            "get_ipython().run_line_magic({}, {})",
            repr(name),
            repr(arguments.trim())
        )
    })
}

/// Python's `repr` of a string.
fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char == quote => out.extend(['\\', char]),
            char if (char as u32) < 0x20 || (0x7f..0xa1).contains(&(char as u32)) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\x{:02x}", char as u32);
            }
            char => out.push(char),
        }
    }
    out.push(quote);
    out
}

/// What is open at the end of a line of Python.
#[derive(Default)]
struct Open {
    brackets: usize,
    string: Option<&'static str>,
    backslash: bool,
}

impl Open {
    fn inside(&self) -> bool {
        self.brackets > 0 || self.string.is_some() || self.backslash
    }

    fn read(&mut self, line: &str) {
        let mut rest = line;
        while let Some(char) = rest.chars().next() {
            let quote = ["\"\"\"", "'''", "\"", "'"]
                .into_iter()
                .find(|quote| rest.starts_with(quote));
            let mut step = char.len_utf8();
            match (self.string, quote, char) {
                (_, _, '\\') => step += rest[1..].chars().next().map_or(0, char::len_utf8),
                (Some(open), _, _) if rest.starts_with(open) => {
                    self.string = None;
                    step = open.len();
                }
                (Some(_), _, _) => {}
                (None, Some(quote), _) => {
                    self.string = Some(quote);
                    step = quote.len();
                }
                (None, None, '#') => break,
                (None, None, '(' | '[' | '{') => self.brackets += 1,
                (None, None, ')' | ']' | '}') => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
            rest = &rest[step..];
        }
        // Strings in single quotes end with their line.
        self.string = self.string.filter(|quote| quote.len() == 3);
        self.backslash = line.ends_with('\\');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn magics_become_calls_where_statements_begin() {
        for (source, expected) in [
            (
                "%matplotlib inline",
                "get_ipython().run_line_magic('matplotlib', 'inline')\n",
            ),
            (
                "if x:\n    %cd ..",
                "if x:\n    get_ipython().run_line_magic('cd', '..')\n",
            ),
            (
                "!pip install \"a'b\"",
                "get_ipython().system('pip install \"a\\'b\"')\n",
            ),
            ("!echo it's", "get_ipython().system(\"echo it's\")\n"),
            (
                "files = !ls\nn = %who_ls",
                "files = get_ipython().getoutput('ls')\nn = get_ipython().run_line_magic('who_ls', '')\n",
            ),
            (
                "%%bash -e\necho x",
                "get_ipython().run_cell_magic('bash', '-e', 'echo x\\n')\n",
            ),
            (
                "len?\n??len",
                "get_ipython().run_line_magic('pinfo', 'len')\nget_ipython().run_line_magic('pinfo2', 'len')\n",
            ),
            ("x = (a\n  %b)", "x = (a\n  %b)\n"),
            (
                "s = '''\n%magic\n'''\n%cd",
                "s = '''\n%magic\n'''\nget_ipython().run_line_magic('cd', '')\n",
            ),
            ("x = a \\\n%b", "x = a \\\n%b\n"),
            (
                "x == !y # '\n%cd",
                "x == !y # '\nget_ipython().run_line_magic('cd', '')\n",
            ),
            ("", "\n"),
        ] {
            assert_eq!(as_python(source), expected, "{source}");
        }
    }

    proptest! {
        #[test]
        fn any_source_is_taken(source in "([%!?='\"\\\\(){}\n a]|\\PC){0,40}") {
            prop_assert!(as_python(&source).ends_with('\n'));
        }
    }
}
