"""Event patterns, the events that the service tells, and who gets them: pipelines, log groups, webhooks."""

import json

import pytest

from harness import jobs, notebooks, waiting
from harness.errors import refused
from harness.receiver import Receiver

DEAD_LETTERS = "/aws/events/dead-letter"
SECRET = "not-to-be-seen"


@pytest.fixture
def receiver():
    """Makes receivers, ended with the test."""
    made = []

    def make(*statuses, **more):
        made.append(Receiver(*statuses, **more))
        return made[-1]

    yield make
    for one in made:
        one.end()


def listen(server, name, pattern, **target):
    """A rule with one target."""
    events = server.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    answer = events.put_targets(Rule=name, Targets=[{"Id": "t", **target}])
    assert answer["FailedEntryCount"] == 0


def log_target(server, group):
    """A log group as a target."""
    server.client("logs").create_log_group(logGroupName=group)
    return {"Arn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"}


def hook(server, name, url, **more):
    """A webhook as a target."""
    events = server.client("events")
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": SECRET}}
    connection = events.create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=parameters)
    destination = events.create_api_destination(
        Name=name, ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=url, HttpMethod="POST", **more
    )
    return {"Arn": destination["ApiDestinationArn"], "RoleArn": jobs.ROLE}


def lines(server, group, count=1, **filters):
    """The log group's messages as JSON, once there are `count`."""
    logs = server.client("logs")

    def ask():
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **filters)
        found = [json.loads(event["message"]) for page in pages for event in page["events"]]
        return found if len(found) >= count else None

    return waiting.until(f"{count} lines in {group}", ask)


def put(server, **detail):
    """An event of our own."""
    entry = {"Source": "mine", "DetailType": "t", "Detail": json.dumps(detail)}
    answer = server.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0
    return answer["Entries"][0]["EventId"]


def test_patterns_are_tried_out_and_kept(server):
    events = server.client("events")
    event = {"id": "1", "account": "0", "source": "mine", "time": "2026-01-01T00:00:00Z", "region": "r", "resources": []}
    event |= {"detail-type": "t", "detail": {"n": 3}}

    def tried(pattern):
        return events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]

    assert tried({"detail": {"n": [{"numeric": [">", 2]}]}}) is True
    assert tried({"detail": {"n": [{"anything-but": [3]}]}}) is False
    with refused("InvalidEventPatternException", "Event pattern is not valid. Reason: Unrecognized match type regex"):
        tried({"detail": {"n": [{"regex": "3"}]}})
    with refused("ValidationException", "detail-type is a required field"):
        del event["detail-type"]
        tried({"source": ["mine"]})
    with refused("InvalidEventPatternException"):
        events.put_rule(Name="bad", EventPattern="{")
    pattern = json.dumps({"source": ["mine"]})
    events.put_rule(Name="kept", EventPattern=pattern)
    rule = events.describe_rule(Name="kept")
    assert rule["EventPattern"] == pattern and "ScheduleExpression" not in rule
    events.put_rule(Name="kept", EventPattern=pattern, ScheduleExpression="rate(1 day)")
    assert events.describe_rule(Name="kept")["ScheduleExpression"] == "rate(1 day)"
    events.delete_rule(Name="kept")


def test_events_that_are_put_are_taken_one_by_one(server):
    listen(server, "putter", {"source": ["mine"], "detail": {"to": ["putter"]}}, **log_target(server, "/aws/events/put"))
    entries = [
        {"Source": "mine", "DetailType": "t", "Detail": '{"to": "putter"}', "Resources": ["r"], "Time": 1700000000},
        {"Source": "aws.mine", "DetailType": "t", "Detail": "{}"},
        {"DetailType": "t", "Detail": "{}"},
        {"Source": "mine", "DetailType": "t", "Detail": "[]"},
    ]
    answer = server.client("events").put_events(Entries=entries)
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [None, "NotAuthorizedForSourceException", "InvalidArgument", "MalformedDetail"]
    assert answer["FailedEntryCount"] == 3
    (event,) = lines(server, "/aws/events/put")
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "t",
        "source": "mine",
        "account": "000000000000",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": ["r"],
        "detail": {"to": "putter"},
    }


