//! Parameters in Ruby.

use crate::parameters::render::{Rendered, entries, float, hidden_as_u4, is_name, list, quote};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Ruby",
    keys: &["ruby"],
    kernels: &["iruby"],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign: |set| Ok(format!("{} = {}", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &[],
    comment: "#",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    BEGIN END __ENCODING__ __FILE__ __LINE__ alias and begin break case class def defined do \
    else elsif end ensure false for if in module next nil not or redo rescue retry return \
    self super then true undef unless until when while yield";

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value, "Float::INFINITY", "-Float::INFINITY", "Float::NAN"),
        Value::Str(value) => text(value),
        Value::List(values) => format!("[{}]", list(values, render)?),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} => {}", text(key), render(value)?))
            });
            format!("{{{}}}", all?)
        }
    })
}

/// `#{...}` in a text would be run.
fn text(text: &str) -> String {
    quote(text, |character| match character {
        '#' => Some("\\#".to_owned()),
        other => hidden_as_u4(other),
    })
}
