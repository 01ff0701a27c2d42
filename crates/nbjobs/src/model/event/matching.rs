//! Whether an event is one that a pattern is for.

use super::pattern::{Cidr, Comparison, Fields, Filter, Node, Pattern, Text};
use serde_json::{Map, Value};
use std::net::IpAddr;

type Object = Map<String, Value>;

impl Pattern {
    /// Whether the pattern takes this event. An event with arrays is taken when one element of each of them fits; fields
    /// that stand side by side in the pattern are then looked for in the same element.
    pub fn matches(&self, event: &Value) -> bool {
        let objects = objects_in(event);
        objects.iter().any(|object| fits(&self.0, object, &objects))
    }
}

/// Whether an object is as `fields` say. `all` are the objects that stand in the same place of the event: a field that
/// must not exist exists in none of them.
fn fits(fields: &Fields, object: &Object, all: &[&Object]) -> bool {
    let each = fields.all.iter().all(|(name, node)| match node {
        Node::Fields(inner) => {
            let empty = Object::new();
            let below: Vec<&Object> = all.iter().flat_map(|one| below(one, name)).collect();
            let mut candidates = self::below(object, name);
            if candidates.is_empty() {
                candidates.push(&empty);
            }
            candidates.iter().any(|one| fits(inner, one, &below))
        }
        Node::Filters(filters) => filters.iter().any(|filter| match filter {
            Filter::Exists(false) => all.iter().all(|one| leaves(one, name).is_empty()),
            filter => leaves(object, name)
                .iter()
                .any(|value| takes(filter, value)),
        }),
    });
    let one_of = |any: &Vec<Fields>| any.iter().any(|one| fits(one, object, all));
    each && fields.any.iter().all(one_of)
}

/// The objects that a field holds, in arrays or not.
fn below<'a>(object: &'a Object, name: &str) -> Vec<&'a Object> {
    object.get(name).map(objects_in).unwrap_or_default()
}

fn objects_in(value: &Value) -> Vec<&Object> {
    match value {
        Value::Object(object) => vec![object],
        Value::Array(list) => list.iter().flat_map(objects_in).collect(),
        _ => Vec::new(),
    }
}

/// The values that a field holds and that are neither objects nor arrays.
fn leaves<'a>(object: &'a Object, name: &str) -> Vec<&'a Value> {
    fn collect<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
        match value {
            Value::Object(_) => {}
            Value::Array(list) => list.iter().for_each(|one| collect(one, into)),
            leaf => into.push(leaf),
        }
    }
    let mut found = Vec::new();
    if let Some(value) = object.get(name) {
        collect(value, &mut found);
    }
    found
}

/// Whether a filter takes a value. Numbers without `numeric` are compared as they are written, as EventBridge does.
fn takes(filter: &Filter, value: &Value) -> bool {
    match filter {
        Filter::Exact(wanted) => wanted == value,
        Filter::NotExact(unwanted) => !unwanted.contains(value),
        Filter::Text(text) => value.as_str().is_some_and(|value| text.takes(value)),
        Filter::NotText(texts) => value
            .as_str()
            .is_none_or(|value| !texts.iter().any(|text| text.takes(value))),
        Filter::Numeric(comparisons) => value
            .as_f64()
            .is_some_and(|value| comparisons.iter().all(|(how, to)| how.holds(value, *to))),
        Filter::Exists(exists) => *exists,
        Filter::Cidr(cidr) => value
            .as_str()
            .and_then(|value| value.parse().ok())
            .is_some_and(|address| cidr.contains(address)),
    }
}

impl Comparison {
    fn holds(self, value: f64, to: f64) -> bool {
        match self {
            Self::Equal => value == to,
            Self::Less => value < to,
            Self::LessOrEqual => value <= to,
            Self::Greater => value > to,
            Self::GreaterOrEqual => value >= to,
        }
    }
}

impl Cidr {
    fn contains(self, address: IpAddr) -> bool {
        let left = |of: IpAddr| match of {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
        self.address.is_ipv4() == address.is_ipv4()
            && left(self.address) & mask == left(address) & mask
    }
}

impl Text {
    fn takes(&self, value: &str) -> bool {
        match self {
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Suffix(suffix) => value.ends_with(suffix),
            Self::PrefixIgnoreCase(prefix) => value.to_lowercase().starts_with(prefix),
            Self::SuffixIgnoreCase(suffix) => value.to_lowercase().ends_with(suffix),
            Self::EqualsIgnoreCase(wanted) => value.to_lowercase() == *wanted,
            Self::Wildcard(parts) => wildcard(parts, value),
        }
    }
}

/// Whether a text is made of these parts with anything between them. Taking each part as early as it comes is enough:
/// what is left for the others can only be more.
fn wildcard(parts: &[String], value: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.iter().all(|only| only == value);
    };
    let Some(mut rest) = value
        .strip_prefix(first.as_str())
        .and_then(|rest| rest.strip_suffix(last.as_str()))
    else {
        return false;
    };
    for part in middle {
        match rest.split_once(part.as_str()) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}
