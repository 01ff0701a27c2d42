//! Python's format specifications, such as `03d`, `>10`, `.2f`, `g` and `,`, for the values of parameters.

use super::repr;
use anyhow::{Context, ensure};
use notebook::Value;

/// The widest field and the most decimals that a format may ask for.
const WIDTH_MAX: usize = 100;

/// `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`.
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    /// No sign before what is zero once rounded.
    plain_zero: bool,
    alternate: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// A value as Python's `format(value, spec)` writes it.
pub(super) fn format(value: &Value, spec: &str) -> anyhow::Result<String> {
    let plain = repr::str(value);
    if spec.is_empty() {
        return Ok(plain);
    }
    let wrong = || format!("the format {spec:?} is not one for {plain:?}");
    let spec = Spec::parse(spec).with_context(wrong)?;
    let formatted = match value {
        Value::Str(text) => spec.text(text),
        Value::Int(number) => spec.int(*number),
        Value::Bool(truth) => spec.int(i128::from(*truth)),
        Value::Float(number) => spec.float(*number),
        _ => None,
    };
    formatted.with_context(wrong)
}

impl Spec {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let all: Vec<char> = text.chars().collect();
        let aligns = |at: usize| all.get(at).copied().filter(|sign| "<>=^".contains(*sign));
        let (fill, align, mut at) = match (aligns(1), aligns(0)) {
            (Some(align), _) => (Some(all[0]), Some(align), 2),
            (None, Some(align)) => (None, Some(align), 1),
            (None, None) => (None, None, 0),
        };
        let mut take = |wanted: &str| {
            let found = all.get(at).copied().filter(|next| wanted.contains(*next));
            at += usize::from(found.is_some());
            found
        };
        let sign = take("+- ").unwrap_or('-');
        let plain_zero = take("z").is_some();
        let alternate = take("#").is_some();
        let zero = take("0").is_some();
        let number = |take: &mut dyn FnMut(&str) -> Option<char>| {
            let mut digits = String::new();
            while let Some(digit) = take("0123456789") {
                digits.push(digit);
            }
            digits
        };
        let width = number(&mut take);
        let grouping = take(",_");
        let precision = take(".").map(|_| number(&mut take));
        let kind = take("sdnxXobcfFeEgG%");
        ensure!(
            at == all.len(),
            "it has something that is not understood here"
        );
        let bounded = |digits: &str| digits.parse().ok().filter(|number| *number <= WIDTH_MAX);
        let width = if width.is_empty() {
            Some(0)
        } else {
            bounded(&width)
        };
        Ok(Self {
            fill: fill.unwrap_or(if zero { '0' } else { ' ' }),
            align: align.or(zero.then_some('=')),
            sign,
            plain_zero,
            alternate,
            width: width.context("the width is at most 100")?,
            grouping,
            precision: match precision {
                None => None,
                Some(digits) => Some(bounded(&digits).context("the precision is at most 100")?),
            },
            kind,
        })
    }

    fn text(&self, text: &str) -> Option<String> {
        let plain = matches!(self.kind, None | Some('s'))
            && self.grouping.is_none()
            && self.sign == '-'
            && !self.plain_zero
            && !self.alternate;
        let cut: String = text
            .chars()
            .take(self.precision.unwrap_or(usize::MAX))
            .collect();
        let align = match self.align {
            // Zeros before the width fill a text at its end.
            Some('=') if self.fill == '0' => '<',
            Some('=') => return None,
            align => align.unwrap_or('<'),
        };
        plain.then(|| self.pad("", &cut, align))
    }

    fn int(&self, number: i128) -> Option<String> {
        let size = number.unsigned_abs();
        let (prefix, digits) = match self.kind {
            Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => return self.float(number as f64),
            _ if self.precision.is_some() || self.plain_zero => return None,
            None | Some('d') => ("", size.to_string()),
            // As in the C locale, in which Papermill runs.
            Some('n') if self.grouping.is_none() => ("", size.to_string()),
            Some('x') => ("0x", format!("{size:x}")),
            Some('X') => ("0X", format!("{size:X}")),
            Some('o') => ("0o", format!("{size:o}")),
            Some('b') => ("0b", format!("{size:b}")),
            Some('c') => return self.character(number),
            Some(_) => return None,
        };
        let prefix = if self.alternate { prefix } else { "" };
        let decimal = matches!(self.kind, None | Some('d' | 'n'));
        if self.grouping == Some(',') && !decimal {
            return None;
        }
        let group = if decimal { 3 } else { 4 };
        Some(self.number(number < 0, prefix, &digits, "", group))
    }

    /// The character with this number.
    fn character(&self, number: i128) -> Option<String> {
        let character = char::from_u32(u32::try_from(number).ok()?)?;
        let plain = self.sign == '-' && self.grouping.is_none() && !self.alternate;
        plain.then(|| self.pad("", &character.to_string(), self.align.unwrap_or('>')))
    }

    fn float(&self, number: f64) -> Option<String> {
        let size = number.abs();
        let decimals = self.precision.unwrap_or(6);
        let text = match (self.kind, self.precision) {
            (Some('f' | 'F'), _) => format!("{size:.decimals$}"),
            (Some('%'), _) => format!("{:.decimals$}", size * 100.0),
            (Some('e' | 'E'), _) => scientific(size, decimals),
            (Some('n'), _) if self.grouping.is_some() => return None,
            (Some('g' | 'G' | 'n'), _) => self.general(size, decimals, false),
            (None, None) => notebook::parameters::python_float(size),
            (None, Some(digits)) => self.general(size, digits, true),
            _ => return None,
        };
        let text = match self.kind {
            _ if !size.is_finite() => text.to_lowercase(),
            _ if self.alternate => with_point(text),
            _ => text,
        };
        let text = match self.kind {
            Some('E' | 'F' | 'G') => text.to_uppercase(),
            Some('%') => text + "%",
            _ => text,
        };
        let zero = size.is_finite() && !text.contains(|digit| ('1'..='9').contains(&digit));
        let negative = number.is_sign_negative() && !number.is_nan() && !(self.plain_zero && zero);
        let whole = text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = text.split_at(whole);
        Some(self.number(negative, "", whole, rest, 3))
    }

    /// So many digits that count, in the shorter of the two notations. `repr` is the way of a format without a type,
    /// which shows a float as one.
    fn general(&self, size: f64, digits: usize, repr: bool) -> String {
        let digits = digits.max(1);
        let text = scientific(size, digits - 1);
        let Some((mantissa, exponent)) = text.split_once('e') else {
            return text; // Infinite, or no number.
        };
        let trimmed = |text: &str| match text.contains('.') && !self.alternate {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text.to_owned(),
        };
        let power: i64 = exponent.parse().unwrap_or_default();
        let precision = digits as i64;
        if power < -4 || power >= precision - i64::from(repr) {
            return format!("{}e{exponent}", trimmed(mantissa));
        }
        let decimals = usize::try_from(precision - 1 - power).unwrap_or_default();
        let fixed = trimmed(&format!("{size:.decimals$}"));
        match repr && !fixed.contains('.') {
            true => fixed + ".0",
            false => fixed,
        }
    }

    /// A number from its parts: what stands before the digits, those that may be grouped, what comes after them.
    fn number(
        &self,
        negative: bool,
        prefix: &str,
        digits: &str,
        rest: &str,
        group: usize,
    ) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, '-') => "",
            (false, '+') => "+",
            (false, _) => " ",
        };
        let first = format!("{sign}{prefix}");
        let align = self.align.unwrap_or('>');
        let digits = match self.grouping {
            None => digits.to_owned(),
            Some(mark) => {
                let zeros_are_digits = self.fill == '0' && align == '=';
                let fixed = first.len() + rest.len();
                let least = match zeros_are_digits {
                    true => self.width.saturating_sub(fixed),
                    false => 0,
                };
                grouped(digits, mark, group, least)
            }
        };
        self.pad(&first, &(digits + rest), align)
    }

    /// Fills up to the width; with `=` between what stands first and the digits.
    fn pad(&self, first: &str, text: &str, align: char) -> String {
        let missing = self
            .width
            .saturating_sub(first.chars().count() + text.chars().count());
        let fill = |count: usize| String::from_iter(std::iter::repeat_n(self.fill, count));
        match align {
            '<' => format!("{first}{text}{}", fill(missing)),
            '=' => format!("{first}{}{text}", fill(missing)),
            '^' => format!(
                "{}{first}{text}{}",
                fill(missing / 2),
                fill(missing - missing / 2)
            ),
            _ => format!("{}{first}{text}", fill(missing)),
        }
    }
}

