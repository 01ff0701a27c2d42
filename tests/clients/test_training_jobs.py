"""SageMaker's training jobs through boto3: every answer is checked against botocore's model on the way."""

from datetime import datetime, timedelta, timezone

import pytest

from harness import jobs, notebooks
from harness.errors import refused


@pytest.fixture(scope="module")
def finished(server):
    """A few jobs that have ended: an empty notebook runs fast, a missing kernel fails."""
    names = [f"many-{letter}" for letter in "abcde"]
    for name in names:
        jobs.submit(server, name, notebooks.notebook())
    jobs.submit(server, "fails", notebooks.notebook(kernel="none"), environment={"SM_KERNEL_NAME": "none"})
    for name in [*names, "fails"]:
        jobs.ended(server, name)
    return names


def listed(server, **filters):
    """Names of ListTrainingJobs in order, from pages of two."""
    pages = server.client("sagemaker").get_paginator("list_training_jobs")
    found = pages.paginate(PaginationConfig={"PageSize": 2}, **filters)
    return [job["TrainingJobName"] for page in found for job in page["TrainingJobSummaries"]]


def test_a_job_is_described_as_it_was_asked_for(server):
    tags = [{"Key": "sagemaker:name", "Value": "フルーツ"}, {"Key": "team", "Value": ""}]
    more = {"HyperParameters": {"who": "boto3"}, "Tags": tags, "EnableNetworkIsolation": False}
    cell = "import os\nprint(who, os.environ['MY_VAR'], os.environ['TRAINING_JOB_NAME'])"
    request = jobs.submit(
        server, "whole", notebooks.notebook(cell, parameters="who = 'nobody'"), environment={"MY_VAR": "42"}, **more
    )
    job = jobs.ended(server, "whole")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    for member in set(request) - {"Tags", "AlgorithmSpecification"}:
        assert job[member] == request[member], member
    assert job["AlgorithmSpecification"].items() >= request["AlgorithmSpecification"].items()
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"] <= job["LastModifiedTime"]
    assert [t["Status"] for t in job["SecondaryStatusTransitions"]] == [
        "Pending",
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all("EndTime" in t for t in job["SecondaryStatusTransitions"])
    shown = server.client("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert sorted(shown, key=lambda tag: tag["Key"]) == tags
    files = jobs.output(server, "whole")
    assert sorted(files) == ["in.ipynb", "out.ipynb", "sagemaker_job_execution.log"]
    executed = notebooks.executed(files, jobs.INPUT)
    assert notebooks.text(executed) == "boto3 42 whole\n"
    injected = executed["cells"][1]
    assert injected["metadata"]["tags"] == ["injected-parameters"]
    assert executed["metadata"]["papermill"]["parameters"] == {"who": "boto3"}


def test_parameters_have_the_types_of_their_defaults(server):
    parameters = "n = 1\nratio: float = 0.5\nname = 'x'\non = False\nitems = []"
    cell = "print(repr([n, ratio, name, on, items]))"
    texts = {"n": "41", "ratio": "2", "name": "7", "on": "true", "items": "[1, null]"}
    for name, environment, expected in [
        ("typed", {}, "[41, 2.0, '7', True, [1, None]]\n"),
        ("texts", {"NBJOBS_TYPED_PARAMETERS": "false"}, "['41', '2', '7', 'true', '[1, null]']\n"),
    ]:
        notebook = notebooks.notebook(cell, parameters=parameters)
        jobs.submit(server, name, notebook, environment=environment, HyperParameters=texts)
        job = jobs.ended(server, name)
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert job["HyperParameters"] == texts
        assert notebooks.text(notebooks.executed(jobs.output(server, name), jobs.INPUT)) == expected


def test_lists_are_paged_sorted_and_filtered(server, finished):
    sagemaker = server.client("sagemaker")
    created = {name: sagemaker.describe_training_job(TrainingJobName=name)["CreationTime"] for name in finished}
    many = {"NameContains": "many-"}
    assert listed(server, **many) == finished[::-1]
    assert listed(server, SortBy="Name", SortOrder="Ascending", **many) == finished
    assert listed(server, SortBy="Name", **many) == finished[::-1]
    assert sorted(listed(server, SortBy="Status", **many)) == finished
    assert listed(server, StatusEquals="Failed") == ["fails"]
    assert listed(server, StatusEquals="Stopped") == []
    assert listed(server, NameContains="any-c") == ["many-c"]
    # Clients send whole seconds.
    second = created[finished[2]].replace(microsecond=0)
    after = [name for name in finished[::-1] if created[name] > second]
    before = [name for name in finished[::-1] if created[name] < second]
    assert listed(server, CreationTimeAfter=second, **many) == after
    assert listed(server, CreationTimeBefore=second, **many) == before
    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    assert listed(server, CreationTimeAfter=soon) == listed(server, LastModifiedTimeAfter=soon) == []
    assert sorted(listed(server, LastModifiedTimeBefore=soon, **many)) == finished


def test_pages_neither_repeat_nor_lose_while_jobs_arrive(server, finished):
    sagemaker = server.client("sagemaker")
    for order in ("Ascending", "Descending"):
        seen, token = [], {}
        for number in range(100):
            page = sagemaker.list_training_jobs(
                NameContains="many-", SortBy="CreationTime", SortOrder=order, MaxResults=1, **token
            )
            seen += [job["TrainingJobName"] for job in page["TrainingJobSummaries"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
            if number < 3:
                jobs.submit(server, f"many-new-{order}-{number}", notebooks.notebook())
        old = [name for name in seen if name in finished]
        assert old == (finished if order == "Ascending" else finished[::-1])
        assert len(seen) == len(set(seen))


def test_what_is_wrong_is_refused_at_creation(server):
    sagemaker = server.client("sagemaker")

    def create(name, **more):
        sagemaker.create_training_job(**(jobs.training_job(name) | more))

    with refused("ValidationException", "no-input"):
        create("no-input")  # Nothing lies under its S3Uri.
    jobs.upload(server, "wrong", notebooks.notebook())
    with refused("ValidationException", "trainingJobName"):
        create("under_score")
    with refused("ValidationException", "no-such-bucket"):
        create("wrong", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/"})
    with refused("ValidationException", "no-such-bucket"):
        create("wrong", InputDataConfig=[jobs.channel("wrong", bucket="no-such-bucket")])
    with refused("ValidationException", "not-a-name"):
        create("wrong", HyperParameters={"not-a-name": "1"})
    with refused("ValidationException", "roleArn"):
        create("wrong", RoleArn="arn:aws:iam::1:role-of-nobody")
    with refused("ValidationException", "CheckpointConfig"):
        create("wrong", CheckpointConfig={"S3Uri": "s3://b/"})
    with refused("ValidationException"):
        create("wrong", Environment={"SM_JOB_DEF_VERSION": "1.0"})
    with refused("ValidationException"):
        create("wrong", StoppingCondition={"MaxRuntimeInSeconds": 2_419_201})
    assert listed(server, NameContains="wrong") == []


def test_a_name_is_taken_for_ever(server, finished):
    with refused("ResourceInUse", "already exists"):
        server.client("sagemaker").create_training_job(**jobs.training_job(finished[0]))


def test_what_is_not_there_is_not_found(server):
    sagemaker = server.client("sagemaker")
    with refused("ValidationException", "Requested resource not found."):
        sagemaker.describe_training_job(TrainingJobName="nobody")
    with refused("ValidationException", "Requested resource not found."):
        sagemaker.stop_training_job(TrainingJobName="nobody")
    arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/nobody"
    with refused("ResourceNotFound", "nobody"):
        sagemaker.list_tags(ResourceArn=arn)
    with refused("ValidationException", "NextToken"):
        sagemaker.list_training_jobs(NextToken="made-up")
    with refused("ValidationException"):
        sagemaker.list_training_jobs(SortBy="Size")


def test_an_ended_job_cannot_be_stopped(server, finished):
    with refused("ValidationException", "in status Completed"):
        server.client("sagemaker").stop_training_job(TrainingJobName=finished[0])


def test_tags_are_added_replaced_and_deleted(server, finished):
    sagemaker = server.client("sagemaker")
    arn = sagemaker.describe_training_job(TrainingJobName=finished[0])["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": "1"} for n in range(5)])
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k0", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["k4", "k9"])
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"k0": "2", "k1": "1", "k2": "1", "k3": "1"}
    with refused("ValidationException"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])


def test_what_we_have_not_says_so(server):
    with refused("UnknownOperationException", "CreateEndpoint"):
        server.client("sagemaker").create_endpoint(EndpointName="e", EndpointConfigName="c")


def test_logs_of_a_job_are_found_as_clients_ask(server, finished):
    logs = server.client("logs")
    name, group = finished[0], "/aws/sagemaker/TrainingJobs"
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker")["logGroups"]
    assert [g["logGroupName"] for g in groups] == [group]
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    assert len(streams) == 1 and streams[0]["firstEventTimestamp"] <= streams[0]["lastEventTimestamp"]
    stream = streams[0]["logStreamName"]
    # From the head in pages of two: the token that no longer changes is the end.
    messages, token = [], {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=2, **token)
        messages += [event["message"] for event in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert messages == jobs.log(server, name)
    assert any(name in message for message in messages)
    # As `aws logs tail` asks.
    page = logs.filter_log_events(logGroupName=group, startTime=0, interleaved=True, filterPattern=f'"{name}"')
    assert page["events"] and all(name in event["message"] for event in page["events"])
    with refused("ResourceNotFoundException"):
        logs.get_log_events(logGroupName=group, logStreamName="none")
    with refused("ResourceNotFoundException"):
        logs.filter_log_events(logGroupName="/none")


def test_who_am_i(server):
    me = server.client("sts").get_caller_identity()
    assert me["Account"] == "000000000000" and me["Arn"].startswith("arn:aws:")
