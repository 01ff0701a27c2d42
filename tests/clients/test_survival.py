"""Crashes: of the server, of the driver, of the kernel. A job ends once, with what it did, and nothing stays behind."""

import re
import signal
import subprocess
import time
from datetime import timezone
from pathlib import Path

from harness import jobs, notebooks, places, promise, waiting
from harness.notebooks import Gate
from harness.server import base_environment


def start_at_gate(server, folder, name, *cells_before, **more) -> Gate:
    """A job whose notebook stands at a gate; the cells before it have run."""
    gate = Gate(folder / name)
    notebook = notebooks.notebook(*cells_before, gate.cell(), "print('the end')")
    jobs.submit(server, name, notebook, **more)
    gate.wait_for_arrival()
    return gate


def assert_completed_once(server, name):
    job = jobs.ended(server, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    executed = notebooks.executed(jobs.output(server, name), jobs.INPUT)
    assert notebooks.text(executed) == "through the gate\nthe end\n"
    assert executed["cells"][-1]["execution_count"] == len(executed["cells"])
    statuses = [t["Status"] for t in job["SecondaryStatusTransitions"]]
    assert len(statuses) == len(set(statuses)), statuses
    # Every line of the run's log is there once, in the stream as in the output.
    written = jobs.output(server, name)["sagemaker_job_execution.log"].decode().splitlines()
    assert jobs.log(server, name) == written and len(written) == len(set(written))
    names = [job["TrainingJobName"] for job in server.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]]
    assert names.count(name) == 1


def assert_nothing_left(server):
    waiting.until("the end of the run's processes", lambda: not server.runs())
    waiting.until("the removal of the run's folder", lambda: not list((server.data_dir / "runs").iterdir()))


def test_a_job_outlives_a_killed_server(new_server, tmp_path):
    server = new_server().start()
    gate = start_at_gate(server, tmp_path, "outlives")
    server.kill()
    gate.open()
    # The driver goes on without the server, and ends.
    waiting.until("the end of the driver", lambda: not server.runs())
    server.start()
    assert_completed_once(server, "outlives")
    assert_nothing_left(server)


def test_a_run_is_adopted_after_a_crash(new_server, tmp_path):
    server = new_server().start()
    gate = start_at_gate(server, tmp_path, "adopted")
    for _ in range(2):
        server.kill()
        server.start()
    job = server.client("sagemaker").describe_training_job(TrainingJobName="adopted")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("InProgress", "Training")
    gate.open()
    assert_completed_once(server, "adopted")
    assert_nothing_left(server)


def test_a_run_is_adopted_after_a_clean_stop(new_server, tmp_path):
    server = new_server().start()
    gate = start_at_gate(server, tmp_path, "goes-on")
    server.terminate()
    assert any(process.is_kernel for process in server.runs())
    server.start()
    gate.open()
    assert_completed_once(server, "goes-on")
    assert_nothing_left(server)


def test_queued_jobs_survive_a_crash(new_server, tmp_path):
    server = new_server("server", "--max-jobs", "1").start()
    gate = start_at_gate(server, tmp_path, "first")
    jobs.submit(server, "second", notebooks.notebook("print('through the gate')", "print('the end')"))
    second = server.client("sagemaker").describe_training_job(TrainingJobName="second")
    assert (second["TrainingJobStatus"], second["SecondaryStatus"]) == ("InProgress", "Pending")
    server.kill()
    server.start()
    gate.open()
    assert_completed_once(server, "first")
    assert_completed_once(server, "second")


def test_an_execution_survives_a_crash(new_server, tmp_path):
    server = new_server().start()
    gate = Gate(tmp_path / "gate")
    jobs.create_pipeline(server, "survivor", notebooks.notebook(gate.cell()))
    arn = server.client("sagemaker").start_pipeline_execution(PipelineName="survivor")["PipelineExecutionArn"]
    gate.wait_for_arrival()
    server.kill()
    gate.open()
    server.start()
    sagemaker = server.client("sagemaker")
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert [(step["StepName"], step["StepStatus"]) for step in steps] == [("in-in", "Succeeded")]


