"""Every request of the recordings of real clients (AWS's extension in plain JupyterLab and in a Studio space, its driver,
the SageMaker SDK 2 and 3, the aws CLI), in their order: each is answered as its service's model has it, with what the
client reads of it, and refused only where it must be."""

import json

import pytest

from harness import replay, waiting
from harness.server import Server

ACCOUNT = "123456789012"
# When the SDK's schedules were made: their start dates must not be past.
RECORDED_AT = "2026-11-23T11:43:28Z"
CONFIGURATION = """
[studio.domain]
id = "d-d1"
vpc_id = "vpc-a0e1efa989cce61d9"
lifecycle_configs = ["my-lcc"]
custom_images = [{ image = "my-image", app_image_config = "my-cfg" }]

[[studio.user_profiles]]
name = "alice"

[[studio.spaces]]
name = "alice-space"
owner = "alice"
image = "my-image"

[[studio.images]]
name = "my-image"
versions = ["example/i:1", "example/i:2", "example/i:3"]

[[studio.app_image_configs]]
name = "my-cfg"

[[studio.lifecycle_configs]]
name = "my-lcc"
script = "echo start-up"
"""
JOB = (
    "TrainingJobName TrainingJobArn TrainingJobStatus SecondaryStatus Environment.SM_INPUT_NOTEBOOK_NAME "
    "Environment.SM_OUTPUT_NOTEBOOK_NAME Environment.SM_ENV_NAME InputDataConfig.0.DataSource.S3DataSource.S3Uri "
    "OutputDataConfig.S3OutputPath ResourceConfig.InstanceType RoleArn StoppingCondition.MaxRuntimeInSeconds "
    "RetryStrategy.MaximumRetryAttempts EnableNetworkIsolation AlgorithmSpecification.TrainingImage CreationTime "
    "LastModifiedTime TrainingStartTime TrainingEndTime"
)
# What the clients read of each answer, and cannot do without.
READ = {
    "CreatePipeline": "PipelineArn",
    "DescribeApp": "ResourceSpec.SageMakerImageVersionArn",
    "DescribeAppImageConfig": "JupyterLabAppImageConfig.FileSystemConfig.MountPath "
    "JupyterLabAppImageConfig.FileSystemConfig.DefaultUid JupyterLabAppImageConfig.FileSystemConfig.DefaultGid",
    "DescribeDomain": "VpcId SubnetIds.0 AppNetworkAccessType DefaultUserSettings.ExecutionRole "
    "DefaultSpaceSettings.JupyterLabAppSettings.CustomImages.0.ImageName "
    "DefaultUserSettings.JupyterLabAppSettings.LifecycleConfigArns.0",
    "DescribeImage": "DisplayName",
    "DescribeImageVersion": "BaseImage ImageArn",
    "DescribePipeline": "PipelineDefinition PipelineName PipelineArn CreationTime LastModifiedTime",
    "DescribePipelineExecution": "PipelineExecutionStatus PipelineExecutionArn PipelineArn",
    "DescribeRouteTables": "RouteTables.0.RouteTableId RouteTables.0.Routes.0.GatewayId "
    "RouteTables.0.Associations.0.AssociationState.State RouteTables.0.Associations.0.SubnetId",
    "DescribeRule": "ScheduleExpression State",
    "DescribeSecurityGroups": "SecurityGroups.0.GroupId SecurityGroups.0.GroupName",
    "DescribeSpace": "SpaceArn OwnershipSettings.OwnerUserProfileName",
    "DescribeStudioLifecycleConfig": "StudioLifecycleConfigContent",
    "DescribeSubnets": "Subnets.0.SubnetId",
    "DescribeTrainingJob": JOB,
    "DescribeUserProfile": "UserProfileArn UserSettings",
    "GetBucketEncryption": "ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.SSEAlgorithm",
    "GetCallerIdentity": "Account",
    "GetObject": "Body",
    "GetRole": "Role.Arn Role.AssumeRolePolicyDocument",
    "HeadObject": "ContentLength",
    "ListBuckets": "Buckets.0.Name Buckets.0.CreationDate",
    "ListPipelineExecutionSteps": "PipelineExecutionSteps.0.StepName PipelineExecutionSteps.0.StepStatus "
    "PipelineExecutionSteps.0.StartTime PipelineExecutionSteps.0.EndTime PipelineExecutionSteps.0.Metadata.TrainingJob.Arn",
    "ListPipelineExecutions": "PipelineExecutionSummaries.0.PipelineExecutionArn",
    "ListPipelineVersions": "PipelineVersionSummaries.0.PipelineVersionId",
    "ListPipelines": "PipelineSummaries.0.PipelineName",
    "ListRoles": "Roles.0.RoleName Roles.0.Arn",
    "ListRules": "Rules.0.Name Rules.0.ScheduleExpression",
    "ListTags": "Tags",
    "ListTargetsByRule": "Targets.0.Arn",
    "ListTrainingJobs": "TrainingJobSummaries.0.TrainingJobName",
    "PutRule": "RuleArn",
    "StartPipelineExecution": "PipelineExecutionArn",
    "UpdatePipeline": "PipelineArn",
}
NOT_THERE = "ResourceNotFound"
# What must be refused, and with which error. Jobs and executions have ended by the time that the replay stops them.
REFUSED = {
    ("CLI-ssm-get-parameter", "GetParameter"): "ParameterNotFound",
    ("JLC7-get-missing-job", "DescribeTrainingJob"): "ValidationException",
    ("JLC8-get-missing-def", "DescribePipeline"): NOT_THERE,
    ("JLC8-get-missing-def", "DescribeRule"): "ResourceNotFoundException",
    # The SDK's upsert first tries to create, and put_triggers to update.
    ("K4-sdk-upsert-existing", "CreatePipeline"): "ValidationException",
    ("K3r-4-sdk-upsert-existing", "CreatePipeline"): "ValidationException",
    ("K15-sdk-put-triggers", "UpdateSchedule"): "ResourceNotFoundException",
    ("K3r-15-sdk-put-triggers", "UpdateSchedule"): "ResourceNotFoundException",
    # These were recorded after the pipeline's creation had failed in the client.
    ("K37-sdk-start", "StartPipelineExecution"): NOT_THERE,
    ("K313-sdk-list-executions", "ListPipelineExecutions"): NOT_THERE,
    ("K314-sdk-describe-pipeline", "DescribePipeline"): NOT_THERE,
    ("K316-sdk-list-versions", "ListPipelineVersions"): NOT_THERE,
    ("K317-sdk-delete", "DeletePipeline"): NOT_THERE,
}
REFUSED_ALWAYS = {"StopTrainingJob": "ValidationException", "StopPipelineExecution": "ConflictException"}


