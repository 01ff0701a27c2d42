//! Domain, users, spaces, apps, images and lifecycle configurations: what the configuration file says of them, in the
//! form in which Studio's clients read it. Nothing here can be changed by a request.

use super::super::json::{self, Answer, seconds};
use super::CODES;
use crate::app::{App, Error};
use crate::model::studio::{Image, Settings, Space, UserProfile};
use aws_wire::ErrorShape;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// The one kind of app that runs in a space.
const APP_TYPE: &str = "JupyterLab";
/// The name of a space's one app.
const APP_NAME: &str = "default";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DomainRequest {
    domain_id: String,
}

pub(super) async fn domain(app: &App, body: &[u8]) -> Answer {
    let request: DomainRequest = json::request(body)?;
    check_domain(app, &request.domain_id)?;
    let domain = &app.studio.domain;
    let role = app.studio.execution_role();
    let mut document = json!({
        "DomainArn": app.scope.sagemaker(&format!("domain/{}", domain.id)),
        "DomainId": domain.id,
        "DomainName": domain.name,
        "Status": "InService",
        "AuthMode": "IAM",
        "AppNetworkAccessType": if domain.vpc_only { "VpcOnly" } else { "PublicInternetOnly" },
        "VpcId": domain.vpc_id,
        "SubnetIds": app.studio.subnets.iter().map(|subnet| &subnet.id).collect::<Vec<_>>(),
        "DomainSettings": {"IpAddressType": "ipv4"},
        "DefaultUserSettings": settings(app, &domain.settings, role),
        "DefaultSpaceSettings": settings(app, &domain.settings, role),
    });
    add_times(app, &mut document);
    json::answer(document)
}

/// What users and spaces of the domain have; the role is the file's, or for the domain the first one.
fn settings(app: &App, settings: &Settings, role: Option<&str>) -> Value {
    let mut document = json!({});
    if let Some(role) = role {
        document["ExecutionRole"] = app.scope.role(role).into();
    }
    if !settings.security_groups.is_empty() {
        document["SecurityGroups"] = json!(settings.security_groups);
    }
    let mut lab = json!({});
    if !settings.lifecycle_configs.is_empty() {
        let arns = settings.lifecycle_configs.iter();
        let arns: Vec<String> = arns.map(|name| lifecycle_arn(app, name)).collect();
        lab["LifecycleConfigArns"] = json!(arns);
    }
    if !settings.custom_images.is_empty() {
        let images = settings.custom_images.iter().map(|custom| {
            json!({"ImageName": custom.image, "AppImageConfigName": custom.app_image_config})
        });
        lab["CustomImages"] = images.collect();
    }
    if lab != json!({}) {
        document["JupyterLabAppSettings"] = lab;
    }
    document
}

fn lifecycle_arn(app: &App, name: &str) -> String {
    app.scope
        .sagemaker(&format!("studio-lifecycle-config/{name}"))
}

/// Everything here is as old as the service.
fn add_times(app: &App, document: &mut Value) {
    document["CreationTime"] = seconds(app.since);
    document["LastModifiedTime"] = seconds(app.since);
}

fn check_domain(app: &App, id: &str) -> Result<(), ErrorShape> {
    if id == app.studio.domain.id {
        return Ok(());
    }
    Err(not_found("Domain", id))
}

fn not_found(kind: &str, name: &str) -> ErrorShape {
    CODES.shape(Error::NotFound(format!("{kind} [{name}] does not exist.")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UserProfileRequest {
    domain_id: String,
    user_profile_name: String,
}

pub(super) async fn user_profile(app: &App, body: &[u8]) -> Answer {
    let request: UserProfileRequest = json::request(body)?;
    check_domain(app, &request.domain_id)?;
    let user = find_user_profile(app, &request.user_profile_name)?;
    let role = user.settings.execution_role.as_deref();
    let mut document = json!({
        "DomainId": request.domain_id,
        "UserProfileArn": app.scope.sagemaker(&format!("user-profile/{}/{}", request.domain_id, user.name)),
        "UserProfileName": user.name,
        "Status": "InService",
        "UserSettings": settings(app, &user.settings, role),
    });
    add_times(app, &mut document);
    json::answer(document)
}

fn find_user_profile<'a>(app: &'a App, name: &str) -> Result<&'a UserProfile, ErrorShape> {
    let mut users = app.studio.user_profiles.iter();
    users
        .find(|user| user.name == name)
        .ok_or_else(|| not_found("UserProfile", name))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SpaceRequest {
    domain_id: String,
    space_name: String,
}

pub(super) async fn space(app: &App, body: &[u8]) -> Answer {
    let request: SpaceRequest = json::request(body)?;
    check_domain(app, &request.domain_id)?;
    let space = find_space(app, &request.space_name)?;
    let mut document = json!({
        "DomainId": request.domain_id,
        "SpaceArn": app.scope.sagemaker(&format!("space/{}/{}", request.domain_id, space.name)),
        "SpaceName": space.name,
        "Status": "InService",
        "SpaceSettings": {"AppType": APP_TYPE},
        "SpaceSharingSettings": {"SharingType": if space.owner.is_some() { "Private" } else { "Shared" }},
    });
    if let Some(owner) = &space.owner {
        document["OwnershipSettings"] = json!({"OwnerUserProfileName": owner});
    }
    add_times(app, &mut document);
    json::answer(document)
}

fn find_space<'a>(app: &'a App, name: &str) -> Result<&'a Space, ErrorShape> {
    let mut spaces = app.studio.spaces.iter();
    spaces
        .find(|space| space.name == name)
        .ok_or_else(|| not_found("Space", name))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AppRequest {
    domain_id: String,
    user_profile_name: Option<String>,
    space_name: Option<String>,
    app_type: String,
    app_name: String,
}

pub(super) async fn app(app: &App, body: &[u8]) -> Answer {
    let request: AppRequest = json::request(body)?;
    check_domain(app, &request.domain_id)?;
    let missing = || not_found("App", &request.app_name);
    let space = match (&request.space_name, &request.user_profile_name) {
        (Some(space), None) => find_space(app, space)?,
        (None, Some(user)) => return find_user_profile(app, user).and_then(|_| Err(missing())),
        _ => {
            return Err(CODES.shape(Error::Invalid(
                "Exactly one of SpaceName and UserProfileName must be given".into(),
            )));
        }
    };
    if request.app_type != APP_TYPE || request.app_name != APP_NAME {
        return Err(missing());
    }
    let mut resource = json!({});
    if let Some(image) = &space.image {
        let version = version_of(app, image, space.image_version)?;
        resource["SageMakerImageArn"] = image_arn(app, image).into();
        resource["SageMakerImageVersionArn"] = version_arn(app, image, version).into();
    }
    json::answer(json!({
        "AppArn": app.scope.sagemaker(&format!("app/{}/{}/{APP_TYPE}/{APP_NAME}", request.domain_id, space.name)),
        "AppType": APP_TYPE,
        "AppName": APP_NAME,
        "DomainId": request.domain_id,
        "SpaceName": space.name,
        "Status": "InService",
        "CreationTime": seconds(app.since),
        "ResourceSpec": resource,
    }))
}

fn image_arn(app: &App, name: &str) -> String {
    app.scope.sagemaker(&format!("image/{name}"))
}

/// Versions' ARNs have small letters only.
fn version_arn(app: &App, name: &str, version: u32) -> String {
    let name = name.to_ascii_lowercase();
    app.scope
        .sagemaker(&format!("image-version/{name}/{version}"))
}

fn find_image<'a>(app: &'a App, name: &str) -> Result<&'a Image, ErrorShape> {
    let mut images = app.studio.images.iter();
    // A client takes the name from a version's ARN, which has small letters only.
    images
        .find(|image| image.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| not_found("Image", name))
}

