use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn definition(json: &Value) -> Definition {
    Definition::parse(&json.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(json: &Value) -> String {
    Definition::parse(&json.to_string())
        .expect_err("a refusal")
        .to_string()
}

fn with_steps(steps: Value) -> Value {
    json!({"Version": "2020-12-01", "Parameters": [], "Steps": steps})
}

fn step(name: &str, depends_on: &[&str]) -> Value {
    json!({"Name": name, "Type": "Training", "Arguments": {"RoleArn": "r"}, "DependsOn": depends_on})
}

fn variables() -> Variables {
    let pipeline_arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/daily";
    Variables {
        execution_id: "kbexktydy93v".into(),
        execution_arn: format!("{pipeline_arn}/execution/kbexktydy93v"),
        pipeline: "daily".into(),
        pipeline_arn: pipeline_arn.into(),
        started_at: "2022-12-25T15:23:04.64Z".parse().unwrap(),
    }
}

/// Runs the definition's first round with the arguments that a single step has.
fn evaluated(arguments: Value) -> Result<Value, String> {
    let parameters = json!([
        {"Name": "Who", "Type": "String", "DefaultValue": "world"},
        {"Name": "Volume", "Type": "Integer", "DefaultValue": 30},
    ]);
    let step = json!({"Name": "only", "Type": "Training", "Arguments": arguments});
    let definition =
        definition(&json!({"Version": "2020-12-01", "Parameters": parameters, "Steps": [step]}));
    let parameters = definition.bind(&[]).unwrap();
    let variables = variables();
    let run = Run {
        definition: &definition,
        variables: &variables,
        parameters: &parameters,
        parallel_max: None,
    };
    let mut plan = run.plan();
    match plan.failed.pop() {
        Some(failed) => Err(failed.reason),
        None => Ok(plan.ready.remove(0).arguments),
    }
}

fn succeeded(name: &str, job: Value) -> StepState {
    StepState {
        name: name.into(),
        status: StepStatus::Succeeded,
        job: Some(job),
    }
}

fn names(ready: &[ReadyStep]) -> Vec<&str> {
    ready.iter().map(|step| step.name.as_str()).collect()
}

#[test]
fn the_extensions_definition_plans_its_one_job() {
    let output = json!({"Std:Join": {"On": "-", "Values":
        ["qiitasampl", "qiitasampl", {"Get": "Execution.StartDateTime"}, ".ipynb"]}});
    let arguments = json!({
        "Environment": {"SM_JOB_DEF_VERSION": "1.0", "SM_OUTPUT_NOTEBOOK_NAME": output},
        "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
        "EnableNetworkIsolation": false,
    });
    let retries = json!([{"ExceptionType": ["Step.SERVICE_FAULT"], "MaxAttempts": 1}]);
    let step = json!({"Name": "qiitasampl-qiitasampl", "Type": "Training", "Arguments": arguments,
        "RetryPolicies": retries});
    let definition = definition(&with_steps(json!([step])));
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &Values::new(),
        parallel_max: None,
    };
    let expected = ReadyStep {
        name: "qiitasampl-qiitasampl".into(),
        job_name_prefix: None,
        arguments: json!({
            "Environment": {
                "SM_JOB_DEF_VERSION": "1.0",
                "SM_OUTPUT_NOTEBOOK_NAME": "qiitasampl-qiitasampl-2022-12-25T15:23:04.640Z-.ipynb",
            },
            "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
            "EnableNetworkIsolation": false,
        }),
    };
    let plan = Advance {
        ready: vec![expected],
        failed: vec![],
        status: ExecutionStatus::Executing,
    };
    assert_eq!(run.plan(), plan);
}

/// The shape that the SageMaker SDK's `NotebookJobStep` compiles to.
#[test]
fn a_step_reads_the_job_of_the_step_before() {
    let prep = json!({"Name": "prep", "Type": "Training", "Arguments": {
        "TrainingJobName": "prep-job",
        "OutputDataConfig": {"S3OutputPath": {"Std:Join": {"On": "/", "Values":
            ["s3://bucket", "dag", {"Get": "Execution.PipelineExecutionId"}, "prep"]}}},
        "ResourceConfig": {"VolumeSizeInGB": {"Get": "Parameters.Volume"}},
        "HyperParameters": {"who": {"Get": "Parameters.Who"}, "volume": {"Get": "Parameters.Volume"}},
    }});
    let train = json!({"Name": "train", "Type": "Training", "DisplayName": "Train", "Description": "second",
    "Arguments": {"Environment": {
        "PREP_OUT": {"Get": "Steps.prep.OutputDataConfig.S3OutputPath"},
        "PREP_IN": {"Get": "Steps.prep.InputDataConfig[0].DataSource.S3DataSource.S3Uri"},
        "PREP_NB": {"Get": "Steps.prep.Environment['SM_OUTPUT_NOTEBOOK_NAME']"},
    }}});
    let definition = definition(&json!({
        "Version": "2020-12-01", "Metadata": {}, "MlflowConfig": null,
        "Parameters": [
            {"Name": "Who", "Type": "String", "DefaultValue": "world"},
            {"Name": "Volume", "Type": "Integer", "DefaultValue": 30},
        ],
        "PipelineExperimentConfig": {"ExperimentName": {"Get": "Execution.PipelineName"}},
        "Steps": [prep, train],
    }));
    assert_eq!(
        definition.step("train").unwrap().depends_on,
        BTreeSet::from(["prep".to_owned()])
    );
    assert_eq!(
        definition.step("train").unwrap().display_name.as_deref(),
        Some("Train")
    );
    let parameters = definition.bind(&[("Volume".into(), "50".into())]).unwrap();
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &parameters,
        parallel_max: None,
    };
    let first = run.plan().ready.remove(0);
    assert_eq!(
        (first.name.as_str(), first.job_name_prefix.as_deref()),
        ("prep", Some("prep-job"))
    );
    let expected = json!({
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/dag/kbexktydy93v/prep"},
        "ResourceConfig": {"VolumeSizeInGB": 50},
        "HyperParameters": {"who": "world", "volume": "50"},
    });
    assert_eq!(first.arguments, expected);
    let mut job = expected;
    job["Environment"] = json!({"SM_OUTPUT_NOTEBOOK_NAME": "prep-job.ipynb"});
    job["InputDataConfig"] = json!([{"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in"}}}]);
    let next = run.advance(&[succeeded("prep", job)], false, variables().started_at);
    let environment = json!({"Environment": {"PREP_OUT": "s3://bucket/dag/kbexktydy93v/prep",
        "PREP_IN": "s3://bucket/in", "PREP_NB": "prep-job.ipynb"}});
    assert_eq!(next.ready[0].arguments, environment);
    let broken = run.advance(
        &[succeeded("prep", json!({}))],
        false,
        variables().started_at,
    );
    assert_eq!(
        (broken.status, broken.failed[0].name.as_str()),
        (ExecutionStatus::Failed, "train")
    );
    assert!(
        broken.failed[0]
            .reason
            .contains("the job of step prep has no"),
        "{broken:?}"
    );
}

