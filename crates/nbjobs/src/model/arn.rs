//! The Amazon resource names we speak. The model knows them because pipeline definitions, rule targets and the jobs'
//! environments contain them. Knows no protocol and no rows.

use std::fmt;
use std::str::FromStr;

/// Longest ARN, in characters (`RuleArn`, `TargetArn` in EventBridge's service model; SageMaker's are shorter).
pub const ARN_LEN_MAX: usize = 1600;

/// The region and the account that our resources live in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// A region's code: `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

/// A resource's full name: `arn:aws:sagemaker:us-east-1:000000000000:pipeline/daily`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov` …; ours is `aws`.
    pub partition: String,
    /// Where the resource lives. IAM's names have an empty region.
    pub scope: Scope,
    /// What is named.
    pub resource: Resource,
}

/// What an ARN of ours names; the names are as given, without a check of their own patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `sagemaker … training-job/NAME`
    TrainingJob(String),
    /// `sagemaker … pipeline/NAME`
    Pipeline(String),
    /// `sagemaker … pipeline/NAME/execution/ID`
    PipelineExecution {
        /// The pipeline's name.
        pipeline: String,
        /// The execution's id: 12 of `[a-z0-9]`.
        id: String,
    },
    /// `sagemaker … user-profile/DOMAIN/NAME`
    UserProfile {
        /// The domain's id.
        domain: String,
        /// The user's name.
        name: String,
    },
    /// `sagemaker … space/DOMAIN/NAME`
    Space {
        /// The domain's id.
        domain: String,
        /// The space's name.
        name: String,
    },
    /// `events … rule/NAME`, on the default event bus.
    Rule(String),
    /// `scheduler … schedule/default/NAME`, in the default group
    Schedule(String),
    /// `scheduler … schedule-group/NAME`
    ScheduleGroup(String),
    /// `events … connection/NAME/ID`
    Connection {
        /// The connection's name.
        name: String,
        /// Made when the connection was.
        id: String,
    },
    /// `events … api-destination/NAME/ID`
    ApiDestination {
        /// The API destination's name.
        name: String,
        /// Made when the API destination was.
        id: String,
    },
    /// `logs … log-group:NAME`, also with `:*` behind it
    LogGroup(String),
    /// `iam … role/[PATH/]NAME`
    Role(String),
}

/// Text that is not an ARN of a kind we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the ARN of a training job, pipeline, pipeline execution, user profile, space, rule, schedule, schedule group, connection, API destination, log group or role"
)]
pub struct InvalidArn(pub String);

impl Scope {
    /// The ARN of one of our resources.
    pub fn arn(&self, resource: Resource) -> Arn {
        let scope = match &resource {
            Resource::Role(_) => Self {
                region: String::new(),
                account: self.account.clone(),
            },
            _ => self.clone(),
        };
        Arn {
            partition: "aws".into(),
            scope,
            resource,
        }
    }

    /// The ARN of a schedule of ours, in the default group.
    pub fn schedule(&self, name: &str) -> String {
        self.arn(Resource::Schedule(name.into())).to_string()
    }

    /// The ARN of a training job of ours.
    pub fn training_job(&self, name: &str) -> String {
        self.arn(Resource::TrainingJob(name.into())).to_string()
    }

    /// The ARN of a pipeline of ours.
    pub fn pipeline(&self, name: &str) -> String {
        self.arn(Resource::Pipeline(name.into())).to_string()
    }

    /// The ARN of an execution of a pipeline of ours.
    pub fn pipeline_execution(&self, pipeline: &str, id: &str) -> String {
        self.arn(Resource::PipelineExecution {
            pipeline: pipeline.into(),
            id: id.into(),
        })
        .to_string()
    }

    /// The ARN of another resource of SageMaker's, such as `domain/d-nbjobs`.
    pub fn sagemaker(&self, resource: &str) -> String {
        let Self { region, account } = self;
        format!("arn:aws:sagemaker:{region}:{account}:{resource}")
    }

    /// The ARN of a role of ours.
    pub fn role(&self, name: &str) -> String {
        self.arn(Resource::Role(name.into())).to_string()
    }

