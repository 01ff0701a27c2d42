"""SageMaker's pipelines and their executions through boto3."""

import json

import pytest

from harness import jobs, notebooks, waiting
from harness.errors import refused

PARAMETERS = [
    {"Name": "who", "Type": "String", "DefaultValue": "nobody"},
    {"Name": "count", "Type": "Integer", "DefaultValue": 1},
    {"Name": "must", "Type": "String"},
]


@pytest.fixture(scope="module")
def pipelines(server):
    """Five pipelines, never started."""
    names = [f"five-{letter}" for letter in "abcde"]
    for name in names:
        jobs.create_pipeline(server, name, notebooks.notebook())
    return names


def listed(server, **filters):
    """Names of ListPipelines in order, from pages of two."""
    pages = server.client("sagemaker").get_paginator("list_pipelines")
    found = pages.paginate(PaginationConfig={"PageSize": 2}, **filters)
    return [pipeline["PipelineName"] for page in found for pipeline in page["PipelineSummaries"]]


def test_a_pipeline_is_described_updated_and_deleted(server):
    sagemaker = server.client("sagemaker")
    definition = jobs.pipeline_definition("life")
    arn = sagemaker.create_pipeline(
        PipelineName="life",
        PipelineDisplayName="Life",
        PipelineDescription="of a pipeline",
        PipelineDefinition=definition,
        RoleArn=jobs.ROLE,
        Tags=[{"Key": "a", "Value": "1"}],
        ParallelismConfiguration={"MaxParallelExecutionSteps": 3},
    )["PipelineArn"]
    described = sagemaker.describe_pipeline(PipelineName="life")
    assert described["PipelineArn"] == arn
    assert described["PipelineDefinition"] == definition
    assert described["PipelineDisplayName"] == "Life" and described["PipelineDescription"] == "of a pipeline"
    assert described["PipelineStatus"] == "Active" and described["RoleArn"] == jobs.ROLE
    assert described["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    other = jobs.pipeline_definition("life", runtime_s=5)
    assert sagemaker.update_pipeline(PipelineName="life", PipelineDefinition=other)["PipelineArn"] == arn
    updated = sagemaker.describe_pipeline(PipelineName="life")
    assert updated["PipelineDefinition"] == other and updated["PipelineDisplayName"] == "Life"
    assert updated["LastModifiedTime"] > updated["CreationTime"] == described["CreationTime"]
    assert sagemaker.delete_pipeline(PipelineName="life")["PipelineArn"] == arn
    with refused("ResourceNotFound", "life"):
        sagemaker.describe_pipeline(PipelineName="life")
    with refused("ResourceNotFound"):
        sagemaker.delete_pipeline(PipelineName="life")
    with refused("ResourceNotFound"):
        sagemaker.list_tags(ResourceArn=arn)


def test_lists_are_paged_sorted_and_filtered(server, pipelines):
    prefix = {"PipelineNamePrefix": "five"}
    assert listed(server, **prefix) == pipelines[::-1]
    assert listed(server, SortBy="Name", SortOrder="Ascending", **prefix) == pipelines
    assert listed(server, SortBy="CreationTime", SortOrder="Ascending", **prefix) == pipelines
    assert listed(server, PipelineNamePrefix="five-c") == ["five-c"]
    assert listed(server, PipelineNamePrefix="ive-c") == []
    assert listed(server, CreatedBefore="2000-01-01", **prefix) == []
    assert listed(server, CreatedAfter="2000-01-01", **prefix) == pipelines[::-1]


def test_what_is_wrong_is_refused_at_creation(server, pipelines):
    sagemaker = server.client("sagemaker")

    def create(name="wrong", definition=None, **more):
        text = definition if isinstance(definition, str) else json.dumps(definition)
        sagemaker.create_pipeline(PipelineName=name, RoleArn=jobs.ROLE, PipelineDefinition=text, **more)

    good = json.loads(jobs.pipeline_definition("wrong"))
    with refused("ValidationException", "already exists"):
        create(pipelines[0], good)
    with refused("ValidationException"):
        create("under_score", good)
    with refused("ValidationException"):
        create(definition="{no json")
    with refused("ValidationException", "Teleport"):
        create(definition=good | {"Steps": [good["Steps"][0] | {"Type": "Teleport"}]})
    with refused("ValidationException", "in-in"):
        create(definition=good | {"Steps": good["Steps"] * 2})
    with refused("ValidationException", "nobody"):
        create(definition=good | {"Steps": [good["Steps"][0] | {"DependsOn": ["nobody"]}]})
    assert listed(server, PipelineNamePrefix="wrong") == []


def test_parameters_reach_the_notebook(server):
    name = "parametrized"
    notebook = notebooks.notebook("print(who, count, must)", parameters="who = count = must = None")
    values = {key: {"Get": f"Parameters.{key}"} for key in ("who", "must")}
    values["count"] = {"Std:Join": {"On": "+", "Values": [{"Get": "Parameters.count"}, 1]}}
    jobs.create_pipeline(server, name, notebook, parameters=PARAMETERS, HyperParameters=values)
    sagemaker = server.client("sagemaker")
    with refused("ValidationException", "must"):
        sagemaker.start_pipeline_execution(PipelineName=name)
    with refused("ValidationException", "unknown"):
        sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=[{"Name": "unknown", "Value": "1"}])
    given = [{"Name": "must", "Value": "be"}, {"Name": "count", "Value": "41"}]
    arn = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=given)["PipelineExecutionArn"]
    execution = waiting.execution_ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    (step,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    job = step["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    assert job.startswith(f"pipelines-{arn.rsplit('/', 1)[1]}-in-in-")
    described = sagemaker.describe_training_job(TrainingJobName=job)
    assert described["HyperParameters"] == {"who": "nobody", "must": "be", "count": "41+1"}
    key = f"{name}/{job}/output/output.tar.gz"
    files = notebooks.unpack(server.client("s3").get_object(Bucket=jobs.BUCKET, Key=key)["Body"].read())
    assert notebooks.text(notebooks.executed(files, jobs.INPUT)) == "nobody 41+1 be\n"
    shown = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {p["Name"]: p["Value"] for p in shown}["must"] == "be"
    kept = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert kept["PipelineDefinition"] == sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"]


def test_one_request_token_starts_one_execution(server, tmp_path):
    name, token = "once", "0123456789abcdef0123456789abcdef"
    jobs.create_pipeline(server, name, notebooks.notebook())
    sagemaker = server.client("sagemaker")
    arns = {
        sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=token)["PipelineExecutionArn"]
        for _ in range(3)
    }
    assert len(arns) == 1
    waiting.execution_ended(sagemaker, arns.pop())
    assert len(sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]) == 1


