//! Tags: short labels on jobs, pipelines and rules, with AWS's limits.

use super::policy;
use serde::{Deserialize, Serialize};

/// AWS allows 50 tags on one resource.
pub const TAGS_MAX: usize = 50;
/// The longest key, in characters.
pub const KEY_CHARS_MAX: usize = 128;
/// The longest value, in characters.
pub const VALUE_CHARS_MAX: usize = 256;

/// One label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// 1 to 128 characters, unique on its resource.
    pub key: String,
    /// 0 to 256 characters.
    pub value: String,
}

/// Checks a list of tags against AWS's limits, and those that are ours for what they say; the error says which tag is
/// wrong.
pub fn validate(tags: &[Tag]) -> Result<(), String> {
    if tags.len() > TAGS_MAX {
        return Err(format!(
            "{} tags were given; a resource can have at most {TAGS_MAX}",
            tags.len()
        ));
    }
    for (i, tag) in tags.iter().enumerate() {
        let key_chars = tag.key.chars().count();
        if key_chars == 0 || key_chars > KEY_CHARS_MAX {
            return Err(format!(
                "the tag key '{}' has {key_chars} characters; it must have 1 to {KEY_CHARS_MAX}",
                tag.key
            ));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(format!(
                "the tag key '{}' starts with 'aws:', which is reserved",
                tag.key
            ));
        }
        if tag.value.chars().count() > VALUE_CHARS_MAX {
            return Err(format!(
                "the value of the tag '{}' is longer than {VALUE_CHARS_MAX} characters",
                tag.key
            ));
        }
        if tags[..i].iter().any(|earlier| earlier.key == tag.key) {
            return Err(format!("the tag key '{}' is given twice", tag.key));
        }
    }
    policy::check(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.into(),
            value: value.into(),
        }
    }

    #[test]
    fn limits() {
        assert_eq!(
            validate(&[tag("sagemaker:name", "日報"), tag("b", "")]),
            Ok(())
        );
        for bad in [
            vec![tag("", "x")],
            vec![tag("aws:x", "x")],
            vec![tag("a", "1"), tag("a", "2")],
            vec![tag("a", &"x".repeat(257))],
            (0..51).map(|i| tag(&i.to_string(), "")).collect(),
        ] {
            assert!(validate(&bad).is_err(), "{bad:?}");
        }
    }
}
