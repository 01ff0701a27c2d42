//! Targets that a rule cannot have are refused, by name.

use super::super::constraint::{broken, pattern};
use super::super::{App, Error, Result};
use super::NAME_PATTERN;
use crate::model::arn::{Arn, Resource};
use crate::model::event::INPUT_LEN_MAX;
use crate::model::naming::is_rule_name;
use crate::model::rule::Target;

/// EventBridge's bounds of a retry policy.
const RETRIES_MAX: u32 = 185;
const AGE_S: std::ops::RangeInclusive<u32> = 60..=86_400;

/// Refuses what could not be started or told, by name.
pub(super) fn check_target(app: &App, target: &Target, at: &str) -> Result<()> {
    pattern(
        is_rule_name(&target.id),
        &target.id,
        &format!("{at}.id"),
        NAME_PATTERN,
    )?;
    let resource = resource(app, target)?;
    check_parameters(target, &resource)?;
    check_policies(app, target, at)?;
    check_lengths(target, at)?;
    target.check_input().map_err(Error::Invalid)?;
    match &target.role_arn {
        Some(role)
            if matches!(
                role.parse(),
                Ok(Arn {
                    resource: Resource::Role(_),
                    ..
                })
            ) =>
        {
            Ok(())
        }
        Some(role) => Err(broken(
            role,
            &format!("{at}.roleArn"),
            "Member must be the ARN of an IAM role",
        )),
        // A log group is written to without a role.
        None if matches!(resource, Resource::LogGroup(_)) => Ok(()),
        None => Err(Error::Invalid(format!(
            "RoleArn is required for target {}.",
            target.arn
        ))),
    }
}

/// What a target names, if it is something of ours that can be a target.
fn resource(app: &App, target: &Target) -> Result<Resource> {
    let refused = |reason: String| {
        Error::Invalid(format!(
            "Parameter {} is not valid. Reason: {reason}",
            target.arn
        ))
    };
    match target.arn.parse::<Arn>() {
        Ok(Arn {
            resource:
                resource @ (Resource::Pipeline(_)
                | Resource::LogGroup(_)
                | Resource::ApiDestination { .. }),
            scope,
            ..
        }) => {
            if scope == app.scope {
                return Ok(resource);
            }
            let ours = app.scope.arn(resource);
            Err(refused(format!(
                "It is not of this account and region, as {ours} would be."
            )))
        }
        Ok(Arn { resource, .. }) => Err(refused(format!(
            "{resource} cannot be a target; a pipeline, a log group or an API destination can."
        ))),
        Err(_) => Err(refused(
            "Provided Arn is not that of a pipeline, a log group or an API destination, the targets that there are."
                .into(),
        )),
    }
}

/// Refuses parameters that are for another kind of target.
fn check_parameters(target: &Target, resource: &Resource) -> Result<()> {
    let refused = |parameters: &str, of: &str| {
        Error::Invalid(format!(
            "{parameters} is not supported for target {}; it is for {of}.",
            target.id
        ))
    };
    if target.pipeline_parameters.is_some() && !matches!(resource, Resource::Pipeline(_)) {
        return Err(refused("SageMakerPipelineParameters", "a pipeline"));
    }
    let Some(parameters) = &target.http_parameters else {
        return Ok(());
    };
    if !matches!(resource, Resource::ApiDestination { .. }) {
        return Err(refused("HttpParameters", "an API destination"));
    }
    let headers = parameters.header_parameters.iter();
    for (name, value) in headers {
        if http::HeaderName::from_bytes(name.as_bytes()).is_err()
            || http::HeaderValue::from_str(value).is_err()
        {
            return Err(Error::Invalid(format!(
                "HeaderParameters of target {}: {name:?} is not a header that can be sent.",
                target.id
            )));
        }
    }
    Ok(())
}

fn check_policies(app: &App, target: &Target, at: &str) -> Result<()> {
    if let Some(policy) = &target.retry_policy {
        let retries = policy.maximum_retry_attempts.unwrap_or_default();
        if retries > RETRIES_MAX {
            return Err(broken(
                &retries.to_string(),
                &format!("{at}.retryPolicy.maximumRetryAttempts"),
                &format!("Member must have value less than or equal to {RETRIES_MAX}"),
            ));
        }
        if let Some(age) = policy
            .maximum_event_age_s
            .filter(|age| !AGE_S.contains(age))
        {
            return Err(broken(
                &age.to_string(),
                &format!("{at}.retryPolicy.maximumEventAgeInSeconds"),
                &format!(
                    "Member must have value between {} and {}, inclusive",
                    AGE_S.start(),
                    AGE_S.end()
                ),
            ));
        }
    }
    let dead_letters = target.dead_letter_config.as_ref();
    let Some(arn) = dead_letters.and_then(|config| config.arn.as_deref()) else {
        return Ok(());
    };
    match arn.parse::<Arn>() {
        Ok(Arn {
            resource: Resource::LogGroup(_),
            scope,
            ..
        }) if scope == app.scope => Ok(()),
        _ => Err(Error::Invalid(format!(
            "Parameter {arn} is not valid. Reason: dead-letter records go to a log group here, such as {}; there are no queues.",
            app.scope.log_group("NAME")
        ))),
    }
}

fn check_lengths(target: &Target, at: &str) -> Result<()> {
    let template = target.input_transformer.as_ref();
    for (name, text) in [
        ("input", target.input.as_deref()),
        (
            "inputTransformer.inputTemplate",
            template.map(|one| one.input_template.as_str()),
        ),
    ] {
        let at = format!("{at}.{name}");
        super::super::constraint::at_most(text.unwrap_or_default(), &at, INPUT_LEN_MAX)?;
    }
    Ok(())
}
