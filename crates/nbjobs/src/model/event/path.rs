//! The JSON paths of input paths and templates: `$`, `$.detail.bucket.name`, `$.detail['a b']`, `$.resources[0]`,
//! `$.detail.items[*].id`.

use serde_json::Value;
use std::str::FromStr;

/// Longest path, in characters (`TargetInputPath` in EventBridge's service model).
pub const PATH_LEN_MAX: usize = 256;

/// A path that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
    Each,
}

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a JSON path, such as $.detail.bucket.name or $.resources[0]")]
pub struct InvalidPath(String);

impl FromStr for JsonPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let invalid = || InvalidPath(text.chars().take(PATH_LEN_MAX).collect());
        if text.chars().count() > PATH_LEN_MAX {
            return Err(invalid());
        }
        let mut rest = text.strip_prefix('$').ok_or_else(invalid)?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (part, behind) = next(rest).ok_or_else(invalid)?;
            parts.push(part);
            rest = behind;
        }
        Ok(Self(parts))
    }
}

/// The first part of what stands behind the `$`, and the rest.
fn next(rest: &str) -> Option<(Part, &str)> {
    if let Some(rest) = rest.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let part = match name {
            "" => return None,
            "*" => Part::Each,
            name => Part::Name(name.to_owned()),
        };
        return Some((part, behind));
    }
    let rest = rest.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(rest) = rest.strip_prefix(quote) {
            let (name, behind) = rest.split_once(quote)?;
            return Some((Part::Name(name.to_owned()), behind.strip_prefix(']')?));
        }
    }
    let (index, behind) = rest.split_once(']')?;
    let part = match index {
        "*" => Part::Each,
        number => Part::Index(number.parse().ok()?),
    };
    Some((part, behind))
}

impl JsonPath {
    /// What stands there. With a `*`, a list of all that do.
    pub fn find(&self, document: &Value) -> Option<Value> {
        let mut found = vec![document];
        for part in &self.0 {
            found = found
                .into_iter()
                .flat_map(|value| match (part, value) {
                    (Part::Name(name), Value::Object(map)) => map.get(name).into_iter().collect(),
                    (Part::Index(index), Value::Array(list)) => {
                        list.get(*index).into_iter().collect()
                    }
                    (Part::Each, Value::Array(list)) => list.iter().collect(),
                    (Part::Each, Value::Object(map)) => map.values().collect(),
                    _ => Vec::new(),
                })
                .collect();
        }
        if self.0.contains(&Part::Each) {
            return Some(found.into_iter().cloned().collect());
        }
        found.first().map(|value| (*value).clone())
    }
}
