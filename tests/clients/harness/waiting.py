"""Waiting for something to become true: by asking again, never by sleeping for long enough."""

import time

# Far more than anything takes here, so that only a hang runs into it.
LIMIT_S = 90
# Between two questions.
PAUSE_S = 0.05


class Hang(AssertionError):
    """What was waited for did not come."""


def until(what: str, ask, limit_s: float = LIMIT_S):
    """Asks until the answer is true, and returns it. `what` names it for the message."""
    end = time.monotonic() + limit_s
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Hang(f"not within {limit_s} s: {what}")
        time.sleep(PAUSE_S)


def job_ended(sagemaker, name: str, limit_s: float = LIMIT_S) -> dict:
    """DescribeTrainingJob's answer once the job is final."""

    def ask():
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return until(f"the end of job {name}", ask, limit_s)


def execution_ended(sagemaker, arn: str, limit_s: float = LIMIT_S) -> dict:
    """DescribePipelineExecution's answer once the execution is final."""

    def ask():
        execution = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return execution if execution["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped") else None

    return until(f"the end of execution {arn}", ask, limit_s)
