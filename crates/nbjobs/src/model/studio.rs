//! What Studio says of itself: a domain, its users and spaces, images, roles, and the network around it. None of it does
//! anything here; clients read it to fill their forms and to tag what they make. It comes from the configuration file,
//! and every part has a default, so that a service without a file is one domain for one person.

use super::tag::Tag;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Studio {
    /// The one domain.
    pub domain: Domain,
    /// Its users.
    pub user_profiles: Vec<UserProfile>,
    /// Its spaces, each with JupyterLab running in it.
    pub spaces: Vec<Space>,
    /// Images that custom JupyterLab apps come from.
    pub images: Vec<Image>,
    /// How such an image is run.
    pub app_image_configs: Vec<AppImageConfig>,
    /// Scripts that run before an app starts.
    pub lifecycle_configs: Vec<LifecycleConfig>,
    /// Roles that jobs can be asked to run as.
    pub roles: Vec<Role>,
    /// The network's parts.
    pub subnets: Vec<Subnet>,
    /// The network's groups.
    pub security_groups: Vec<SecurityGroup>,
}

/// `DescribeDomain`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domain {
    /// `d-` and letters and digits.
    pub id: String,
    /// For people.
    pub name: String,
    /// The network that it is in.
    pub vpc_id: String,
    /// Whether apps reach the internet only through that network.
    pub vpc_only: bool,
    /// What holds for users and spaces that say nothing else.
    #[serde(flatten)]
    pub settings: Settings,
}

/// Settings of a domain, user or space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The name of a role.
    pub execution_role: Option<String>,
    /// Ids of security groups.
    pub security_groups: Vec<String>,
    /// Names of lifecycle configurations.
    pub lifecycle_configs: Vec<String>,
    /// Images to choose from.
    pub custom_images: Vec<CustomImage>,
}

/// An image with how it is run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomImage {
    /// An image's name.
    pub image: String,
    /// The name of an app image configuration.
    pub app_image_config: String,
}

/// `DescribeUserProfile`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserProfile {
    /// Unique among users.
    pub name: String,
    /// Labels that the extension puts on the user's jobs too.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What differs from the domain's.
    #[serde(default, flatten)]
    pub settings: Settings,
}

/// `DescribeSpace`, and `DescribeApp` for the JupyterLab in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Unique among spaces.
    pub name: String,
    /// The user whose private space it is; without one, it is shared.
    pub owner: Option<String>,
    /// The image, with its version, that its app runs.
    pub image: Option<String>,
    /// See `image`.
    pub image_version: Option<u32>,
    /// Labels that the extension puts on the space's jobs too.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// `DescribeImage` and, for each version, `DescribeImageVersion`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Unique among images.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// The container image of each version; the first is version 1.
    pub versions: Vec<String>,
}

/// `DescribeAppImageConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppImageConfig {
    /// Unique among these.
    pub name: String,
    /// Where the home folder is.
    #[serde(default = "default_mount_path")]
    pub mount_path: String,
    /// The user in the container.
    #[serde(default = "default_uid")]
    pub uid: u32,
    /// The group in the container.
    #[serde(default = "default_gid")]
    pub gid: u32,
}

/// `DescribeStudioLifecycleConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleConfig {
    /// Unique among these.
    pub name: String,
    /// The script itself.
    pub script: String,
}

/// IAM's role, which SageMaker and EventBridge may take on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Unique among roles. The extension offers those that begin with `SagemakerJupyterScheduler`.
    pub name: String,
}

/// EC2's subnet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// `subnet-` and hexadecimal digits.
    pub id: String,
    /// Its addresses.
    #[serde(default = "default_cidr")]
    pub cidr: String,
    /// Whether the internet is reached straight from it; the extension leaves such subnets out.
    #[serde(default)]
    pub public: bool,
}

/// EC2's security group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// `sg-` and hexadecimal digits.
    pub id: String,
    /// For people.
    pub name: String,
}

/// SageMaker's own defaults for JupyterLab images.
fn default_mount_path() -> String {
    "/home/sagemaker-user".into()
}

fn default_uid() -> u32 {
    1000
}

fn default_gid() -> u32 {
    100
}

fn default_cidr() -> String {
    "10.0.0.0/16".into()
}

/// The name of what there is one of, unless the file says otherwise.
const DEFAULT_NAME: &str = "default";
/// The role of jobs, in the name that the extension looks for.
const DEFAULT_ROLE: &str = "SagemakerJupyterSchedulerRole";
const DEFAULT_SUBNET: &str = "subnet-0123456789abcdef0";
const DEFAULT_SECURITY_GROUP: &str = "sg-0123456789abcdef0";

impl Default for Domain {
    fn default() -> Self {
        Self {
            id: "d-nbjobs".into(),
            name: "nbjobs".into(),
            vpc_id: "vpc-0123456789abcdef0".into(),
            vpc_only: false,
            settings: Settings::default(),
        }
    }
}

