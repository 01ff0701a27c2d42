//! Parameters of the Parameter Store: named texts with versions, with Systems Manager's rules.

use jiff::Timestamp;
use regex::Regex;
use std::fmt;

/// Versions of one parameter that are kept (Systems Manager).
pub const VERSIONS_MAX: i64 = 100;
/// Parameters in one account (Systems Manager's limit for the standard tier).
pub const PARAMETERS_MAX: i64 = 10_000;

/// The longest name, in characters. The service model allows 2048, the service 1011 with the ARN's part.
const NAME_CHARS_MAX: usize = 1011;
/// The most levels of a name that is a path (Systems Manager).
const LEVELS_MAX: usize = 15;
/// The longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 1024;
/// The longest pattern, in characters.
const PATTERN_CHARS_MAX: usize = 1024;

/// One version of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Unique; may be a path that begins with a slash.
    pub name: String,
    /// Counts from 1.
    pub version: i64,
    /// What the value is.
    pub kind: ParameterType,
    /// The text itself.
    pub value: String,
    /// For people.
    pub description: Option<String>,
    /// What the value was checked against.
    pub allowed_pattern: Option<String>,
    /// How long the value may be.
    pub tier: Tier,
    /// When this version was made.
    pub modified_at: Timestamp,
}

/// What a value is. The service does not look into it; a `SecureString` is shown only to those who ask for it with
/// `WithDecryption`, and is stored as everything is, not encrypted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "Systems Manager's words")]
pub enum ParameterType {
    String,
    StringList,
    SecureString,
}

/// How long a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 4 KiB.
    Standard,
    /// 8 KiB.
    Advanced,
}

/// A version to be made, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NewParameter {
    /// See [`Parameter::name`].
    pub name: String,
    /// `None` takes the type of the version before.
    pub kind: Option<ParameterType>,
    /// See [`Parameter::value`].
    pub value: String,
    /// See [`Parameter::description`].
    pub description: Option<String>,
    /// See [`Parameter::allowed_pattern`].
    pub allowed_pattern: Option<String>,
    /// See [`Parameter::tier`].
    pub tier: Tier,
}

/// Which parameters a list shows. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterFilter {
    /// Below this path, which begins with a slash.
    pub path: Option<String>,
    /// With `path`: at any depth, not only the next level.
    pub recursive: bool,
    /// Any of these; none given means any.
    pub kinds: Vec<ParameterType>,
    /// Any of these; none given means any.
    pub tiers: Vec<Tier>,
    /// Any of these holds for the name; none given means any name.
    pub names: Vec<NameMatch>,
}

/// A condition on a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum NameMatch {
    Equals(String),
    BeginsWith(String),
    Contains(String),
}

/// Why a version cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidParameter {
    /// The name, the value or the description.
    #[error("{0}")]
    Member(String),
    /// The name has too many levels.
    #[error("A hierarchy can have a maximum of {LEVELS_MAX} levels; '{0}' has more.")]
    Levels(String),
    /// The pattern is none.
    #[error("The request does not meet the regular expression requirement: {0}")]
    Pattern(String),
    /// The value does not match the pattern.
    #[error("Parameter value, cannot be validated against allowedPattern: {0}")]
    Mismatch(String),
}