#[test]
fn expressions_have_the_values_that_sagemaker_documents() {
    let table = [
        (json!({"Get": "Execution.PipelineName"}), json!("daily")),
        (
            json!({"Get": "Execution.PipelineArn"}),
            json!("arn:aws:sagemaker:us-east-1:000000000000:pipeline/daily"),
        ),
        (
            json!({"Get": "Execution.PipelineExecutionId"}),
            json!("kbexktydy93v"),
        ),
        (
            json!({"Get": "Execution.PipelineExecutionArn"}),
            json!("arn:aws:sagemaker:us-east-1:000000000000:pipeline/daily/execution/kbexktydy93v"),
        ),
        (
            json!({"Get": "Execution.StartDateTime"}),
            json!("2022-12-25T15:23:04.640Z"),
        ),
        (
            json!({"Get": "Execution.CurrentDateTime"}),
            json!("2022-12-25T15:23:04.640Z"),
        ),
        (json!({"Get": "Parameters.Volume"}), json!(30)),
        (json!({"Std:Join": {"On": "", "Values": []}}), json!("")),
        (
            json!({"Std:Join": {"On": ",", "Values": ["a", 1, true, {"Get": "Parameters.Volume"}]}}),
            json!("a,1,true,30"),
        ),
        (
            json!({"Std:Join": {"On": "/", "Values": ["s3:/", {"Std:Join": {"On": "-", "Values": ["a", "b"]}}]}}),
            json!("s3://a-b"),
        ),
        (
            json!({"Get": "x", "Other": "y"}),
            json!({"Get": "x", "Other": "y"}),
        ),
        (
            json!([{"Get": "Parameters.Who"}, null]),
            json!(["world", null]),
        ),
    ];
    for (expression, value) in table {
        assert_eq!(
            evaluated(json!({"V": expression})),
            Ok(json!({"V": value})),
            "{expression}"
        );
    }
    assert!(evaluated(json!({"V": {"Std:Join": {"On": "", "Values": [["a"]]}}})).is_err());
    assert!(
        evaluated(json!({"TrainingJobName": 5}))
            .unwrap_err()
            .contains("TrainingJobName")
    );
    assert!(
        evaluated(json!({"Environment": {"A": null}}))
            .unwrap_err()
            .contains("Environment.A")
    );
}

