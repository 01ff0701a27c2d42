//! Where a property stands in a row.

use super::super::tags;
use super::{Property, Resource};
use crate::model::search::Kind;

/// The status as shown.
const STATUS: &str = "CASE status WHEN 'Queued' THEN 'InProgress' ELSE status END";

/// A table that is searched.
pub(super) struct Table {
    /// Its name.
    pub name: &'static str,
    resource: Resource,
    /// What stands before a row's name in the tags' table.
    tag_prefix: &'static str,
}

/// What rows are sorted by: an expression that is never null.
pub(super) struct Sort {
    pub sql: String,
    pub is_number: bool,
}

impl Table {
    pub(super) fn of(resource: Resource) -> Self {
        let (name, tag_prefix) = match resource {
            Resource::TrainingJob => ("jobs", "training-job/"),
            Resource::Pipeline => ("pipelines", "pipeline/"),
        };
        Self {
            name,
            resource,
            tag_prefix,
        }
    }

    /// The name of a row in the tags' table.
    pub(super) fn tagged(&self, name: &str) -> String {
        format!("{}{name}", self.tag_prefix)
    }

    /// The row's name in the tags' table, in SQL.
    pub(super) fn tagged_sql(&self) -> String {
        format!("'{}' || {}.name", self.tag_prefix, self.name)
    }

    /// In SQL, the name of a row from its name in the tags' table.
    pub(super) fn untagged_sql(&self) -> String {
        format!("substr(resource, {})", self.tag_prefix.len() + 1)
    }

    /// What sorts by a property. Of the properties that are not one value in the row, none is sorted by.
    pub(super) fn sort(&self, property: &Property) -> Sort {
        if property.tag() == Some(tags::NAME) {
            return Sort {
                sql: "name_tag".to_owned(),
                is_number: false,
            };
        }
        if let Some(tag) = property.tag() {
            let resource = self.tagged_sql();
            let key = quoted(tag);
            let value =
                format!("SELECT value FROM tags WHERE resource = {resource} AND key = {key}");
            return Sort {
                sql: format!("COALESCE(({value}), '')"),
                is_number: false,
            };
        }
        let is_number = !matches!(property.kind(), Kind::Text | Kind::HyperParameter);
        let absent = if is_number { "-1" } else { "''" };
        let sql = match self.column(property) {
            Some(column @ ("name" | "created_at" | "modified_at" | STATUS)) => column.to_owned(),
            Some(column) => format!("COALESCE({column}, {absent})"),
            None => format!("COALESCE({}, {absent})", self.derived(property)),
        };
        Sort { sql, is_number }
    }

    /// The column that holds exactly the property's value as shown.
    pub(super) fn column(&self, property: &Property) -> Option<&'static str> {
        let column = match (self.resource, property.name()) {
            (_, "CreationTime") => "created_at",
            (_, "LastModifiedTime") => "modified_at",
            (Resource::TrainingJob, name) => match name {
                "TrainingJobName" => "name",
                "TrainingJobStatus" => STATUS,
                "SecondaryStatus" => "secondary_status",
                "FailureReason" => "failure_reason",
                "TrainingStartTime" => "started_at",
                "TrainingEndTime" => "ended_at",
                _ => return None,
            },
            (Resource::Pipeline, name) => match name {
                "PipelineName" => "name",
                "PipelineDisplayName" => "COALESCE(display_name, name)",
                "PipelineDescription" => "description",
                "RoleArn" => "role_arn",
                "LastRunTime" => "last_run_at",
                "ParallelismConfiguration.MaxParallelExecutionSteps" => "parallel_max",
                _ => return None,
            },
        };
        Some(column)
    }

    /// A job's value as it stands in the specification.
    pub(super) fn in_spec(&self, property: &Property) -> Option<String> {
        let is_derived = [
            "TrainingJobArn",
            "ModelArtifacts.S3ModelArtifacts",
            "TrainingTimeInSeconds",
            "BillableTimeInSeconds",
        ];
        let fits = self.resource == Resource::TrainingJob
            && property.tag().is_none()
            && property.is_single()
            && self.column(property).is_none()
            && !is_derived.contains(&property.name());
        fits.then(|| {
            let path: String = property
                .steps()
                .iter()
                .map(|step| format!(".\"{}\"", step.replace('"', "")))
                .collect();
            format!("json_extract(spec, {})", quoted(&format!("${path}")))
        })
    }

    /// What sorts as the property does, if it is in no column.
    fn derived(&self, property: &Property) -> String {
        match property.name() {
            "TrainingJobArn" | "PipelineArn" => "name".to_owned(),
            "PipelineStatus" => "'Active'".to_owned(),
            "ModelArtifacts.S3ModelArtifacts" => {
                "rtrim(json_extract(spec, '$.\"OutputDataConfig\".\"S3OutputPath\"'), '/') || '/' || name"
                    .to_owned()
            }
            "TrainingTimeInSeconds" | "BillableTimeInSeconds" => {
                "ended_at - COALESCE(started_at, ended_at)".to_owned()
            }
            _ => self.in_spec(property).unwrap_or_else(|| "NULL".to_owned()),
        }
    }
}

/// A literal. Sort expressions stand several times in a statement, so they hold no bound values.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}
