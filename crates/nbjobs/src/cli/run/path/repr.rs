//! Values of parameters as Python's `str()`, `repr()` and `ascii()` write them.

use notebook::Value;

/// `str(value)`: a text as it is, all else as [`repr`].
pub(super) fn str(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`.
pub(super) fn repr(value: &Value) -> String {
    match value {
        Value::Str(text) => quoted(text),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => notebook::parameters::python_float(*number),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::List(values) => {
            let values: Vec<_> = values.iter().map(repr).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Dict(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), repr(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// `ascii(value)`: [`repr`] with escapes for what is not ASCII.
pub(super) fn ascii(value: &Value) -> String {
    let text = repr(value);
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => ascii.push(character),
            other => ascii += &escape(other),
        }
    }
    ascii
}

fn quoted(text: &str) -> String {
    let quote = match text.contains('\'') && !text.contains('"') {
        true => '"',
        false => '\'',
    };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' => quoted += "\\\\",
            mark if mark == quote => quoted.extend(['\\', mark]),
            plain if plain == '"' || plain == '\'' || is_printable(plain) => quoted.push(plain),
            other => quoted += &escape(other),
        }
    }
    quoted.push(quote);
    quoted
}

/// Python's `isprintable` for one character. Rust's escapes for debugging go by the same Unicode categories, but for marks
/// that have no letter before them.
fn is_printable(character: char) -> bool {
    format!("a{character}").escape_debug().count() == 2
}

fn escape(character: char) -> String {
    match u32::from(character) {
        code @ 0..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        let text = |text: &str| Value::Str(text.to_owned());
        let nested = Value::Dict(vec![
            ("k".to_owned(), Value::List(vec![Value::Int(1), text("x")])),
            ("it's".to_owned(), Value::Null),
        ]);
        let cases = [
            (text("häß"), "häß", "'häß'", "'h\\xe4\\xdf'"),
            (text("it's"), "it's", "\"it's\"", "\"it's\""),
            (text("'\""), "'\"", "'\\'\"'", "'\\'\"'"),
            (
                text("\n\t\\\u{7f}"),
                "\n\t\\\u{7f}",
                "'\\n\\t\\\\\\x7f'",
                "'\\n\\t\\\\\\x7f'",
            ),
            (
                text("\u{301}\u{a0}\u{200b}😀"),
                "\u{301}\u{a0}\u{200b}😀",
                "'\u{301}\\xa0\\u200b😀'",
                "'\\u0301\\xa0\\u200b\\U0001f600'",
            ),
            (Value::Bool(true), "True", "True", "True"),
            (Value::Float(1e22), "1e+22", "1e+22", "1e+22"),
            (
                nested,
                "{'k': [1, 'x'], \"it's\": None}",
                "{'k': [1, 'x'], \"it's\": None}",
                "{'k': [1, 'x'], \"it's\": None}",
            ),
        ];
        for (value, plain, shown, in_ascii) in cases {
            assert_eq!(str(&value), plain);
            assert_eq!(repr(&value), shown);
            assert_eq!(ascii(&value), in_ascii);
        }
    }
}
