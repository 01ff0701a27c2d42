//! JSON as Jupyter's programs write it, which is a little more than JSON: Python writes `NaN`, `Infinity` and integers
//! of any length, JavaScript writes halves of surrogate pairs. What Rust's values can't hold is carried in strings
//! behind a mark, so that it comes out as it went in.
//!
//! The mark is U+10FFFF, a noncharacter that no text holds; where one does, it is carried as two marks.
//!
//! | in the file | in memory |
//! |---|---|
//! | `NaN`, `-Infinity`, `123456789012345678901` | `"\u{10FFFF}=NaN"`, … |
//! | `"a\ud83d"` | `"a\u{10FFFF}d83d"` |
//! | `"a\udbff\udfff"` | `"a\u{10FFFF}\u{10FFFF}"` |

mod write;

pub(crate) use write::Python;

use serde_json::Value;
use std::borrow::Cow;
use std::io::Result;

const MARK: char = '\u{10FFFF}';
const MARK_BYTES: &[u8] = "\u{10FFFF}".as_bytes();
/// In the place of a half of a surrogate pair, where text has to be text.
const REPLACEMENT: char = '\u{FFFD}';
/// Integers of fewer digits fit into 64 bits.
const SHORT_DIGITS: usize = 19;
/// The hex digits after `\u`.
const UNIT_DIGITS: usize = 4;

/// Reads JSON and what is a little more.
pub(crate) fn from_slice(bytes: &[u8]) -> serde_json::Result<Value> {
    let strict = serde_json::from_slice(bytes);
    if strict.is_ok() && !may_need_marks(bytes) {
        return strict;
    }
    // What is wrong in other ways is told about the bytes as they are.
    serde_json::from_slice(&with_marks(bytes)).or(strict)
}

/// The text that a marked text stands for, as far as Unicode can say it.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::new();
    for_parts(text, |part| {
        match part {
            Part::Text(text) => plain.push_str(text),
            Part::Mark => plain.push(MARK),
            Part::HalfPair(_) => plain.push(REPLACEMENT),
        }
        Ok(())
    })
    .map_or(Cow::Borrowed(text), |()| Cow::Owned(plain))
}

/// Whether JSON that can be read may yet hold what would be changed by reading it.
fn may_need_marks(bytes: &[u8]) -> bool {
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_digit() {
            digits += 1;
            if digits >= SHORT_DIGITS {
                return true;
            }
            continue;
        }
        digits = 0;
        if *byte == MARK_BYTES[0] && bytes[at..].starts_with(MARK_BYTES) {
            return true;
        }
        // An escaped mark.
        if *byte == b'\\'
            && bytes
                .get(at + 1..at + 6)
                .is_some_and(|unit| unit.eq_ignore_ascii_case(b"udbff"))
        {
            return true;
        }
    }
    false
}

/// The same text as JSON proper, with marks.
fn with_marks(bytes: &[u8]) -> Vec<u8> {
    let mut marked = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let length = match first {
            b'"' => {
                let length = string_length(rest);
                mark_string(&rest[..length], &mut marked);
                length
            }
            b'-' | b'N' | b'I' | b'0'..=b'9' => {
                let length = rest.iter().position(|byte| !is_of_token(*byte));
                let token = &rest[..length.unwrap_or(rest.len())];
                let after = rest[token.len()..].trim_ascii_start();
                if is_odd_number(token) && !after.starts_with(b":") {
                    let parts: [&[u8]; 5] = [b"\"", MARK_BYTES, b"=", token, b"\""];
                    parts.iter().for_each(|part| marked.extend_from_slice(part));
                } else {
                    marked.extend_from_slice(token);
                }
                token.len()
            }
            _ => {
                marked.push(*first);
                1
            }
        };
        rest = &rest[length..];
    }
    marked
}

