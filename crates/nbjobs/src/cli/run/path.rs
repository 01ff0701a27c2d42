//! Paths with parameters in them: Python's `str.format` in the forms that paths need. `{name}`, `{name[key]}`,
//! `{pm[run_uuid]}`, `{pm[current_datetime_utc]:%Y-%m-%d}`, `{n:03d}`, `{x:.2f}`, `{name!r}`, `{n:{width}d}`, `{{` and `}}`.

mod format;
mod repr;

use anyhow::{Context, bail, ensure};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use notebook::{Parameters, Value};
use uuid::Uuid;

/// What a path may name.
pub(super) struct Names<'a> {
    parameters: &'a Parameters,
    run_uuid: String,
    utc: ZonedDateTime,
    local: ZonedDateTime,
}

enum Named<'a> {
    Text(&'a str),
    Value(&'a Value),
    Moment(&'a ZonedDateTime, &'static str),
}

impl Named<'_> {
    fn format(&self, format: &str) -> anyhow::Result<String> {
        match self {
            Self::Moment(moment, plain) => {
                let format = if format.is_empty() { plain } else { format };
                Ok(jiff::fmt::strtime::format(format, *moment)?)
            }
            Self::Text(text) => format::format(&Value::Str((*text).to_owned()), format),
            Self::Value(value) => format::format(value, format),
        }
    }
}

/// Where the field that a text begins with ends.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    text.char_indices().find_map(|(at, mark)| {
        match mark {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })
}

impl<'a> Names<'a> {
    /// The parameters and Papermill's own `pm`, which a parameter of that name hides.
    pub fn new(parameters: &'a Parameters, now: Timestamp) -> Self {
        let run_uuid = Uuid::new_v4().to_string();
        Self {
            parameters,
            run_uuid,
            utc: now.to_zoned_datetime(TimeZone::UTC),
            local: now.to_zoned_datetime(TimeZone::system()),
        }
    }

