"""The calls that AWS's extension makes, one user action after the other, as the extension makes them: their order, their
members and their odd values. Every answer is checked against botocore's model, and for what the extension reads."""

import base64
import json
import re

import pytest
from botocore.exceptions import ClientError

from harness import jobs, notebooks, waiting

ACCOUNT = "000000000000"
DOMAIN = "d-research"
CONFIGURATION = """
[studio.domain]
id = "d-research"
execution_role = "SagemakerJupyterSchedulerRole"
lifecycle_configs = ["fonts"]
custom_images = [{ image = "team-image", app_image_config = "team-config" }]

[[studio.user_profiles]]
name = "alice"
tags = { team = "ds" }

[[studio.spaces]]
name = "alice-space"
owner = "alice"
image = "team-image"

[[studio.images]]
name = "team-image"
display_name = "Team image"
versions = ["registry.example/team:1", "registry.example/team:2"]

[[studio.app_image_configs]]
name = "team-config"

[[studio.lifecycle_configs]]
name = "fonts"
script = "echo fonts"

[[studio.subnets]]
id = "subnet-0000000000000000a"

[[studio.subnets]]
id = "subnet-0000000000000000b"
cidr = "10.1.0.0/16"
public = true
"""
BASE_TAGS = {
    "sagemaker:name": "日報",
    "sagemaker:notebook-name": "in.ipynb",
    "sagemaker:is-scheduling-notebook-job": "true",
    "sagemaker:is-studio-archived": "false",
    "sagemaker:headless-execution-version": "false",
}
ORIGIN = {
    "Operator": "Or",
    "Filters": [
        {"Name": "Tags.sagemaker:is-scheduling-notebook-job", "Operator": "Equals", "Value": "true"},
        {"Name": "Tags.sagemaker:notebook-job-origin", "Operator": "Equals", "Value": "PIPELINE_STEP"},
    ],
}
NOT_ARCHIVED = {"Name": "Tags.sagemaker:is-studio-archived", "Operator": "Equals", "Value": "false"}


def pairs(tags: dict[str, str]) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def in_domain(domain: str, kind: str, name: str) -> list[dict]:
    """What the extension in a Studio space adds to its searches."""
    absent = [
        {"Name": "Tags.sagemaker:user-profile-name", "Operator": "NotExists"},
        {"Name": "Tags.sagemaker:shared-space-name", "Operator": "NotExists"},
    ]
    return [
        {
            "Operator": "Or",
            "Filters": [
                {"Name": "Tags.sagemaker:domain-arn", "Operator": "Contains", "Value": domain},
                {"Name": "Tags.sagemaker:domain-name", "Operator": "Equals", "Value": domain},
            ],
        },
        {
            "Operator": "Or",
            "SubExpressions": [
                {"Filters": absent},
                {"Filters": [{"Name": f"Tags.sagemaker:{kind}", "Operator": "Equals", "Value": name}]},
            ],
        },
    ]


def search(server, resource: str, filters=(), subs=(), **more) -> list[dict]:
    """A list of Studio's: the first page's token is empty."""
    more.setdefault("SortBy", "CreationTime")
    more.setdefault("SortOrder", "Descending")
    answer = server.client("sagemaker").search(
        Resource=resource,
        MaxResults=25,
        NextToken="",
        SearchExpression={"Filters": [NOT_ARCHIVED, *filters], "SubExpressions": [ORIGIN, *subs]},
        **more,
    )
    return [result[resource] for result in answer["Results"]]


def names(found: list[dict], key: str) -> list[str]:
    return [item[key] for item in found]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from harness.server import Server

    folder = tmp_path_factory.mktemp("server")
    configuration = folder / "nbjobs.toml"
    configuration.write_text(CONFIGURATION)
    server = Server(folder, "--config", str(configuration))
    try:
        yield server.start()
    finally:
        server.end()


def test_the_form_in_plain_jupyterlab(server):
    (page,) = server.client("iam").get_paginator("list_roles").paginate()
    arns = [role["Arn"] for role in page["Roles"] if role["RoleName"].startswith("SagemakerJupyterScheduler")]
    assert arns == [jobs.ROLE]
    server.client("s3").head_bucket(Bucket=jobs.BUCKET)


