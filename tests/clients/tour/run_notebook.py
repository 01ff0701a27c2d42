"""Runs the notebook job whose pipeline is named in the Parameter Store: a handler for AWS Lambda."""

import json

import boto3


def handler(event, context):
    ssm = boto3.client("ssm")
    pipeline = ssm.get_parameter(Name="/notebook-jobs/pipeline")["Parameter"]["Value"]
    sagemaker = boto3.client("sagemaker")
    definition = json.loads(sagemaker.describe_pipeline(PipelineName=pipeline)["PipelineDefinition"])
    output = definition["Steps"][0]["Arguments"]["OutputDataConfig"]["S3OutputPath"]
    execution = sagemaker.start_pipeline_execution(PipelineName=pipeline)
    return {"execution": execution["PipelineExecutionArn"], "output": output}