/// The length of the string at the start, quotes included.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn mark_string(string: &[u8], marked: &mut Vec<u8>) {
    let mut rest = string;
    while let Some(first) = rest.first() {
        let length = if rest.starts_with(MARK_BYTES) {
            marked.extend_from_slice(MARK_BYTES);
            marked.extend_from_slice(MARK_BYTES);
            MARK_BYTES.len()
        } else if let Some((unit, digits)) = code_unit(rest) {
            let pair = code_unit(&rest[2 + UNIT_DIGITS..]).map(|(low, _)| low);
            match (unit, pair) {
                (0xdbff, Some(0xdfff)) => {
                    marked.extend_from_slice(MARK_BYTES);
                    marked.extend_from_slice(MARK_BYTES);
                    2 * (2 + UNIT_DIGITS)
                }
                (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => {
                    let length = 2 * (2 + UNIT_DIGITS);
                    marked.extend_from_slice(&rest[..length]);
                    length
                }
                (0xd800..=0xdfff, _) => {
                    marked.extend_from_slice(MARK_BYTES);
                    marked.extend_from_slice(digits);
                    2 + UNIT_DIGITS
                }
                _ => {
                    marked.extend_from_slice(&rest[..2 + UNIT_DIGITS]);
                    2 + UNIT_DIGITS
                }
            }
        } else {
            let length = if *first == b'\\' { 2 } else { 1 }.min(rest.len());
            marked.extend_from_slice(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
}

/// The `\uXXXX` at the start: its value and its digits.
fn code_unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..UNIT_DIGITS)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((unit, digits))
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// Whether a token is a number of Python's that 64 bits can't hold.
fn is_odd_number(token: &[u8]) -> bool {
    let text = match token {
        b"NaN" | b"Infinity" | b"-Infinity" => return true,
        _ => std::str::from_utf8(token).unwrap_or(""),
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return false;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().is_err() && text.parse::<u64>().is_err();
    }
    digits.starts_with(|first: char| first.is_ascii_digit())
        && text.parse::<f64>().is_ok_and(f64::is_infinite)
}

/// A part of a marked text.
enum Part<'a> {
    Text(&'a str),
    Mark,
    HalfPair(&'a str),
}

fn for_parts<'a>(text: &'a str, mut take: impl FnMut(Part<'a>) -> Result<()>) -> Result<()> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        take(Part::Text(before))?;
        let half = after
            .get(..UNIT_DIGITS)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        rest = match (after.strip_prefix(MARK), half) {
            (None, Some(digits)) => {
                take(Part::HalfPair(digits))?;
                &after[UNIT_DIGITS..]
            }
            (two, _) => {
                take(Part::Mark)?;
                two.unwrap_or(after)
            }
        };
    }
    take(Part::Text(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;

    fn written(value: &Value) -> String {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Python::at(0));
        value.serialize(&mut serializer).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_rust_cannot_hold_comes_out_as_it_went_in() {
        let file = "{\n \"a\\ud83d\": NaN,\n \"b\": [\n  -Infinity,\n  Infinity,\n  123456789012345678901,\n  -9223372036854775809,\n  \
                    18446744073709551615,\n  -9223372036854775808,\n  \"\\udc00\\ud83d\\\"\",\n  \"\u{10FFFF}d83d\u{10FFFF}\",\n  \
                    \"\u{10FFFF}=NaN\",\n  \"NaN -Infinity 1234567890123456789012\",\n  \"\",\n  \"\\n\"\n ]\n}";
        let value = from_slice(file.as_bytes()).unwrap();
        assert_eq!(written(&value), file);
        assert_eq!(plain(value["b"][6].as_str().unwrap()), "\u{FFFD}\u{FFFD}\"");
        assert_eq!(
            plain(value["b"][7].as_str().unwrap()),
            "\u{10FFFF}d83d\u{10FFFF}"
        );
        let escaped = from_slice(br#"["\ud83d\ude00", "\uDBFF\uDFFF", "\u00e9"]"#).unwrap();
        assert_eq!(
            written(&escaped),
            "[\n \"\u{1F600}\",\n \"\u{10FFFF}\",\n \"é\"\n]"
        );
    }

    #[test]
    fn what_is_no_json_in_any_dialect_is_an_error() {
        let cases = [
            "nan",
            "-NaN",
            "Inf",
            "[NaN",
            "{NaN: 1}",
            "01",
            "1e",
            "\"\\ud83\"",
            "\"",
            "\\",
            "\"\\",
        ];
        for case in cases {
            assert!(from_slice(case.as_bytes()).is_err(), "{case}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_and_written_the_same(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "\\ud83d", "\\udc00", "\\udbff", "\\udfff", "\u{10FFFF}", "=", "NaN", "d83d", "\\n", "\\\"", "\\\\", "u", "é", "1234567890",
                ]),
                0..12,
            ),
            number in "-?(0|[1-9][0-9]{0,30})",
        ) {
            let file = format!("[\n \"{}\",\n {number},\n NaN\n]", pieces.concat());
            let value = from_slice(file.as_bytes()).unwrap();
            let once = written(&value);
            let again = from_slice(once.as_bytes()).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(written(&again), once.clone());
            if number != "-0" {
                let kept = format!("\n {number},\n NaN\n]");
                prop_assert!(once.ends_with(&kept), "{}", once);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), text in "[\"\\\\uUdDbBfF0-9NaInfty.:,{}\\[\\]-]{0,40}") {
            let _ = from_slice(&bytes);
            let _ = from_slice(text.as_bytes());
        }
    }
}