def test_the_form_in_a_space(server):
    sagemaker, ec2 = server.client("sagemaker"), server.client("ec2")
    domain = sagemaker.describe_domain(DomainId=DOMAIN)
    assert domain["AppNetworkAccessType"] == "PublicInternetOnly"
    assert domain["DefaultUserSettings"]["ExecutionRole"] == jobs.ROLE
    scripts = domain["DefaultUserSettings"]["JupyterLabAppSettings"]["LifecycleConfigArns"]
    assert len(domain["SubnetIds"]) == 2
    space = sagemaker.describe_space(DomainId=DOMAIN, SpaceName="alice-space")
    owner = space["OwnershipSettings"]["OwnerUserProfileName"]
    user = sagemaker.describe_user_profile(DomainId=DOMAIN, UserProfileName=owner)
    assert "UserSettings" in user
    vpc = [{"Name": "vpc-id", "Values": [domain["VpcId"]]}]
    subnets = {subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=vpc)["Subnets"]}
    public = set()
    for table in ec2.describe_route_tables(Filters=vpc)["RouteTables"]:
        assert {"RouteTableId", "Routes", "Associations"} <= set(table)
        for association in table["Associations"]:
            assert association["AssociationState"]["State"] == "associated" and association["Main"] is False
            if any(route["GatewayId"].startswith("igw") for route in table["Routes"]):
                public.add(association["SubnetId"])
    assert subnets - public == {"subnet-0000000000000000a"}
    (group,) = ec2.describe_security_groups(Filters=vpc)["SecurityGroups"]
    assert group["GroupId"].startswith("sg-") and group["GroupName"]
    # The start-up script that was chosen.
    script = sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName=scripts[0].split("/")[1])
    assert base64.b64decode(script["StudioLifecycleConfigContent"]) == b"echo fonts"


def test_the_image_of_a_space(server):
    sagemaker = server.client("sagemaker")
    app = sagemaker.describe_app(DomainId=DOMAIN, SpaceName="alice-space", AppType="JupyterLab", AppName="default")
    name, version = app["ResourceSpec"]["SageMakerImageVersionArn"].split("/")[1:]
    found = sagemaker.describe_image_version(ImageName=name, Version=int(version))
    assert found["BaseImage"] == "registry.example/team:2"
    assert sagemaker.describe_image(ImageName=name)["DisplayName"] == "Team image"
    settings = sagemaker.describe_domain(DomainId=DOMAIN)["DefaultSpaceSettings"]["JupyterLabAppSettings"]
    (custom,) = settings["CustomImages"]
    config = sagemaker.describe_app_image_config(AppImageConfigName=custom["AppImageConfigName"])
    files = config["JupyterLabAppImageConfig"]["FileSystemConfig"]
    assert files == {"MountPath": "/home/sagemaker-user", "DefaultUid": 1000, "DefaultGid": 100}


def test_what_is_not_configured_is_not_found(server):
    sagemaker = server.client("sagemaker")
    for operation, request in [
        ("describe_domain", {"DomainId": "d-other"}),
        ("describe_space", {"DomainId": DOMAIN, "SpaceName": "x"}),
        ("describe_user_profile", {"DomainId": DOMAIN, "UserProfileName": "x"}),
        ("describe_app", {"DomainId": DOMAIN, "SpaceName": "x", "AppType": "JupyterLab", "AppName": "default"}),
        ("describe_image", {"ImageName": "x"}),
        ("describe_image_version", {"ImageName": "team-image", "Version": 3}),
        ("describe_app_image_config", {"AppImageConfigName": "x"}),
        ("describe_studio_lifecycle_config", {"StudioLifecycleConfigName": "x"}),
    ]:
        with pytest.raises(ClientError) as error:
            getattr(sagemaker, operation)(**request)
        assert error.value.response["Error"]["Code"] == "ResourceNotFound", operation
    with pytest.raises(ClientError) as error:
        server.client("iam").get_role(RoleName="x")
    assert error.value.response["Error"]["Code"] == "NoSuchEntity"


