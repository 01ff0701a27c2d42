"""Retries of a notebook that fails: how many, when, over a kill of the server, and what is seen meanwhile."""

import pytest

from harness import jobs, notebooks, waiting


@pytest.fixture
def clock(tmp_path):
    """The file of a server's clock."""
    file = tmp_path / "clock"
    file.write_text("2026-11-23T12:00:00Z")
    return file


def succeeds_at(folder, attempt: int) -> str:
    """A cell that fails until it is run for this time."""
    count = str(folder / "attempts")
    return f"open({count!r}, 'a').write('x')\nassert len(open({count!r}).read()) == {attempt}, 'not yet'"


def tags(**policies: str) -> list[dict]:
    return [{"Key": f"nbjobs:{name.replace('_', '-')}", "Value": value} for name, value in policies.items()]


def statuses(described: dict) -> list[str]:
    return [step["Status"] for step in described["SecondaryStatusTransitions"]]


def test_a_failing_notebook_is_run_again_after_its_backoff_whatever_happens_to_the_server(new_server, clock, tmp_path):
    server = new_server("server", "--clock-file", str(clock)).start()
    cell = succeeds_at(tmp_path, 3)
    jobs.submit(server, "third-time", notebooks.notebook(cell), Tags=tags(retries="2", retry_backoff="10m"), runtime_s=7200)

    def waits():
        job = server.client("sagemaker").describe_training_job(TrainingJobName="third-time")
        return job if job["SecondaryStatus"] == "Restarting" else None

    job = waiting.until("the first failure", waits)
    assert job["TrainingJobStatus"] == "InProgress" and "FailureReason" not in job
    server.kill()
    clock.write_text("2026-11-23T12:10:00Z")
    server.start()
    waiting.until("the second failure", lambda: statuses(waits() or {"SecondaryStatusTransitions": []}).count("Restarting") == 2)
    # The second wait is twice as long: ten minutes are not enough.
    clock.write_text("2026-11-23T12:29:59Z")
    server.hang_up()
    assert waits()
    clock.write_text("2026-11-23T12:30:00Z")
    server.hang_up()
    job = jobs.ended(server, "third-time")
    assert job["TrainingJobStatus"] == "Completed"
    assert (tmp_path / "attempts").read_text() == "xxx"
    streams = server.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="third-time/"
    )["logStreams"]
    assert len(streams) == 3


def test_attempts_end_and_the_last_ones_failure_is_the_jobs(server, tmp_path):
    policies = tags(retries="1", retry_backoff="0s")
    jobs.submit(server, "never", notebooks.notebook(succeeds_at(tmp_path, 9)), Tags=policies)
    job = jobs.ended(server, "never")
    assert job["TrainingJobStatus"] == "Failed" and "not yet" in job["FailureReason"]
    assert (tmp_path / "attempts").read_text() == "xx"
    assert statuses(job).count("Restarting") == 1


def test_an_attempt_that_takes_too_long_has_failed(server, tmp_path):
    arrived = str(tmp_path / "arrived")
    cell = f"import os, threading\nif not os.path.exists({arrived!r}):\n    open({arrived!r}, 'w')\n    threading.Event().wait()"
    policies = tags(retries="1", retry_backoff="0s", attempt_timeout="15s")
    jobs.submit(server, "too-long", notebooks.notebook(cell), Tags=policies)
    job = jobs.ended(server, "too-long")
    assert job["TrainingJobStatus"] == "Completed"
    assert statuses(job).count("Restarting") == 1


def test_a_job_that_waits_for_its_next_attempt_can_be_stopped(server, tmp_path):
    policies = tags(retries="5", retry_backoff="1d")
    jobs.submit(server, "waits", notebooks.notebook(succeeds_at(tmp_path, 9)), Tags=policies, runtime_s=172800)
    sagemaker = server.client("sagemaker")

    def waits():
        return sagemaker.describe_training_job(TrainingJobName="waits")["SecondaryStatus"] == "Restarting"

    waiting.until("the first failure", waits)
    sagemaker.stop_training_job(TrainingJobName="waits")
    assert jobs.ended(server, "waits")["TrainingJobStatus"] == "Stopped"


def test_no_attempt_waits_beyond_the_jobs_time_limit(server, tmp_path):
    policies = tags(retries="5", retry_backoff="1d")
    jobs.submit(server, "no-time", notebooks.notebook(succeeds_at(tmp_path, 9)), Tags=policies, runtime_s=600)
    job = jobs.ended(server, "no-time")
    assert job["TrainingJobStatus"] == "Failed" and "Restarting" not in statuses(job)
