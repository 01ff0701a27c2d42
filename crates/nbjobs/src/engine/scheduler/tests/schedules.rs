//! Schedules at hand-made times over a real store.

use super::*;
use crate::app::testing::{self, arguments};
use crate::app::{self, Error, schedules};
use crate::model::scheduled::{ActionAfterCompletion, Schedule, ScheduleSettings, ScheduleTarget};

fn settings(app: &App, expression: &str, zone: &str) -> ScheduleSettings {
    ScheduleSettings {
        schedule_expression: expression.into(),
        timezone: zone.into(),
        state: RuleState::Enabled,
        description: None,
        starts_at: None,
        ends_at: None,
        window_minutes: None,
        target: ScheduleTarget {
            arn: app.scope.pipeline("p"),
            role_arn: "arn:aws:iam::000000000000:role/R".into(),
            pipeline_parameters: None,
            input: None,
            retry_policy: None,
        },
        action_after_completion: ActionAfterCompletion::None,
    }
}

async fn create(app: &App, settings: ScheduleSettings) -> app::Result<Schedule> {
    schedules::create(app, "s", settings, "token").await
}

async fn app_with_pipeline(dir: &Path) -> App {
    let app = open(dir, at(START)).await;
    pipeline(&app, "p", json!([step("a", &[], json!({}))])).await;
    app
}

/// Runs the scheduler at each moment it asks for, up to `until`; answers when it started something.
async fn run_until(app: &App, until: &str) -> Vec<Timestamp> {
    let mut now = app.clock.now();
    loop {
        app.clock.set(now);
        match run_once(app, now).await.unwrap() {
            Some(next) if next <= at(until) => now = next,
            _ => return starts(app).await,
        }
    }
}

#[tokio::test]
async fn local_time_is_kept_over_the_change_of_clocks() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    app.clock.set(at("2027-03-12T12:00:00Z"));
    create(
        &app,
        settings(&app, "cron(30 2 * * ? *)", "America/New_York"),
    )
    .await
    .unwrap();
    // On 2027-03-14 the clocks skip from 2:00 to 3:00.
    assert_eq!(
        run_until(&app, "2027-03-16T00:00:00Z").await,
        [at("2027-03-13T07:30:00Z"), at("2027-03-15T06:30:00Z")]
    );
}

#[tokio::test]
async fn a_rate_begins_at_once_and_ends_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    let bounded = ScheduleSettings {
        ends_at: Some(at("2026-11-23T13:00:00Z")),
        ..settings(&app, "rate(30 minutes)", "UTC")
    };
    create(&app, bounded).await.unwrap();
    let expected = ["12:00", "12:30", "13:00"].map(|time| at(&format!("2026-11-23T{time}:00Z")));
    assert_eq!(run_until(&app, "2026-11-25T00:00:00Z").await, expected);
    let over = schedules::describe(&app, "s").await.unwrap();
    assert_eq!(over.next_due, None);
}

#[tokio::test]
async fn a_start_date_is_the_first_moment_of_a_rate() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    for (start, first) in [
        ("2026-11-24T09:15:00Z", "2026-11-24T09:15:00Z"),
        ("2026-11-23T11:56:00Z", "2026-11-23T11:56:00Z"),
    ] {
        let bounded = ScheduleSettings {
            starts_at: Some(at(start)),
            ..settings(&app, "rate(1 day)", "UTC")
        };
        let made = create(&app, bounded).await.unwrap();
        assert_eq!(made.next_due, Some(at(first)));
        schedules::delete(&app, "s").await.unwrap();
    }
    let late = ScheduleSettings {
        starts_at: Some(at("2026-11-23T11:54:59Z")),
        ..settings(&app, "rate(1 day)", "UTC")
    };
    let error = create(&app, late).await.unwrap_err();
    assert!(error.to_string().contains("5 minutes ago"), "{error}");
}

#[tokio::test]
async fn a_window_fires_each_moment_once_somewhere_inside() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = app_with_pipeline(dir.path()).await;
    let flexible = ScheduleSettings {
        window_minutes: Some(30),
        ..settings(&app, "cron(0 * * * ? *)", "UTC")
    };
    create(&app, flexible).await.unwrap();
    let first = app.store.next_schedule().await.unwrap();
    app = restart(app, dir.path(), at(START)).await;
    assert_eq!(
        app.store.next_schedule().await.unwrap(),
        first,
        "decided once"
    );
    let starts = run_until(&app, "2026-11-24T12:00:00Z").await;
    assert_eq!(starts.len(), 24);
    let offsets: Vec<i64> = starts
        .iter()
        .map(|at| at.as_second().rem_euclid(3600))
        .collect();
    assert!(
        offsets.iter().all(|offset| (0..1800).contains(offset)),
        "{offsets:?}"
    );
    assert!(
        offsets.iter().any(|offset| *offset != offsets[0]),
        "{offsets:?}"
    );
    let ledger = app.store.firings("schedule/default/s", 100).await.unwrap();
    assert!(
        ledger
            .iter()
            .all(|firing| firing.due.as_second() % 3600 == 0)
    );
    assert!(
        ledger
            .iter()
            .all(|firing| firing.status == FiringStatus::Started)
    );
}

