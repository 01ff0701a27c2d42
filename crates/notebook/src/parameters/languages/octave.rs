//! Parameters in GNU Octave: MATLAB's, but with C's escapes in double quotes.

use super::matlab;
use crate::parameters::render::{
    EMPTY_KEY, Rendered, control_as_octal, entries, float, is_ascii_name, list, quote,
};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Octave",
    keys: &["octave"],
    kernels: &["xoctave"],
    frame: ["% Parameters\n", "\n", "\n"],
    is_name: |name| is_ascii_name(name, KEYWORDS),
    assign: |set| Ok(format!("{} = {};", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &matlab::SYNTAX)),
};

const KEYWORDS: &str = "\
    break case catch continue do else elseif end end_try_catch end_unwind_protect endfor \
    endfunction endif endswitch endwhile for function global if otherwise persistent return \
    switch try until unwind_protect unwind_protect_cleanup while parfor endparfor classdef";

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "NaN".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value, "Inf", "-Inf", "NaN"),
        Value::Str(text) => quote(text, control_as_octal),
        Value::List(values) => format!("{{{}}}", list(values, render)?),
        Value::Dict(all) if all.is_empty() => "containers.Map()".to_owned(),
        Value::Dict(all) if all.iter().any(|(key, _)| key.is_empty()) => return Err(EMPTY_KEY),
        Value::Dict(all) => format!(
            "containers.Map({{{}}}, {{{}}}, \"UniformValues\", false)",
            entries(all, |key, _| Ok(quote(key, control_as_octal)))?,
            entries(all, |_, value| render(value))?
        ),
    })
}
