//! Parameters in SQL, which has no variables: one row in a temporary table, used as `(SELECT name FROM parameters)`.
//! One statement, which SQLite, PostgreSQL, MySQL and DuckDB take.

use crate::number::python_repr;
use crate::parameters::render::{BEYOND_64_BITS, NOT_FINITE, NUL, Rendered, is_ascii_name};
use crate::parameters::{Language, Value};

const TABLE: &str = "-- Parameters\nCREATE TEMPORARY TABLE parameters AS\nSELECT\n";

/// SQL whose dialect is not known.
pub(super) const STANDARD: Language = Language {
    name: "SQL",
    keys: &["sql"],
    kernels: &["xsql"],
    frame: [TABLE, ",\n", ";\n"],
    is_name: is_column,
    assign: |set| Ok(format!("  {} AS {}", standard(set.value)?, set.name)),
    inspect: None,
};

/// SQLite's.
pub(super) const SQLITE: Language = Language {
    name: "SQLite",
    keys: &["sqlite"],
    kernels: &["xsqlite"],
    frame: [TABLE, ",\n", ";\n"],
    is_name: is_column,
    assign: |set| Ok(format!("  {} AS {}", sqlite(set.value)?, set.name)),
    inspect: None,
};

/// Words that no dialect takes for a column's name, or that at least one of the great ones doesn't.
const KEYWORDS: &str = "\
    all alter analyze and any as asc between by case cast check collate column constraint \
    create cross current_date current_time current_timestamp current_user default delete \
    desc distinct do drop else end except exists false for foreign from full grant group \
    having in index inner insert intersect into is join left like limit natural not null \
    offset on or order primary references right select table then true union update where";

fn is_column(name: &str) -> bool {
    is_ascii_name(&name.to_ascii_lowercase(), KEYWORDS)
}

fn standard(value: &Value) -> Rendered {
    match value {
        Value::Null => Ok("NULL".to_owned()),
        Value::Bool(true) => Ok("TRUE".to_owned()),
        Value::Bool(false) => Ok("FALSE".to_owned()),
        Value::Int(value) => Ok(value.to_string()),
        Value::Float(value) if value.is_finite() => Ok(python_repr(*value)),
        Value::Float(_) => Err(NOT_FINITE),
        Value::Str(text) if text.contains('\0') => Err(NUL),
        Value::Str(text) => without_backslash(text),
        Value::List(_) | Value::Dict(_) => standard(&Value::Str(value.to_json().to_string())),
    }
}

fn sqlite(value: &Value) -> Rendered {
    match value {
        Value::Int(value) if i64::try_from(*value).is_err() => Err(BEYOND_64_BITS),
        Value::Float(value) if value.is_nan() => Err("NaN"),
        Value::Float(value) if value.is_infinite() => {
            Ok(if *value > 0.0 { "9e999" } else { "-9e999" }.to_owned())
        }
        Value::Str(text) if text.contains('\0') => {
            Ok(format!("CAST(X'{}' AS TEXT)", hex::encode(text)))
        }
        Value::Str(text) => Ok(quote(text)),
        Value::List(_) | Value::Dict(_) => sqlite(&Value::Str(value.to_json().to_string())),
        other => standard(other),
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A backslash in a literal is one character in some databases and half of one in others (where `\'` does not end the
/// literal, so that the rest would be run). The first character of `'\\'` is a backslash in all of them.
fn without_backslash(text: &str) -> Rendered {
    if !text.contains('\\') {
        return Ok(quote(text));
    }
    let mut stand_ins = "/|~#!^@+=".chars().chain('\u{e000}'..='\u{f8ff}');
    let stand_in = stand_ins.find(|stand_in| !text.contains(*stand_in));
    let stand_in = stand_in.ok_or("a backslash beside each of 6,410 other characters")?;
    let text = text.replace('\\', stand_in.encode_utf8(&mut [0; 4]));
    Ok(format!(
        "REPLACE({}, '{stand_in}', SUBSTR('\\\\', 1, 1))",
        quote(&text)
    ))
}
