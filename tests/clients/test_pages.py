"""boto3's paginators and waiters: every list that botocore can walk is walked over more than one page."""

import json

import pytest
from botocore.exceptions import WaiterError

from harness import coverage, jobs, notebooks, waiting

COUNT = 3
ROLE = jobs.ROLE


@pytest.fixture(scope="module")
def filled(server):
    """A server with three of everything."""
    sagemaker, events, s3 = server.client("sagemaker"), server.client("events"), server.client("s3")
    jobs.upload(server, "many", notebooks.notebook())
    parameters = [{"Name": f"P{n}", "Type": "String", "DefaultValue": "v"} for n in range(COUNT)]
    definition = json.loads(jobs.pipeline_definition("many", parameters=parameters))
    step = definition["Steps"][0]
    definition["Steps"] = [step | {"Name": f"s{n}"} for n in range(COUNT)]
    for n in range(COUNT):
        name = f"many-{n}"
        sagemaker.create_pipeline(PipelineName=name, RoleArn=ROLE, PipelineDefinition=json.dumps(definition))
    for n in range(COUNT):
        arn = sagemaker.start_pipeline_execution(PipelineName="many-0")["PipelineExecutionArn"]
        sagemaker.update_pipeline(PipelineName="many-0", PipelineDescription=f"{n}", PipelineDefinition=json.dumps(definition | {"Metadata": {"n": n}}))
    for n in range(COUNT):
        events.put_rule(Name=f"many-{n}", ScheduleExpression="rate(1 day)", State="DISABLED")
        events.put_targets(Rule=f"many-{n}", Targets=[{"Id": f"t{k}", "Arn": arn.split("/execution")[0], "RoleArn": ROLE} for k in range(COUNT)])
        s3.create_bucket(Bucket=f"many-{n}")
        s3.put_object(Bucket="many-0", Key=f"k{n}", Body=b"")
        server.client("ssm").put_parameter(Name=f"/many/{n}", Value="v", Type="String")
        server.client("ssm").put_parameter(Name="/many/0", Value=f"{n}", Type="String", Overwrite=True)
        server.client("logs").create_log_group(logGroupName=f"/many/{n}")
        target = {"Arn": arn.split("/execution")[0], "RoleArn": ROLE}
        server.client("scheduler").create_schedule(
            Name=f"many-{n}", ScheduleExpression="rate(1 day)", State="DISABLED", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
    upload = [s3.create_multipart_upload(Bucket="many-0", Key=f"u{n}")["UploadId"] for n in range(COUNT)][0]
    for n in range(COUNT):
        s3.upload_part(Bucket="many-0", Key="u0", UploadId=upload, PartNumber=n + 1, Body=b"x")
    sagemaker.add_tags(ResourceArn=arn.split("/execution")[0], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    waiting.execution_ended(sagemaker, arn)
    return {"server": server, "execution": arn, "pipeline": arn.split("/execution")[0], "upload": upload}


# What botocore can walk, by service: the operation, its arguments, how many there are at least.
WALKS = {
    "sagemaker": {
        "ListTrainingJobs": lambda f: {},
        "ListPipelines": lambda f: {},
        "ListPipelineExecutions": lambda f: {"PipelineName": "many-0"},
        "ListPipelineExecutionSteps": lambda f: {"PipelineExecutionArn": f["execution"]},
        "ListPipelineParametersForExecution": lambda f: {"PipelineExecutionArn": f["execution"]},
        "ListPipelineVersions": lambda f: {"PipelineName": "many-0"},
        "ListTags": lambda f: {"ResourceArn": f["pipeline"]},
        "Search": lambda f: {"Resource": "TrainingJob"},
    },
    "events": {
        "ListRules": lambda f: {},
        "ListTargetsByRule": lambda f: {"Rule": "many-0"},
        "ListRuleNamesByTarget": lambda f: {"TargetArn": f["pipeline"]},
    },
    "scheduler": {"ListSchedules": lambda f: {}, "ListScheduleGroups": lambda f: {}},
    "ssm": {
        "DescribeParameters": lambda f: {},
        "GetParametersByPath": lambda f: {"Path": "/many"},
    },
    "logs": {
        "DescribeLogGroups": lambda f: {},
        "DescribeLogStreams": lambda f: {"logGroupName": "/aws/sagemaker/TrainingJobs"},
        "FilterLogEvents": lambda f: {"logGroupName": "/aws/sagemaker/TrainingJobs"},
    },
    "s3": {
        "ListBuckets": lambda f: {},
        "ListObjects": lambda f: {"Bucket": "many-0"},
        "ListObjectsV2": lambda f: {"Bucket": "many-0"},
        "ListMultipartUploads": lambda f: {"Bucket": "many-0"},
        "ListParts": lambda f: {"Bucket": "many-0", "Key": "u0", "UploadId": f["upload"]},
    },
}
# The smallest page that the service takes, where that is not 1.
PAGE = {"ListTags": 50}
# There is one group; and no more tags than the smallest page has.
ONE_PAGE = {"ListScheduleGroups", "ListTags"}


@pytest.mark.parametrize(("service", "operation"), [(service, op) for service, ops in WALKS.items() for op in ops])
def test_a_walk_over_pages_finds_all_of_one_page(filled, service, operation):
    client = filled["server"].client(service)
    method = {v: k for k, v in client.meta.method_to_api_mapping.items()}[operation]
    arguments = WALKS[service][operation](filled)
    paginator = client.get_paginator(method)
    (key, *_) = [result.expression for result in paginator.result_keys]
    walk = paginator.paginate(**arguments, PaginationConfig={"PageSize": PAGE.get(operation, 1)})
    pages = [page.get(key, []) for page in walk]
    found = [item for page in pages for item in page]
    whole = [item for page in paginator.paginate(**arguments) for item in page.get(key, [])]
    assert found == whole
    if operation not in ONE_PAGE:
        assert len([page for page in pages if page]) > 1, pages


def test_every_list_that_botocore_can_walk_is_walked_here(filled):
    for service in WALKS:
        client = filled["server"].client(service)
        model = client.meta.service_model
        names = {v: k for k, v in client.meta.method_to_api_mapping.items()}
        done = [op for op in model.operation_names if coverage.is_done(client, model.operation_model(op))]
        assert {op for op in done if client.can_paginate(names[op])} == set(WALKS[service])


def test_the_waiters(filled):
    server = filled["server"]
    quick = {"Delay": 1, "MaxAttempts": 60}
    jobs.submit(server, "waited", notebooks.notebook("print(1)"))
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="waited", WaiterConfig=quick)
    jobs.submit(server, "waited-in-vain", notebooks.notebook("1 / 0"))
    with pytest.raises(WaiterError, match="Failed"):
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="waited-in-vain", WaiterConfig=quick)
    with pytest.raises(WaiterError):
        sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="never-there", WaiterConfig=quick)
    s3.get_waiter("bucket_exists").wait(Bucket="many-0", WaiterConfig=quick)
    s3.get_waiter("bucket_not_exists").wait(Bucket="never-there", WaiterConfig=quick)
    s3.get_waiter("object_exists").wait(Bucket="many-0", Key="k0", WaiterConfig=quick)
    s3.get_waiter("object_not_exists").wait(Bucket="many-0", Key="none", WaiterConfig=quick)
