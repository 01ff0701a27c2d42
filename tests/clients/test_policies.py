"""Policies of schedules, over restarts of the real server: what is missed, what overlaps, and what the ledger says."""

import json
import subprocess

import pytest

from harness import jobs, notebooks, places, promise, waiting
from harness.errors import refused


@pytest.fixture
def clock(tmp_path):
    """The file of a server's clock."""
    file = tmp_path / "clock"
    file.write_text("2026-11-23T12:30:00Z")
    return file


def nbjobs(server, *arguments, code=0):
    """What a command of ours prints; as JSON if that is asked for."""
    done = subprocess.run(
        [str(places.binary()), *arguments], env=server.environment(), cwd=server.folder, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    if code:
        return done.stderr
    return json.loads(done.stdout) if "json" in arguments else done.stdout.strip()


def define(server, *policies):
    """A definition that is due each hour."""
    (server.folder / "n.ipynb").write_bytes(notebooks.notebook())
    return nbjobs(server, "definition", "create", "n.ipynb", "--schedule", "cron(0 * * * ? *)", *policies)


def statuses(server, name):
    firings = nbjobs(server, "definition", "firings", name, "--output", "json")["Firings"]
    return [firing["Status"] for firing in reversed(firings)]


def test_each_moment_missed_while_down_is_caught_up_with_or_accounted_for(new_server, clock):
    server = new_server("server", "--clock-file", str(clock)).start()
    wanted = {
        define(server, "--missed-runs", "skip"): ["Missed"] * 4,
        define(server, "--missed-runs", "once"): ["Missed"] * 3 + ["Late"],
        define(server, "--missed-runs", "all"): ["Late"] * 4,
        define(server, "--missed-runs", "all", "--catch-up-window", "2h"): ["Missed"] * 2 + ["Late"] * 2,
        define(server, "--missed-runs", "all", "--overlap", "queue"): ["Late"] * 4,
    }
    server.kill()
    clock.write_text("2026-11-23T16:30:00Z")
    server.start()
    sagemaker = server.client("sagemaker")
    for name, want in wanted.items():
        waiting.until(f"the firings {want}", lambda: statuses(server, name) == want)
        runs = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
        assert len(runs) == want.count("Late")
    promise.kept(3, sum(map(len, wanted.values())), "moments that passed while the service was killed")


def test_firings_and_next_runs_are_for_people_and_programs(new_server, clock):
    server = new_server("server", "--clock-file", str(clock)).start()
    name = define(server, "--overlap", "skip", "--start-jitter", "10m")
    assert "Policies    overlap = skip" in nbjobs(server, "definition", "describe", name)
    coming = nbjobs(server, "definition", "next", name, "-n", "2", "--output", "json")["NextRuns"]
    assert [run["DueTime"] for run in coming] == [1795438800, 1795442400]
    assert all(0 <= run["StartTime"] - run["DueTime"] < 600 for run in coming)
    nbjobs(server, "definition", "update", name, "--unset", "start-jitter")
    table = nbjobs(server, "definition", "next", name, "-n", "1").splitlines()
    assert table == ["DUE                   STARTS", "2026-11-23 13:00:00Z  2026-11-23 13:00:00Z"]
    clock.write_text("2026-11-23T13:00:00Z")
    server.hang_up()
    waiting.until("the firing", lambda: statuses(server, name) == ["Started"])
    head, row = nbjobs(server, "definition", "firings", name).splitlines()
    assert head.split() == ["DUE", "STATUS", "DECIDED", "RUN", "OR", "REASON"]
    run = server.client("sagemaker").list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"][0]
    assert row.split()[-1] == run["PipelineExecutionArn"].rsplit("/", 1)[1]
    nbjobs(server, "definition", "pause", name)
    assert nbjobs(server, "definition", "next", name, "--output", "json") == {"NextRuns": []}
    assert "Rule none does not exist" in nbjobs(server, "definition", "firings", "none", code=1)


def test_a_policy_that_cannot_be_is_refused_wherever_it_is_given(server):
    arn = jobs.create_pipeline(server, "p", notebooks.notebook())
    wrong, word = {"Key": "nbjobs:overlap", "Value": "never"}, "it must be allow, skip, queue or replace"
    sagemaker, events = server.client("sagemaker"), server.client("events")
    with refused("ValidationException", word):
        sagemaker.add_tags(ResourceArn=arn, Tags=[wrong])
    with refused("ValidationException", word):
        sagemaker.create_training_job(**jobs.training_job("p", Tags=[wrong]))
    with refused("ValidationException", word):
        events.put_rule(Name="r", ScheduleExpression="rate(1 day)", Tags=[wrong])
    with refused("ValidationException", "the tag nbjobs:overlapp is none that nbjobs knows"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "nbjobs:overlapp", "Value": "skip"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    assert word in nbjobs(server, "definition", "update", "p", "--overlap", "never", code=2)
