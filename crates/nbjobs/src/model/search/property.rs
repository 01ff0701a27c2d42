//! What can be searched for: the properties of the documents that `DescribeTrainingJob` and `DescribePipeline` show.

use super::InvalidSearch;

/// The kinds of resources that can be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Training jobs.
    TrainingJob,
    /// Pipelines.
    Pipeline,
}

/// How a property's values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As text.
    Text,
    /// As numbers.
    Number,
    /// As instants, to the millisecond.
    Time,
    /// `true` or `false`.
    Boolean,
    /// A hyperparameter: text, and a number where both sides are one.
    HyperParameter,
    /// A structure or a list, which is there or not.
    Group,
}

/// One property: a path into the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    name: String,
    kind: Kind,
}

/// The longest name of a property, in characters (`ResourcePropertyName`).
const NAME_CHARS_MAX: usize = 255;

/// Properties below these are keys that the user chose.
const MAPS: [(&str, Kind); 3] = [
    ("Tags.", Kind::Text),
    ("Environment.", Kind::Text),
    ("HyperParameters.", Kind::HyperParameter),
];

/// Lists of structures, whose items a nested filter looks at one by one.
pub(super) const LISTS: [&str; 2] = ["InputDataConfig", "SecondaryStatusTransitions"];

const TRAINING_JOB: &[(Kind, &[&str])] = &[
    (
        Kind::Text,
        &[
            "TrainingJobName",
            "TrainingJobArn",
            "TrainingJobStatus",
            "SecondaryStatus",
            "FailureReason",
            "RoleArn",
            "ModelArtifacts.S3ModelArtifacts",
            "AlgorithmSpecification.TrainingImage",
            "AlgorithmSpecification.TrainingInputMode",
            "AlgorithmSpecification.ContainerEntrypoint",
            "AlgorithmSpecification.ContainerArguments",
            "InputDataConfig.ChannelName",
            "InputDataConfig.ContentType",
            "InputDataConfig.CompressionType",
            "InputDataConfig.RecordWrapperType",
            "InputDataConfig.InputMode",
            "InputDataConfig.DataSource.S3DataSource.S3DataType",
            "InputDataConfig.DataSource.S3DataSource.S3Uri",
            "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType",
            "OutputDataConfig.S3OutputPath",
            "OutputDataConfig.KmsKeyId",
            "OutputDataConfig.CompressionType",
            "ResourceConfig.InstanceType",
            "ResourceConfig.VolumeKmsKeyId",
            "VpcConfig.SecurityGroupIds",
            "VpcConfig.Subnets",
            "SecondaryStatusTransitions.Status",
            "SecondaryStatusTransitions.StatusMessage",
        ],
    ),
    (
        Kind::Number,
        &[
            "ResourceConfig.InstanceCount",
            "ResourceConfig.VolumeSizeInGB",
            "StoppingCondition.MaxRuntimeInSeconds",
            "StoppingCondition.MaxWaitTimeInSeconds",
            "RetryStrategy.MaximumRetryAttempts",
            "TrainingTimeInSeconds",
            "BillableTimeInSeconds",
        ],
    ),
    (
        Kind::Boolean,
        &[
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption",
            "EnableManagedSpotTraining",
            "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        ],
    ),
    (
        Kind::Time,
        &[
            "CreationTime",
            "LastModifiedTime",
            "TrainingStartTime",
            "TrainingEndTime",
            "SecondaryStatusTransitions.StartTime",
            "SecondaryStatusTransitions.EndTime",
        ],
    ),
    (
        Kind::Group,
        &[
            "AlgorithmSpecification",
            "Environment",
            "HyperParameters",
            "InputDataConfig",
            "OutputDataConfig",
            "ResourceConfig",
            "RetryStrategy",
            "SecondaryStatusTransitions",
            "StoppingCondition",
            "Tags",
            "VpcConfig",
        ],
    ),
];

const PIPELINE: &[(Kind, &[&str])] = &[
    (
        Kind::Text,
        &[
            "PipelineName",
            "PipelineArn",
            "PipelineDisplayName",
            "PipelineDescription",
            "PipelineStatus",
            "RoleArn",
        ],
    ),
    (
        Kind::Number,
        &["ParallelismConfiguration.MaxParallelExecutionSteps"],
    ),
    (
        Kind::Time,
        &["CreationTime", "LastModifiedTime", "LastRunTime"],
    ),
    (Kind::Group, &["ParallelismConfiguration", "Tags"]),
];

impl Resource {
    fn table(self) -> &'static [(Kind, &'static [&'static str])] {
        match self {
            Self::TrainingJob => TRAINING_JOB,
            Self::Pipeline => PIPELINE,
        }
    }

    /// SageMaker's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJob",
            Self::Pipeline => "Pipeline",
        }
    }
}

impl Property {
    /// The property of a resource with this name, such as `CreationTime` or `Tags.sagemaker:name`.
    pub fn parse(resource: Resource, name: &str) -> Result<Self, InvalidSearch> {
        let kind = kind(resource, name).ok_or_else(|| {
            InvalidSearch(format!(
                "Unknown property name: '{}'; {} has the properties that its Describe operation shows, and Tags.KEY",
                name.chars().take(NAME_CHARS_MAX).collect::<String>(),
                resource.as_str()
            ))
        })?;
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }

    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its values compare.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The key, for `Tags.KEY`.
    pub fn tag(&self) -> Option<&str> {
        self.name.strip_prefix("Tags.")
    }

    /// The steps into the document. A key that the user chose is one step, whatever is in it.
    pub fn steps(&self) -> Vec<&str> {
        match MAPS.iter().find(|(map, _)| self.name.starts_with(map)) {
            Some((map, _)) => vec![&self.name[..map.len() - 1], &self.name[map.len()..]],
            None => self.name.split('.').collect(),
        }
    }

    /// Whether it has one value at most, so that resources can be sorted by it.
    pub fn is_single(&self) -> bool {
        let is_list = matches!(
            self.name.as_str(),
            "AlgorithmSpecification.ContainerEntrypoint"
                | "AlgorithmSpecification.ContainerArguments"
                | "VpcConfig.SecurityGroupIds"
                | "VpcConfig.Subnets"
        );
        let in_list = LISTS.iter().any(|list| self.name.starts_with(list));
        self.kind != Kind::Group && !is_list && !in_list
    }
}

fn kind(resource: Resource, name: &str) -> Option<Kind> {
    if name.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let maps = match resource {
        Resource::TrainingJob => &MAPS[..],
        Resource::Pipeline => &MAPS[..1],
    };
    if let Some((_, kind)) = maps
        .iter()
        .find(|(map, _)| name.len() > map.len() && name.starts_with(map))
    {
        return Some(*kind);
    }
    resource
        .table()
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(kind, _)| *kind)
}
