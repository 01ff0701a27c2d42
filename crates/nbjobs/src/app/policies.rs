//! Which policies count where, and what they do to rules and schedules. The tags of a pipeline come first, because it
//! is the place where they are changed; where it says nothing, those of the rule that starts it. A schedule has no tags.

use super::{App, Error, Result, jobs, pipelines, rules, schedules};
use crate::model::arn::{Arn, Resource};
use crate::model::pipeline::{ExecutionStatus, PipelineExecution};
use crate::model::policy::{KEEP_RUNS, MAX_CONCURRENT, OVERLAP, PAUSE_AFTER_FAILURES, Policies};
use crate::model::rule::RuleState;
use crate::model::scheduled::{Launch, Schedule};
use crate::model::tag::Tag;
use crate::store::Tx;
use serde_json::Value;
use tracing::warn;

/// A rule's policies.
pub async fn of_rule(tx: &mut Tx, app: &App, rule: &str) -> Result<Policies> {
    let mut policies = Policies::default();
    for target in tx.targets(rule).await? {
        if let Some(pipeline) = pipeline_of(app, &target.arn) {
            policies = policies.or(of_pipeline(tx, &pipeline).await?);
        }
    }
    let own = tx.tags(&rules::resource(rule)).await?;
    Ok(policies.or(Policies::of(&own)))
}

/// A schedule's policies.
pub async fn of_schedule(tx: &mut Tx, app: &App, schedule: &Schedule) -> Result<Policies> {
    match schedule.launch(&app.scope, schedule.modified_at) {
        Ok(Launch::CreateTrainingJob(input)) => {
            let tags: Vec<Tag> = serde_json::from_value(input["Tags"].clone()).unwrap_or_default();
            Ok(Policies::of(&tags))
        }
        Ok(launch) => match started_pipeline(&launch) {
            Some(pipeline) => of_pipeline(tx, pipeline).await,
            None => Ok(Policies::default()),
        },
        Err(_) => Ok(Policies::default()),
    }
}

/// A job's policies: those of the pipeline that it is a step of, and where they say nothing, its own.
pub async fn of_job(tx: &mut Tx, job: &str) -> Result<Policies> {
    let own = Policies::of(&tx.tags(&jobs::resource(job)).await?);
    Ok(match tx.pipeline_of_job(job).await? {
        Some(pipeline) => of_pipeline(tx, &pipeline).await?.or(own),
        None => own,
    })
}

/// Gives a job the turn in the queue that its policies say.
pub(super) async fn set_turn(tx: &mut Tx, job: &str) -> Result<()> {
    let policies = of_job(tx, job).await?;
    let priority = policies.priority.unwrap_or_default();
    Ok(tx
        .set_job_turn(job, priority, policies.max_concurrent)
        .await?)
}

/// A pipeline's policies.
pub async fn of_pipeline(tx: &mut Tx, pipeline: &str) -> Result<Policies> {
    Ok(Policies::of(
        &tx.tags(&pipelines::resource(pipeline)).await?,
    ))
}

/// A pipeline's policies, as they are now.
pub(super) async fn of_pipeline_now(app: &App, pipeline: &str) -> Result<Policies> {
    let tags = app.store.tags(&pipelines::resource(pipeline)).await?;
    Ok(Policies::of(&tags))
}

/// The pipeline that a schedule starts, if it starts one.
pub fn started_pipeline(launch: &Launch) -> Option<&str> {
    match launch {
        Launch::Pipeline { name, .. } => Some(name),
        Launch::StartPipelineExecution(input) => input.get("PipelineName").and_then(Value::as_str),
        Launch::CreateTrainingJob(_) => None,
    }
}

/// The name of the pipeline that an ARN names, if it is one of ours.
pub fn pipeline_of(app: &App, arn: &str) -> Option<String> {
    match arn.parse() {
        Ok(Arn {
            resource: Resource::Pipeline(name),
            scope,
            ..
        }) if scope == app.scope => Some(name),
        _ => None,
    }
}

