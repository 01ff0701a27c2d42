//! The only reader of the environment and of the configuration file. Everything else is told.

use crate::model::policy::{self, KEEP_FOR, KEEP_RUNS, Policies};
use crate::model::studio::Studio;
use crate::model::tag::Tag;
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a driver inherits of the server's environment: how to find programs, kernels and locale. Nothing else
/// reaches a job, so that it doesn't see the server's secrets.
const INHERITED: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "JUPYTER_PATH",
    "JUPYTER_DATA_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
];

/// The configuration file, TOML: `docs/configuration.md` shows all that it can say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What Studio says of itself.
    pub studio: Studio,
    /// What webhooks may do.
    pub webhooks: Webhooks,
    /// How long runs are kept that no tag says it of.
    pub retention: Retention,
}

/// How long runs are kept that no tag says it of. What is not said is kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// As the tag `nbjobs:keep-runs`.
    pub keep_runs: Option<u32>,
    /// As the tag `nbjobs:keep-for`.
    pub keep_for: Option<String>,
}

impl Retention {
    /// The same as policies. The error says what would be right.
    pub fn policies(&self) -> Result<Policies, String> {
        let keep_runs = self.keep_runs.map(|count| (KEEP_RUNS, count.to_string()));
        let keep_for = self.keep_for.clone().map(|span| (KEEP_FOR, span));
        let tags: Vec<Tag> = [keep_runs, keep_for]
            .into_iter()
            .flatten()
            .map(|(key, value)| Tag {
                key: key.to_owned(),
                value,
            })
            .collect();
        policy::check(&tags)?;
        Ok(Policies::of(&tags))
    }
}

/// What webhooks (API destinations) may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// They reach public addresses only, not this machine or the network that it is in.
    pub public_only: bool,
}

impl Config {
    /// Reads a file; what it does not say has a default.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the configuration {}", file.display()))?;
        let config = Self::parse(&text);
        config.with_context(|| format!("the configuration {} is not right", file.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        config.studio.validate().map_err(anyhow::Error::msg)?;
        config.retention.policies().map_err(anyhow::Error::msg)?;
        Ok(config)
    }
}

/// The environment that drivers get.
pub fn driver_environment() -> BTreeMap<String, String> {
    INHERITED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), variable(name)?)))
        .collect()
}

/// The data folder when none is named: `$XDG_DATA_HOME/nbjobs`, else `~/.local/share/nbjobs`.
pub fn default_data_dir() -> PathBuf {
    variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("nbjobs")
}

/// A variable of this process; an empty one counts as absent.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_documentation_is_lawful() {
        let text = include_str!("../../../docs/configuration.md");
        let example = text
            .split("```toml\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let config = Config::parse(example.expect("an example")).expect("a configuration");
        assert_ne!(config, Config::default());
    }

    #[test]
    fn a_file_that_says_little_leaves_the_rest() {
        assert_eq!(
            Config::parse("").expect("a configuration"),
            Config::default()
        );
        let config = Config::parse("[studio.domain]\nname = \"lab\"").expect("a configuration");
        assert_eq!(config.studio.domain.id, Studio::default().domain.id);
        assert_eq!(config.studio.domain.name, "lab");
    }

    #[test]
    fn a_retention_that_cannot_be_is_refused() {
        let config = Config::parse("[retention]\nkeep_runs = 50\nkeep_for = \"90d\"");
        let policies = config.expect("a configuration").retention.policies();
        assert_eq!(policies.expect("policies").keep_runs, Some(50));
        let error = Config::parse("[retention]\nkeep_for = \"a year\"").expect_err("no duration");
        let want =
            "the tag nbjobs:keep-for has the value 'a year'; it must be a number and s, m, h or d";
        assert!(error.to_string().starts_with(want), "{error}");
    }

    #[test]
    fn a_word_that_is_not_known_is_named() {
        for (text, word) in [
            ("[studio.domian]", "domian"),
            ("[studio.domain]\nexecution_rule = \"x\"", "execution_rule"),
            (
                "[[studio.user_profiles]]\nname = \"a\"\ncolour = 1",
                "colour",
            ),
            ("[[studio.spaces]]\nname = \"a\"\nowner = \"x\"", "\"x\""),
        ] {
            let error = format!("{:#}", Config::parse(text).expect_err(word));
            assert!(error.contains(word), "{error}");
        }
    }
}
