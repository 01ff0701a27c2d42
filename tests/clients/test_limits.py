"""docs/limits.md says what the constants say."""

import re
import sqlite3

import pytest

from harness import jobs, notebooks, places, promise, waiting
from harness.errors import refused

SOURCES = places.ROOT / "crates" / "nbjobs" / "src"
ROWS = re.findall(r"^\| .+ \| (\d+) \| `(\S+)` (\w+) \|$", (places.ROOT / "docs" / "limits.md").read_text(), re.MULTILINE)


def value(file: str, constant: str) -> int:
    """The number that a constant has in the source."""
    found = re.search(rf"\bconst {constant}: \w+ = ([\d_ *<]+);", (SOURCES / file).read_text())
    assert found, f"{file} has no {constant}"
    return eval(found[1], {})  # noqa: S307: digits, * and <<


@pytest.mark.parametrize(("limit", "file", "constant"), ROWS)
def test_the_page_has_the_constants_number(limit, file, constant):
    assert int(limit) == value(file, constant)


def test_every_row_was_read():
    (table, *_) = (places.ROOT / "docs" / "limits.md").read_text().split("These are options")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) == len(ROWS) + 1
    promise.kept(13, len(ROWS), "stated limits that are the constants")


def test_no_more_jobs_wait_than_may(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2026-11-23T08:59:00Z")
    server = new_server("server", "--clock-file", str(clock), "--max-jobs", "1", "--max-queued", "2").start()
    sagemaker, events = server.client("sagemaker"), server.client("events")
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "runs", notebooks.notebook(gate.cell()))
    gate.wait_for_arrival()
    arn = jobs.create_pipeline(server, "daily", notebooks.notebook())
    events.put_rule(Name="daily", ScheduleExpression="cron(0 9 * * ? *)")
    events.put_targets(Rule="daily", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])
    for name in ("one", "two"):
        jobs.submit(server, name, notebooks.notebook("1"))
    for _ in range(2):
        with refused("ResourceLimitExceeded", "is 2 jobs, with current utilization of 2 jobs"):
            jobs.submit(server, "three", notebooks.notebook("1"))
        with refused("ResourceLimitExceeded", "--max-queued"):
            sagemaker.start_pipeline_execution(PipelineName="daily")
        # Nothing of it is kept, and a start of the server counts again.
        server.kill()
        server.start()
        sagemaker = server.client("sagemaker")
    clock.write_text("2026-11-23T09:00:00Z")
    server.hang_up()

    def firing():
        with sqlite3.connect(f"file:{server.data_dir}/nbjobs.db?mode=ro", uri=True) as database:
            return database.execute("SELECT status, reason FROM firings").fetchall()

    waiting.until("the firing", firing)
    ((status, reason),) = firing()
    assert status == "Failed" and "--max-queued" in reason
    sagemaker.stop_training_job(TrainingJobName="one")
    jobs.submit(server, "three", notebooks.notebook("1"))
    gate.open()
    assert jobs.ended(server, "three")["TrainingJobStatus"] == "Completed"
    assert sagemaker.list_pipeline_executions(PipelineName="daily")["PipelineExecutionSummaries"] == []