    /// The path with everything filled in.
    pub fn fill(&self, template: &str) -> anyhow::Result<String> {
        let mut path = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            path.push_str(&rest[..at]);
            let brace = &rest[at..at + 1];
            let after = &rest[at + 1..];
            rest = if let Some(after) = after.strip_prefix(brace) {
                path.push_str(brace);
                after
            } else if brace == "}" {
                bail!("the path {template:?} has a single '}}'; write '}}}}' for a brace");
            } else {
                let end = closing(after);
                let end =
                    end.with_context(|| format!("the path {template:?} has a '{{' without '}}'"))?;
                path += &self
                    .field(&after[..end])
                    .with_context(|| format!("the path {template:?}"))?;
                &after[end + 1..]
            };
        }
        Ok(path + rest)
    }

    /// `name!conversion:format`, where the format may have fields of its own.
    fn field(&self, field: &str) -> anyhow::Result<String> {
        // Not the marks inside brackets, where they are part of a key.
        let mut inside = false;
        let name_end = field.find(|mark| {
            inside = mark == '[' || inside && mark != ']';
            !inside && matches!(mark, '!' | ':')
        });
        let (name, rest) = field.split_at(name_end.unwrap_or(field.len()));
        let (conversion, format) = match rest.strip_prefix('!') {
            Some(rest) => {
                let (conversion, format) = rest.split_once(':').unwrap_or((rest, ""));
                (Some(conversion), format)
            }
            None => (None, rest.strip_prefix(':').unwrap_or_default()),
        };
        let filled;
        let format = if format.contains(['{', '}']) {
            filled = self.nested(format)?;
            &filled
        } else {
            format
        };
        let named = self.named(name)?;
        let convert = match conversion {
            None => return named.format(format),
            Some("s") => repr::str,
            Some("r") => repr::repr,
            Some("a") => repr::ascii,
            Some(other) => bail!("'!{other}' is not one of '!s', '!r' and '!a'"),
        };
        let text = match named {
            Named::Text(text) => convert(&Value::Str(text.to_owned())),
            Named::Value(value) => convert(value),
            Named::Moment(moment, plain) if conversion == Some("s") => {
                jiff::fmt::strtime::format(plain, moment)?
            }
            Named::Moment(..) => bail!("a moment has a format, such as '{{{name}:%Y-%m-%d}}'"),
        };
        format::format(&Value::Str(text), format)
    }

    /// A format with the fields inside it filled in, which have none inside them.
    fn nested(&self, format: &str) -> anyhow::Result<String> {
        let mut filled = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .with_context(|| format!("the format {format:?} has a '{{' without '}}'"))?;
            ensure!(
                !name.contains('{'),
                "the format {format:?} is nested too deeply"
            );
            filled += before;
            filled += &self.field(name)?;
            rest = after;
        }
        ensure!(
            !rest.contains('}'),
            "the format {format:?} has a single '}}'"
        );
        Ok(filled + rest)
    }

    fn named(&self, name: &str) -> anyhow::Result<Named<'_>> {
        let (first, mut keys) = name.split_at(name.find('[').unwrap_or(name.len()));
        let Some(mut value) = self.parameters.get(first) else {
            return match name {
                "pm[run_uuid]" => Ok(Named::Text(&self.run_uuid)),
                "pm[current_datetime_utc]" => {
                    Ok(Named::Moment(&self.utc, "%Y-%m-%d %H:%M:%S%.6f+00:00"))
                }
                "pm[current_datetime_local]" => {
                    Ok(Named::Moment(&self.local, "%Y-%m-%d %H:%M:%S%.6f"))
                }
                _ => bail!("Missing parameter '{first}'"),
            };
        };
        while let Some((key, after)) = keys.strip_prefix('[').and_then(|keys| keys.split_once(']'))
        {
            let inner = match value {
                Value::Dict(entries) => entries
                    .iter()
                    .find(|(name, _)| name == key)
                    .map(|(_, value)| value),
                Value::List(values) => key
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| values.get(index)),
                _ => None,
            };
            value = inner.with_context(|| format!("Missing parameter '{first}[{key}]'"))?;
            keys = after;
        }
        if keys.is_empty() {
            Ok(Named::Value(value))
        } else {
            bail!("'{name}' is not of the form name[key]")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_filled_as_python_formats_them() {
        let parameters = Parameters::from_iter([
            ("name", Value::Str("x y".to_owned())),
            ("n", Value::Int(7)),
            ("f", Value::Float(1e22)),
            ("pad", Value::Str("*".to_owned())),
            (
                "d",
                Value::Dict(vec![
                    ("k".to_owned(), Value::List(vec![Value::Bool(true)])),
                    ("a:b!".to_owned(), Value::Int(5)),
                ]),
            ),
        ]);
        let names = Names::new(&parameters, "2026-11-23T11:10:12.844506Z".parse().unwrap());
        let cases = [
            ("plain.ipynb", "plain.ipynb"),
            ("{name}.ipynb", "x y.ipynb"),
            ("{n:03d}-{n}-{n:2}", "007-7- 7"),
            ("{f}/{f:.1f}", "1e+22/10000000000000000000000.0"),
            ("{d[k][0]}", "True"),
            ("{d[a:b!]:02d}", "05"),
            ("{{n}}", "{n}"),
            ("{name:_>5}", "__x y"),
            ("{name!r}-{name!s:>5}-{n!r:>3}", "'x y'-  x y-  7"),
            ("{n:0{n}d}{name:{pad}>4}", "0000007*x y"),
            ("{d}", "{'k': [True], 'a:b!': 5}"),
            ("{pm[current_datetime_utc]!s:.4}", "2026"),
            ("{pm[current_datetime_utc]:%Y-%m}", "2026-11"),
            (
                "{pm[current_datetime_utc]}",
                "2026-11-23 11:10:12.844506+00:00",
            ),
        ];
        for (template, path) in cases {
            assert_eq!(names.fill(template).unwrap(), path);
        }
        let wrong = [
            "{x}",
            "{}",
            "{n",
            "n}",
            "{n.real}",
            "{n:s}",
            "{name:d}",
            "{d:5}",
            "{n!x}",
            "{n:{n:{n}}}",
            "{n:{n}",
            "{d[z]}",
            "{n:9999999d}",
            "{pm[x]}",
        ];
        for template in wrong {
            assert!(names.fill(template).is_err(), "{template}");
        }
        assert!(format!("{:#}", names.fill("{x}").unwrap_err()).contains("Missing parameter 'x'"));
    }
}