#[tokio::test]
async fn a_one_time_schedule_creates_a_job_and_deletes_itself() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    let mut job = arguments(json!({}));
    job["TrainingJobName"] = json!("job-<aws.scheduler.execution-id>");
    let mut once = settings(&app, "at(2026-11-24T09:00:00)", "Asia/Tokyo");
    once.target.arn = "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob".into();
    once.target.input = Some(job.to_string());
    once.action_after_completion = ActionAfterCompletion::Delete;
    create(&app, once.clone()).await.unwrap();
    create(&app, once.clone())
        .await
        .expect("the same request again");
    let due = at("2026-11-24T00:00:00Z");
    assert_eq!(app.store.next_schedule().await.unwrap(), Some(due));
    run_once(&app, due).await.unwrap();
    run_once(&app, due).await.unwrap();
    let jobs = testing::unfinished_jobs(&app).await;
    assert_eq!(jobs.len(), 1);
    assert!(
        jobs[0].name.starts_with("job-") && jobs[0].name.len() == 20,
        "{}",
        jobs[0].name
    );
    let gone = schedules::describe(&app, "s").await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    app.clock.set(due + SignedDuration::from_secs(1));
    let past = create(&app, once).await.unwrap_err();
    assert!(past.to_string().contains("in the future"), "{past}");
}

#[tokio::test]
async fn what_could_not_fire_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    let daily = settings(&app, "cron(0 9 * * ? *)", "UTC");
    let target = |arn: &str, input: Option<&str>| {
        let mut changed = daily.clone();
        changed.target.arn = arn.into();
        changed.target.input = input.map(str::to_owned);
        changed
    };
    let start = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution";
    let table = [
        (
            settings(&app, "cron(0 9 * * * *)", "UTC"),
            "Invalid Schedule Expression cron(0 9 * * * *).",
        ),
        (
            settings(&app, "at(2030-01-01)", "UTC"),
            "at(…) holds a local time",
        ),
        (
            settings(&app, "at(2027-03-14T02:30:00)", "America/New_York"),
            "does not exist",
        ),
        (
            settings(&app, "rate(1 day)", "Europe/Atlantis"),
            "Invalid ScheduleExpressionTimezone",
        ),
        (
            target("arn:aws:lambda:us-east-1:000000000000:function:f", None),
            "cannot be started",
        ),
        (
            target(&app.scope.pipeline("p"), Some("{}")),
            "Input is for a universal target",
        ),
        (target(start, Some("{")), "is not JSON"),
        (target(start, Some("{}")), "missing field `PipelineName`"),
        (
            target(
                start,
                Some(r#"{"PipelineName": "p", "SelectiveExecutionConfig": {}}"#),
            ),
            "unknown field `SelectiveExecutionConfig`",
        ),
        (
            ScheduleSettings {
                window_minutes: Some(1441),
                ..daily.clone()
            },
            "between 1 and 1440",
        ),
        (
            ScheduleSettings {
                starts_at: Some(at("2026-12-02T00:00:00Z")),
                ends_at: Some(at("2026-12-01T00:00:00Z")),
                ..daily.clone()
            },
            "must be later than the StartDate",
        ),
        (
            ScheduleSettings {
                ends_at: Some(at("2026-11-01T00:00:00Z")),
                ..daily.clone()
            },
            "cannot be in the past",
        ),
    ];
    for (settings, reason) in table {
        let error = create(&app, settings).await.expect_err(reason);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn an_update_of_the_target_keeps_the_rhythm() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_pipeline(dir.path()).await;
    let first = settings(&app, "rate(1 hour)", "UTC");
    create(&app, first.clone()).await.unwrap();
    run_once(&app, at(START)).await.unwrap();
    app.clock.set(at("2026-11-23T12:20:00Z"));
    let renamed = ScheduleSettings {
        description: Some("hourly".into()),
        ..first.clone()
    };
    let updated = schedules::update(&app, "s", renamed).await.unwrap();
    assert_eq!(updated.next_due, Some(at("2026-11-23T13:00:00Z")));
    let off = ScheduleSettings {
        state: RuleState::Disabled,
        ..first.clone()
    };
    let off = schedules::update(&app, "s", off).await.unwrap();
    assert_eq!(off.next_due, None);
    let on = schedules::update(&app, "s", first).await.unwrap();
    assert_eq!(on.next_due, Some(at("2026-11-23T13:00:00Z")));
}
