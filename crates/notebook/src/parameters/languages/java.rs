//! Parameters in Java, for the kernels that stand on JShell.

use crate::parameters::render::{Rendered, float, is_name, list, quote};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Java",
    keys: &["java"],
    kernels: &["ijava", "rapaio-jupyter-kernel", "jjava", "jbang"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["var", "final", "static", "public", "private"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    _ abstract assert boolean break byte case catch char class const continue default do \
    double else enum extends false final finally float for goto if implements import \
    instanceof int interface long native new null package private protected public return \
    short static strictfp super switch synchronized this throw throws transient true try var \
    void volatile while";

/// The most characters of one literal: a class file takes 65,535 bytes.
const LITERAL_CHARS_MAX: usize = 16_000;

/// Declared again, with the type of the tagged cell if it tells one; JShell lets the last declaration win.
fn assign(set: Assignment<'_>) -> Rendered {
    let declared = set.definition.and_then(|known| known.type_name.as_deref());
    let declared = match (declared, set.value) {
        (Some(name), _) => name,
        (None, Value::Null) => "Object",
        (None, _) => "var",
    };
    Ok(format!("{declared} {} = {};", set.name, render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}L"),
        Value::Int(value) => format!("new java.math.BigInteger(\"{value}\")"),
        Value::Float(value) => float(
            *value,
            "Double.POSITIVE_INFINITY",
            "Double.NEGATIVE_INFINITY",
            "Double.NaN",
        ),
        Value::Str(value) => text(value),
        Value::List(values) => {
            let element = element_type(values);
            let values = list(values, render)?;
            format!("java.util.Arrays.<{element}>asList(new {element}[] {{{values}}})")
        }
        Value::Dict(all) => {
            let mut source = "new java.util.LinkedHashMap<String, Object>() {{".to_owned();
            for (key, value) in all {
                source += &format!(" put({}, {});", text(key), render(value)?);
            }
            source + " }}"
        }
    })
}

fn text(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let literal = |part: &[char]| quote(&part.iter().collect::<String>(), octal);
    if characters.len() <= LITERAL_CHARS_MAX {
        return literal(&characters);
    }
    let parts: Vec<_> = characters.chunks(LITERAL_CHARS_MAX).map(literal).collect();
    format!("String.join(\"\", {})", parts.join(", "))
}

/// Java reads `\u000a` as a line's end before it reads the literal, so it has to be octal.
fn octal(character: char) -> Option<String> {
    character
        .is_control()
        .then(|| format!("\\{:03o}", character as u32))
}

/// The class of all elements, or Object.
fn element_type(values: &[Value]) -> &'static str {
    let class = |value: &Value| match value {
        Value::Bool(_) => "Boolean",
        Value::Int(value) if i32::try_from(*value).is_ok() => "Integer",
        Value::Int(value) if i64::try_from(*value).is_ok() => "Long",
        Value::Float(_) => "Double",
        Value::Str(_) => "String",
        Value::Null | Value::Int(_) | Value::List(_) | Value::Dict(_) => "Object",
    };
    let mut classes = values.iter().map(class);
    match classes.next() {
        Some(first) if classes.all(|other| other == first) => first,
        _ => "Object",
    }
}
