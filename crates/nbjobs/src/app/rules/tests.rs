//! Tests of rules and targets over a real store.

use super::*;
use crate::app::testing::{at, open};

const ROLE: &str = "arn:aws:iam::000000000000:role/R";

fn put_of(schedule: &str) -> Put {
    Put {
        name: "daily".into(),
        schedule_expression: Some(schedule.into()),
        event_pattern: None,
        state: RuleState::Enabled,
        description: None,
        role_arn: None,
    }
}

fn target(arn: &str) -> Target {
    Target {
        id: "notebook-execution".into(),
        arn: arn.into(),
        role_arn: Some(ROLE.into()),
        ..Target::default()
    }
}

async fn app() -> (App, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    (open(dir.path(), at("2026-11-23T12:00:00Z")).await, dir)
}

#[tokio::test]
async fn a_put_replaces_the_rule_but_not_its_tags_or_its_rhythm() {
    let (app, _dir) = app().await;
    let tags = [Tag {
        key: "sagemaker:name".into(),
        value: "n".into(),
    }];
    let first = put(&app, put_of("rate(5 minutes)"), &tags).await.unwrap();
    assert_eq!(first.next_due, Some(at("2026-11-23T12:05:00Z")));
    app.clock.set(at("2026-11-23T12:02:00Z"));
    let same = Put {
        description: Some("d".into()),
        ..put_of("rate(5 minutes)")
    };
    assert_eq!(put(&app, same, &[]).await.unwrap().next_due, first.next_due);
    let other = put(&app, put_of("cron(0 9 * * ? *)"), &[]).await.unwrap();
    assert_eq!(other.next_due, Some(at("2026-11-24T09:00:00Z")));
    assert_eq!(describe(&app, "daily").await.unwrap(), other);
    assert_eq!(other.description, None, "what is left out is not kept");
    assert_eq!(app.store.tags(&resource("daily")).await.unwrap(), tags);
    let error = put(&app, put_of("cron(0 9 * * * *)"), &[])
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("Parameter ScheduleExpression is not valid."),
        "{error}"
    );
}

#[tokio::test]
async fn a_disabled_rule_is_not_due_until_it_is_enabled() {
    let (app, _dir) = app().await;
    put(&app, put_of("rate(5 minutes)"), &[]).await.unwrap();
    disable(&app, "daily").await.unwrap();
    assert_eq!(app.store.next_due().await.unwrap(), None);
    app.clock.set(at("2026-11-23T12:02:00Z"));
    enable(&app, "daily").await.unwrap();
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-23T12:07:00Z"))
    );
    app.clock.set(at("2026-11-23T12:03:00Z"));
    enable(&app, "daily").await.unwrap();
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-23T12:07:00Z")),
        "it was enabled"
    );
    let paused = Put {
        state: RuleState::Disabled,
        ..put_of("rate(5 minutes)")
    };
    put(&app, paused, &[]).await.unwrap();
    assert_eq!(app.store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_rule_with_targets_is_not_deleted() {
    let (app, _dir) = app().await;
    put(&app, put_of("rate(5 minutes)"), &[]).await.unwrap();
    let arn = app.scope.pipeline("p");
    put_targets(&app, "daily", &[target(&arn)]).await.unwrap();
    assert_eq!(
        names_by_target(&app, &arn, None, 10).await.unwrap().0,
        ["daily"]
    );
    let error = delete(&app, "daily").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Rule can't be deleted since it has targets."
    );
    let ids = ["notebook-execution".to_owned(), "other".to_owned()];
    assert_eq!(
        remove_targets(&app, "daily", &ids).await.unwrap(),
        ["other"]
    );
    delete(&app, "daily").await.unwrap();
    let error = describe(&app, "daily").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Rule daily does not exist on EventBus default."
    );
}

#[tokio::test]
async fn what_could_not_be_started_is_refused_by_name() {
    let (app, _dir) = app().await;
    put(&app, put_of("rate(5 minutes)"), &[]).await.unwrap();
    let ours = app.scope.pipeline("p");
    let table = [
        (
            target("arn:aws:lambda:us-east-1:000000000000:function:f"),
            "is not that of a pipeline",
        ),
        (
            target("arn:aws:sagemaker:us-east-1:000000000000:training-job/j"),
            "training-job/j cannot be a target",
        ),
        (
            target("arn:aws:sagemaker:eu-west-1:000000000000:pipeline/p"),
            "not of this account and region",
        ),
        (
            Target {
                role_arn: None,
                ..target(&ours)
            },
            "RoleArn is required for target",
        ),
        (
            Target {
                role_arn: Some("me".into()),
                ..target(&ours)
            },
            "Value 'me' at 'targets.2.member.roleArn'",
        ),
        (
            Target {
                id: "a b".into(),
                ..target(&ours)
            },
            "Value 'a b' at 'targets.2.member.id'",
        ),
    ];
    for (bad, reason) in table {
        let error = put_targets(&app, "daily", &[target(&ours), bad])
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
        assert!(
            targets(&app, "daily", None, 10).await.unwrap().0.is_empty(),
            "all, or none"
        );
    }
    let many: Vec<_> = (0..6)
        .map(|i| Target {
            id: i.to_string(),
            ..target(&ours)
        })
        .collect();
    assert!(matches!(
        put_targets(&app, "daily", &many).await,
        Err(Error::Limit(_))
    ));
    assert!(matches!(
        put_targets(&app, "none", &many[..1]).await,
        Err(Error::NotFound(_))
    ));
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended() {
    let (app, _dir) = app().await;
    for name in ["b", "a-2", "a-1", "c"] {
        put(
            &app,
            Put {
                name: name.into(),
                ..put_of("rate(5 minutes)")
            },
            &[],
        )
        .await
        .unwrap();
    }
    let names = |rules: Vec<Rule>| rules.into_iter().map(|rule| rule.name).collect::<Vec<_>>();
    let (first, next) = list(&app, "", None, 2).await.unwrap();
    assert_eq!(
        (names(first), next.as_deref()),
        (vec!["a-1".into(), "a-2".into()], Some("a-2"))
    );
    let (rest, end) = list(&app, "", next.as_deref(), 2).await.unwrap();
    assert_eq!((names(rest), end), (vec!["b".into(), "c".into()], None));
    assert_eq!(
        names(list(&app, "a-", None, 10).await.unwrap().0),
        ["a-1", "a-2"]
    );
}