def copied_tags(server) -> dict[str, str]:
    """The tags that the extension copies from the space and its owner to what it makes."""
    sagemaker = server.client("sagemaker")
    space = sagemaker.describe_space(DomainId=DOMAIN, SpaceName="alice-space")
    user = sagemaker.describe_user_profile(DomainId=DOMAIN, UserProfileName="alice")
    found = {}
    for arn in (space["SpaceArn"], user["UserProfileArn"]):
        found |= {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    return found


def test_jobs_of_a_space_and_of_others(server):
    sagemaker = server.client("sagemaker")
    space_tags = copied_tags(server)
    assert space_tags == {"sagemaker:domain-arn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:domain/{DOMAIN}", "team": "ds"}
    notebook = notebooks.notebook("print(1)")
    mine = BASE_TAGS | space_tags | {"sagemaker:user-profile-name": "alice"}
    for name, tags in [
        ("space-alice", mine),
        ("space-bob", mine | {"sagemaker:user-profile-name": "bob"}),
        ("space-nobody", BASE_TAGS | space_tags),
        ("space-none", BASE_TAGS),
        ("space-other", {"team": "ds"}),
    ]:
        jobs.submit(server, name, notebook, environment={"SM_OUTPUT_FORMATS": ""}, Tags=pairs(tags))
    everybody = search(server, "TrainingJob")
    assert set(names(everybody, "TrainingJobName")) >= {"space-alice", "space-bob", "space-nobody", "space-none"}
    assert "space-other" not in names(everybody, "TrainingJobName")
    subs = in_domain(DOMAIN, "user-profile-name", "alice")
    found = search(server, "TrainingJob", subs=subs, SortBy="Environment.SM_INPUT_NOTEBOOK_NAME")
    assert set(names(found, "TrainingJobName")) == {"space-alice", "space-nobody"}
    job = next(job for job in found if job["TrainingJobName"] == "space-alice")
    assert {tag["Key"]: tag["Value"] for tag in job["Tags"]} == mine
    # Without a value it is left out, and the extension offers the notebook.
    assert "SM_OUTPUT_FORMATS" not in job["Environment"]
    for sort in ("TrainingJobStatus", "Tags.sagemaker:name", "CreationTime"):
        assert len(search(server, "TrainingJob", subs=subs, SortBy=sort, SortOrder="Ascending")) == 2
    named = [{"Name": "Tags.sagemaker:name", "Operator": "Contains", "Value": "報"}]
    assert len(search(server, "TrainingJob", named, subs)) == 2

    # Deleting is a tag, and stopping a job that has ended is refused in words that the extension knows.
    waiting.job_ended(sagemaker, "space-alice")
    with pytest.raises(ClientError) as error:
        sagemaker.stop_training_job(TrainingJobName="space-alice")
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert "The request was rejected because the training job is in status" in str(error.value)
    arn = sagemaker.describe_training_job(TrainingJobName="space-alice")["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=pairs({"sagemaker:is-studio-archived": "true"}))
    keys = [tag["Key"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]]
    assert len(keys) == len(set(keys))
    assert names(search(server, "TrainingJob", subs=subs), "TrainingJobName") == ["space-nobody"]


def test_a_definition(server):
    sagemaker, events = server.client("sagemaker"), server.client("events")
    name = "daily-in-1"
    jobs.upload(server, name, notebooks.notebook("print(1)"))
    definition = jobs.pipeline_definition(name, Tags=pairs(BASE_TAGS | {"sagemaker:job-definition-id": name}))
    created = sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDisplayName="in",
        PipelineDescription="Created for Notebook execution from Studio Lab",
        PipelineDefinition=definition,
        RoleArn=jobs.ROLE,
        Tags=pairs(BASE_TAGS),
    )
    rule = {
        "Name": name,
        "Description": "Created for Notebook execution from Studio Lab",
        "ScheduleExpression": "cron(0 9 ? * 2-6 *)",
        "State": "ENABLED",
    }
    assert events.put_rule(**rule, Tags=pairs(BASE_TAGS))["RuleArn"].endswith(name)
    target = {"Id": "notebook-execution", "Arn": created["PipelineArn"], "RoleArn": jobs.ROLE}
    assert events.put_targets(Rule=name, Targets=[target])["FailedEntryCount"] == 0

    for sort in ("LastModifiedTime", "CreationTime", "Tags.sagemaker:name"):
        (found,) = search(server, "Pipeline", SortBy=sort)
        assert (found["PipelineName"], found["PipelineArn"]) == (name, created["PipelineArn"])
        assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == BASE_TAGS
        assert "PipelineDefinition" not in found
    described = sagemaker.describe_pipeline(PipelineName=name)
    assert described["PipelineDefinition"] == definition
    assert events.describe_rule(Name=name)["ScheduleExpression"] == rule["ScheduleExpression"]

    events.disable_rule(Name=name)
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    # Editing wakes it up and leaves its tags.
    events.put_rule(**rule | {"ScheduleExpression": "cron(0 0 ? * MON-FRI *)"}, Tags=[])
    arn = events.describe_rule(Name=name)["Arn"]
    assert events.describe_rule(Name=name)["State"] == "ENABLED"
    assert len(events.list_tags_for_resource(ResourceARN=arn)["Tags"]) == len(BASE_TAGS)

    # Running it now is a job of its own, from the definition's step.
    arguments = json.loads(described["PipelineDefinition"])["Steps"][0]["Arguments"]
    sagemaker.create_training_job(**arguments | {"TrainingJobName": "daily-now", "HyperParameters": {}})
    own = [{"Name": "Tags.sagemaker:job-definition-id", "Operator": "Equals", "Value": name}]
    (job,) = search(server, "TrainingJob", own)
    assert re.fullmatch("daily-now", job["TrainingJobName"])

    events.disable_rule(Name=name)
    sagemaker.delete_pipeline(PipelineName=name)
    assert events.remove_targets(Rule=name, Ids=["notebook-execution"])["FailedEntryCount"] == 0
    events.delete_rule(Name=name)
    assert search(server, "Pipeline") == []
    with pytest.raises(ClientError) as error:
        events.describe_rule(Name=name)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
