//! What a running service says, beside its endpoint, of its domain and spaces, for `nbjobs lab`.

use crate::model::studio::Studio;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file, in the data folder.
const FILE: &str = "studio.json";

/// A space, for the one who works in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Space {
    /// The domain's id.
    pub domain: String,
    /// The space's name.
    pub name: String,
    /// Whose private space it is.
    pub owner: Option<String>,
    /// Whether the configuration names the image that it runs.
    pub has_image: bool,
}

impl Space {
    /// Studio's word for whether it has an owner.
    pub(super) fn sharing(&self) -> &'static str {
        if self.owner.is_some() {
            "private"
        } else {
            "shared"
        }
    }
}

/// Written by the service at its start.
pub(super) fn write(data_dir: &Path, studio: &Studio) -> anyhow::Result<()> {
    let space = |space: &crate::model::studio::Space| Space {
        domain: studio.domain.id.clone(),
        name: space.name.clone(),
        owner: space.owner.clone(),
        has_image: space.image.is_some(),
    };
    let spaces: Vec<Space> = studio.spaces.iter().map(space).collect();
    Ok(fs::write(
        data_dir.join(FILE),
        serde_json::to_vec(&spaces)?,
    )?)
}

/// The space of this name, or the first.
pub(super) fn read(data_dir: &Path, name: Option<&str>) -> anyhow::Result<Space> {
    let file = data_dir.join(FILE);
    let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let spaces: Vec<Space> = serde_json::from_slice(&text)?;
    let names: Vec<String> = spaces.iter().map(|space| space.name.clone()).collect();
    let found = spaces
        .into_iter()
        .find(|space| name.is_none_or(|name| name == space.name));
    match found {
        Some(space) => Ok(space),
        None => bail!(
            "the service has no space {}; it has: {}",
            name.unwrap_or_default(),
            names.join(", ")
        ),
    }
}