impl Default for Studio {
    fn default() -> Self {
        Self {
            domain: Domain::default(),
            user_profiles: vec![UserProfile {
                name: DEFAULT_NAME.into(),
                tags: BTreeMap::new(),
                settings: Settings::default(),
            }],
            spaces: vec![Space {
                name: DEFAULT_NAME.into(),
                owner: Some(DEFAULT_NAME.into()),
                image: None,
                image_version: None,
                tags: BTreeMap::new(),
            }],
            images: Vec::new(),
            app_image_configs: Vec::new(),
            lifecycle_configs: Vec::new(),
            roles: vec![Role {
                name: DEFAULT_ROLE.into(),
            }],
            subnets: vec![Subnet {
                id: DEFAULT_SUBNET.into(),
                cidr: default_cidr(),
                public: false,
            }],
            security_groups: vec![SecurityGroup {
                id: DEFAULT_SECURITY_GROUP.into(),
                name: DEFAULT_NAME.into(),
            }],
        }
    }
}

impl Studio {
    /// The role of the domain: the one it names, else the first.
    pub fn execution_role(&self) -> Option<&str> {
        let first = self.roles.first().map(|role| role.name.as_str());
        self.domain.settings.execution_role.as_deref().or(first)
    }

    /// Refuses names that are not lawful, are given twice, or that nothing has.
    pub fn validate(&self) -> Result<(), String> {
        let id = self.domain.id.strip_prefix("d-").unwrap_or_default();
        if !is_name(id, &['-']) || id.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(format!(
                "domain.id {:?} must be d- and small letters, digits and hyphens",
                self.domain.id
            ));
        }
        let users = names(
            "user_profiles",
            &self.user_profiles,
            |user| &user.name,
            &['-'],
        )?;
        names("spaces", &self.spaces, |space| &space.name, &['-'])?;
        let images = names("images", &self.images, |image| &image.name, &['-', '.'])?;
        let configs = names(
            "app_image_configs",
            &self.app_image_configs,
            |c| &c.name,
            &['-'],
        )?;
        let scripts = names(
            "lifecycle_configs",
            &self.lifecycle_configs,
            |c| &c.name,
            &['-'],
        )?;
        let roles = names(
            "roles",
            &self.roles,
            |r| &r.name,
            &['+', '=', ',', '.', '@', '-', '_'],
        )?;
        names("subnets", &self.subnets, |subnet| &subnet.id, &['-'])?;
        let groups = names("security_groups", &self.security_groups, |g| &g.id, &['-'])?;
        for space in &self.spaces {
            known("spaces.owner", space.owner.as_ref(), &users)?;
            known("spaces.image", space.image.as_ref(), &images)?;
        }
        let users = self.user_profiles.iter().map(|user| &user.settings);
        for settings in users.chain([&self.domain.settings]) {
            known("execution_role", settings.execution_role.as_ref(), &roles)?;
            known("security_groups", &settings.security_groups, &groups)?;
            known("lifecycle_configs", &settings.lifecycle_configs, &scripts)?;
            for custom in &settings.custom_images {
                known("custom_images.image", [&custom.image], &images)?;
                known(
                    "custom_images.app_image_config",
                    [&custom.app_image_config],
                    &configs,
                )?;
            }
        }
        Ok(())
    }
}

/// A list's labels, as tags.
pub fn tags(labels: &BTreeMap<String, String>) -> Vec<Tag> {
    labels
        .iter()
        .map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
}

fn names<'a, T>(
    list: &str,
    items: &'a [T],
    name: impl Fn(&'a T) -> &'a String,
    punctuation: &[char],
) -> Result<BTreeSet<&'a String>, String> {
    let mut seen = BTreeSet::new();
    for item in items {
        let name = name(item);
        if !is_name(name, punctuation) {
            return Err(format!(
                "{list} has the name {name:?}; a name has 1 to 63 letters, digits and, between them, {punctuation:?}"
            ));
        }
        if !seen.insert(name) {
            return Err(format!("{list} has the name {name:?} twice"));
        }
    }
    Ok(seen)
}

fn is_name(name: &str, punctuation: &[char]) -> bool {
    (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(&c))
}

fn known<'a>(
    field: &str,
    wanted: impl IntoIterator<Item = &'a String>,
    there: &BTreeSet<&String>,
) -> Result<(), String> {
    match wanted.into_iter().find(|name| !there.contains(name)) {
        Some(name) => Err(format!(
            "{field} names {name:?}, which the file does not define"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_lawful() {
        assert_eq!(Studio::default().validate(), Ok(()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut studio = Studio::default();
        studio.spaces[0].owner = Some("nobody".into());
        assert!(studio.validate().is_err_and(|e| e.contains("nobody")));
        let mut studio = Studio::default();
        studio.user_profiles.push(studio.user_profiles[0].clone());
        assert!(studio.validate().is_err_and(|e| e.contains("twice")));
        let mut studio = Studio::default();
        studio.domain.id = "x".into();
        assert!(studio.validate().is_err_and(|e| e.contains("domain.id")));
        let mut studio = Studio::default();
        studio.roles[0].name = "a/b".into();
        assert!(studio.validate().is_err_and(|e| e.contains("a/b")));
    }
}
