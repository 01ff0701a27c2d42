//! What a search finds is what its expression holds of, whatever part of it SQL decided; and pages are the list cut up.

use super::*;
use crate::app::jobs;
use crate::app::testing::{self, at};
use crate::model::job::{JobStatus, SecondaryStatus};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, from_value};
use std::path::Path;

const NOW: &str = "2022-12-25T15:00:00.000123Z";
const JOBS: u32 = 40;

/// Jobs that differ in what can be searched for.
async fn some_jobs(dir: &Path) -> App {
    let app = testing::open(dir, at(NOW)).await;
    for n in 0..JOBS {
        let environment = json!({"SM_JOB_DEF_VERSION": "1.0", "SM_INPUT_NOTEBOOK_NAME": format!("n{}.ipynb", n % 5),
            "EMPTY": "", "X": (n % 3).to_string()});
        let mut spec = testing::arguments(json!({"Environment": environment,
            "HyperParameters": {"rate": format!("{}.5", n % 4)},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30 + n % 2}}));
        let members = spec.as_object_mut().expect("an object");
        members.remove("Tags");
        let mut tags = vec![("sagemaker:name", format!("name {}", n % 7))];
        if n % 2 == 0 {
            tags.push(("archived", (n % 4 == 0).to_string()));
        }
        let tags: Vec<Tag> = tags
            .into_iter()
            .map(|(key, value)| Tag {
                key: key.into(),
                value,
            })
            .collect();
        let spec = from_value(spec).expect("a specification");
        let created = at(NOW) + jiff::SignedDuration::from_micros(i64::from(n / 2) * 700);
        let mut tx = app.store.tx().await.expect("a transaction");
        let mut job = jobs::create_in(&mut tx, &format!("j{n}"), spec, &tags, None, created)
            .await
            .expect("a job");
        if n % 3 == 0 {
            let reason = Some("it was asked for".to_owned());
            tx.set_job_status(
                &mut job,
                JobStatus::Failed,
                SecondaryStatus::Failed,
                reason,
                created,
            )
            .await
            .expect("a change");
        }
        tx.commit().await.expect("a commit");
    }
    app
}

async fn found(app: &App, mut request: Value) -> Result<Vec<Value>, ErrorShape> {
    let mut all = Vec::new();
    request["Resource"] = "TrainingJob".into();
    loop {
        let answer = search(app, request.to_string().as_bytes())
            .await?
            .expect("a body");
        let page = answer["Results"].as_array().expect("a list");
        assert!(page.len() as u64 <= request["MaxResults"].as_u64().unwrap_or(10));
        all.extend(page.iter().map(|result| result["TrainingJob"].clone()));
        match answer.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => return Ok(all),
        }
    }
}

fn any_filter() -> impl Strategy<Value = Value> {
    let filters = [
        ("TrainingJobName", "Contains", Some("1")),
        ("TrainingJobName", "In", Some("j1,j2 , j30")),
        ("TrainingJobStatus", "Equals", Some("InProgress")),
        ("TrainingJobStatus", "NotEquals", Some("InProgress")),
        ("FailureReason", "Exists", None),
        ("FailureReason", "NotExists", None),
        ("FailureReason", "NotEquals", Some("it was asked for")),
        (
            "CreationTime",
            "GreaterThan",
            Some("2022-12-25T15:00:00.002"),
        ),
        (
            "CreationTime",
            "GreaterThanOrEqualTo",
            Some("2022-12-25T15:00:00.002"),
        ),
        ("CreationTime", "LessThan", Some("2022-12-25T15:00:00.002")),
        (
            "CreationTime",
            "LessThanOrEqualTo",
            Some("2022-12-25T15:00:00.002"),
        ),
        ("CreationTime", "Equals", Some("2022-12-25T15:00:00.002")),
        ("CreationTime", "NotEquals", Some("2022-12-25T15:00:00.002")),
        ("TrainingEndTime", "Exists", None),
        ("TrainingEndTime", "NotExists", None),
        ("Tags.archived", "Equals", Some("true")),
        ("Tags.archived", "NotEquals", Some("true")),
        ("Tags.archived", "Exists", None),
        ("Tags.archived", "NotExists", None),
        ("Tags.archived", "In", Some("true,x")),
        ("Tags.sagemaker:name", "Contains", Some("e 3")),
        ("Environment.X", "Equals", Some("1")),
        ("Environment.X", "NotEquals", Some("1")),
        ("Environment.EMPTY", "Exists", None),
        ("Environment.EMPTY", "NotExists", None),
        ("Environment.a'\"b", "NotExists", None),
        ("HyperParameters.rate", "GreaterThan", Some("1.2")),
        ("HyperParameters.rate", "Equals", Some("2")),
        ("ResourceConfig.VolumeSizeInGB", "Equals", Some("31")),
        ("EnableNetworkIsolation", "Equals", Some("false")),
        ("InputDataConfig.ChannelName", "Contains", Some("vanilla")),
        ("ModelArtifacts.S3ModelArtifacts", "Contains", Some("/j1")),
    ];
    prop::sample::select(filters.to_vec()).prop_map(|(name, operator, value)| {
        let mut filter = json!({"Name": name, "Operator": operator});
        if let Some(value) = value {
            filter["Value"] = value.into();
        }
        filter
    })
}

fn any_expression() -> impl Strategy<Value = Value> {
    let leaf =
        prop::collection::vec(any_filter(), 1..4).prop_map(|filters| json!({"Filters": filters}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        let parts = (
            prop::collection::vec(any_filter(), 0..3),
            prop::collection::vec(inner, 1..3),
            prop::sample::select(vec!["And", "Or"]),
        );
        parts.prop_map(|(filters, subs, operator)| {
            let mut members = Map::new();
            if !filters.is_empty() {
                members.insert("Filters".into(), filters.into());
            }
            members.insert("SubExpressions".into(), subs.into());
            members.insert("Operator".into(), operator.into());
            members.into()
        })
    })
}

