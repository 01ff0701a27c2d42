//! Paths with parameters in them: Python's `str.format` in the forms that paths need. `{name}`, `{name[key]}`,
//! `{pm[run_uuid]}`, `{pm[current_datetime_utc]:%Y-%m-%d}`, `{n:03d}`, `{x:.2f}`, `{{` and `}}`.

mod format;

use anyhow::{Context, bail};
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
                let end = after.find('}');
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

    fn field(&self, field: &str) -> anyhow::Result<String> {
        let (name, format) = field.split_once(':').unwrap_or((field, ""));
        match self.named(name)? {
            Named::Moment(moment, default) => {
                let format = if format.is_empty() { default } else { format };
                Ok(jiff::fmt::strtime::format(format, moment)?)
            }
            Named::Text(text) => format::format(&Value::Str(text.to_owned()), format),
            Named::Value(value) => format::format(value, format),
        }
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
            (
                "d",
                Value::Dict(vec![("k".to_owned(), Value::List(vec![Value::Bool(true)]))]),
            ),
        ]);
        let names = Names::new(&parameters, "2026-11-23T11:10:12.844506Z".parse().unwrap());
        let cases = [
            ("plain.ipynb", "plain.ipynb"),
            ("{name}.ipynb", "x y.ipynb"),
            ("{n:03d}-{n}-{n:2}", "007-7- 7"),
            ("{f}/{f:.1f}", "1e+22/10000000000000000000000.0"),
            ("{d[k][0]}", "True"),
            ("{{n}}", "{n}"),
            ("{name:_>5}", "__x y"),
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
            "{d}",
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
