"""How long runs are kept: rows and objects go together, never those of a run that goes on."""

import subprocess

import pytest

from harness import jobs, notebooks, places, waiting
from harness.errors import refused


@pytest.fixture
def clock(tmp_path):
    """The file of a server's clock."""
    file = tmp_path / "clock"
    file.write_text("2026-11-23T12:30:00Z")
    return file


def nbjobs(server, *arguments) -> list[str]:
    """The lines that a command of ours prints."""
    command = [str(places.binary()), *arguments]
    done = subprocess.run(command, env=server.environment(), cwd=server.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def keys(server, prefix: str) -> list[str]:
    listed = server.client("s3").list_objects_v2(Bucket=jobs.BUCKET, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_a_definition_keeps_its_latest_runs(server, tmp_path):
    sagemaker = server.client("sagemaker")
    (server.folder / "n.ipynb").write_bytes(notebooks.notebook("print('here')"))
    schedule = ["--schedule", "cron(0 0 1 1 ? *)"]
    (name,) = nbjobs(server, "definition", "create", "n.ipynb", *schedule, "--keep-runs", "2")
    runs = []
    for _ in range(4):
        runs.append(sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"])
        waiting.execution_ended(sagemaker, runs[-1])
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "goes-on", notebooks.notebook(gate.cell()), Tags=[{"Key": "nbjobs:keep-for", "Value": "1m"}])
    outputs = [key for key in keys(server, f"{name}/") if "/output/" in key]
    assert len(outputs) == 4

    head, *rows, total = nbjobs(server, "gc", "--dry-run")
    assert head.split() == ["RUN", "ENDED", "BYTES", "REASON"]
    assert [row.split()[0] for row in rows] == [arn.split(":", 5)[5] for arn in runs[:2]]
    assert all("it is not among the 2 latest (nbjobs:keep-runs)" in row for row in rows)
    assert total.startswith("2 runs would be deleted, ")
    assert len(sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]) == 4

    *_, total = nbjobs(server, "gc")
    assert total.startswith("2 runs deleted, ")
    left = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert {run["PipelineExecutionArn"] for run in left} == set(runs[2:])
    with refused("ResourceNotFound"):
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=runs[0])
    found = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    assert len(found) == 3, "two of the definition, and the one that goes on"
    assert len([key for key in keys(server, f"{name}/") if "/output/" in key]) == 2
    assert keys(server, f"{name}/input/") == [f"{name}/input/n.ipynb"]
    streams = server.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"]
    assert len({stream["logStreamName"].split("/")[0] for stream in streams} - {"goes-on"}) == 2
    assert nbjobs(server, "gc") == ["0 runs deleted, 0 bytes"]
    # The definition goes on as before.
    run = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    gate.open()
    assert waiting.execution_ended(sagemaker, run)["PipelineExecutionStatus"] == "Succeeded"
    server.terminate()
    doctor = [str(places.binary()), "doctor", "--data-dir", str(server.data_dir)]
    assert subprocess.run(doctor, capture_output=True, text=True).returncode == 0


def test_old_runs_are_deleted_by_themselves(new_server, clock, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[retention]\nkeep_for = "30d"\n')
    server = new_server("server", "--clock-file", str(clock), "--config", str(config)).start()
    policies = {"usual": None, "short": "1d", "long": "90d"}
    for name, keep_for in policies.items():
        tags = [{"Key": "nbjobs:keep-for", "Value": keep_for}] if keep_for else []
        jobs.submit(server, name, notebooks.notebook("1"), Tags=tags)
        jobs.ended(server, name)

    def left():
        listed = server.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
        return {job["TrainingJobName"] for job in listed}

    for now, want in (
        ("2026-11-24T12:30:00Z", {"usual", "short", "long"}),
        ("2026-11-24T13:30:01Z", {"usual", "long"}),
        ("2026-12-24T13:30:00Z", {"long"}),
    ):
        clock.write_text(now)
        server.hang_up()
        waiting.until(f"the runs that are kept at {now}", lambda: left() == want)
    assert keys(server, "short/") == keys(server, "usual/") == []
    assert keys(server, "long/") == ["long/input/in.ipynb", "long/output/output.tar.gz"]
    server.kill()
    clock.write_text("2027-03-01T00:00:00Z")
    server.start()
    waiting.until("the runs that are kept at a start", lambda: left() == set())
    assert keys(server, "") == []