/// What follows when the tags of a resource, or the targets of a rule, are others now: the rules concerned fire when
/// their policies say, and the jobs that wait have another turn. The caller wakes the scheduler and the dispatcher after
/// its commit.
pub(super) async fn changed(tx: &mut Tx, app: &App, resource: &str) -> Result<()> {
    let names = if let Some(rule) = resource.strip_prefix(&rules::resource("")) {
        vec![rule.to_owned()]
    } else if let Some(pipeline) = resource.strip_prefix(&pipelines::resource("")) {
        for job in tx.unfinished_jobs_of(pipeline).await? {
            set_turn(tx, &job).await?;
        }
        tx.rules_of_target(&app.scope.pipeline(pipeline)).await?
    } else if let Some(job) = resource.strip_prefix(&jobs::resource("")) {
        set_turn(tx, job).await?;
        Vec::new()
    } else {
        Vec::new()
    };
    for name in names {
        if let Some(mut rule) = tx.rule(&name).await? {
            rules::set_fires_at(tx, app, &mut rule).await?;
            tx.put_rule(&rule).await?;
        }
    }
    Ok(())
}

/// Pauses a rule or schedule whose runs keep failing, when that is asked for; called when one of its executions may
/// have ended, in the transaction that ends it. The ledger says so at the moment whose run was the last straw.
pub async fn execution_ended(tx: &mut Tx, app: &App, execution: &PipelineExecution) -> Result<()> {
    if execution.status != ExecutionStatus::Failed {
        return Ok(());
    }
    let Some((source, due)) = tx.firing_of_execution(&execution.id).await? else {
        return Ok(());
    };
    let count = if let Some(name) = source.strip_prefix(&rules::resource("")) {
        pause_rule(tx, app, name).await?
    } else if let Some(name) = source.strip_prefix(&schedules::resource("")) {
        pause_schedule(tx, app, name).await?
    } else {
        None
    };
    if let Some(count) = count {
        warn!(source, count, "paused: its runs have failed in a row");
        if let Some(mut firing) = tx.firing(&source, due).await? {
            let paused = format!("its run failed, as the {count} last did, so {source} was paused");
            firing.reason = Some(match firing.reason {
                Some(reason) => format!("{reason}; {paused}"),
                None => paused,
            });
            tx.update_firing(&firing).await?;
        }
    }
    Ok(())
}

async fn pause_rule(tx: &mut Tx, app: &App, name: &str) -> Result<Option<u32>> {
    let Some(count) = of_rule(tx, app, name).await?.pause_after_failures else {
        return Ok(None);
    };
    let source = rules::resource(name);
    let Some(mut rule) = tx.rule(name).await? else {
        return Ok(None);
    };
    if rule.state == RuleState::Disabled
        || !tx.last_have_failed(&source, rule.enabled_at, count).await?
    {
        return Ok(None);
    }
    (rule.state, rule.next_due, rule.fires_at) = (RuleState::Disabled, None, None);
    tx.put_rule(&rule).await?;
    Ok(Some(count))
}

async fn pause_schedule(tx: &mut Tx, app: &App, name: &str) -> Result<Option<u32>> {
    let Some((mut schedule, token)) = tx.schedule(name).await? else {
        return Ok(None);
    };
    let Some(count) = of_schedule(tx, app, &schedule).await?.pause_after_failures else {
        return Ok(None);
    };
    let source = schedules::resource(name);
    if schedule.settings.state == RuleState::Disabled
        // An update enables it again, so what failed before does not count.
        || !tx.last_have_failed(&source, Some(schedule.modified_at), count).await?
    {
        return Ok(None);
    }
    (schedule.settings.state, schedule.next_due) = (RuleState::Disabled, None);
    tx.put_schedule(&schedule, None, &token).await?;
    Ok(Some(count))
}

/// Refuses policies that a schedule whose target is a job could not have: there is no execution to wait for.
pub(super) fn check_of_job_schedule(input: &Value) -> Result<()> {
    let tags: Vec<Tag> = serde_json::from_value(input["Tags"].clone()).unwrap_or_default();
    let policies = Policies::of(&tags);
    let of_pipelines = [
        (OVERLAP, policies.overlap.is_some()),
        (
            PAUSE_AFTER_FAILURES,
            policies.pause_after_failures.is_some(),
        ),
        (MAX_CONCURRENT, policies.max_concurrent.is_some()),
        (KEEP_RUNS, policies.keep_runs.is_some()),
    ];
    if let Some((tag, _)) = of_pipelines.into_iter().find(|(_, is_set)| *is_set) {
        return Err(Error::Invalid(format!(
            "The tag {tag} is for schedules that start a pipeline"
        )));
    }
    Ok(())
}
