"""The SageMaker Python SDK's NotebookJobStep, versions 2 and 3, unmodified: alone and in pipelines."""

# What is sent to the SDK's interpreter has that interpreter's names.
# ruff: noqa: F821

import json

import pytest

from harness import jobs, notebooks, waiting
from harness.sdk import BUCKET, Sdk, SdkError


@pytest.fixture(scope="module", params=["v2", "v3"])
def sdk(request, server):
    """The SDK, and in it the pipelines that the tests make."""
    s3 = server.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET)
    sdk = Sdk(request.param, server)
    yield sdk
    sdk.end()


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook into the test's folder and returns its path."""

    def write(*cells, name="report", parameters=None):
        path = tmp_path / f"{name}.ipynb"
        path.write_bytes(notebooks.notebook(*cells, parameters=parameters))
        return str(path)

    return write


def outputs(server, arn, step, name):
    """The executed notebook of a step: where the SDK's S3OutputPath says."""
    s3 = server.client("s3")
    pipeline, execution = arn.split("/")[1], arn.split("/")[3]
    prefix = f"{pipeline}/{execution}/{step}/"
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]]
    (key,) = [key for key in keys if key.endswith("/output/output.tar.gz")]
    files = notebooks.unpack(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return notebooks.text(json.loads(files[name]))


def run(name, notebook, role):
    step = notebook_step(
        notebook,
        name="only-step",
        notebook_job_name="sdk-job",
        parameters={"who": "sdk"},
        environment_variables={"MY_VAR": "1"},
        tags=[{"Key": "team", "Value": "ds"}],
    )
    made = pipeline(name, [step])
    made.create(role_arn=role, tags=[{"Key": "a", "Value": "1"}])
    made.upsert(role_arn=role, description="again")
    execution = made.start(execution_display_name="first")
    execution.wait(delay=1, max_attempts=90)
    listed = made.list_executions()["PipelineExecutionSummaries"]
    return {
        "arn": started(execution),
        "execution": execution.describe(),
        "steps": execution.list_steps(),
        "executions": listed,
        "pipeline": made.describe(),
        "versions": made.list_pipeline_versions()["PipelineVersionSummaries"],
    }


def test_a_step_alone_runs_and_its_output_is_in_s3(server, sdk, notebook):
    path = notebook("import os\nprint(who, os.environ['MY_VAR'])", parameters="who = None")
    name = f"{sdk.version}-single"
    found = sdk(run, name=name, notebook=path, role=jobs.ROLE)
    assert found["execution"]["PipelineExecutionStatus"] == "Succeeded"
    assert found["execution"]["PipelineExecutionDisplayName"] == "first"
    (step,) = found["steps"]
    assert (step["StepName"], step["StepStatus"]) == ("only-step", "Succeeded")
    assert [e["PipelineExecutionArn"] for e in found["executions"]] == [found["arn"]]
    assert found["pipeline"]["PipelineDescription"] == "again"
    assert [version["PipelineVersionId"] for version in found["versions"]] == [2, 1]
    assert outputs(server, found["arn"], "only-step", "sdk-job.ipynb") == "sdk 1\n"
    tags = server.client("sagemaker").list_tags(ResourceArn=step["Metadata"]["TrainingJob"]["Arn"])["Tags"]
    assert {"Key": "sagemaker:notebook-job-origin", "Value": "PIPELINE_STEP"} in tags
    assert {"Key": "team", "Value": "ds"} in tags


def dag(name, notebooks, role):
    who = ParameterString(name="Who", default_value="world", enum_values=["world", "moon"])
    volume = ParameterInteger(name="Volume", default_value=30)
    rate = ParameterFloat(name="Rate", default_value=0.5)
    deep = ParameterBoolean(name="Deep", default_value=False)
    prep = notebook_step(
        notebooks["prep"],
        name="prep",
        notebook_job_name="prep-job",
        volume_size=volume,
        parameters={
            "who": who,
            "rate": rate,
            "deep": deep,
            "run": Join(on="/", values=["run", ExecutionVariables.PIPELINE_EXECUTION_ID, volume]),
        },
        retry_policies=[
            SageMakerJobStepRetryPolicy(
                failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR], max_attempts=2
            )
        ],
    )
    left = notebook_step(
        notebooks["left"],
        name="left",
        notebook_job_name="left-job",
        environment_variables={
            "PREP_JOB": prep.properties.ComputingJobName,
            "PREP_OUT": prep.properties.NotebookJobOutputLocationPrefix,
            "PREP_NOTEBOOK": prep.properties.OutputNotebookName,
        },
    )
    right = notebook_step(notebooks["right"], name="right", notebook_job_name="right-job", depends_on=[prep])
    last = notebook_step(
        notebooks["last"], name="last", notebook_job_name="last-job", depends_on=["left", right], display_name="Last"
    )
    made = pipeline(name, [prep, left, right, last], parameters=[who, volume, rate, deep])
    made.upsert(role_arn=role, parallelism_config=ParallelismConfiguration(2))
    return json.loads(made.definition())


