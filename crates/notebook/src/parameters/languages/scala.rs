//! Parameters in Scala. Unlike Papermill's, non-ASCII text and infinite numbers are Scala's own.

use crate::parameters::render::{Rendered, entries, float, hidden_as_u4, is_name, list, quote};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Scala",
    keys: &["scala", "sparkkernel"],
    kernels: &["almond", "spylon-kernel", "apache_toree_scala"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign: |set| Ok(format!("val {} = {}", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["val", "var", "lazy", "implicit", "final", "private"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    _ abstract case catch class def do else enum export extends false final finally for \
    forSome given if implicit import lazy macro match new null object override package \
    private protected return sealed super then this throw trait true try type val var while \
    with yield";

/// The most characters of one literal: a class file takes 65,535 bytes.
const LITERAL_CHARS_MAX: usize = 16_000;

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}L"),
        Value::Int(value) => format!("BigInt(\"{value}\")"),
        Value::Float(value) => float(
            *value,
            "Double.PositiveInfinity",
            "Double.NegativeInfinity",
            "Double.NaN",
        ),
        Value::Str(value) => text(value),
        Value::List(values) => {
            // Else Scala would make doubles of the whole numbers among doubles.
            let doubles = values
                .iter()
                .filter(|value| matches!(value, Value::Float(_)));
            let ints = values.iter().filter(|value| matches!(value, Value::Int(_)));
            let (doubles, ints) = (doubles.count(), ints.count());
            let mixed = doubles > 0 && ints > 0 && doubles + ints == values.len();
            let element = if mixed { "[Any]" } else { "" };
            format!("Seq{element}({})", list(values, render)?)
        }
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} -> {}", text(key), render(value)?))
            });
            format!("Map({})", all?)
        }
    })
}

fn text(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= LITERAL_CHARS_MAX {
        return quote(text, hidden_as_u4);
    }
    let literal = |part: &[char]| quote(&part.iter().collect::<String>(), hidden_as_u4);
    let parts: Vec<_> = characters.chunks(LITERAL_CHARS_MAX).map(literal).collect();
    format!("Seq({}).mkString", parts.join(", "))
}