def test_executions_are_paged_while_others_start(server):
    name = "many-executions"
    jobs.create_pipeline(server, name, notebooks.notebook())
    sagemaker = server.client("sagemaker")

    def start():
        return sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    old, seen, token = [start() for _ in range(3)], [], {}
    while True:
        page = sagemaker.list_pipeline_executions(PipelineName=name, SortOrder="Descending", MaxResults=1, **token)
        seen += [execution["PipelineExecutionArn"] for execution in page["PipelineExecutionSummaries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
        if len(seen) < 3:
            start()
    assert seen == old[::-1]
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=name, SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    everything = [e["PipelineExecutionArn"] for page in pages for e in page["PipelineExecutionSummaries"]]
    assert everything[:3] == old and len(everything) == 5
    for arn in everything:
        assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_a_stopped_execution_stops_its_job(server, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.create_pipeline(server, "stopped", notebooks.notebook(gate.cell()))
    sagemaker = server.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(
        PipelineName="stopped", PipelineExecutionDisplayName="by-hand", PipelineExecutionDescription="to be stopped"
    )["PipelineExecutionArn"]
    gate.wait_for_arrival()
    with refused("ConflictException"):
        sagemaker.delete_pipeline(PipelineName="stopped")
    assert sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionArn"] == arn
    execution = waiting.execution_ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Stopped"
    assert execution["PipelineExecutionDisplayName"] == "by-hand"
    assert execution["PipelineExecutionDescription"] == "to be stopped"
    (step,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert step["StepStatus"] == "Stopped"
    job = step["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    assert sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Stopped"
    waiting.until("the end of the run's processes", lambda: not server.runs())


def test_what_is_not_there_is_not_found(server, pipelines):
    sagemaker = server.client("sagemaker")
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{pipelines[0]}/execution/abcdefghijkl"
    with refused("ResourceNotFound"):
        sagemaker.start_pipeline_execution(PipelineName="nobody")
    with refused("ResourceNotFound"):
        sagemaker.list_pipeline_executions(PipelineName="nobody")
    with refused("ResourceNotFound"):
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    with refused("ResourceNotFound"):
        sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    with refused("ResourceNotFound"):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    with refused("ResourceNotFound"):
        sagemaker.update_pipeline(PipelineName="nobody", PipelineDescription="x")
    with refused("ValidationException", "NextToken"):
        sagemaker.list_pipelines(NextToken="made-up")


def test_an_update_makes_a_version(server):
    sagemaker = server.client("sagemaker")
    first = jobs.pipeline_definition("versioned")
    arn = jobs.create_pipeline(server, "versioned", notebooks.notebook())
    second = jobs.pipeline_definition("versioned", runtime_s=5)
    assert sagemaker.update_pipeline(PipelineName="versioned", PipelineDefinition=second)["PipelineVersionId"] == 2
    started = sagemaker.start_pipeline_execution(PipelineName=arn, PipelineVersionId=1)["PipelineExecutionArn"]
    execution = waiting.execution_ended(sagemaker, started)
    assert (execution["PipelineVersionId"], execution["PipelineExecutionStatus"]) == (1, "Succeeded")
    pages = sagemaker.get_paginator("list_pipeline_versions").paginate(
        PipelineName="versioned", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    one, two = [version for page in pages for version in page["PipelineVersionSummaries"]]
    assert (one["PipelineVersionId"], one["LastExecutionPipelineExecutionArn"]) == (1, started)
    assert two["PipelineVersionId"] == 2 and "LastExecutionPipelineExecutionArn" not in two
    sagemaker.update_pipeline_version(
        PipelineArn=arn, PipelineVersionId=1, PipelineVersionDisplayName="first", PipelineVersionDescription="of all"
    )
    described = sagemaker.describe_pipeline(PipelineName="versioned", PipelineVersionId=1)
    assert described["PipelineDefinition"] == first
    assert described["PipelineVersionDisplayName"] == "first" and described["PipelineVersionDescription"] == "of all"
    for call in (sagemaker.describe_pipeline, sagemaker.start_pipeline_execution):
        with refused("ResourceNotFound", "no version 3"):
            call(PipelineName="versioned", PipelineVersionId=3)
    with refused("ResourceNotFound"):
        sagemaker.update_pipeline_version(PipelineArn=arn, PipelineVersionId=3, PipelineVersionDisplayName="x")


def test_an_execution_is_changed_and_what_cannot_be_retried_is_refused(server):
    sagemaker = server.client("sagemaker")
    jobs.create_pipeline(server, "changed", notebooks.notebook())
    arn = sagemaker.start_pipeline_execution(PipelineName="changed")["PipelineExecutionArn"]
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"
    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=arn,
        PipelineExecutionDisplayName="renamed",
        PipelineExecutionDescription="later",
        ParallelismConfiguration={"MaxParallelExecutionSteps": 7},
    )
    execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert execution["PipelineExecutionDisplayName"] == "renamed"
    assert execution["PipelineExecutionDescription"] == "later"
    assert execution["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 7}
    with refused("ConflictException", "it is Succeeded"):
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    with refused("ValidationException"):
        sagemaker.update_pipeline_execution(PipelineExecutionArn=arn, PipelineExecutionDisplayName="no good")
    selected = {"SelectedSteps": [{"StepName": "nobody"}]}
    with refused("ValidationException", "nobody is not in the pipeline's definition"):
        sagemaker.start_pipeline_execution(PipelineName="changed", SelectiveExecutionConfig=selected)


def test_a_definition_may_be_an_object(server):
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    jobs.upload(server, "in-s3", notebooks.notebook())
    definition = jobs.pipeline_definition("in-s3")
    s3.put_object(Bucket=jobs.BUCKET, Key="definitions/in-s3.json", Body=definition.encode())
    place = {"Bucket": jobs.BUCKET, "ObjectKey": "definitions/in-s3.json"}
    sagemaker.create_pipeline(PipelineName="in-s3", RoleArn=jobs.ROLE, PipelineDefinitionS3Location=place)
    assert sagemaker.describe_pipeline(PipelineName="in-s3")["PipelineDefinition"] == definition
    with refused("ResourceNotFound"):
        missing = place | {"ObjectKey": "definitions/none.json"}
        sagemaker.update_pipeline(PipelineName="in-s3", PipelineDefinitionS3Location=missing)