    /// The ARN of a connection of ours.
    pub fn connection(&self, name: &str, id: &str) -> String {
        let (name, id) = (name.into(), id.into());
        self.arn(Resource::Connection { name, id }).to_string()
    }

    /// The ARN of an API destination of ours.
    pub fn api_destination(&self, name: &str, id: &str) -> String {
        let (name, id) = (name.into(), id.into());
        self.arn(Resource::ApiDestination { name, id }).to_string()
    }

    /// The ARN of a log group of ours.
    pub fn log_group(&self, name: &str) -> String {
        self.arn(Resource::LogGroup(name.into())).to_string()
    }

    /// The ARN of a rule of ours.
    pub fn rule(&self, name: &str) -> String {
        self.arn(Resource::Rule(name.into())).to_string()
    }
}

impl Resource {
    fn service(&self) -> &'static str {
        match self {
            Self::TrainingJob(_)
            | Self::Pipeline(_)
            | Self::PipelineExecution { .. }
            | Self::UserProfile { .. }
            | Self::Space { .. } => "sagemaker",
            Self::Rule(_) | Self::Connection { .. } | Self::ApiDestination { .. } => "events",
            Self::LogGroup(_) => "logs",
            Self::Schedule(_) | Self::ScheduleGroup(_) => "scheduler",
            Self::Role(_) => "iam",
        }
    }

    fn parse(service: &str, path: &str) -> Option<Self> {
        if service == "logs" {
            let name = path.strip_prefix("log-group:")?;
            let name = name.strip_suffix(":*").unwrap_or(name);
            return (!name.is_empty() && !name.contains(':')).then(|| Self::LogGroup(name.into()));
        }
        let (kind, name) = path.split_once('/').filter(|(_, name)| !name.is_empty())?;
        let has_one_part = !name.contains('/');
        match (service, kind) {
            ("sagemaker", "training-job") if has_one_part => Some(Self::TrainingJob(name.into())),
            ("sagemaker", "pipeline") if has_one_part => Some(Self::Pipeline(name.into())),
            ("sagemaker", "pipeline") => {
                let (pipeline, id) = name.split_once("/execution/")?;
                let plain = |part: &str| !part.is_empty() && !part.contains('/');
                (plain(pipeline) && plain(id)).then(|| Self::PipelineExecution {
                    pipeline: pipeline.into(),
                    id: id.into(),
                })
            }
            ("sagemaker", "user-profile" | "space") => {
                let (domain, name) = name.split_once('/')?;
                let plain = !domain.is_empty() && !name.is_empty() && !name.contains('/');
                let (domain, name) = (domain.to_owned(), name.to_owned());
                plain.then_some(match kind {
                    "space" => Self::Space { domain, name },
                    _ => Self::UserProfile { domain, name },
                })
            }
            ("events", "connection" | "api-destination") => {
                let (name, id) = name.split_once('/')?;
                let plain = !name.is_empty() && !id.is_empty() && !id.contains('/');
                let (name, id) = (name.to_owned(), id.to_owned());
                plain.then_some(match kind {
                    "connection" => Self::Connection { name, id },
                    _ => Self::ApiDestination { name, id },
                })
            }
            ("events", "rule") if has_one_part => Some(Self::Rule(name.into())),
            ("scheduler", "schedule") => {
                let name = name.strip_prefix("default/")?;
                (!name.is_empty() && !name.contains('/')).then(|| Self::Schedule(name.into()))
            }
            ("scheduler", "schedule-group") if has_one_part => {
                Some(Self::ScheduleGroup(name.into()))
            }
            ("iam", "role") => Some(Self::Role(name.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrainingJob(name) => write!(f, "training-job/{name}"),
            Self::Pipeline(name) => write!(f, "pipeline/{name}"),
            Self::PipelineExecution { pipeline, id } => {
                write!(f, "pipeline/{pipeline}/execution/{id}")
            }
            Self::UserProfile { domain, name } => write!(f, "user-profile/{domain}/{name}"),
            Self::Space { domain, name } => write!(f, "space/{domain}/{name}"),
            Self::Rule(name) => write!(f, "rule/{name}"),
            Self::Schedule(name) => write!(f, "schedule/default/{name}"),
            Self::ScheduleGroup(name) => write!(f, "schedule-group/{name}"),
            Self::Connection { name, id } => write!(f, "connection/{name}/{id}"),
            Self::ApiDestination { name, id } => write!(f, "api-destination/{name}/{id}"),
            Self::LogGroup(name) => write!(f, "log-group:{name}"),
            Self::Role(name) => write!(f, "role/{name}"),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            scope,
            resource,
        } = self;
        write!(
            f,
            "arn:{partition}:{}:{}:{}:{resource}",
            resource.service(),
            scope.region,
            scope.account
        )
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        parse(text).ok_or_else(|| InvalidArn(text.chars().take(ARN_LEN_MAX).collect()))
    }
}

fn parse(text: &str) -> Option<Arn> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, path) = (parts.next()?, parts.next()?, parts.next()?);
    let account_is_digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let region_fits = region.is_empty() == (service == "iam");
    let is_ours = arn == "arn" && partition.starts_with("aws") && text.len() <= ARN_LEN_MAX;
    (is_ours && account_is_digits && region_fits).then_some(())?;
    let scope = Scope {
        region: region.into(),
        account: account.into(),
    };
    Some(Arn {
        partition: partition.into(),
        scope,
        resource: Resource::parse(service, path)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            region: "us-east-1".into(),
            account: "000000000000".into(),
        }
    }

    #[test]
    fn arns_read_as_they_are_written() {
        let table = [
            (
                Resource::TrainingJob("j-1".into()),
                "arn:aws:sagemaker:us-east-1:000000000000:training-job/j-1",
            ),
            (
                Resource::Pipeline("p".into()),
                "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p",
            ),
            (
                Resource::PipelineExecution {
                    pipeline: "p".into(),
                    id: "kbexktydy93v".into(),
                },
                "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/kbexktydy93v",
            ),
            (
                Resource::Space {
                    domain: "d-x".into(),
                    name: "s".into(),
                },
                "arn:aws:sagemaker:us-east-1:000000000000:space/d-x/s",
            ),
            (
                Resource::UserProfile {
                    domain: "d-x".into(),
                    name: "u".into(),
                },
                "arn:aws:sagemaker:us-east-1:000000000000:user-profile/d-x/u",
            ),
            (
                Resource::Rule("daily.9".into()),
                "arn:aws:events:us-east-1:000000000000:rule/daily.9",
            ),
            (
                Resource::Schedule("daily.9".into()),
                "arn:aws:scheduler:us-east-1:000000000000:schedule/default/daily.9",
            ),
            (
                Resource::ScheduleGroup("default".into()),
                "arn:aws:scheduler:us-east-1:000000000000:schedule-group/default",
            ),
            (
                Resource::Role("service-role/X".into()),
                "arn:aws:iam::000000000000:role/service-role/X",
            ),
        ];
        for (resource, text) in table {
            let arn = scope().arn(resource);
            assert_eq!(arn.to_string(), text);
            assert_eq!(text.parse(), Ok(arn));
        }
        let china: Arn = "arn:aws-cn:events:cn-north-1:123456789012:rule/x"
            .parse()
            .unwrap();
        assert_eq!(
            (china.partition.as_str(), china.scope.region.as_str()),
            ("aws-cn", "cn-north-1")
        );
    }

    #[test]
    fn other_text_is_refused_by_name() {
        let table = [
            "",
            "pipeline/p",
            "arn:aws:sagemaker:us-east-1:000000000000:pipeline/",
            "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/x",
            "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/",
            "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/a/b",
            "arn:aws:sagemaker:us-east-1:000000000000:space/s",
            "arn:aws:sagemaker:us-east-1:000000000000:space/d/s/x",
            "arn:aws:sagemaker:us-east-1:123:pipeline/p",
            "arn:aws:sagemaker::000000000000:pipeline/p",
            "arn:aws:iam:us-east-1:000000000000:role/r",
            "arn:aws:scheduler:us-east-1:000000000000:schedule/other/x",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
            "arn:gcp:sagemaker:us-east-1:000000000000:pipeline/p",
        ];
        for text in table {
            assert_eq!(text.parse::<Arn>(), Err(InvalidArn(text.into())), "{text}");
        }
    }
}