@pytest.fixture
def server(tmp_path):
    (tmp_path / "nbjobs.toml").write_text(CONFIGURATION)
    (tmp_path / "clock").write_text(RECORDED_AT)
    options = ("--account", ACCOUNT, "--config", str(tmp_path / "nbjobs.toml"), "--clock-file", str(tmp_path / "clock"))
    server = Server(tmp_path / "server", *options)
    try:
        yield server.start()
    finally:
        server.end()


def at(answer, path: str):
    """What stands in an answer at a path of names and numbers; `None` if it is not there."""
    for step in path.split("."):
        try:
            answer = answer[int(step) if step.isdigit() else step]
        except (KeyError, IndexError):
            return None
    return answer


def missing(request, answer: dict) -> list[str]:
    """What the client reads and does not find."""
    if request.operation == "Search":
        kind = request.body["Resource"]
        paths = JOB if kind == "TrainingJob" else "PipelineName PipelineArn"
        found = [result[kind] for result in answer["Results"]]
        return [path for item in found for path in f"{paths} Tags.0.Key".split() if at(item, path) is None]
    return [path for path in READ.get(request.operation, "").split() if at(answer, path) is None]


def shown(sent: dict) -> dict:
    """What DescribeTrainingJob must show of what CreateTrainingJob was sent: all of it, but for empty maps and variables."""
    kept = {key: value for key, value in sent.items() if key != "Tags" and value != {}}
    kept["Environment"] = {key: value for key, value in sent["Environment"].items() if value}
    return kept


def includes(answer, wanted) -> bool:
    """Whether an answer has all that is wanted, whatever it has beside it."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(includes(answer.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(answer) == len(wanted) and all(map(includes, answer, wanted))
    return answer == wanted


def test_every_recorded_request(server):
    environment = server.environment()
    keys = (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    player = replay.Player(server.endpoint, *keys, "us-east-1")
    server.client("s3").create_bucket(Bucket="sdk-bucket")
    sagemaker = server.client("sagemaker")
    requests = replay.requests()
    faults, refused, found = [], set(), 0
    for request in requests:
        answer = player.send(request)
        status, code = answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Error", {}).get("Code")
        key = (request.flow, request.operation)
        wanted = REFUSED.get(key) or REFUSED_ALWAYS.get(request.operation)
        if key in REFUSED and key not in refused:
            refused.add(key)
        elif key in REFUSED and request.operation == "CreatePipeline":
            wanted = None
        if code != wanted or (status >= 300) != (wanted is not None):
            faults.append(f"{request}: {status} {answer.get('Error')}; expected {wanted or 'an answer'}")
            continue
        if wanted:
            continue
        faults += [f"{request}: the answer has no {path}" for path in missing(request, answer)]
        if request.operation == "Search":
            found += len(answer["Results"])
        # What follows was recorded when the run had ended.
        if request.operation == "CreateTrainingJob":
            job = waiting.job_ended(sagemaker, request.body["TrainingJobName"])
            if not includes(job, shown(request.body)):
                faults.append(f"{request}: sent {json.dumps(shown(request.body))}, shown {job}")
        elif request.operation == "StartPipelineExecution":
            execution = waiting.execution_ended(sagemaker, answer["PipelineExecutionArn"])
            assert execution["PipelineExecutionStatus"] == "Succeeded", (str(request), execution)
    assert not faults, "\n".join(faults)
    assert refused == set(REFUSED), f"not sent: {set(REFUSED) - refused}"
    assert len(requests) > 500 and found > 20, (len(requests), found)
