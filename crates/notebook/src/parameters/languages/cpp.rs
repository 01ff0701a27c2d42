//! Parameters in C++. A list or mapping of several types holds `std::any`, which C++17 has.

use crate::parameters::render::{
    BEYOND_64_BITS, Rendered, control_as_octal, entries, float, is_ascii_name, list, quote,
};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "C++",
    keys: &["C++", "cpp"],
    kernels: &[
        "xcpp11",
        "xcpp14",
        "xcpp17",
        "xcpp20",
        "xcpp23",
        "cling-cpp11",
        "cling-cpp14",
        "cling-cpp17",
    ],
    frame: [
        "// Parameters\n#include <any>\n#include <limits>\n#include <map>\n#include <string>\n#include <vector>\n",
        "\n",
        "\n",
    ],
    is_name: |name| is_ascii_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["auto", "const", "constexpr", "static"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t \
    char32_t char8_t class co_await co_return co_yield compl concept const const_cast \
    consteval constexpr constinit continue decltype default delete do double dynamic_cast \
    else enum explicit export extern false float for friend goto if inline int long mutable \
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public \
    register reinterpret_cast requires return short signed sizeof static static_assert \
    static_cast struct switch template this thread_local throw true try typedef typename \
    union unsigned using virtual void volatile while";

/// What the tagged cell declares is only set, for a second declaration is an error.
fn assign(set: Assignment<'_>) -> Rendered {
    let declared = if set.definition.is_some() {
        ""
    } else {
        "auto "
    };
    Ok(format!("{declared}{} = {};", set.name, render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "nullptr".to_owned(),
        Value::Bool(value) => value.to_string(),
        // The digits without their sign are one too many for a literal.
        Value::Int(value) if *value == i128::from(i32::MIN) => {
            "std::numeric_limits<int>::min()".to_owned()
        }
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) => long(*value)?,
        Value::Float(value) => float(
            *value,
            "std::numeric_limits<double>::infinity()",
            "-std::numeric_limits<double>::infinity()",
            "std::numeric_limits<double>::quiet_NaN()",
        ),
        Value::Str(value) => text(value),
        Value::List(values) => {
            let render = match one_type(values.iter()) {
                Some(_) => render,
                None => any,
            };
            format!("{}{{{}}}", type_name(value), list(values, render)?)
        }
        Value::Dict(all) => {
            let render = match one_type(all.iter().map(|(_, value)| value)) {
                Some(_) => render,
                None => any,
            };
            format!("{}{{{}}}", type_name(value), pairs(all, render)?)
        }
    })
}

fn pairs(all: &[(String, Value)], render: fn(&Value) -> Rendered) -> Rendered {
    entries(all, |key, value| {
        Ok(format!("{{{}, {}}}", text(key), render(value)?))
    })
}

/// A whole number that may be beyond `int`. The language has none beyond 64 bits.
fn long(value: i128) -> Rendered {
    if value == i128::from(i64::MIN) {
        // The digits without their sign are one too many for a literal.
        return Ok("std::numeric_limits<long long>::min()".to_owned());
    }
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => Ok(format!("{value}LL")),
        (_, Ok(value)) => Ok(format!("{value}ULL")),
        _ => Err(BEYOND_64_BITS),
    }
}

/// A value among values of other types. It is a `bool`, `long long`, `unsigned long long`, `double`, `std::string`,
/// `nullptr`, or a vector or map of `std::any`.
fn any(value: &Value) -> Rendered {
    let value = match value {
        Value::Int(value) => long(*value)?,
        Value::List(values) => format!("std::vector<std::any>{{{}}}", list(values, any)?),
        Value::Dict(all) => format!("std::map<std::string, std::any>{{{}}}", pairs(all, any)?),
        other => render(other)?,
    };
    Ok(format!("std::any({value})"))
}

/// A literal ends at its first NUL, unless its length is told; `??` could begin a trigraph.
fn text(text: &str) -> String {
    let literal = quote(text, |character| match character {
        '?' => Some("\\?".to_owned()),
        other => control_as_octal(other),
    });
    if text.contains('\0') {
        format!("std::string({literal}, {})", text.len())
    } else {
        format!("std::string({literal})")
    }
}

fn type_name(value: &Value) -> String {
    let any = || "std::any".to_owned();
    match value {
        Value::Null => "std::nullptr_t".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Int(value) if i64::try_from(*value).is_ok() => "long long".to_owned(),
        Value::Int(_) => "unsigned long long".to_owned(),
        Value::Float(_) => "double".to_owned(),
        Value::Str(_) => "std::string".to_owned(),
        Value::List(values) => {
            let element = one_type(values.iter()).unwrap_or_else(any);
            format!("std::vector<{element}>")
        }
        Value::Dict(all) => {
            let element = one_type(all.iter().map(|(_, value)| value)).unwrap_or_else(any);
            format!("std::map<std::string, {element}>")
        }
    }
}

/// The type of all values, if it is one.
fn one_type<'a>(values: impl Iterator<Item = &'a Value>) -> Option<String> {
    let mut types = values.map(type_name);
    let first = types.next().unwrap_or_else(|| "std::string".to_owned());
    types.all(|other| other == first).then_some(first)
}
