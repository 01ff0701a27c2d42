//! What policies make of due moments, over a real store.

use super::*;
use crate::app::{executions, jobs, tags};
use crate::model::job::{JobStatus, SecondaryStatus};
use crate::model::policy::{MISSED_RUNS, OVERLAP, PAUSE_AFTER_FAILURES, START_JITTER};
use crate::model::rule::Firing;
use crate::model::tag::Tag;
use std::collections::BTreeMap;

/// A rule that is due each hour and starts the pipeline `p`, which has this tag.
async fn hourly(dir: &Path, key: &str, value: &str) -> App {
    let app = app_with_rule(dir, "rate(1 hour)").await;
    tag(&app, "pipeline/p", key, value).await;
    app
}

async fn tag(app: &App, resource: &str, key: &str, value: &str) {
    let tag = Tag {
        key: key.into(),
        value: value.into(),
    };
    tags::add(app, resource, &[tag]).await.unwrap();
}

/// Looks at the given hour of the day.
async fn look(app: &App, hour: &str) {
    let now = at(&format!("2026-11-23T{hour}:00Z"));
    app.clock.set(now);
    run_once(app, now).await.unwrap();
}

/// What became of each due moment, oldest first.
async fn statuses(app: &App) -> Vec<FiringStatus> {
    ledger(app)
        .await
        .into_iter()
        .map(|(_, status)| status)
        .collect()
}

async fn firing(app: &App, n: usize) -> Firing {
    let mut all = app.store.firings("rule/r", 100).await.unwrap();
    all.reverse();
    all.swap_remove(n)
}

