//! What fires: a rule or a schedule, looked at inside the transaction in which it does.

use crate::app::executions::{self, Start};
use crate::app::{self, App, policies, rules, schedules};
use crate::model::policy::Policies;
use crate::model::rule::Target;
use crate::model::schedule::Timing;
use crate::model::scheduled::{ActionAfterCompletion, Schedule};
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use tracing::{info, warn};

/// A rule or a schedule that is enabled.
pub(super) struct Source {
    /// Its kind and name, such as `rule/NAME`.
    pub resource: String,
    pub timing: Timing,
    pub policies: Policies,
    pub next_due: Timestamp,
    kind: Kind,
}

enum Kind {
    Rule(Vec<Target>),
    Schedule(Box<Schedule>),
}

/// What a due moment has started.
#[derive(Default)]
pub(super) struct Started {
    /// ARNs.
    pub arns: Vec<String>,
    /// Why something could not be started.
    pub problems: Vec<String>,
}

impl Source {
    /// None if it is gone, disabled or over.
    pub async fn load(tx: &mut Tx, app: &App, resource: &str) -> anyhow::Result<Option<Self>> {
        if let Some(name) = resource.strip_prefix(&rules::resource("")) {
            return Self::rule(tx, app, name).await;
        }
        match resource.strip_prefix(&schedules::resource("")) {
            Some(name) => Self::schedule(tx, app, name).await,
            None => Ok(None),
        }
    }

    async fn rule(tx: &mut Tx, app: &App, name: &str) -> anyhow::Result<Option<Self>> {
        let Some((rule, next_due)) = tx
            .rule(name)
            .await?
            .and_then(|rule| Some((rule.clone(), rule.next_due?)))
        else {
            return Ok(None);
        };
        let policies = policies::of_rule(tx, app, name).await;
        let policies = policies.map_err(app::Error::into_cause)?;
        Ok(Some(Self {
            resource: rules::resource(name),
            timing: rule
                .timing(policies.start_jitter)
                .with_context(|| format!("rule {name} has a schedule that cannot be read"))?,
            policies,
            next_due,
            kind: Kind::Rule(tx.targets(name).await?),
        }))
    }

    async fn schedule(tx: &mut Tx, app: &App, name: &str) -> anyhow::Result<Option<Self>> {
        let Some((schedule, next_due)) = tx
            .schedule(name)
            .await?
            .and_then(|(schedule, _)| Some((schedule.clone(), schedule.next_due?)))
        else {
            return Ok(None);
        };
        let policies = policies::of_schedule(tx, app, &schedule).await;
        Ok(Some(Self {
            resource: schedules::resource(name),
            timing: schedule
                .timing(&app.scope)
                .with_context(|| format!("schedule {name} has a timing that cannot be read"))?,
            policies: policies.map_err(app::Error::into_cause)?,
            next_due,
            kind: Kind::Schedule(Box::new(schedule)),
        }))
    }

    /// The pipelines that it starts.
    pub fn pipelines(&self, app: &App) -> Vec<String> {
        match &self.kind {
            Kind::Rule(targets) => {
                let arns = targets.iter().map(|target| &target.arn);
                arns.filter_map(|arn| policies::pipeline_of(app, arn))
                    .collect()
            }
            Kind::Schedule(schedule) => {
                let launch = schedule.launch(&app.scope, self.next_due).ok();
                let pipeline = launch.as_ref().and_then(policies::started_pipeline);
                pipeline.map(str::to_owned).into_iter().collect()
            }
        }
    }

    /// Starts everything for a due moment. What cannot be started keeps nothing else from it.
    pub async fn start(
        &self,
        tx: &mut Tx,
        app: &App,
        due: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<Started> {
        let mut started = Started::default();
        match &self.kind {
            Kind::Rule(targets) => {
                for target in targets {
                    let start = self.start_target(tx, app, target, due, now).await;
                    let at = format!("target {}: ", target.id);
                    started.note(&self.resource, &at, due, start)?;
                }
            }
            Kind::Schedule(schedule) => {
                let start = schedules::launch(tx, app, schedule, due, now).await;
                started.note(&self.resource, "", due, start)?;
            }
        }
        Ok(started)
    }

    /// Starts one target of a rule, and answers with its execution's ARN.
    async fn start_target(
        &self,
        tx: &mut Tx,
        app: &App,
        target: &Target,
        due: Timestamp,
        now: Timestamp,
    ) -> app::Result<String> {
        let Some(pipeline) = policies::pipeline_of(app, &target.arn) else {
            let arn = &target.arn;
            return Err(app::Error::Invalid(format!("{arn} is not a pipeline")));
        };
        let given = target
            .pipeline_parameters
            .iter()
            .flat_map(|parameters| &parameters.pipeline_parameter_list);
        let parameters = given
            .map(|parameter| (parameter.name.clone(), parameter.value.clone()))
            .collect();
        let start = Start {
            pipeline,
            parameters,
            ..Start::default()
        };
        let origin = Origin::Firing {
            source: self.resource.clone(),
            due,
        };
        let execution = executions::start_in(tx, app, &start, &origin, now).await?;
        policies::execution_ended(tx, app, &execution).await?;
        Ok(app
            .scope
            .pipeline_execution(&execution.pipeline, &execution.id))
    }

    /// Sets when it is due next. A schedule that is over may go, with its ledger: `false`.
    pub async fn go_on(&self, tx: &mut Tx, next: Option<Timestamp>) -> anyhow::Result<bool> {
        let fires_at = next.map(|next| self.timing.fires_at(next));
        match &self.kind {
            Kind::Rule(_) => {
                let name = self.resource.strip_prefix(&rules::resource(""));
                tx.set_next_due(name.unwrap_or_default(), next, fires_at)
                    .await?;
            }
            Kind::Schedule(schedule) => {
                let action = schedule.settings.action_after_completion;
                if next.is_none() && action == ActionAfterCompletion::Delete {
                    tx.delete_schedule(&schedule.name).await?;
                    tx.delete_ledger(&self.resource).await?;
                    return Ok(false);
                }
                tx.set_schedule_due(&schedule.name, next, fires_at).await?;
            }
        }
        Ok(true)
    }
}

impl Started {
    /// Notes a start. Only what is no fault of the caller's is an error here.
    fn note(
        &mut self,
        source: &str,
        at: &str,
        due: Timestamp,
        start: app::Result<String>,
    ) -> anyhow::Result<()> {
        match start {
            Ok(arn) => {
                info!(source, arn, %due, "started what was due");
                self.arns.push(arn);
            }
            Err(error @ (app::Error::Internal(_) | app::Error::Full)) => {
                return Err(error.into_cause());
            }
            Err(error) => {
                warn!(source, %due, reason = %error, "could not start what was due");
                self.problems.push(format!("{at}{error}"));
            }
        }
        Ok(())
    }
}
