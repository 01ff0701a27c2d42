//! Writes JSON as Python's nbformat does, marks turned back into what they stand for.

use super::{MARK, MARK_BYTES, Part, for_parts, is_odd_number};
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};
use std::io::{Result, Write};

/// serde_json's pretty formatter, with Python's text of floats, and marks taken out again.
pub(crate) struct Python<'a> {
    pretty: PrettyFormatter<'a>,
    /// A string has begun, but its quote is not written: it may be a marked number.
    quote_is_due: bool,
    /// The string was a marked number and has no closing quote.
    is_number: bool,
    is_key: bool,
}

impl Python<'_> {
    /// With one blank of indent, as nbformat writes, for a value that is so deep in a file.
    pub fn at(depth: usize) -> Self {
        let mut pretty = PrettyFormatter::with_indent(b" ");
        for _ in 0..depth {
            // This only counts; a sink takes everything.
            drop(pretty.begin_object(&mut std::io::sink()));
        }
        Self {
            pretty,
            quote_is_due: false,
            is_number: false,
            is_key: false,
        }
    }

    /// For the key of an object.
    pub fn of_key() -> Self {
        Self {
            is_key: true,
            ..Self::at(0)
        }
    }

    fn quote<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        if std::mem::take(&mut self.quote_is_due) {
            writer.write_all(b"\"")?;
        }
        Ok(())
    }
}

impl Formatter for Python<'_> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> Result<()> {
        writer.write_all(crate::number::python_repr(value).as_bytes())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.quote_is_due = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> Result<()> {
        if !fragment.contains(MARK) {
            self.quote(writer)?;
            return writer.write_all(fragment.as_bytes());
        }
        let number = fragment
            .strip_prefix(MARK)
            .and_then(|rest| rest.strip_prefix('='));
        if self.quote_is_due
            && !self.is_key
            && let Some(token) = number.filter(|token| is_odd_number(token.as_bytes()))
        {
            self.quote_is_due = false;
            self.is_number = true;
            return writer.write_all(token.as_bytes());
        }
        self.quote(writer)?;
        for_parts(fragment, |part| match part {
            Part::Text(text) => writer.write_all(text.as_bytes()),
            Part::Mark => writer.write_all(MARK_BYTES),
            Part::HalfPair(digits) => write!(writer, "\\u{digits}"),
        })
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> Result<()> {
        self.quote(writer)?;
        self.pretty.write_char_escape(writer, escape)
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.quote(writer)?;
        if std::mem::take(&mut self.is_number) {
            return Ok(());
        }
        writer.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.is_key = true;
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.is_key = false;
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.pretty.end_object_value(writer)
    }
}