/// With a mark before each group of digits but the first, and with zeros in front up to a length.
fn grouped(digits: &str, mark: char, size: usize, length_min: usize) -> String {
    let mut backwards = Vec::new();
    let mut digits = digits.chars().rev();
    loop {
        let next = digits.next();
        if next.is_none() && backwards.len() >= length_min {
            return backwards.into_iter().rev().collect();
        }
        if backwards.len() % (size + 1) == size {
            backwards.push(mark);
        }
        backwards.push(next.unwrap_or('0'));
    }
}

/// With a decimal point, whether or not a digit follows it.
fn with_point(text: String) -> String {
    match (text.contains('.'), text.find('e')) {
        (true, _) => text,
        (false, Some(at)) => format!("{}.{}", &text[..at], &text[at..]),
        (false, None) => text + ".",
    }
}

/// As Python writes it: `1.50e+07`.
fn scientific(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => text.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_formatted_as_python_formats_them() {
        let text = || Value::Str("häß".to_owned());
        let (int, float) = (Value::Int(-1_234_567), Value::Float(1234.5678));
        let cases = [
            (text(), "", "häß"),
            (text(), "s", "häß"),
            (text(), "5", "häß  "),
            (text(), ">5", "  häß"),
            (text(), "*^6", "*häß**"),
            (text(), ".2", "hä"),
            (text(), "05", "häß00"),
            (int.clone(), "", "-1234567"),
            (int.clone(), "d", "-1234567"),
            (int.clone(), ",", "-1,234,567"),
            (int.clone(), "_d", "-1_234_567"),
            (int.clone(), "010", "-001234567"),
            (int.clone(), "12d", "    -1234567"),
            (int.clone(), "<10d", "-1234567  "),
            (int.clone(), "x", "-12d687"),
            (int.clone(), "#X", "-0X12D687"),
            (int.clone(), ".1f", "-1234567.0"),
            (Value::Int(5), "+d", "+5"),
            (Value::Int(5), " d", " 5"),
            (Value::Int(5), "#06b", "0b0101"),
            (Value::Int(5), "x^5", "xx5xx"),
            (Value::Int(255), "o", "377"),
            (Value::Bool(true), "", "True"),
            (Value::Bool(true), "d", "1"),
            (float.clone(), "", "1234.5678"),
            (float.clone(), ".2f", "1234.57"),
            (float.clone(), "010.1f", "00001234.6"),
            (float.clone(), ",.1f", "1,234.6"),
            (float.clone(), "e", "1.234568e+03"),
            (float.clone(), ".1E", "1.2E+03"),
            (Value::Float(0.256), ".0%", "26%"),
            (Value::Float(1e22), "", "1e+22"),
            (Value::Float(-0.5), "8", "    -0.5"),
            (Value::Null, "", "None"),
            (float.clone(), "g", "1234.57"),
            (float.clone(), ".3g", "1.23e+03"),
            (float.clone(), ".3", "1.23e+03"),
            (float.clone(), "n", "1234.57"),
            (float.clone(), "015,.1f", "0,000,001,234.6"),
            (int.clone(), "g", "-1.23457e+06"),
            (int.clone(), "n", "-1234567"),
            (int.clone(), "012,", "-001,234,567"),
            (Value::Int(5), "012,", "0,000,000,005"),
            (Value::Int(255), "#012_x", "0x0_0000_00ff"),
            (Value::Int(65), "5c", "    A"),
            (Value::Float(100.0), ".6", "100.0"),
            (Value::Float(1e16), ".17", "1e+16"),
            (Value::Float(1e5), "g", "100000"),
            (Value::Float(1e6), "g", "1e+06"),
            (Value::Float(999_999.5), "g", "1e+06"),
            (Value::Float(0.0001), "G", "0.0001"),
            (Value::Float(1e-5), "g", "1e-05"),
            (Value::Float(1.0), "#.3g", "1.00"),
            (Value::Float(10.0), "#.0g", "1.e+01"),
            (Value::Float(5.0), "#.0f", "5."),
            (Value::Float(5.0), "#.0e", "5.e+00"),
            (Value::Float(0.0), ".3", "0.0"),
            (Value::Float(-0.001), ".1f", "-0.0"),
            (Value::Float(-0.001), "z.1f", "0.0"),
            (Value::Float(f64::NAN), "f", "nan"),
            (Value::Float(f64::NEG_INFINITY), "08.1F", "-0000INF"),
            (Value::Float(f64::INFINITY), "G", "INF"),
            (Value::Int(5), "#.0%", "500.%"),
            (Value::List(vec![]), "", "[]"),
        ];
        for (value, spec, expected) in cases {
            assert_eq!(
                format(&value, spec).unwrap(),
                expected,
                "{value:?} {spec:?}"
            );
        }
        let wrong = [
            (text(), "d"),
            (text(), "=5"),
            (text(), ","),
            (int.clone(), "s"),
            (int.clone(), ".2"),
            (int.clone(), "101d"),
            (int, "99999999999999999999d"),
            (float.clone(), "d"),
            (float, ".2x"),
            (Value::Null, "5"),
            (Value::Int(5), "zd"),
            (Value::Int(-1), "c"),
            (Value::List(vec![]), "5"),
        ];
        for (value, spec) in wrong {
            assert!(format(&value, spec).is_err(), "{value:?} {spec:?}");
        }
    }
}
