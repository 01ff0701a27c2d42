"""EventBridge Scheduler through boto3: schedules, their group, and that they fire."""

import json
from datetime import datetime, timezone

import pytest

from harness import jobs, notebooks, waiting
from harness.errors import refused

GROUP = "arn:aws:scheduler:us-east-1:000000000000:schedule-group/default"
OFF = {"Mode": "OFF"}


def at(text):
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def pipeline(server):
    """The ARN of a pipeline that schedules can start."""
    return jobs.create_pipeline(server, "target", notebooks.notebook())


def put(server, name, expression="cron(0 9 * * ? *)", *, target, **more):
    """CreateSchedule, with what it must have."""
    more = {"FlexibleTimeWindow": OFF} | more
    return server.client("scheduler").create_schedule(
        Name=name, ScheduleExpression=expression, Target={"RoleArn": jobs.ROLE} | target, **more
    )["ScheduleArn"]


def test_a_schedule_is_created_read_changed_and_deleted(server, pipeline):
    scheduler = server.client("scheduler")
    target = {
        "Arn": pipeline,
        "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "who", "Value": "me"}]},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
    }
    whole = {
        "ScheduleExpressionTimezone": "Asia/Tokyo",
        "StartDate": at("2098-01-01"),
        "EndDate": at("2099-01-01"),
        "Description": "every day",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "ActionAfterCompletion": "DELETE",
    }
    arn = put(server, "life", target=target, **whole)
    assert arn == "arn:aws:scheduler:us-east-1:000000000000:schedule/default/life"
    found = scheduler.get_schedule(Name="life", GroupName="default")
    for absent in ("ResponseMetadata", "CreationDate", "LastModificationDate"):
        del found[absent]
    assert found == whole | {
        "Arn": arn,
        "GroupName": "default",
        "Name": "life",
        "ScheduleExpression": "cron(0 9 * * ? *)",
        "Target": target | {"RoleArn": jobs.ROLE},
    }
    with refused("ConflictException", "already exists"):
        put(server, "life", target=target)
    # An update replaces all; what is not given is back at its default.
    scheduler.update_schedule(
        Name="life",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow=OFF,
        Target={"Arn": pipeline, "RoleArn": jobs.ROLE},
        State="DISABLED",
    )
    changed = scheduler.get_schedule(Name="life")
    assert (changed["ScheduleExpression"], changed["ScheduleExpressionTimezone"]) == ("rate(5 minutes)", "UTC")
    assert (changed["FlexibleTimeWindow"], changed["ActionAfterCompletion"]) == (OFF, "NONE")
    assert not {"Description", "StartDate", "EndDate"} & set(changed)
    scheduler.delete_schedule(Name="life")
    for call in (scheduler.get_schedule, scheduler.delete_schedule):
        with refused("ResourceNotFoundException", "Schedule life does not exist."):
            call(Name="life")
    with refused("ResourceNotFoundException"):
        scheduler.update_schedule(
            Name="life", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target={"Arn": pipeline, "RoleArn": jobs.ROLE}
        )


def test_one_request_token_creates_once(server, pipeline):
    for _ in range(2):
        put(server, "once", target={"Arn": pipeline}, State="DISABLED", ClientToken="a-token")
    with refused("ConflictException"):
        put(server, "once", "rate(1 day)", target={"Arn": pipeline}, State="DISABLED", ClientToken="a-token")


def test_schedules_are_listed_in_pages(server, pipeline):
    for letter in "dbeca":
        put(server, f"five-{letter}", target={"Arn": pipeline}, State="DISABLED" if letter == "c" else "ENABLED")

    def names(**filters):
        pages = server.client("scheduler").get_paginator("list_schedules")
        found = pages.paginate(PaginationConfig={"PageSize": 2}, **filters)
        return [schedule["Name"] for page in found for schedule in page["Schedules"]]

    assert names(NamePrefix="five-") == [f"five-{letter}" for letter in "abcde"]
    assert names(NamePrefix="five-", State="DISABLED") == ["five-c"]
    assert names(NamePrefix="five-", GroupName="default", State="ENABLED") == [f"five-{letter}" for letter in "abde"]
    assert names(NamePrefix="none") == []
    with refused("ResourceNotFoundException", "Schedule group other does not exist."):
        names(GroupName="other")


