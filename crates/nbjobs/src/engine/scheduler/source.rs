//! What fires: a rule or a schedule, looked at inside the transaction in which it does.

use crate::app::executions::{self, Start};
use crate::app::{self, App, policies, rules, schedules};
use crate::model::event::{Event, Through, seconds};
use crate::model::policy::Policies;
use crate::model::rule::Target;
use crate::model::schedule::Timing;
use crate::model::scheduled::{ActionAfterCompletion, Schedule};
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use tracing::{info, warn};
use uuid::Uuid;

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
                .with_context(|| format!("rule {name} has a schedule that cannot be read"))?
                .with_context(|| format!("rule {name} is due and has no schedule"))?,
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
                let id = Uuid::new_v4().to_string();
                let name = self.resource.strip_prefix(&rules::resource(""));
                let name = name.unwrap_or_default();
                let event = Event::scheduled(&id, &app.scope.rule(name), &app.scope, due);
                for target in targets {
                    let start = self
                        .start_target(tx, app, name, target, &event, (due, now))
                        .await;
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

    /// Starts one target of the rule `rule`, and answers with its execution's ARN. What is no pipeline is told that the
    /// rule is due, and is answered with its own.
    async fn start_target(
        &self,
        tx: &mut Tx,
        app: &App,
        rule: &str,
        target: &Target,
        event: &Event,
        (due, now): (Timestamp, Timestamp),
    ) -> app::Result<String> {
        let envelope = event.envelope();
        let Some(pipeline) = policies::pipeline_of(app, &target.arn) else {
            tx.insert_event(&event.id, &envelope, now).await?;
            tx.insert_delivery(&event.id, rule, target, now).await?;
            return Ok(target.arn.clone());
        };
        let through = Through {
            rule_arn: &app.scope.rule(rule),
            rule_name: rule,
            accepted_at: &seconds(now),
        };
        let parameters = target
            .input_of(&envelope, through)
            .and_then(|input| target.parameters_of(&input))
            .map_err(app::Error::Invalid)?;
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