/// The version asked for, or the latest.
fn version_of(app: &App, name: &str, version: Option<u32>) -> Result<u32, ErrorShape> {
    let latest = find_image(app, name)?.versions.len() as u32;
    match version.unwrap_or(latest) {
        known if (1..=latest).contains(&known) => Ok(known),
        other => Err(not_found("ImageVersion", &format!("{name}/{other}"))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ImageRequest {
    image_name: String,
}

pub(super) async fn image(app: &App, body: &[u8]) -> Answer {
    let request: ImageRequest = json::request(body)?;
    let image = find_image(app, &request.image_name)?;
    let mut document = json!({
        "ImageArn": image_arn(app, &image.name),
        "ImageName": image.name,
        "DisplayName": image.display_name.as_ref().unwrap_or(&image.name),
        "ImageStatus": "CREATED",
    });
    if let Some(role) = app.studio.execution_role() {
        document["RoleArn"] = app.scope.role(role).into();
    }
    add_times(app, &mut document);
    json::answer(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ImageVersionRequest {
    image_name: String,
    version: Option<u32>,
}

pub(super) async fn image_version(app: &App, body: &[u8]) -> Answer {
    let request: ImageVersionRequest = json::request(body)?;
    let image = find_image(app, &request.image_name)?;
    let version = version_of(app, &image.name, request.version)?;
    let base = &image.versions[version as usize - 1];
    let mut document = json!({
        "BaseImage": base,
        "ContainerImage": base,
        "ImageArn": image_arn(app, &image.name),
        "ImageVersionArn": version_arn(app, &image.name, version),
        "ImageVersionStatus": "CREATED",
        "Version": version,
    });
    add_times(app, &mut document);
    json::answer(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AppImageConfigRequest {
    app_image_config_name: String,
}

pub(super) async fn app_image_config(app: &App, body: &[u8]) -> Answer {
    let request: AppImageConfigRequest = json::request(body)?;
    let name = &request.app_image_config_name;
    let mut configs = app.studio.app_image_configs.iter();
    let config = configs
        .find(|config| config.name == *name)
        .ok_or_else(|| not_found("AppImageConfig", name))?;
    let files =
        json!({"MountPath": config.mount_path, "DefaultUid": config.uid, "DefaultGid": config.gid});
    let mut document = json!({
        "AppImageConfigArn": app.scope.sagemaker(&format!("app-image-config/{}", config.name.to_lowercase())),
        "AppImageConfigName": config.name,
        "JupyterLabAppImageConfig": {"FileSystemConfig": files},
    });
    add_times(app, &mut document);
    json::answer(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LifecycleConfigRequest {
    studio_lifecycle_config_name: String,
}

pub(super) async fn lifecycle_config(app: &App, body: &[u8]) -> Answer {
    let request: LifecycleConfigRequest = json::request(body)?;
    let name = &request.studio_lifecycle_config_name;
    let mut configs = app.studio.lifecycle_configs.iter();
    let config = configs
        .find(|config| config.name == *name)
        .ok_or_else(|| not_found("StudioLifecycleConfig", name))?;
    let mut document = json!({
        "StudioLifecycleConfigArn": lifecycle_arn(app, &config.name),
        "StudioLifecycleConfigName": config.name,
        "StudioLifecycleConfigContent": STANDARD.encode(&config.script),
        "StudioLifecycleConfigAppType": APP_TYPE,
    });
    add_times(app, &mut document);
    json::answer(document)
}