def test_there_is_one_group_and_it_has_tags(server):
    scheduler = server.client("scheduler")
    assert scheduler.get_schedule_group(Name="default")["Arn"] == GROUP
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]
    assert scheduler.list_schedule_groups(NamePrefix="x")["ScheduleGroups"] == []
    scheduler.tag_resource(ResourceArn=GROUP, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=GROUP, TagKeys=["b", "c"])
    assert scheduler.list_tags_for_resource(ResourceArn=GROUP)["Tags"] == [{"Key": "a", "Value": "1"}]
    with refused("ResourceNotFoundException"):
        scheduler.list_tags_for_resource(ResourceArn=GROUP.replace("default", "other"))
    with refused("UnknownOperationException", "CreateScheduleGroup"):
        scheduler.create_schedule_group(Name="other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ScheduleExpression": "every day"}, "Invalid Schedule Expression every day."),
        ({"ScheduleExpression": "cron(0 9 * * * *)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpression": "rate(1 minutes)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpression": "at(2099-02-30T09:00:00)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpression": "at(2020-01-01T09:00:00)"}, "future"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"StartDate": at("2020-01-01")}, "5 minutes ago"),
        ({"EndDate": at("2020-01-01")}, "EndDate"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes"),
        ({"KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"}, "KmsKeyArn"),
        ({"Target": {"Arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "RoleArn": jobs.ROLE}}, "lambda"),
        ({"Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": jobs.ROLE, "SqsParameters": {}}}, "SqsParameters"),
    ],
)
def test_what_could_not_fire_is_refused(server, pipeline, change, message):
    request = {
        "Name": "wrong",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": OFF,
        "Target": {"Arn": pipeline, "RoleArn": jobs.ROLE},
    }
    with refused("ValidationException", message):
        server.client("scheduler").create_schedule(**request | change)


def test_schedules_fire_in_their_zones_and_once(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2027-03-13T12:00:00Z")
    server = new_server("scheduled", "--clock-file", str(clock)).start()
    notebook = notebooks.notebook("print(when)", parameters="when = None")
    parameters = [{"Name": "When", "Type": "String"}]
    values = {"when": {"Get": "Parameters.When"}}
    pipeline = jobs.create_pipeline(server, "zoned", notebook, parameters=parameters, HyperParameters=values)
    sagemaker, scheduler = server.client("sagemaker"), server.client("scheduler")
    when = {"PipelineParameterList": [{"Name": "When", "Value": "<aws.scheduler.scheduled-time>"}]}
    # The clocks of New York go forward on 2027-03-14: 9:00 is 13:00 in UTC from then on.
    put(
        server,
        "nine",
        target={"Arn": pipeline, "SageMakerPipelineParameters": when},
        ScheduleExpressionTimezone="America/New_York",
    )
    request = jobs.training_job("launched-<aws.scheduler.execution-id>")
    request["InputDataConfig"] = [jobs.channel("zoned")]
    put(
        server,
        "once",
        "at(2027-03-14T09:00:00)",
        target={"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob", "Input": json.dumps(request)},
        ScheduleExpressionTimezone="America/New_York",
        ActionAfterCompletion="DELETE",
    )

    def move(instant):
        clock.write_text(instant)
        server.hang_up()

    def executions():
        return sagemaker.list_pipeline_executions(PipelineName="zoned")["PipelineExecutionSummaries"]

    move("2027-03-14T12:59:59Z")
    # It was due at 9:00 of the 13th too, which is 14:00 in UTC.
    (first,) = waiting.until("the first firing", executions)
    move("2027-03-14T13:00:00Z")
    second, _ = waiting.until("the second firing", lambda: executions() if len(executions()) == 2 else None)
    for execution, due in [(first, "2027-03-13T14:00:00Z"), (second, "2027-03-14T13:00:00Z")]:
        arn = execution["PipelineExecutionArn"]
        assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"
        given = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
        assert given == [{"Name": "When", "Value": due}]
    names = [job["TrainingJobName"] for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]]
    (launched,) = [name for name in names if name.startswith("launched-")]
    assert waiting.job_ended(sagemaker, launched)["TrainingJobStatus"] == "Completed"
    with refused("ResourceNotFoundException"):
        scheduler.get_schedule(Name="once")
    # A restart fires nothing again.
    server.kill()
    server.start()
    move("2027-03-14T13:00:01Z")
    assert len(server.client("sagemaker").list_pipeline_executions(PipelineName="zoned")["PipelineExecutionSummaries"]) == 2
