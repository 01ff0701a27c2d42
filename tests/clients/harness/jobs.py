"""Notebook jobs as AWS's extension asks for them, submitted with boto3."""

import json

from botocore.exceptions import ClientError

from . import notebooks, waiting
from .server import Server

BUCKET = "sagemaker-automated-execution-000000000000-us-east-1"
ROLE = "arn:aws:iam::000000000000:role/SagemakerJupyterSchedulerRole"
CHANNEL = "sagemaker_headless_execution_vanilla"
INPUT = "in.ipynb"


def training_job(name: str, *, environment: dict[str, str] | None = None, runtime_s: int = 600, **more) -> dict:
    """The request of CreateTrainingJob, as small as a notebook job can be. Its notebook is under `name`/input."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "0.dkr.ecr.us-east-1.amazonaws.com/i", "TrainingInputMode": "File"},
        "Environment": {
            "SM_JOB_DEF_VERSION": "1.0",
            "SM_INPUT_NOTEBOOK_NAME": INPUT,
            "SM_OUTPUT_NOTEBOOK_NAME": "out.ipynb",
            "SM_KERNEL_NAME": "python3",
        }
        | (environment or {}),
        "InputDataConfig": [channel(name)],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime_s},
    } | more


def channel(name: str, bucket: str = BUCKET) -> dict:
    """The input channel of the job `name`."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/input", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": CHANNEL, "DataSource": {"S3DataSource": source}}


def upload(server: Server, name: str, notebook: bytes, **files: bytes):
    """Puts a job's notebook, and files beside it, where its channel looks."""
    s3 = server.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"{name}/input/{INPUT}", Body=notebook)
    for file, content in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"{name}/input/{file}", Body=content)


def submit(server: Server, name: str, notebook: bytes, **more) -> dict:
    """Uploads the notebook and creates the job; returns the request."""
    upload(server, name, notebook)
    request = training_job(name, **more)
    server.client("sagemaker").create_training_job(**request)
    return request


def ended(server: Server, name: str, limit_s: float = waiting.LIMIT_S) -> dict:
    """DescribeTrainingJob's answer once the job is final."""
    return waiting.job_ended(server.client("sagemaker"), name, limit_s)


def output(server: Server, name: str) -> dict[str, bytes]:
    """The files of a job's output.tar.gz."""
    answer = server.client("s3").get_object(Bucket=BUCKET, Key=f"{name}/output/output.tar.gz")
    return notebooks.unpack(answer["Body"].read())


def output_if_any(server: Server, name: str) -> dict[str, bytes] | None:
    """The files of a job's output.tar.gz; none if it left none."""
    try:
        return output(server, name)
    except ClientError as error:
        # Each client has an exception of its own for the code.
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None


def log(server: Server, name: str) -> list[str]:
    """The messages of a job's log stream."""
    pages = server.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/")
    return [event["message"] for page in found for event in page["events"]]


def pipeline_definition(name: str, *, parameters: list[dict] | None = None, **arguments) -> str:
    """A definition of one step, as the extension makes it, whose notebook is under `name`/input."""
    job = training_job(name, **arguments)
    del job["TrainingJobName"]
    job["OutputDataConfig"] = {"S3OutputPath": f"s3://{BUCKET}/{name}"}
    step = {"Name": "in-in", "Type": "Training", "Arguments": job}
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": [step]})


def create_pipeline(server: Server, name: str, notebook: bytes, **more) -> str:
    """Uploads the notebook and creates the pipeline; returns its ARN."""
    upload(server, name, notebook)
    answer = server.client("sagemaker").create_pipeline(
        PipelineName=name, RoleArn=ROLE, PipelineDefinition=pipeline_definition(name, **more)
    )
    return answer["PipelineArn"]
