//! Output for people: aligned tables, moments and durations. Knows no service.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::io::{self, Write};

/// Columns two spaces apart, each as wide as its widest cell. Without rows, only the headings.
pub fn table<const N: usize>(
    out: &mut dyn Write,
    headings: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = headings.map(|heading| heading.chars().count());
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| one_line(cell)))
        .collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in std::iter::once(&headings.map(str::to_owned)).chain(&rows) {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "));
        writeln!(out, "{}", cells.collect::<String>().trim_end())?;
    }
    Ok(())
}

/// Lines of `name  value`, the values aligned; empty values are left out.
pub fn fields(out: &mut dyn Write, fields: &[(&str, String)]) -> io::Result<()> {
    let width = fields
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        let indented = value
            .lines()
            .map(one_line)
            .collect::<Vec<_>>()
            .join(&format!("\n{:width$}  ", ""));
        writeln!(out, "{name:width$}  {indented}")?;
    }
    Ok(())
}

/// A document, indented.
pub fn json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value:#}")
}

/// `name = value`, one on a line.
pub fn pairs(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten();
    let lines: Vec<String> = pairs
        .map(|(key, value)| format!("{key} = {}", value.as_str().unwrap_or_default()))
        .collect();
    lines.join("\n")
}

/// The moment in a number of seconds since 1970, as AWS's JSON has it; empty if there is none.
pub fn moment(seconds: &Value) -> String {
    timestamp(seconds).map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    })
}

/// The time between two such numbers; empty if one is missing.
pub fn duration(from: &Value, to: &Value) -> String {
    let Some((from, to)) = timestamp(from).zip(timestamp(to)) else {
        return String::new();
    };
    let took = to.duration_since(from);
    match took.as_secs() {
        ..60 => format!("{:.1} s", took.as_secs_f64()),
        seconds => format!("{:#}", SignedDuration::from_secs(seconds)),
    }
}

fn timestamp(seconds: &Value) -> Option<Timestamp> {
    let milliseconds = seconds.as_f64()? * 1000.0;
    Timestamp::from_millisecond(milliseconds.round() as i64).ok()
}

/// Names come from other people, so control characters in them must not reach the terminal.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn tables_are_aligned_and_hold_no_control_characters() {
        let rows = [
            ["a\u{1b}[2J".to_owned(), "x".to_owned()],
            ["日報".to_owned(), String::new()],
        ];
        let text = written(|out| table(out, ["NAME", "STATUS"], &rows));
        assert_eq!(text, "NAME   STATUS\na\u{fffd}[2J  x\n日報\n");
        assert_eq!(written(|out| table(out, ["A"], &[])), "A\n");
    }

    #[test]
    fn fields_leave_out_what_is_empty() {
        let text = written(|out| {
            fields(
                out,
                &[
                    ("a", "1\n2".into()),
                    ("long", String::new()),
                    ("b", "3".into()),
                ],
            )
        });
        assert_eq!(text, "a     1\n      2\nb     3\n");
    }

    #[test]
    fn moments_and_durations() {
        assert_eq!(moment(&json!(1_671_926_400.123)), "2022-12-25 00:00:00Z");
        assert_eq!(moment(&json!(null)), "");
        assert_eq!(moment(&json!(1e300)), "");
        assert_eq!(duration(&json!(0.5), &json!(1.8)), "1.3 s");
        assert_eq!(duration(&json!(0), &json!(3661)), "1h 1m 1s");
        assert_eq!(duration(&json!(0), &json!(null)), "");
    }
}
