//! Requests that come twice, at the same time or one after the other, with one token.

use super::*;
use crate::model::list::Sort;
use crate::promise;
use std::collections::BTreeSet;

const TOKENS: usize = 40;
const CALLERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_requests_with_one_token_at_a_time_one_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), at("2026-11-23T12:00:00Z")).await;
    for name in ["p", "q"] {
        pipeline(&app, name, json!([step("a", &[], json!({}))])).await;
    }
    let asked = |pipeline: &str, name: &str| Start {
        pipeline: pipeline.into(),
        display_name: Some(name.into()),
        ..Start::default()
    };
    let mut requests = 0;
    for n in 0..TOKENS {
        let token = format!("token {n}");
        // Three in four callers ask the same; the others something else with the same token.
        let calls = (0..CALLERS).map(|caller| {
            let (app, token) = (app.clone(), token.clone());
            let request = asked("p", if caller % 4 == 3 { "other" } else { "same" });
            tokio::spawn(async move {
                (
                    request.display_name.clone(),
                    start(&app, &request, &token).await,
                )
            })
        });
        let mut done = BTreeSet::new();
        let mut refused = BTreeSet::new();
        for call in calls.collect::<Vec<_>>() {
            requests += 1;
            match call.await.unwrap() {
                (name, Ok(execution)) => _ = done.insert((name, execution.id)),
                (name, Err(Error::Conflict(_))) => _ = refused.insert(name),
                (_, Err(error)) => panic!("{error}"),
            }
        }
        assert_eq!(done.len(), 1, "{done:?}");
        assert!(done.iter().all(|(name, _)| !refused.contains(name)));
    }
    let order = Order {
        by: Sort::CreationTime,
        descending: false,
    };
    let all = app
        .store
        .executions("p", &ExecutionFilter::default(), order, None, 1_000)
        .await
        .unwrap();
    assert_eq!(all.len(), TOKENS);
    let elsewhere = start(&app, &asked("q", "same"), "token 0")
        .await
        .unwrap_err();
    assert!(matches!(elsewhere, Error::Conflict(_)), "{elsewhere}");
    requests += 1 + stops_and_deletions(&app, &all[0].id, &all[1].id).await;
    promise::kept(
        6,
        requests,
        "requests, several with one token at the same time: one is done, its like are answered as it was, others are refused",
    );
}

/// What a lost answer makes a client send again: a stop of what is stopped, a deletion of what is gone.
async fn stops_and_deletions(app: &App, id: &str, other: &str) -> u64 {
    for _ in 0..2 {
        stop(app, "p", id, "stop").await.unwrap();
    }
    stop(app, "p", id, "another")
        .await
        .expect_err("it is stopped");
    let refused = stop(app, "p", other, "stop").await.unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused}");
    for _ in 0..2 {
        retry(app, "p", id, None, "retry").await.unwrap();
    }
    let refused = retry(app, "p", id, Some(2), "retry").await.unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused}");
    for _ in 0..2 {
        pipelines::delete(app, "q", "delete").await.unwrap();
    }
    let refused = pipelines::delete(app, "p", "delete").await.unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused}");
    pipelines::delete(app, "q", "later")
        .await
        .expect_err("it is gone");
    10
}
