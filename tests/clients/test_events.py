"""EventBridge's rules through boto3."""

import pytest

from harness import jobs, notebooks
from harness.errors import refused

DAILY = "cron(0 9 * * ? *)"
PIPELINE = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p"


@pytest.fixture(scope="module")
def pipeline(server):
    """The ARN of a pipeline that rules can start."""
    return jobs.create_pipeline(server, "target", notebooks.notebook())


def names(server, **filters):
    """Names of ListRules, from pages of two."""
    events, token, found = server.client("events"), {}, []
    while True:
        page = events.list_rules(Limit=2, **filters, **token)
        found += [rule["Name"] for rule in page["Rules"]]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def test_a_rule_is_put_described_changed_and_deleted(server, pipeline):
    events = server.client("events")
    arn = events.put_rule(
        Name="life", ScheduleExpression=DAILY, Description="every day", Tags=[{"Key": "a", "Value": "1"}]
    )["RuleArn"]
    assert arn == "arn:aws:events:us-east-1:000000000000:rule/life"
    rule = events.describe_rule(Name="life")
    del rule["ResponseMetadata"]
    assert rule == {
        "Name": "life",
        "Arn": arn,
        "ScheduleExpression": DAILY,
        "State": "ENABLED",
        "Description": "every day",
        "EventBusName": "default",
        "CreatedBy": "000000000000",
    }
    target = {"Id": "notebook-execution", "Arn": pipeline, "RoleArn": jobs.ROLE}
    assert events.put_targets(Rule="life", Targets=[target])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule="life")["Targets"] == [target]
    assert "life" in events.list_rule_names_by_target(TargetArn=pipeline)["RuleNames"]
    # Put again: what is not given is gone, targets and tags stay.
    events.put_rule(Name="life", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    changed = events.describe_rule(Name="life")
    assert (changed["ScheduleExpression"], changed["State"]) == ("rate(5 minutes)", "DISABLED")
    assert "Description" not in changed
    assert events.list_targets_by_rule(Rule="life")["Targets"] == [target]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    events.enable_rule(Name="life")
    assert events.describe_rule(Name="life")["State"] == "ENABLED"
    with refused("ValidationException"):
        events.delete_rule(Name="life")  # It has a target.
    removed = events.remove_targets(Rule="life", Ids=["notebook-execution"])
    assert removed["FailedEntryCount"] == 0
    events.delete_rule(Name="life")
    with refused("ResourceNotFoundException", "Rule life does not exist on EventBus default."):
        events.describe_rule(Name="life")
    events.delete_rule(Name="life")  # EventBridge is content with a rule that is gone.


def test_rules_are_paged_by_name_and_prefix(server):
    events = server.client("events")
    for letter in "dbeca":
        events.put_rule(Name=f"five-{letter}", ScheduleExpression=DAILY, State="DISABLED")
    assert names(server, NamePrefix="five-") == [f"five-{letter}" for letter in "abcde"]
    assert names(server, NamePrefix="five-c") == ["five-c"]
    assert names(server, NamePrefix="nothing") == []


def test_tags_of_a_rule(server):
    events = server.client("events")
    arn = events.put_rule(Name="tagged", ScheduleExpression=DAILY, State="DISABLED")["RuleArn"]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "3"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["b", "c"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    with refused("ResourceNotFoundException"):
        events.list_tags_for_resource(ResourceARN=arn + "-not")


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 9 * * *)",
        "cron(0 9 * * * *)",
        "cron(60 9 * * ? *)",
        "cron(0 9 ? * MOON *)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "every day",
        "0 9 * * *",
    ],
)
def test_a_bad_expression_is_refused_in_eventbridges_words(server, expression):
    with refused("ValidationException", "Parameter ScheduleExpression is not valid."):
        server.client("events").put_rule(Name="bad", ScheduleExpression=expression)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 10 * * ? *)",
        "cron(15 12 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0 8 1 * ? *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 L * ? *)",
        "cron(0 9 15W * ? *)",
        "cron(0 9 ? * 6L 2030-2040)",
        "rate(1 minute)",
        "rate(5 hours)",
        "rate(1 day)",
    ],
)
def test_eventbridges_own_examples_are_accepted(server, expression):
    events = server.client("events")
    events.put_rule(Name="good", ScheduleExpression=expression, State="DISABLED")
    assert events.describe_rule(Name="good")["ScheduleExpression"] == expression


def test_what_is_wrong_is_refused(server):
    events = server.client("events")
    with refused("ValidationException"):
        events.put_rule(Name="neither")
    with refused("ValidationException"):
        events.put_rule(Name="a b", ScheduleExpression=DAILY)
    with refused("ResourceNotFoundException"):
        events.put_targets(Rule="nobody", Targets=[{"Id": "t", "Arn": PIPELINE, "RoleArn": jobs.ROLE}])
    with refused("ResourceNotFoundException"):
        events.enable_rule(Name="nobody")
    with refused("ResourceNotFoundException"):
        events.disable_rule(Name="nobody")
    with refused("ResourceNotFoundException"):
        events.list_targets_by_rule(Rule="nobody")
    events.put_rule(Name="odd-targets", ScheduleExpression=DAILY, State="DISABLED")
    with refused("ValidationException", "RoleArn"):
        events.put_targets(Rule="odd-targets", Targets=[{"Id": "t", "Arn": PIPELINE}])
    with refused("ValidationException", "lambda"):
        function = "arn:aws:lambda:us-east-1:000000000000:function:f"
        events.put_targets(Rule="odd-targets", Targets=[{"Id": "t", "Arn": function}])
    assert events.list_targets_by_rule(Rule="odd-targets")["Targets"] == []
    removed = events.remove_targets(Rule="odd-targets", Ids=["none"])
    assert removed["FailedEntryCount"] == len(removed["FailedEntries"]) == 1