def test_a_killed_driver_fails_its_job(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "orphan", "print('before')")
    checkpoint = server.data_dir / "runs" / "orphan.1" / "output" / "data" / "out.ipynb"
    waiting.until("a checkpoint of the notebook", lambda: '"before\\n"' in checkpoint.read_text())
    (driver,) = [process for process in server.runs() if process.is_driver]
    driver.kill()
    job = jobs.ended(server, "orphan")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith("InternalServerError: ") and "killed" in job["FailureReason"]
    assert_nothing_left(server)
    # What the driver had saved is there.
    executed = notebooks.executed(jobs.output(server, "orphan"), jobs.INPUT)
    assert notebooks.text(executed) == "before\n"


def test_a_driver_killed_while_the_server_is_away_fails_its_job(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "away")
    (driver,) = [process for process in server.runs() if process.is_driver]
    server.kill()
    driver.kill()
    server.start()
    job = jobs.ended(server, "away")
    assert job["TrainingJobStatus"] == "Failed" and "killed" in job["FailureReason"]
    assert_nothing_left(server)


def test_a_killed_kernel_fails_its_job(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "dead-kernel", "print('before')")
    (kernel,) = [process for process in server.runs() if process.is_kernel]
    kernel.kill()
    # Within two seconds and the time to pack the output.
    job = jobs.ended(server, "dead-kernel", limit_s=20)
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: [SM-111] Error with executing notebook") and "kernel" in reason.lower()
    assert_nothing_left(server)
    executed = notebooks.executed(jobs.output(server, "dead-kernel"), jobs.INPUT)
    assert notebooks.text(executed) == "before\n"