/// Ends every job that has not ended.
async fn end_jobs(app: &App, status: JobStatus) {
    for job in testing::unfinished_jobs(app).await {
        let mut tx = app.store.tx().await.unwrap();
        let mut job = tx.job(&job.name).await.unwrap().unwrap();
        let now = app.clock.now();
        if job.status == JobStatus::Queued {
            let (status, secondary) = (JobStatus::InProgress, SecondaryStatus::Training);
            tx.set_job_status(&mut job, status, secondary, None, now)
                .await
                .unwrap();
        }
        let secondary = match status {
            JobStatus::Completed => SecondaryStatus::Completed,
            JobStatus::Failed => SecondaryStatus::Failed,
            _ => SecondaryStatus::Stopped,
        };
        let reason = (status == JobStatus::Failed).then(|| "AlgorithmError: x".to_owned());
        tx.set_job_status(&mut job, status, secondary, reason, now)
            .await
            .unwrap();
        executions::job_ended(&mut tx, app, &job, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn skip_lets_no_run_begin_while_another_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let app = hourly(dir.path(), OVERLAP, "skip").await;
    look(&app, "13:00").await;
    look(&app, "14:00").await;
    assert_eq!(starts(&app).await.len(), 1);
    let skipped = firing(&app, 1).await;
    assert_eq!(skipped.status, FiringStatus::Skipped);
    let reason = skipped.reason.unwrap();
    assert_eq!(reason, "an earlier run had not ended (nbjobs:overlap=skip)");
    end_jobs(&app, JobStatus::Completed).await;
    look(&app, "15:00").await;
    assert_eq!(starts(&app).await.len(), 2);
    let first = firing(&app, 0).await;
    let execution = first.started[0].rsplit_once('/').unwrap().1.to_owned();
    assert!(executions::describe(&app, "p", &execution).await.is_ok());
}

#[tokio::test]
async fn queue_starts_what_waits_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let app = hourly(dir.path(), OVERLAP, "queue").await;
    for hour in ["13:00", "14:00", "15:00"] {
        look(&app, hour).await;
    }
    let (started, queued) = (FiringStatus::Started, FiringStatus::Queued);
    assert_eq!(statuses(&app).await, [started, queued, queued]);
    end_jobs(&app, JobStatus::Completed).await;
    look(&app, "15:10").await;
    look(&app, "15:11").await;
    assert_eq!(statuses(&app).await, [started, FiringStatus::Late, queued]);
    // A restart forgets no moment that waits.
    let app = restart(app, dir.path(), at("2026-11-23T15:20:00Z")).await;
    end_jobs(&app, JobStatus::Completed).await;
    look(&app, "15:20").await;
    assert_eq!(starts(&app).await.len(), 3);
    let reason = firing(&app, 2).await.reason.unwrap();
    assert_eq!(reason, "it waited for an earlier run to end");
    // What waits when its rule is disabled does not start.
    look(&app, "16:00").await;
    rules::disable(&app, "r").await.unwrap();
    end_jobs(&app, JobStatus::Completed).await;
    look(&app, "16:10").await;
    assert_eq!(firing(&app, 3).await.status, FiringStatus::Skipped);
}

#[tokio::test]
async fn replace_stops_the_earlier_run_and_waits_for_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let app = hourly(dir.path(), OVERLAP, "replace").await;
    look(&app, "13:00").await;
    // One that has not begun ends at once.
    look(&app, "14:00").await;
    assert_eq!(
        statuses(&app).await,
        [FiringStatus::Replaced, FiringStatus::Started]
    );
    let job = testing::unfinished_jobs(&app).await.remove(0);
    let mut tx = app.store.tx().await.unwrap();
    let mut running = tx.job(&job.name).await.unwrap().unwrap();
    let (status, secondary) = (JobStatus::InProgress, SecondaryStatus::Training);
    tx.set_job_status(&mut running, status, secondary, None, app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    look(&app, "15:00").await;
    look(&app, "16:00").await;
    let stopping = jobs::describe(&app, &job.name).await.unwrap();
    assert_eq!(stopping.status, JobStatus::Stopping);
    let replaced = FiringStatus::Replaced;
    assert_eq!(
        statuses(&app).await,
        [replaced, replaced, replaced, FiringStatus::Queued]
    );
    end_jobs(&app, JobStatus::Stopped).await;
    look(&app, "16:00").await;
    assert_eq!(firing(&app, 3).await.status, FiringStatus::Started);
    assert_eq!(starts(&app).await.len(), 3);
}

#[tokio::test]
async fn missed_runs_are_all_started_or_none() {
    for (value, fired, missed) in [("all", 5, 0), ("skip", 0, 5), ("once", 1, 4)] {
        let dir = tempfile::tempdir().unwrap();
        let app = hourly(dir.path(), MISSED_RUNS, value).await;
        look(&app, "17:30").await;
        assert_eq!(starts(&app).await.len(), fired, "{value}");
        let statuses = statuses(&app).await;
        let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
        let counts = (count(FiringStatus::Late), count(FiringStatus::Missed));
        assert_eq!(counts, (fired, missed), "{value}");
    }
}

#[tokio::test]
async fn start_jitter_is_decided_by_the_moment_and_known_before() {
    let dir = tempfile::tempdir().unwrap();
    let app = hourly(dir.path(), START_JITTER, "30m").await;
    let coming = app_firings(&app).await;
    let delays: Vec<i64> = coming
        .iter()
        .map(|(due, fires_at)| fires_at.duration_since(*due).as_secs())
        .collect();
    assert!(
        delays.iter().all(|delay| (0..1800).contains(delay)),
        "{delays:?}"
    );
    assert!(delays.iter().any(|delay| *delay != delays[0]), "{delays:?}");
    let (due, fires_at) = coming[0];
    assert_eq!(app.store.next_due().await.unwrap(), Some(fires_at));
    run_once(&app, fires_at - SignedDuration::from_secs(1))
        .await
        .unwrap();
    assert!(starts(&app).await.is_empty());
    run_once(&app, fires_at).await.unwrap();
    assert_eq!(starts(&app).await, [fires_at]);
    let row = firing(&app, 0).await;
    assert_eq!((row.due, row.status), (due, FiringStatus::Started));
    // Without the tag the next one starts when it is due.
    let keys = [START_JITTER.to_owned()];
    tags::delete(&app, "pipeline/p", &keys).await.unwrap();
    assert_eq!(app.store.next_due().await.unwrap(), Some(coming[1].0));
}

/// The next ten due moments, and when each fires.
async fn app_firings(app: &App) -> Vec<(Timestamp, Timestamp)> {
    let coming = crate::app::firings::next(app, "rule/r", 10).await.unwrap();
    coming.iter().map(|run| (run.due, run.fires_at)).collect()
}

#[tokio::test]
async fn a_rule_whose_runs_keep_failing_is_paused_until_somebody_resumes_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = hourly(dir.path(), PAUSE_AFTER_FAILURES, "2").await;
    let state = async || rules::describe(&app, "r").await.unwrap().state;
    let mut hours = (13..).map(|hour| format!("{hour}:00"));
    for outcome in [JobStatus::Failed, JobStatus::Completed, JobStatus::Failed] {
        look(&app, &hours.next().unwrap()).await;
        end_jobs(&app, outcome).await;
        assert_eq!(state().await, RuleState::Enabled);
    }
    look(&app, &hours.next().unwrap()).await;
    end_jobs(&app, JobStatus::Failed).await;
    assert_eq!(state().await, RuleState::Disabled);
    let reason = firing(&app, 3).await.reason.unwrap();
    assert_eq!(
        reason,
        "its run failed, as the 2 last did, so rule/r was paused"
    );
    // Resumed, it has two failures again.
    rules::enable(&app, "r").await.unwrap();
    look(&app, &hours.next().unwrap()).await;
    end_jobs(&app, JobStatus::Failed).await;
    assert_eq!(state().await, RuleState::Enabled);
}

#[tokio::test]
async fn the_pipelines_tag_goes_before_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "rate(1 hour)").await;
    tag(&app, "rule/r", OVERLAP, "skip").await;
    look(&app, "13:00").await;
    look(&app, "14:00").await;
    tag(&app, "pipeline/p", OVERLAP, "allow").await;
    look(&app, "15:00").await;
    let found: BTreeMap<_, _> = ledger(&app).await.into_iter().collect();
    let found: Vec<_> = found.into_values().collect();
    let (started, skipped) = (FiringStatus::Started, FiringStatus::Skipped);
    assert_eq!(found, [started, skipped, started]);
    let wrong = Tag {
        key: OVERLAP.into(),
        value: "never".into(),
    };
    let error = tags::add(&app, "pipeline/p", &[wrong]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tag nbjobs:overlap has the value 'never'; it must be allow, skip, queue or replace"
    );
}
