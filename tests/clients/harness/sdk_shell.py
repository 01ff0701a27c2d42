"""Runs inside a virtual environment of the SageMaker SDK. Each line of the input is a function's source with its
arguments; each line of the output is what it returned, or how it failed. Version 2 and version 3 of the SDK have the
same names here, which is all that differs between them.
"""

import json
import sys
import traceback

# What the SDK prints, already when it is imported, is not an answer.
answers, sys.stdout = sys.stdout, sys.stderr

import boto3

from harness import conformance

if sys.argv[1] == "v2":
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionEquals, ConditionGreaterThan, ConditionIn, ConditionNot, ConditionOr
    from sagemaker.workflow.execution_variables import ExecutionVariables
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.functions import Join
    from sagemaker.workflow.notebook_job_step import NotebookJobStep
    from sagemaker.workflow.parallelism_config import ParallelismConfiguration
    from sagemaker.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.pipeline_context import PipelineSession
    from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
    from sagemaker.workflow.selective_execution_config import SelectiveExecutionConfig
    from sagemaker.workflow.triggers import PipelineSchedule
else:
    from sagemaker.core.workflow.conditions import (
        ConditionEquals,
        ConditionGreaterThan,
        ConditionIn,
        ConditionNot,
        ConditionOr,
    )
    from sagemaker.core.workflow.execution_variables import ExecutionVariables
    from sagemaker.core.workflow.functions import Join
    from sagemaker.core.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.notebook_job_step import NotebookJobStep
    from sagemaker.mlops.workflow.parallelism_config import ParallelismConfiguration
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
    from sagemaker.mlops.workflow.selective_execution_config import SelectiveExecutionConfig
    from sagemaker.mlops.workflow.triggers import PipelineSchedule

BUCKET = sys.argv[2]
ROLE = sys.argv[3]
IMAGE = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:2.0.0-cpu"

boto_session = boto3.Session()
conformance.watch(boto_session.events)
session = PipelineSession(boto_session=boto_session, default_bucket=BUCKET)


def notebook_step(notebook, **more):
    """A NotebookJobStep with all that it must have."""
    more = {"kernel_name": "python3", "image_uri": IMAGE, "role": ROLE, "s3_root_uri": f"s3://{BUCKET}"} | more
    return NotebookJobStep(input_notebook=notebook, **more)


def pipeline(name, steps, **more):
    """A Pipeline of these steps."""
    return Pipeline(name=name, steps=steps, sagemaker_session=session, **more)


def execution_of(arn):
    """The SDK's own object for an execution that an earlier call has started."""
    return executions[arn]


def started(execution):
    """Keeps an execution's object for later calls; answers its ARN."""
    executions[execution.arn] = execution
    return execution.arn


executions = {}
for line in sys.stdin:
    request = json.loads(line)
    try:
        exec(request["source"], globals())
        answer = {"value": globals()[request["function"]](**request["arguments"])}
    except BaseException as error:
        answer = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    print(json.dumps(answer, default=str), file=answers, flush=True)