def test_a_stopped_job_keeps_its_partial_output(new_server, tmp_path):
    server = new_server().start()
    child = "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)\nprint('before')"
    start_at_gate(server, tmp_path, "stopped", child)
    sagemaker = server.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName="stopped")
    job = jobs.ended(server, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "Stopping" in [t["Status"] for t in job["SecondaryStatusTransitions"]]
    executed = notebooks.executed(jobs.output(server, "stopped"), jobs.INPUT)
    assert notebooks.text(executed) == "before\n"
    assert_nothing_left(server)


def test_a_job_stopped_while_the_server_is_down_is_stopped(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "stopping")
    (driver,) = [process for process in server.runs() if process.is_driver]
    # A driver that cannot answer keeps the job Stopping until the server is back.
    driver.kill(signal.SIGSTOP)
    server.client("sagemaker").stop_training_job(TrainingJobName="stopping")
    server.kill()
    driver.kill(signal.SIGCONT)
    server.start()
    assert jobs.ended(server, "stopping")["TrainingJobStatus"] == "Stopped"
    assert_nothing_left(server)


def test_a_queued_job_is_stopped_at_once(new_server, tmp_path):
    server = new_server("server", "--max-jobs", "1").start()
    gate = start_at_gate(server, tmp_path, "holds-the-place")
    jobs.submit(server, "waits", notebooks.notebook("print('never')"))
    sagemaker = server.client("sagemaker")
    sagemaker.stop_training_job(TrainingJobName="waits")
    assert sagemaker.describe_training_job(TrainingJobName="waits")["TrainingJobStatus"] == "Stopped"
    gate.open()
    assert_completed_once(server, "holds-the-place")


def test_a_job_ends_at_its_time_limit(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "too-long", runtime_s=3)
    job = jobs.ended(server, "too-long")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert_nothing_left(server)


def has_pending_sigterm(process) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text()
    pending = int(next(line for line in status.splitlines() if line.startswith("ShdPnd:")).split()[1], 16)
    return bool(pending & 1 << (signal.SIGTERM - 1))


def test_a_time_limit_survives_a_crash(new_server, tmp_path):
    server = new_server().start()
    start_at_gate(server, tmp_path, "limit", runtime_s=3)
    # The driver hears of the limit only when the server is gone.
    (driver,) = [process for process in server.runs() if process.is_driver]
    driver.kill(signal.SIGSTOP)
    waiting.until("the end of the job's time", lambda: has_pending_sigterm(driver))
    server.kill()
    driver.kill(signal.SIGCONT)
    waiting.until("the end of the driver", lambda: not server.runs())
    server.start()
    job = jobs.ended(server, "limit")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_run_that_ended_in_time_while_the_server_was_away_completes(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2026-11-23T12:00:00Z")
    server = new_server("server", "--clock-file", str(clock)).start()
    # More than once: which of two things is seen first must not hang on luck.
    for day in range(24, 28):
        gate = start_at_gate(server, tmp_path, f"in-time-{day}", runtime_s=60)
        server.kill()
        gate.open()
        waiting.until("the end of the driver", lambda: not server.runs())
        clock.write_text(f"2026-11-{day}T12:00:00Z")
        server.start()
        assert_completed_once(server, f"in-time-{day}")


def test_a_rule_fires_once_over_crashes(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2023-01-02T08:59:00Z")
    server = new_server("server", "--clock-file", str(clock)).start()
    arn = jobs.create_pipeline(server, "daily", notebooks.notebook())
    events = server.client("events")
    events.put_rule(Name="daily", ScheduleExpression="cron(0 9 * * ? *)")
    events.put_targets(Rule="daily", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])

    def starts():
        executions = server.client("sagemaker").list_pipeline_executions(PipelineName="daily")
        summaries = executions["PipelineExecutionSummaries"]
        return [summary["StartTime"].astimezone(timezone.utc).isoformat() for summary in summaries]

    # Nine o'clock comes while the server is down.
    server.kill()
    clock.write_text("2023-01-02T09:00:00Z")
    server.start()
    waiting.until("the rule's execution", starts)
    for _ in range(2):
        server.kill()
        server.start()
    # A second rule, due at once after the restarts, says when the server has looked at its rules again.
    events = server.client("events")
    events.put_rule(Name="probe", ScheduleExpression="cron(1 9 * * ? *)")
    events.put_targets(Rule="probe", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])
    clock.write_text("2023-01-02T09:01:00Z")
    server.hang_up()
    waiting.until("the second rule's execution", lambda: len(starts()) > 1)
    assert starts() == ["2023-01-02T09:01:00+00:00", "2023-01-02T09:00:00+00:00"]


def test_a_second_service_on_one_data_folder_is_refused(new_server):
    server = new_server().start()
    command = [places.binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir", server.data_dir]
    refused = 0
    for _ in range(3):
        second = subprocess.run(command, env=base_environment(), capture_output=True, text=True)
        assert second.returncode == 1 and second.stdout == "", second
        since = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        assert re.search(
            f"the data folder {server.data_dir} is held by another nbjobs, process {server.pid}, since {since}; "
            "stop it first, or name another folder with --data-dir",
            second.stderr,
        ), second.stderr
        refused += 1
    # The first goes on as if nothing had been, and its folder is free when it is gone.
    jobs.submit(server, "meanwhile", notebooks.notebook("print('it runs')"))
    assert jobs.ended(server, "meanwhile")["TrainingJobStatus"] == "Completed"
    server.kill()
    server.start()
    promise.kept(12, refused, "second services refused by the exact words, while the first one worked on")


def test_a_run_that_does_not_stop_is_killed_after_its_grace(new_server, tmp_path):
    server = new_server("server", "--stop-grace", "1").start()
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "stuck", notebooks.notebook(gate.cell()))
    gate.wait_for_arrival()
    # A driver that stands still hears nothing, not even that it is to stop.
    (driver,) = [process for process in server.runs() if process.is_driver]
    driver.kill(signal.SIGSTOP)
    asked = time.monotonic()
    server.client("sagemaker").stop_training_job(TrainingJobName="stuck")
    job = jobs.ended(server, "stuck")
    assert job["TrainingJobStatus"] == "Stopped"
    assert time.monotonic() - asked >= 1
    waiting.until("the end of all its processes", lambda: not server.runs())


def test_a_run_has_its_grace_to_stop_by_itself(new_server, tmp_path):
    server = new_server().start()
    # The kernel's handler of the interrupt takes its time, and what it says is kept.
    arrived = tmp_path / "arrived"
    cell = (
        "import threading\n"
        "try:\n"
        f"    open({str(arrived)!r}, 'w').close()\n"
        "    threading.Event().wait()\n"
        "except KeyboardInterrupt:\n"
        "    print('tidied up')\n"
        "    raise"
    )
    jobs.submit(server, "tidy", notebooks.notebook(cell))
    waiting.until("the notebook", arrived.exists)
    server.client("sagemaker").stop_training_job(TrainingJobName="tidy")
    assert jobs.ended(server, "tidy")["TrainingJobStatus"] == "Stopped"
    executed = notebooks.executed(jobs.output(server, "tidy"), jobs.INPUT)
    assert "tidied up" in notebooks.text(executed)