def test_sagemaker_tells_of_jobs_executions_and_steps(server):
    listen(server, "teller", {"source": ["aws.sagemaker"]}, **log_target(server, "/aws/events/told"))
    jobs.create_pipeline(server, "told", notebooks.notebook("1 / 0"))
    sagemaker = server.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(PipelineName="told")["PipelineExecutionArn"]
    waiting.execution_ended(sagemaker, arn)

    def ended():
        told = lines(server, "/aws/events/told")
        return told if any(event["detail"].get("currentPipelineExecutionStatus") == "Failed" for event in told) else None

    told = waiting.until("the end of the execution", ended)
    kinds = {
        "SageMaker Training Job State Change": ("SecondaryStatus", None),
        "SageMaker Model Building Pipeline Execution Status Change": ("currentPipelineExecutionStatus", "previousPipelineExecutionStatus"),
        "SageMaker Model Building Pipeline Execution Step Status Change": ("currentStepStatus", "previousStepStatus"),
    }
    seen = {
        kind: [(event["detail"].get(before), event["detail"][now]) for event in told if event["detail-type"] == kind]
        for kind, (now, before) in kinds.items()
    }
    jobs_seen, executions_seen, steps_seen = seen.values()
    # A job is seen in each secondary status.
    assert [status for _, status in jobs_seen][:2] == ["Pending", "Starting"]
    assert jobs_seen[-1] == (None, "Failed")
    assert executions_seen == [(None, "Executing"), ("Executing", "Failed")]
    assert steps_seen == [(None, "Executing"), ("Executing", "Failed")]
    (failed,) = [event for event in told if event["detail"].get("TrainingJobStatus") == "Failed"]
    described = sagemaker.describe_training_job(TrainingJobName=failed["detail"]["TrainingJobName"])
    for member in ("TrainingJobArn", "FailureReason", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig"):
        assert failed["detail"][member] == described[member], member
    assert failed["resources"] == [described["TrainingJobArn"]]
    assert failed["detail"]["TrainingEndTime"] == str(int(described["TrainingEndTime"].timestamp() * 1000 + 0.5))
    assert failed["detail"]["Tags"] == {}
    server.client("events").disable_rule(Name="teller")


def test_a_bucket_tells_of_its_objects_when_it_is_asked_to(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="telling")
    listen(server, "objects", {"source": ["aws.s3"]}, **log_target(server, "/aws/events/objects"))
    s3.put_object(Bucket="telling", Key="before", Body=b"x")
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="telling")
    with refused("InvalidArgument"):
        queue = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(Bucket="telling", NotificationConfiguration={"QueueConfigurations": [queue]})
    s3.put_bucket_notification_configuration(Bucket="telling", NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket="telling")["EventBridgeConfiguration"] == {}
    etag = s3.put_object(Bucket="telling", Key="a b.csv", Body=b"12345")["ETag"].strip('"')
    s3.copy_object(Bucket="telling", Key="copy", CopySource={"Bucket": "telling", "Key": "a b.csv"})
    upload = s3.create_multipart_upload(Bucket="telling", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="telling", Key="parts", UploadId=upload, PartNumber=1, Body=b"p")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="telling", Key="parts", UploadId=upload, MultipartUpload=parts)
    s3.delete_object(Bucket="telling", Key="copy")
    s3.delete_object(Bucket="telling", Key="never-there")
    s3.delete_objects(Bucket="telling", Delete={"Objects": [{"Key": "parts"}]})
    told = lines(server, "/aws/events/objects", 5)
    seen = [(event["detail-type"], event["detail"]["object"]["key"], event["detail"]["reason"]) for event in told]
    assert seen == [
        ("Object Created", "a b.csv", "PutObject"),
        ("Object Created", "copy", "CopyObject"),
        ("Object Created", "parts", "CompleteMultipartUpload"),
        ("Object Deleted", "copy", "DeleteObject"),
        ("Object Deleted", "parts", "DeleteObjects"),
    ]
    first = told[0]
    assert first["resources"] == ["arn:aws:s3:::telling"]
    assert first["detail"]["bucket"] == {"name": "telling"}
    assert (first["detail"]["object"]["size"], first["detail"]["object"]["etag"]) == (5, etag)