#[test]
fn a_definition_that_cannot_run_is_refused_by_name() {
    let with_arguments = |arguments: Value| {
        with_steps(json!([{"Name": "a", "Type": "Training", "Arguments": arguments}]))
    };
    let with_parameter = |parameter: Value| json!({"Version": "2020-12-01", "Parameters": [parameter], "Steps": [step("a", &[])]});
    let deep = (0..40).fold(json!("x"), |inner, _| json!({ "In": inner }));
    let table = [
        (json!([]), "expected struct Document"),
        (json!({"Version": "2020-12-01"}), "missing field `Steps`"),
        (
            json!({"Version": "2021-01-01", "Steps": []}),
            "Version is \"2021-01-01\", not \"2020-12-01\"",
        ),
        (with_steps(json!([])), "0 steps"),
        (
            with_steps((0..51).map(|i| step(&format!("s{i}"), &[])).collect()),
            "51 steps, not 1 to 50",
        ),
        (
            with_steps(json!([{"Type": "Training"}])),
            "missing field `Name`",
        ),
        (with_steps(json!([step("", &[])])), "a step's name"),
        (
            with_steps(json!([step("a b", &[])])),
            "In step \"a b\": a step's name",
        ),
        (
            with_steps(json!([step("a", &[]), step("a", &[])])),
            "Two steps have the name a",
        ),
        (
            with_steps(json!([step("a", &["b"])])),
            "depends on step \"b\", which is not in the pipeline",
        ),
        (
            with_steps(json!([step("a", &["a"])])),
            "the steps a some wait for themselves",
        ),
        (
            with_steps(json!([
                step("a", &["c"]),
                step("b", &["a"]),
                step("c", &["b"])
            ])),
            "a, b, c some wait",
        ),
        (
            with_steps(json!([{"Name": "a", "Type": "Processing"}])),
            "steps of type Processing are not supported",
        ),
        (
            with_steps(json!([{"Name": "a", "Type": "Training"}])),
            "Arguments must be an object",
        ),
        (
            with_arguments(json!({"V": {"Get": "Execution.Nope"}})),
            "there is no Execution.Nope",
        ),
        (
            with_arguments(json!({"V": {"Get": "Parameters.Nope"}})),
            "parameter Nope is not declared",
        ),
        (
            with_arguments(json!({"V": {"Get": "Steps.b.X"}})),
            "depends on step \"b\"",
        ),
        (
            with_arguments(json!({"V": {"Get": "Steps.a.X"}})),
            "the steps a some wait for themselves",
        ),
        (
            with_arguments(json!({"V": {"Get": "Steps.a"}})),
            "is not a step's property",
        ),
        (
            with_arguments(json!({"V": {"Get": "Steps.a.X[y]"}})),
            "is not a step's property",
        ),
        (
            with_arguments(json!({"V": {"Get": "Steps.a..X"}})),
            "is not a step's property",
        ),
        (
            with_arguments(json!({"V": {"Get": "Nope"}})),
            "is none of Execution",
        ),
        (
            with_arguments(json!({"V": {"Get": 1}})),
            "Get takes the name of a property",
        ),
        (
            with_arguments(json!({"V": {"Std:JsonGet": {}}})),
            "the function Std:JsonGet is not supported",
        ),
        (
            with_arguments(json!({"V": {"Std:Join": {"On": 1}}})),
            "Std:Join takes On",
        ),
        (with_arguments(deep), "nest deeper than 32"),
        (
            with_parameter(json!({"Name": "p", "Type": "Date"})),
            "unknown variant `Date`",
        ),
        (
            with_parameter(json!({"Name": "p p", "Type": "String"})),
            "parameter name \"p p\"",
        ),
        (
            with_parameter(json!({"Name": "p", "Type": "Integer", "DefaultValue": "5"})),
            "p is a Integer",
        ),
        (
            with_parameter(
                json!({"Name": "p", "Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]}),
            ),
            "may be one of [\"a\",\"b\"]",
        ),
    ];
    for (json, reason) in table {
        let message = refusal(&json);
        assert!(
            message.starts_with("Unable to parse pipeline definition. "),
            "{message}"
        );
        assert!(message.contains(reason), "{reason}: {message}");
    }
    assert!(Definition::parse("{").is_err());
    assert!(
        Definition::parse(&" ".repeat(DEFINITION_LEN_MAX + 1))
            .unwrap_err()
            .0
            .contains("larger than")
    );
    assert!(
        Definition::parse(&"[".repeat(100_000)).is_err(),
        "deep JSON is refused, not a stack overflow"
    );
}

#[test]
fn parameters_are_read_by_their_types() {
    let declared = json!([
        {"Name": "s", "Type": "String", "EnumValues": ["a", "b"], "DefaultValue": "a"},
        {"Name": "i", "Type": "Integer", "DefaultValue": 1},
        {"Name": "f", "Type": "Float", "DefaultValue": 1},
        {"Name": "b", "Type": "Boolean", "DefaultValue": null},
    ]);
    let definition = definition(
        &json!({"Version": "2020-12-01", "Parameters": declared, "Steps": [step("a", &[])]}),
    );
    let bind = |given: &[(&str, &str)]| {
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        definition
            .bind(&given)
            .map(|values| json!(values))
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        bind(&[("b", "True")]),
        Ok(json!({"s": "a", "i": 1, "f": 1, "b": true}))
    );
    let all = [("s", "b"), ("i", "-7"), ("f", "2.5"), ("b", "false")];
    assert_eq!(
        bind(&all),
        Ok(json!({"s": "b", "i": -7, "f": 2.5, "b": false}))
    );
    let long = "x".repeat(1025);
    let table = [
        (vec![], "parameter b has no default value"),
        (
            vec![("b", "1")],
            "parameter b is a Boolean, \"1\" is not one",
        ),
        (
            vec![("b", "true"), ("i", "1.5")],
            "parameter i is a Integer",
        ),
        (vec![("b", "true"), ("f", "NaN")], "parameter f is a Float"),
        (vec![("b", "true"), ("s", "c")], "parameter s may be one of"),
        (vec![("b", "true"), ("s", &long)], "longer than 1024"),
        (
            vec![("b", "true"), ("b", "true")],
            "parameter b is given twice",
        ),
        (
            vec![("x", "1")],
            "the pipeline has no parameter x, it has [s, i, f, b]",
        ),
    ];
    for (given, reason) in table {
        let message = bind(&given).expect_err(reason);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let steps = json!([
        step("a", &[]),
        step("b", &["a"]),
        step("c", &[]),
        step("d", &["c"])
    ]);
    let definition = definition(&with_steps(steps));
    let (variables, parameters) = (variables(), Values::new());
    let run = Run {
        definition: &definition,
        variables: &variables,
        parameters: &parameters,
        parallel_max: None,
    };
    let state = |name: &str, status| StepState {
        name: name.into(),
        status,
        job: Some(json!({})),
    };
    let advance = |states: &[StepState], stopping| {
        let advance = run.advance(states, stopping, variables.started_at);
        (names(&advance.ready).join(","), advance.status)
    };
    use ExecutionStatus as E;
    use StepStatus::{Executing, Failed, Stopped, Stopping, Succeeded};
    assert_eq!(advance(&[], false), ("a,c".into(), E::Executing));
    let a_failed = [state("a", Failed), state("c", Executing)];
    assert_eq!(advance(&a_failed, false), (String::new(), E::Executing));
    let c_done = [state("a", Failed), state("c", Succeeded)];
    assert_eq!(advance(&c_done, false), ("d".into(), E::Executing));
    let all_done = [
        state("a", Failed),
        state("c", Succeeded),
        state("d", Succeeded),
    ];
    assert_eq!(advance(&all_done, false), (String::new(), E::Failed));
    let a_stopped = [
        state("a", Stopped),
        state("c", Succeeded),
        state("d", Succeeded),
    ];
    assert_eq!(advance(&a_stopped, false), (String::new(), E::Stopped));
    let stopping = [state("a", Stopping), state("c", Succeeded)];
    assert_eq!(advance(&stopping, true), (String::new(), E::Stopping));
    let stopped = [state("a", Stopped), state("c", Succeeded)];
    assert_eq!(advance(&stopped, true), (String::new(), E::Stopped));
}

#[test]
fn arguments_that_grow_without_bound_fail_the_step() {
    let text = "x".repeat(1024);
    let join =
        json!({"Std:Join": {"On": "", "Values": vec![json!({"Get": "Parameters.Who"}); 1100]}});
    let definition = definition(&json!({"Version": "2020-12-01",
        "Parameters": [{"Name": "Who", "Type": "String"}],
        "Steps": [{"Name": "a", "Type": "Training", "Arguments": {"V": join}}]}));
    let parameters = definition.bind(&[("Who".into(), text)]).unwrap();
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &parameters,
        parallel_max: None,
    };
    let plan = run.plan();
    assert!(
        plan.failed[0].reason.contains("larger than 1048576 bytes"),
        "{}",
        plan.failed[0].reason
    );
    assert_eq!(plan.status, ExecutionStatus::Failed);
}

/// A graph of up to 12 steps in which each depends on some of those before it.
fn graph() -> impl Strategy<Value = Vec<BTreeSet<usize>>> {
    prop::collection::vec(
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        1..12,
    )
    .prop_map(|picks| {
        let pick = |i: usize, picks: Vec<prop::sample::Index>| {
            picks
                .into_iter()
                .filter(|_| i > 0)
                .map(|pick| pick.index(i.max(1)))
                .collect()
        };
        picks
            .into_iter()
            .enumerate()
            .map(|(i, picks)| pick(i, picks))
            .collect()
    })
}

proptest! {
    #[test]
    fn every_graph_runs_to_its_end_in_order(
        graph in graph(), parallel in prop::option::of(1..4_usize), endings in prop::collection::vec(0..10_u8, 12),
    ) {
        let name = |i: usize| format!("s{i}");
        let steps: Vec<Value> = graph.iter().enumerate().map(|(i, depends_on)| {
            let depends_on: Vec<String> = depends_on.iter().map(|i| name(*i)).collect();
            json!({"Name": name(i), "Type": "Training", "Arguments": {}, "DependsOn": depends_on})
        }).collect();
        let definition = definition(&with_steps(json!(steps)));
        let (variables, parameters) = (variables(), Values::new());
        let run = Run { definition: &definition, variables: &variables, parameters: &parameters, parallel_max: parallel };
        let mut states: Vec<StepState> = Vec::new();
        let mut now: Timestamp = variables.started_at;
        let status = loop {
            let next = run.advance(&states, false, now);
            for ready in &next.ready {
                prop_assert!(states.iter().all(|state| state.name != ready.name), "{} began twice", ready.name);
                let depends_on = &definition.step(&ready.name).unwrap().depends_on;
                prop_assert!(depends_on.iter().all(|d| states.iter().any(|s| s.name == *d && s.status == StepStatus::Succeeded)));
                states.push(StepState { name: ready.name.clone(), status: StepStatus::Executing, job: None });
            }
            let running = states.iter().filter(|state| !state.status.is_final()).count();
            prop_assert!(running <= parallel.unwrap_or(usize::MAX));
            if next.status.is_final() {
                prop_assert_eq!(running, 0);
                break next.status;
            }
            prop_assert!(running > 0, "it waits for nothing");
            let ends = states.iter_mut().find(|state| !state.status.is_final()).unwrap();
            let index: usize = ends.name[1..].parse().unwrap();
            ends.status = if endings[index] == 0 { StepStatus::Failed } else { StepStatus::Succeeded };
            ends.job = Some(json!({}));
            now += SignedDuration::from_secs(1);
        };
        let failed = states.iter().any(|state| state.status == StepStatus::Failed);
        prop_assert_eq!(status == ExecutionStatus::Succeeded, states.len() == graph.len() && !failed);
        prop_assert_eq!(status == ExecutionStatus::Failed, failed);
    }

    #[test]
    fn reading_a_definition_never_panics(get in "(Steps|Execution|Parameters)?[.a\\[\\]'\"0-9]{0,20}") {
        let json = with_steps(json!([{"Name": "a", "Type": "Training", "Arguments": {"V": {"Get": get}}}]));
        let _ = Definition::parse(&json.to_string());
    }
}
