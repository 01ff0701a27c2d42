//! Splits source into statements, with an eye on quotes, brackets and comments only. Knows no language.

/// A statement on one line, or on several while brackets or triple quotes are open.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// Without comments; lines inside brackets are joined.
    pub code: String,
    /// What the comment at its end says.
    pub comment: String,
}

/// The statements of a source.
pub(super) fn statements(source: &str, comment: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut open = Statement::default();
    let mut depth = 0_usize;
    let mut triple: Option<&'static str> = None;
    for line in source.lines() {
        let mut rest = if triple.is_some() {
            line
        } else {
            line.trim_start()
        };
        open.comment.clear();
        let mut code = String::new();
        while let Some(first) = rest.chars().next() {
            if let Some(mark) = triple {
                let end = rest.find(mark).map_or(rest.len(), |end| end + mark.len());
                triple = rest.find(mark).is_none().then_some(mark);
                code += &rest[..end];
                rest = &rest[end..];
            } else if let Some(mark) = ["\"\"\"", "'''"]
                .into_iter()
                .find(|mark| rest.starts_with(mark))
            {
                triple = Some(mark);
                code += mark;
                rest = &rest[mark.len()..];
            } else if let Some(end) = string_end(rest) {
                code += &rest[..end];
                rest = &rest[end..];
            } else if let Some(text) = rest.strip_prefix(comment) {
                open.comment = text.to_owned();
                rest = "";
            } else {
                match first {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                rest = &rest[first.len_utf8()..];
                if first == ';' && depth == 0 {
                    open.code += code.trim_end();
                    code.clear();
                    rest = rest.trim_start();
                    // What stands behind the last semicolon of a line is its comment.
                    if let Some(text) = rest.strip_prefix(comment) {
                        open.comment = text.to_owned();
                        rest = "";
                    }
                    found.push(std::mem::take(&mut open));
                } else {
                    code.push(first);
                }
            }
        }
        if triple.is_some() {
            open.code += &code;
            open.code.push('\n');
            continue;
        }
        let code = code.trim_end();
        if let Some(continued) = code.strip_suffix('\\') {
            open.code += continued;
        } else {
            open.code += code;
            if depth == 0 {
                found.push(std::mem::take(&mut open));
            }
        }
    }
    found.push(open);
    found.retain(|statement| !statement.code.is_empty());
    found
}

/// Where the string ends that begins here, if one does and ends on this line. (A lone `'` may be a transposed matrix or
/// a lifetime.)
fn string_end(text: &str) -> Option<usize> {
    let mark = text
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\'' | '`'))?;
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == mark {
            return Some(at + 1);
        }
    }
    None
}

/// The two sides of the first assignment that stands outside of quotes and brackets.
pub(super) fn split_assignment<'a>(code: &'a str, signs: &[&str]) -> Option<(&'a str, &'a str)> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        if let Some(end) = string_end(rest) {
            at += end;
            continue;
        }
        let sign = signs.iter().find(|sign| rest.starts_with(**sign));
        if let Some(sign) = sign.filter(|_| depth == 0) {
            let after = &rest[sign.len()..];
            let compares = *sign == "="
                && (after.starts_with(['=', '>', '~'])
                    || code[..at].ends_with(|before: char| "=<>!+-*/%&|^~:".contains(before)));
            return (!compares).then_some((&code[..at], after));
        }
        match first {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += first.len_utf8();
    }
    None
}