def start(name, parameters, **more):
    made = pipeline(name, [])
    execution = made.start(parameters=parameters, **more)
    return started(execution)


def ended(arn):
    execution = execution_of(arn)
    try:
        execution.wait(delay=1, max_attempts=90)
    except Exception as error:
        if "PipelineExecutionFailed" not in type(error).__name__ and "Waiter" not in type(error).__name__:
            raise
    return {
        "status": execution.describe()["PipelineExecutionStatus"],
        "steps": {step["StepName"]: step for step in execution.list_steps()},
        "parameters": {p["Name"]: p["Value"] for p in execution.list_parameters()["PipelineParameters"]},
    }


def test_a_graph_runs_with_its_parameters(server, sdk, notebook, tmp_path):
    name = f"{sdk.version}-dag"
    gates = {side: notebooks.Gate(tmp_path / side) for side in ("left", "right")}
    paths = {
        "prep": notebook("print(who, rate, deep, run)", name="prep", parameters="who = rate = deep = run = None"),
        "last": notebook("print('last')", name="last"),
        "left": notebook(
            "import os\nprint(os.environ['PREP_JOB'], os.environ['PREP_OUT'], os.environ['PREP_NOTEBOOK'])",
            gates["left"].cell(),
            name="left",
        ),
        "right": notebook(gates["right"].cell(), name="right"),
    }
    sdk(dag, name=name, notebooks=paths, role=jobs.ROLE)
    with pytest.raises(SdkError, match="Who"):
        sdk(start, name=name, parameters={"Who": "mars"})
    arn = sdk(start, name=name, parameters={"Who": "moon", "Volume": 50})
    # Both are inside their notebooks at once: the graph runs in parallel as far as its edges allow.
    for gate in gates.values():
        gate.wait_for_arrival()
    for gate in gates.values():
        gate.open()
    found = sdk(ended, arn=arn)
    assert found["status"] == "Succeeded"
    assert {name: step["StepStatus"] for name, step in found["steps"].items()} == dict.fromkeys(paths, "Succeeded")
    assert found["steps"]["last"]["StepDisplayName"] == "Last"
    assert found["parameters"] == {"Who": "moon", "Volume": "50", "Rate": "0.5", "Deep": "false"}
    run = arn.rsplit("/", 1)[1]
    assert outputs(server, arn, "prep", "prep-job.ipynb") == f"moon 0.5 false run/{run}/50\n"
    job = found["steps"]["prep"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    said = outputs(server, arn, "left", "left-job.ipynb").splitlines()[0]
    assert said == f"{job} s3://{BUCKET}/{name}/{run}/prep prep-job.ipynb"
    described = server.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert described["ResourceConfig"]["VolumeSizeInGB"] == 50


def conditional(name, notebooks, role):
    go = ParameterString(name="Go", default_value="yes")
    count = ParameterInteger(name="Count", default_value=3)
    first = notebook_step(notebooks["first"], name="first", notebook_job_name="first-job")
    choose = ConditionStep(
        name="choose",
        depends_on=[first],
        conditions=[
            ConditionEquals(left=go, right="yes"),
            ConditionOr(conditions=[ConditionGreaterThan(left=count, right=2), ConditionIn(value=count, in_values=[0])]),
            ConditionNot(ConditionEquals(left=first.properties.ComputingJobStatus, right="Failed")),
        ],
        if_steps=[notebook_step(notebooks["then"], name="then", notebook_job_name="then-job")],
        else_steps=[FailStep(name="refuse", error_message=Join(on=" ", values=["Go is", go]))],
    )
    pipeline(name, [first, choose], parameters=[go, count]).upsert(role_arn=role)


def test_a_condition_chooses_and_a_fail_step_fails(server, sdk, notebook):
    name = f"{sdk.version}-conditional"
    paths = {"first": notebook("print(1)", name="first"), "then": notebook("print(2)", name="then")}
    sdk(conditional, name=name, notebooks=paths, role=jobs.ROLE)
    chosen = sdk(ended, arn=sdk(start, name=name, parameters={}))
    assert chosen["status"] == "Succeeded"
    assert set(chosen["steps"]) == {"first", "choose", "then"}
    assert chosen["steps"]["choose"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    refused = sdk(ended, arn=sdk(start, name=name, parameters={"Go": "no"}))
    assert refused["status"] == "Failed"
    assert set(refused["steps"]) == {"first", "choose", "refuse"}
    assert refused["steps"]["choose"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    assert refused["steps"]["refuse"]["Metadata"] == {"Fail": {"ErrorMessage": "Go is no"}}
    assert refused["steps"]["refuse"]["FailureReason"] == "Go is no"


def two_steps(name, notebooks, role):
    first = notebook_step(notebooks["first"], name="first", notebook_job_name="first-job")
    second = notebook_step(notebooks["second"], name="second", notebook_job_name="second-job", depends_on=[first])
    pipeline(name, [first, second]).upsert(role_arn=role)


def select(name, steps, source):
    config = SelectiveExecutionConfig(selected_steps=steps, source_pipeline_execution_arn=source)
    return started(pipeline(name, []).start(selective_execution_config=config))


def test_a_failed_run_is_repaired_and_run_in_part(server, sdk, notebook, tmp_path):
    name = f"{sdk.version}-repaired"
    cure = tmp_path / "cured"
    paths = {
        "first": notebook("print('first')", name="first"),
        "second": notebook(f"assert open({str(cure)!r}).read() == ''", name="second"),
    }
    sdk(two_steps, name=name, notebooks=paths, role=jobs.ROLE)
    arn = sdk(start, name=name, parameters={})
    failed = sdk(ended, arn=arn)
    assert failed["status"] == "Failed"
    assert {name: step["StepStatus"] for name, step in failed["steps"].items()} == {
        "first": "Succeeded",
        "second": "Failed",
    }
    cure.write_text("")
    sagemaker = server.client("sagemaker")
    assert sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionArn"] == arn
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"
    repaired = sdk(ended, arn=arn)["steps"]
    assert repaired["first"] == failed["steps"]["first"], "what succeeded is kept"
    assert repaired["second"]["AttemptCount"] == 2
    partly = sdk(ended, arn=sdk(select, name=name, steps=["second"], source=arn))
    assert partly["status"] == "Succeeded"
    assert partly["steps"]["first"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": arn}
    assert partly["steps"]["first"]["Metadata"] == repaired["first"]["Metadata"]
    assert partly["steps"]["second"]["Metadata"] != repaired["second"]["Metadata"]
    latest = sdk(ended, arn=sdk(select, name=name, steps=["first"], source=None))
    assert latest["status"] == "Succeeded" and set(latest["steps"]) == {"first"}


def stop(arn):
    execution_of(arn).stop()


def test_a_run_is_stopped(server, sdk, notebook, tmp_path):
    name = f"{sdk.version}-stopped"
    gate = notebooks.Gate(tmp_path / "gate")
    paths = {"first": notebook(gate.cell(), name="first"), "second": notebook("print(2)", name="second")}
    sdk(two_steps, name=name, notebooks=paths, role=jobs.ROLE)
    arn = sdk(start, name=name, parameters={})
    gate.wait_for_arrival()
    sdk(stop, arn=arn)
    sagemaker = server.client("sagemaker")
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Stopped"
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert [(step["StepName"], step["StepStatus"]) for step in steps] == [("first", "Stopped")]


def unknown_step(name, notebook, role):
    step = notebook_step(notebook, name="known", notebook_job_name="known")
    definition = json.loads(pipeline(name, [step]).definition())
    definition["Steps"].append({"Name": "other", "Type": "Lambda", "Arguments": {}})
    session.sagemaker_client.create_pipeline(
        PipelineName=name, RoleArn=role, PipelineDefinition=json.dumps(definition), ClientRequestToken="0" * 32
    )


def test_a_step_that_is_not_run_is_refused_at_creation(sdk, notebook):
    with pytest.raises(SdkError, match="ValidationException.*\"other\": steps of type Lambda are not supported"):
        sdk(unknown_step, name="unknown", notebook=notebook("print(1)"), role=jobs.ROLE)


def trigger(name, role):
    from datetime import datetime, timezone

    made = pipeline(name, [])
    arns = made.put_triggers([PipelineSchedule(name="sdk-trigger", cron="0 9 ? * MON-FRI *")], role_arn=role)
    again = made.put_triggers(
        [PipelineSchedule(name="sdk-trigger", rate=(7, "days"), enabled=False)], role_arn=role
    )
    once = PipelineSchedule(name="sdk-once", at=datetime(2099, 1, 31, 9, tzinfo=timezone.utc))
    made.put_triggers([once], role_arn=role)
    described = [made.describe_trigger("sdk-trigger"), made.describe_trigger("sdk-once")]
    made.delete_triggers(["sdk-trigger", "sdk-once"])
    try:
        made.describe_trigger("sdk-trigger")
        gone = ""
    except Exception as error:
        gone = str(error)
    return {"arns": arns, "again": again, "described": described, "gone": gone}


def test_triggers_are_put_described_and_deleted(server, sdk, notebook):
    name = f"{sdk.version}-triggered"
    sdk(two_steps, name=name, notebooks=dict.fromkeys(("first", "second"), notebook("print(1)")), role=jobs.ROLE)
    found = sdk(trigger, name=name, role=jobs.ROLE)
    arn = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/sdk-trigger"
    assert found["arns"] == found["again"] == [arn]
    weekly, once = found["described"]
    assert (weekly["Schedule_Expression"], weekly["Schedule_State"]) == ("rate(7 days)", "DISABLED")
    assert once["Schedule_Expression"] == "at(2099-01-31T09:00:00)"
    assert "does not exist" in found["gone"]


def delete(name):
    return pipeline(name, []).delete()["PipelineArn"]


def test_a_pipeline_is_deleted(sdk):
    assert sdk(delete, name=f"{sdk.version}-single").endswith(f"pipeline/{sdk.version}-single")
