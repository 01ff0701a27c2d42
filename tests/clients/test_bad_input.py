"""Notebooks and scripts that cannot work: the job fails with the code that AWS's extension reads."""

import re

import pytest

from harness import jobs, notebooks, waiting
from harness.errors import refused


def failed(server, name) -> str:
    """The reason for which a job failed, once it has."""
    job = jobs.ended(server, name)
    assert job["TrainingJobStatus"] == "Failed"
    assert server.runs() == []
    return job["FailureReason"]


CASES = {
    "not-json": (b"{not a notebook", {}, "[SM-101] Error with executing notebook", ["in.ipynb"]),
    "no-notebook": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', {}, "[SM-101] Error with executing notebook", ["cells"]),
    "no-kernel": (notebooks.notebook(), {"SM_KERNEL_NAME": "fortran77"}, "[SM-101] Error with executing notebook", ["fortran77", "python3"]),
    "no-file": (notebooks.notebook(), {"SM_INPUT_NOTEBOOK_NAME": "other.ipynb"}, "[SM-001] Error with Prepare the input notebook", ["other.ipynb"]),
    "version": (notebooks.notebook(), {"SM_JOB_DEF_VERSION": "2.0"}, "[SM-101] Error with checking sagemaker job definition version", ["2.0"]),
    "raises": (notebooks.notebook("x = 1", "1 / 0"), {}, "[SM-111] Error with executing notebook", ["ZeroDivisionError"]),
    "script": (notebooks.notebook(), {"SM_INIT_SCRIPT": "init.sh"}, "[SM-101] Error with running init script", ["init.sh", ", exit code: 7"]),
    "no-script": (notebooks.notebook(), {"SM_INIT_SCRIPT": "none.sh"}, "[SM-101] Error with running init script", ["none.sh"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_only_the_run_can_know_is_in_the_failure_reason(server, name):
    notebook, environment, error, parts = CASES[name]
    jobs.upload(server, name, notebook, **{"init.sh": b"echo setting up\nexit 7\n"})
    server.client("sagemaker").create_training_job(**jobs.training_job(name, environment=environment))
    reason = failed(server, name)
    # What the extension looks for, and what a person needs.
    assert re.search(r"\[SM-\d{3}\] Error with .+", reason)
    assert reason.startswith(f"AlgorithmError: {error}\n"), reason
    assert re.search(r", exit code: \d+$", reason), reason
    for part in parts:
        assert part in reason, reason


def test_a_failed_notebook_has_its_outputs_and_the_error(server):
    jobs.submit(server, "partial", notebooks.notebook("print('first')", "1 / 0", "print('never')"))
    failed(server, "partial")
    executed = notebooks.executed(jobs.output(server, "partial"), jobs.INPUT)
    assert notebooks.text(executed) == "first\n"
    errors = [o for cell in executed["cells"] for o in cell.get("outputs", []) if o["output_type"] == "error"]
    assert [error["ename"] for error in errors] == ["ZeroDivisionError"]
    assert executed["metadata"]["papermill"]["exception"] is True


def test_an_init_script_prepares_the_notebook(server):
    notebook = notebooks.notebook("import os\nprint(os.environ['FROM_SCRIPT'], open('beside.txt').read())")
    jobs.upload(server, "prepared", notebook, **{"init.sh": b"export FROM_SCRIPT=exported\n", "beside.txt": b"read"})
    request = jobs.training_job("prepared", environment={"SM_INIT_SCRIPT": "init.sh"})
    server.client("sagemaker").create_training_job(**request)
    assert jobs.ended(server, "prepared")["TrainingJobStatus"] == "Completed"
    assert notebooks.text(notebooks.executed(jobs.output(server, "prepared"), jobs.INPUT)) == "exported read\n"


def test_an_input_that_goes_before_the_run_is_the_callers_fault(server):
    name = "vanished"
    jobs.create_pipeline(server, name, notebooks.notebook())
    server.client("s3").delete_object(Bucket=jobs.BUCKET, Key=f"{name}/input/{jobs.INPUT}")
    sagemaker = server.client("sagemaker")
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    execution = waiting.execution_ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    (step,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert step["StepStatus"] == "Failed" and f"s3://{jobs.BUCKET}/{name}/input" in step["FailureReason"]


def test_the_bash_kernel_runs_too(server):
    notebook = notebooks.notebook("echo $((6 * 7))", kernel="bash", language="bash")
    jobs.submit(server, "shell", notebook, environment={"SM_KERNEL_NAME": "bash"})
    assert jobs.ended(server, "shell")["TrainingJobStatus"] == "Completed"
    assert notebooks.text(notebooks.executed(jobs.output(server, "shell"), jobs.INPUT)).strip() == "42"


def test_a_command_says_what_is_wrong_before_anything_is_sent(server, tmp_path):
    """`nbjobs job create` with a notebook that is none leaves no object behind."""
    import subprocess

    environment = server.environment()
    (tmp_path / "bad.ipynb").write_text("{not json")
    before = server.client("s3").list_objects_v2(Bucket=jobs.BUCKET).get("KeyCount")
    for arguments in (
        ["job", "create", "bad.ipynb"],
        ["job", "create", "missing.ipynb"],
        ["definition", "create", "bad.ipynb", "--schedule", "cron(0 9 * * ? *)"],
    ):
        done = subprocess.run(["nbjobs", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode != 0 and ".ipynb" in done.stderr, done
    assert server.client("s3").list_objects_v2(Bucket=jobs.BUCKET).get("KeyCount") == before
    with refused("ValidationException"):
        server.client("sagemaker").describe_training_job(TrainingJobName="bad")
