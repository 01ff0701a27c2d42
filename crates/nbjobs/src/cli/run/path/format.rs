//! Python's format specifications, such as `03d`, `>10`, `.2f` and `,`, for the values of parameters.

use anyhow::{Context, bail, ensure};
use notebook::Value;

/// The widest field and the most decimals that a format may ask for.
const WIDTH_MAX: usize = 100;

/// `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
struct Spec {
    fill: char,
    align: Option<char>,
    sign: char,
    prefix: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// A value as Python's `format(value, spec)` writes it.
pub(super) fn format(value: &Value, spec: &str) -> anyhow::Result<String> {
    let plain = match value {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => notebook::parameters::python_float(*number),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::List(_) | Value::Dict(_) => bail!("a list or mapping can't be part of a path"),
    };
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
        let prefix = take("#").is_some();
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
        let kind = take("sdxXobfFeE%");
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
            prefix,
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
            && !self.prefix;
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
            Some('e' | 'E' | 'f' | 'F' | '%') => return self.float(number as f64),
            _ if self.precision.is_some() => return None,
            None | Some('d') => ("", size.to_string()),
            Some('x') => ("0x", format!("{size:x}")),
            Some('X') => ("0X", format!("{size:X}")),
            Some('o') => ("0o", format!("{size:o}")),
            Some('b') => ("0b", format!("{size:b}")),
            Some(_) => return None,
        };
        let prefix = if self.prefix { prefix } else { "" };
        let decimal = matches!(self.kind, None | Some('d'));
        let digits = match self.grouping {
            None => digits,
            Some('_') if !decimal => grouped(&digits, '_', 4),
            Some(_) if !decimal => return None,
            Some(sign) => grouped(&digits, sign, 3),
        };
        Some(self.number(number < 0, prefix, &digits))
    }

    fn float(&self, number: f64) -> Option<String> {
        let size = number.abs();
        let decimals = self.precision.unwrap_or(6);
        let digits = match self.kind {
            None if self.precision.is_none() => notebook::parameters::python_float(size),
            Some('f' | 'F') => format!("{size:.decimals$}"),
            Some('%') => format!("{:.decimals$}%", size * 100.0),
            Some('e') => scientific(size, decimals),
            Some('E') => scientific(size, decimals).to_uppercase(),
            _ => return None,
        };
        let digits = match (
            self.grouping,
            digits.find(|mark: char| !mark.is_ascii_digit()),
        ) {
            (None, _) => digits,
            (Some(sign), Some(end)) => grouped(&digits[..end], sign, 3) + &digits[end..],
            (Some(sign), None) => grouped(&digits, sign, 3),
        };
        Some(self.number(number.is_sign_negative() && !number.is_nan(), "", &digits))
    }

    fn number(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, '-') => "",
            (false, '+') => "+",
            (false, _) => " ",
        };
        self.pad(
            &format!("{sign}{prefix}"),
            digits,
            self.align.unwrap_or('>'),
        )
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

/// With a sign before each group of digits but the first.
fn grouped(digits: &str, sign: char, size: usize) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            grouped.push(sign);
        }
        grouped.push(digit);
    }
    grouped
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
            (Value::List(vec![]), ""),
        ];
        for (value, spec) in wrong {
            assert!(format(&value, spec).is_err(), "{value:?} {spec:?}");
        }
    }
}