impl ParameterType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::String, Self::StringList, Self::SecureString];

    /// The word on the wire and in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }

    /// The inverse of [`ParameterType::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Tier {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Advanced];

    /// The word on the wire and in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }

    /// The inverse of [`Tier::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }

    /// The lowest tier that holds a value: what `Intelligent-Tiering` chooses.
    pub fn of(value: &str) -> Self {
        if value.len() <= Self::Standard.value_bytes_max() {
            Self::Standard
        } else {
            Self::Advanced
        }
    }

    fn value_bytes_max(self) -> usize {
        match self {
            Self::Standard => 4096,
            Self::Advanced => 8192,
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NewParameter {
    /// Checks everything that needs no look at other parameters.
    pub fn check(self) -> Result<Self, InvalidParameter> {
        check_name(&self.name)?;
        let member = |text: String| Err(InvalidParameter::Member(text));
        if self.value.is_empty() {
            return member(
                "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have \
                 length greater than or equal to 1"
                    .into(),
            );
        }
        let (tier, bytes_max) = (self.tier.as_str(), self.tier.value_bytes_max());
        if self.value.len() > bytes_max {
            return member(format!(
                "{tier} tier parameters support a maximum parameter value of {bytes_max} characters; this one has {}",
                self.value.len()
            ));
        }
        let description = self.description.as_deref().unwrap_or_default();
        if description.chars().count() > DESCRIPTION_CHARS_MAX {
            return member(format!(
                "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have \
                 length less than or equal to {DESCRIPTION_CHARS_MAX}"
            ));
        }
        if let Some(pattern) = &self.allowed_pattern {
            check_pattern(pattern, &self.value)?;
        }
        Ok(self)
    }
}

fn check_name(name: &str) -> Result<(), InvalidParameter> {
    let member = |text: &str| Err(InvalidParameter::Member(text.to_owned()));
    let path = name.strip_prefix('/').unwrap_or(name);
    if name.contains('/') && !name.starts_with('/') {
        return member(
            "Parameter name must be a fully qualified name: one with slashes begins with a slash.",
        );
    }
    let part_fits = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    let lower = path.to_ascii_lowercase();
    let reserved = lower.starts_with("aws") || lower.starts_with("ssm");
    if reserved || name.len() > NAME_CHARS_MAX || !path.split('/').all(part_fits) {
        return member(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can \
             consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers \
             and the following 3 symbols .-_",
        );
    }
    if path.split('/').count() > LEVELS_MAX {
        return Err(InvalidParameter::Levels(name.to_owned()));
    }
    Ok(())
}

fn check_pattern(pattern: &str, value: &str) -> Result<(), InvalidParameter> {
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        return Err(InvalidParameter::Pattern(format!(
            "it has more than {PATTERN_CHARS_MAX} characters"
        )));
    }
    let regex =
        Regex::new(pattern).map_err(|error| InvalidParameter::Pattern(error.to_string()))?;
    if regex.is_match(value) {
        Ok(())
    } else {
        Err(InvalidParameter::Mismatch(pattern.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, value: &str) -> NewParameter {
        NewParameter {
            name: name.into(),
            kind: None,
            value: value.into(),
            description: None,
            allowed_pattern: None,
            tier: Tier::Standard,
        }
    }

    #[test]
    fn names_are_words_or_paths_from_the_root() {
        let deep = "/a".repeat(LEVELS_MAX);
        for name in ["a", "a.b-c_D1", "/a/b", "/team/nbjobs/pipeline", &deep] {
            assert!(new(name, "x").check().is_ok(), "{name}");
        }
        for name in [
            "",
            "/",
            "a/b",
            "/a//b",
            "/a/",
            "a b",
            "日報",
            "aws",
            "/AWS/x",
            "ssm-x",
            &"a".repeat(1012),
        ] {
            let error = new(name, "x").check();
            assert!(
                matches!(error, Err(InvalidParameter::Member(_))),
                "{name}: {error:?}"
            );
        }
        let deeper = deep + "/a";
        assert_eq!(
            new(&deeper, "x").check(),
            Err(InvalidParameter::Levels(deeper))
        );
    }

    #[test]
    fn values_fit_their_tier_and_their_pattern() {
        let long = "x".repeat(4097);
        assert!(new("a", &long[1..]).check().is_ok());
        assert!(new("a", &long).check().is_err());
        assert!(new("a", "").check().is_err());
        assert_eq!(Tier::of(&long), Tier::Advanced);
        let with = |pattern: &str, value| {
            NewParameter {
                allowed_pattern: Some(pattern.into()),
                ..new("a", value)
            }
            .check()
        };
        assert!(with(r"^\d+$", "42").is_ok());
        assert!(matches!(
            with(r"^\d+$", "4x"),
            Err(InvalidParameter::Mismatch(_))
        ));
        assert!(matches!(with("(", "x"), Err(InvalidParameter::Pattern(_))));
        assert!(matches!(
            with(r"(\w{1000}){1000}", "x"),
            Err(InvalidParameter::Pattern(_))
        ));
    }
}