#[test]
fn sql_and_evaluation_agree_in_every_order() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let app = runtime.block_on(some_jobs(dir.path()));
    let sorts = prop::sample::select(vec![
        "CreationTime",
        "LastModifiedTime",
        "TrainingJobName",
        "TrainingJobStatus",
        "TrainingEndTime",
        "TrainingTimeInSeconds",
        "Tags.archived",
        "Tags.sagemaker:name",
        "Environment.SM_INPUT_NOTEBOOK_NAME",
        "HyperParameters.rate",
        "ResourceConfig.VolumeSizeInGB",
        "ModelArtifacts.S3ModelArtifacts",
    ]);
    let order = prop::sample::select(vec!["Ascending", "Descending"]);
    let case = (any_expression(), sorts, order, 1..30_u32);
    let mut runner = TestRunner::new(Config::with_cases(200));
    let result = runner.run(&case, |(wanted, by, order, limit)| {
        let request = json!({"SortBy": by, "SortOrder": order, "MaxResults": limit});
        let mut searched = request.clone();
        searched["SearchExpression"] = wanted.clone();
        let (all, some) =
            runtime.block_on(async { (found(&app, request).await, found(&app, searched).await) });
        let (all, some) = (all.expect("all jobs"), some.expect("some jobs"));
        prop_assert_eq!(all.len(), JOBS as usize);
        let given = from_value(wanted).expect("an expression");
        let judge = expression(Resource::TrainingJob, &given).expect("an expression");
        let expected: Vec<&Value> = all.iter().filter(|job| judge.matches(job)).collect();
        prop_assert_eq!(some.iter().collect::<Vec<_>>(), expected);
        Ok(())
    });
    result.expect("agreement");
}

#[tokio::test]
async fn the_order_by_names_follows_the_tags() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = some_jobs(dir.path()).await;
    let name = Tag {
        key: "sagemaker:name".into(),
        value: "a name before the others".into(),
    };
    let mut tx = app.store.tx().await.expect("a transaction");
    tx.put_tags("training-job/j39", &[name])
        .await
        .expect("a tag");
    let gone = ["sagemaker:name".to_owned()];
    tx.delete_tags("training-job/j25", &gone)
        .await
        .expect("no tag");
    tx.commit().await.expect("a commit");
    let request =
        json!({"SortBy": "Tags.sagemaker:name", "SortOrder": "Ascending", "MaxResults": 7});
    let jobs = found(&app, request).await.expect("jobs");
    let names: Vec<&str> = jobs
        .iter()
        .filter_map(|job| job["TrainingJobName"].as_str())
        .collect();
    assert_eq!(names[..3], ["j25", "j39", "j0"]);
    assert_eq!(names.len(), JOBS as usize);
}

#[tokio::test]
async fn lists_are_sorted_and_lack_counts_as_least() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = some_jobs(dir.path()).await;
    let keys = async |by: &str, order: &str| -> Vec<String> {
        let request = json!({"SortBy": by, "SortOrder": order, "MaxResults": 7});
        let jobs = found(&app, request).await.expect("jobs");
        let tag = |job: &Value| {
            let tags = job["Tags"].as_array().expect("tags").clone();
            let tag = tags.into_iter().find(|tag| tag["Key"] == "archived");
            tag.map_or(String::new(), |tag| {
                tag["Value"].as_str().unwrap_or_default().to_owned()
            })
        };
        jobs.iter().map(tag).collect()
    };
    let up = keys("Tags.archived", "Ascending").await;
    assert!(
        up.is_sorted() && up[0].is_empty() && up[39] == "true",
        "{up:?}"
    );
    let down = keys("Tags.archived", "Descending").await;
    assert!(down.iter().rev().is_sorted(), "{down:?}");
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = testing::open(dir.path(), at(NOW)).await;
    let filter = json!({"Name": "TrainingJobName", "Value": "x"});
    let table = [
        (json!({"Resource": "Experiment"}), "Experiment"),
        (json!({"Resource": "Notebook"}), "'Notebook'"),
        (json!({"VisibilityConditions": []}), "VisibilityConditions"),
        (
            json!({"CrossAccountFilterOption": "CrossAccount"}),
            "CrossAccount",
        ),
        (json!({"SearchExpression": {}}), "at least one"),
        (
            json!({"SearchExpression": {"Filters": vec![&filter; 21]}}),
            "20",
        ),
        (
            json!({"SearchExpression": {"SubExpressions": vec![json!({"Filters": vec![&filter; 17]}); 3]}}),
            "50",
        ),
        (
            json!({"SearchExpression": {"Filters": [filter], "Operator": "Xor"}}),
            "'Xor'",
        ),
        (
            json!({"SearchExpression": {"Filters": [{"Name": "TrainingJobName", "Operator": "Like", "Value": "x"}]}}),
            "'Like'",
        ),
        (json!({"SortBy": "Nothing"}), "'Nothing'"),
        (
            json!({"SortBy": "InputDataConfig.ChannelName"}),
            "one value",
        ),
        (json!({"SortOrder": "Down"}), "'Down'"),
        (json!({"MaxResults": 101}), "'101'"),
        (json!({"MaxResults": 0}), "'0'"),
        (json!({"NextToken": "!"}), "NextToken"),
    ];
    for (more, part) in table {
        let mut request = json!({"Resource": "TrainingJob"});
        for (key, value) in more.as_object().into_iter().flatten() {
            request[key] = value.clone();
        }
        let error = search(&app, request.to_string().as_bytes())
            .await
            .expect_err(part);
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(part), "{part}: {}", error.message);
    }
}
