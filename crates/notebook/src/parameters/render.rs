//! What the languages' writers have in common: names, texts in quotes, floats, lists. Knows no language.

use super::Value;
use crate::number::python_repr;

/// A value as source, or what the language can't express.
pub(super) type Rendered = Result<String, &'static str>;

pub(super) const NUL: &str = "a text with a NUL character";
pub(super) const EMPTY_KEY: &str = "an empty key";
pub(super) const BEYOND_64_BITS: &str = "a whole number beyond 64 bits";
pub(super) const NOT_FINITE: &str = "an infinite number or NaN";

/// Whether a text is an identifier of Unicode (letters, digits and `_`, no digit first) and none of the
/// keywords, which stand with spaces between them.
pub(super) fn is_name(name: &str, keywords: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| unicode_ident::is_xid_start(first) || first == '_')
        && characters.all(unicode_ident::is_xid_continue)
        && !keywords.split(' ').any(|word| word == name)
}

/// [`is_name`] in ASCII only.
pub(super) fn is_ascii_name(name: &str, keywords: &str) -> bool {
    name.is_ascii() && is_name(name, keywords)
}

/// A text in double quotes. Quote, backslash, newline, return and tab are escaped as C does it; any other character is
/// what `escape` makes of it, or itself.
pub(super) fn quote(text: &str, escape: impl Fn(char) -> Option<String>) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' | '"' => quoted.extend(['\\', character]),
            other => match escape(other) {
                Some(escaped) => quoted += &escaped,
                None => quoted.push(other),
            },
        }
    }
    quoted + "\""
}

/// `\u0001` for characters that can't be seen: controls, line separators, marks of text direction, the byte order mark.
/// Some compilers refuse them in source, and a reader could be misled.
pub(super) fn hidden_as_u4(character: char) -> Option<String> {
    let hidden = character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    hidden.then(|| format!("\\u{:04x}", character as u32))
}

/// `\001` for ASCII's control characters.
pub(super) fn control_as_octal(character: char) -> Option<String> {
    character
        .is_ascii_control()
        .then(|| format!("\\{:03o}", character as u32))
}

/// A float as Python prints it, which nearly all languages read; what is not finite has a name in each.
pub(super) fn float(number: f64, infinity: &str, minus_infinity: &str, nan: &str) -> String {
    if number.is_nan() {
        nan.to_owned()
    } else if number.is_infinite() {
        if number > 0.0 {
            infinity
        } else {
            minus_infinity
        }
        .to_owned()
    } else {
        python_repr(number)
    }
}

/// The values with `, ` between them.
pub(super) fn list(values: &[Value], render: impl Fn(&Value) -> Rendered) -> Rendered {
    let values: Result<Vec<_>, _> = values.iter().map(render).collect();
    Ok(values?.join(", "))
}

/// The entries with `, ` between them.
pub(super) fn entries(
    entries: &[(String, Value)],
    render: impl Fn(&str, &Value) -> Rendered,
) -> Rendered {
    let entries: Result<Vec<_>, _> = entries
        .iter()
        .map(|(key, value)| render(key, value))
        .collect();
    Ok(entries?.join(", "))
}

/// The digits of a whole number that fits 64 bits with a sign.
pub(super) fn int_64(value: i128) -> Result<i64, &'static str> {
    i64::try_from(value).map_err(|_| BEYOND_64_BITS)
}
