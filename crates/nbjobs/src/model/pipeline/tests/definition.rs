//! What a definition says, and what is refused in it.

use super::super::*;
use super::{definition, step, variables, with_steps};
use proptest::prelude::*;
use serde_json::{Value, json};

fn refusal(json: &Value) -> String {
    Definition::parse(&json.to_string())
        .expect_err("a refusal")
        .to_string()
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
        selection: None,
        objects: &JsonObjects::new(),
    };
    let mut plan = run.plan();
    match plan.ended.pop().map(|ended| ended.ending) {
        Some(Ending::Broken(reason)) => Err(reason),
        Some(other) => Err(format!("{other:?}")),
        None => Ok(plan.ready.remove(0).arguments),
    }
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
            "a PropertyFile is written by Processing steps",
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
        selection: None,
        objects: &JsonObjects::new(),
    };
    let plan = run.plan();
    assert!(
        matches!(&plan.ended[0].ending, Ending::Broken(reason) if reason.contains("larger than 1048576 bytes")),
        "{plan:?}"
    );
    assert_eq!(plan.status, ExecutionStatus::Failed);
}

proptest! {
    #[test]
    fn reading_a_definition_never_panics(get in "(Steps|Execution|Parameters)?[.a\\[\\]'\"0-9]{0,20}") {
        let json = with_steps(json!([{"Name": "a", "Type": "Training", "Arguments": {"V": {"Get": get}}}]));
        let _ = Definition::parse(&json.to_string());
    }
}