def test_a_webhook_gets_what_the_target_says_and_secrets_stay_secret(new_server, receiver):
    server, hooks = new_server().start(), receiver()
    events = server.client("events")
    target = hook(server, "h", hooks.url + "/services/*") | {
        "InputTransformer": {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '{"text": "<who> failed"}'},
        "HttpParameters": {"PathParameterValues": ["a/b"], "QueryStringParameters": {"q": "1 2"}},
    }
    listen(server, "tell", {"source": ["mine"]}, **target)
    put(server, who='a "b"')
    assert hooks.got(1) == [{"text": 'a "b" failed'}]
    path, headers, _ = hooks.requests[0]
    assert path == "/services/a%2Fb?q=1%202"
    assert headers["X-Key"] == SECRET and headers["Content-Type"] == "application/json; charset=utf-8"
    shown = events.describe_connection(Name="h")
    assert shown["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}
    assert shown["ConnectionState"] == "AUTHORIZED"
    # The other kind, and what EventBridge has and we have not.
    basic = {"BasicAuthParameters": {"Username": "u", "Password": SECRET}}
    events.update_connection(Name="h", AuthorizationType="BASIC", AuthParameters=basic)
    put(server, who="c")
    hooks.got(2)
    assert hooks.requests[1][1]["Authorization"].startswith("Basic ")
    with refused("ValidationException", "OAUTH_CLIENT_CREDENTIALS is not supported"):
        oauth = {"ClientParameters": {"ClientID": "i", "ClientSecret": "s"}, "AuthorizationEndpoint": "https://a.example/", "HttpMethod": "POST"}
        events.create_connection(Name="o", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={"OAuthParameters": oauth})
    events.delete_connection(Name="h")
    put(server, who="d")
    (dead,) = lines(server, DEAD_LETTERS)
    assert dead["ERROR_CODE"] == "RESOURCE_NOT_FOUND" and dead["event"]["detail"] == {"who": "d"}
    with refused("ResourceNotFoundException"):
        events.describe_connection(Name="h")
    assert SECRET not in server.log.read_text() and SECRET not in json.dumps(dead)


def test_a_webhook_that_is_down_gets_its_event_when_it_is_up(new_server, receiver):
    server, hooks = new_server().start(), receiver(503, 429, 200)
    listen(server, "tell", {"source": ["mine"]}, **hook(server, "h", hooks.url))
    event = put(server, n=1)
    assert [body["id"] for body in hooks.got(3)] == [event] * 3
    # Nobody listens, then somebody does.
    port = hooks.port
    hooks.end()
    event = put(server, n=2)
    again = receiver(port=port)
    assert again.got(1)[0]["id"] == event


def test_what_cannot_be_delivered_has_a_dead_letter_record(new_server, receiver):
    server = new_server().start()
    refusing, broken = receiver(404), receiver(500)
    own = log_target(server, "/aws/events/own")["Arn"]
    once = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    listen(server, "refusing", {"source": ["mine"]}, **hook(server, "r", refusing.url))
    listen(server, "broken", {"source": ["mine"]}, **hook(server, "b", broken.url), RetryPolicy=once, DeadLetterConfig={"Arn": own})
    event = put(server, n=1)
    (dead,) = lines(server, DEAD_LETTERS)
    assert dead["RULE_ARN"].endswith(":rule/refusing") and dead["event"]["id"] == event
    assert (dead["ERROR_CODE"], dead["ERROR_MESSAGE"]) == ("SDK_CLIENT_ERROR", "the endpoint answered 404 Not Found")
    assert "EXHAUSTED_RETRY_CONDITION" not in dead
    (dead,) = lines(server, "/aws/events/own")
    assert dead["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts" and dead["RETRY_ATTEMPTS"] == 0
    assert len(refusing.requests) == len(broken.requests) == 1


def test_a_crash_between_the_change_and_its_delivery_loses_nothing(new_server, receiver):
    server, hooks = new_server().start(), receiver(0, 200)
    failed = {"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": ["Failed"]}}
    listen(server, "tell", failed, **hook(server, "h", hooks.url), InputPath="$.detail.TrainingJobName")
    jobs.submit(server, "fails", notebooks.notebook("1 / 0"))
    # The webhook was called and has not answered: the server is killed before it can know.
    assert hooks.got(1) == ["fails"]
    server.kill()
    server.start()
    assert hooks.got(2) == ["fails", "fails"]


def test_targets_and_webhooks_that_cannot_be_are_refused(server):
    events = server.client("events")
    events.put_rule(Name="refusals", EventPattern='{"source": ["mine"]}')
    group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x"
    for message, target in [
        ("RoleArn is required", {"Arn": "arn:aws:events:us-east-1:000000000000:api-destination/a/b"}),
        ("cannot be a target", {"Arn": "arn:aws:events:us-east-1:000000000000:rule/r"}),
        ("not that of a pipeline, a log group or an API destination", {"Arn": "arn:aws:sns:us-east-1:000000000000:topic"}),
        ("not of this account", {"Arn": group.replace("000000000000", "000000000001")}),
        ("Only one of Input", {"Arn": group, "Input": "1", "InputPath": "$"}),
        ("JSON syntax error", {"Arn": group, "Input": "{"}),
        ("invalid placeholder <x>", {"Arn": group, "InputTransformer": {"InputTemplate": "<x>"}}),
        ("HttpParameters is not supported", {"Arn": group, "HttpParameters": {"HeaderParameters": {"a": "b"}}}),
        ("there are no queues", {"Arn": group, "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}}),
        ("KinesisParameters", {"Arn": group, "KinesisParameters": {"PartitionKeyPath": "$"}}),
    ]:
        with refused("ValidationException", message):
            events.put_targets(Rule="refusals", Targets=[{"Id": "t", **target}])
    connection = events.create_connection(
        Name="c", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}
    )["ConnectionArn"]
    with refused("ResourceAlreadyExistsException"):
        events.create_connection(
            Name="c", AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "a", "ApiKeyValue": "b"}}
        )
    good = {"ConnectionArn": connection, "InvocationEndpoint": "https://a.example/", "HttpMethod": "POST"}
    for code, change in [
        ("ResourceNotFoundException", {"ConnectionArn": connection.replace("/c/", "/d/")}),
        ("ValidationException", {"InvocationEndpoint": "ftp://a.example/"}),
        ("ValidationException", {"InvocationEndpoint": "https://user:word@a.example/"}),
    ]:
        with refused(code):
            events.create_api_destination(Name="d", **(good | change))
    events.create_api_destination(Name="d", **good)
    events.update_api_destination(Name="d", HttpMethod="PUT", InvocationRateLimitPerSecond=5)
    shown = events.describe_api_destination(Name="d")
    assert (shown["HttpMethod"], shown["InvocationRateLimitPerSecond"]) == ("PUT", 5)
    assert [one["Name"] for one in events.list_api_destinations(ConnectionArn=connection)["ApiDestinations"]] == ["d"]
    events.delete_api_destination(Name="d")
    with refused("ResourceNotFoundException"):
        events.delete_api_destination(Name="d")


def test_public_only_keeps_webhooks_from_this_machine(new_server, receiver, tmp_path):
    configuration = tmp_path / "config.toml"
    configuration.write_text("[webhooks]\npublic_only = true\n")
    server, hooks = new_server("server", "--config", str(configuration)).start(), receiver()
    listen(server, "tell", {"source": ["mine"]}, **hook(server, "h", hooks.url), RetryPolicy={"MaximumRetryAttempts": 0})
    put(server, n=1)
    (dead,) = lines(server, DEAD_LETTERS)
    assert "cannot be reached" in dead["ERROR_MESSAGE"] and hooks.requests == []
