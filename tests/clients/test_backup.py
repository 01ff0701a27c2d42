"""`nbjobs backup` of a service that works: what it makes is a data folder, whole, and goes on where it stood."""

import subprocess
import threading

from harness import doctor, jobs, notebooks, places, promise, waiting
from harness.server import base_environment

ROUNDS = 5


def backup(server, target):
    command = [str(places.binary()), "backup", str(target), "--data-dir", str(server.data_dir)]
    return subprocess.run(command, env=base_environment(), capture_output=True, text=True)


def write_and_delete(server, ended):
    """Objects come, change and go until `ended`."""
    s3, number = server.client("s3"), 0
    while not ended.is_set():
        number += 1
        s3.put_object(Bucket=jobs.BUCKET, Key=f"busy/{number}", Body=b"x" * 100_000)
        s3.put_object(Bucket=jobs.BUCKET, Key="busy/same", Body=str(number).encode() * 1000)
        s3.delete_object(Bucket=jobs.BUCKET, Key=f"busy/{number - 3}")


def test_a_backup_of_a_busy_service_is_whole_and_goes_on(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2026-01-05T08:59:00Z")
    server = new_server("server", "--clock-file", str(clock), "--max-jobs", "2").start()
    arn = jobs.create_pipeline(server, "daily", notebooks.notebook("print('each day')"))
    events = server.client("events")
    events.put_rule(Name="daily", ScheduleExpression="cron(0 9 * * ? *)")
    events.put_targets(Rule="daily", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "in-flight", notebooks.notebook(gate.cell()))
    gate.wait_for_arrival()
    ended = threading.Event()
    busy = threading.Thread(target=write_and_delete, args=(server, ended))
    busy.start()
    try:
        for number in range(ROUNDS):
            jobs.submit(server, f"job-{number}", notebooks.notebook(f"print({number})"))
            target = tmp_path / f"backup-{number}"
            done = backup(server, target)
            assert done.returncode == 0, done
        jobs.ended(server, f"job-{ROUNDS - 1}")
        last = tmp_path / "restored" / "data"
        last.parent.mkdir()
        assert backup(server, last).returncode == 0
    finally:
        ended.set()
        busy.join()
    for number in range(ROUNDS):
        copy = new_server(f"copy-{number}")
        copy.data_dir = copy.own_data_dir = tmp_path / f"backup-{number}"
        assert doctor.findings(copy, "--read-data") == []

    # The original goes on and is not touched by what runs on the copy.
    restored = new_server("restored", "--clock-file", str(clock)).start()
    assert doctor.findings(restored, "--read-data") == []
    for number in range(ROUNDS):
        assert jobs.ended(restored, f"job-{number}")["TrainingJobStatus"] == "Completed"
        executed = notebooks.executed(jobs.output(restored, f"job-{number}"), jobs.INPUT)
        assert notebooks.text(executed) == f"{number}\n"
    job = jobs.ended(restored, "in-flight")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "InternalServerError: the service was restored from a backup that was made while the job ran"
    gate.open()
    assert jobs.ended(server, "in-flight")["TrainingJobStatus"] == "Completed"
    clock.write_text("2026-01-05T09:00:00Z")
    restored.hang_up()
    sagemaker = restored.client("sagemaker")

    def executions():
        return sagemaker.list_pipeline_executions(PipelineName="daily")["PipelineExecutionSummaries"]

    waiting.until("the rule's execution", executions)
    waiting.execution_ended(sagemaker, executions()[0]["PipelineExecutionArn"])
    assert doctor.findings(restored, "--read-data") == []
    promise.kept(4, ROUNDS + 1, "backups of a busy service that were whole")


def test_a_place_that_is_taken_and_a_folder_that_is_none_are_refused(new_server, tmp_path):
    server = new_server().start()
    (tmp_path / "taken").mkdir()
    done = backup(server, tmp_path / "taken")
    assert done.returncode == 2 and "is there already; name a new folder" in done.stderr, done
    server.data_dir = tmp_path / "taken"
    done = backup(server, tmp_path / "new")
    assert done.returncode == 1 and "is no data folder" in done.stderr and not (tmp_path / "new").exists(), done
