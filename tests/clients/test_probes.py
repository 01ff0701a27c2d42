"""What those who watch over the service ask: health, readiness, numbers, and the log."""

import json
import re
import urllib.error
import urllib.request

from harness import jobs, notebooks, waiting

TOKEN = "a-token-for-prometheus"


def ask(server, path, **headers):
    """Status and body of an unsigned GET."""
    try:
        with urllib.request.urlopen(urllib.request.Request(server.endpoint + path, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_is_open_and_numbers_are_not(new_server):
    server = new_server().start()
    assert ask(server, "/healthz") == (200, "ok\n")
    assert ask(server, "/readyz") == (200, "ok\n")
    status, body = ask(server, "/metrics")
    assert status == 403 and "NBJOBS_METRICS_TOKEN" in body
    status, body = ask(server, "/metrics", Authorization="Bearer anything")
    assert status == 403


def test_numbers_are_told_to_who_has_the_token(new_server):
    server = new_server(environment={"NBJOBS_METRICS_TOKEN": TOKEN}).start()
    jobs.submit(server, "good", notebooks.notebook("1"))
    jobs.submit(server, "bad", notebooks.notebook("1 / 0"))
    for name in ("good", "bad"):
        jobs.ended(server, name)
    assert ask(server, "/metrics")[0] == 401
    assert ask(server, "/metrics", Authorization="Bearer wrong")[0] == 401
    status, text = ask(server, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert numbers['nbjobs_jobs_ended_total{status="Completed"}'] == "1"
    assert numbers['nbjobs_jobs_ended_total{status="Failed"}'] == "1"
    assert numbers["nbjobs_job_wait_seconds_count"] == "2"
    assert numbers['nbjobs_job_run_seconds_count{status="Completed"}'] == "1"
    assert numbers['nbjobs_jobs_unfinished{status="Queued"}'] == "0"
    assert text.endswith("# EOF\n")


def test_numbers_are_told_by_definition(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2026-11-23T08:59:58Z")
    server = new_server("server", "--clock-file", str(clock), "--metrics-open", "--max-jobs", "1").start()
    gate = notebooks.Gate(tmp_path / "gate")
    arn = jobs.create_pipeline(server, "daily", notebooks.notebook(gate.cell()))
    events = server.client("events")
    events.put_rule(Name="daily", ScheduleExpression="cron(0/5 9 * * ? *)", Tags=[{"Key": "nbjobs:overlap", "Value": "skip"}])
    events.put_targets(Rule="daily", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])
    clock.write_text("2026-11-23T09:00:01Z")
    server.hang_up()
    gate.wait_for_arrival()
    # The second moment is skipped, and one that is stopped before it got a place has ended, too.
    clock.write_text("2026-11-23T09:05:00Z")
    server.hang_up()
    jobs.submit(server, "waits", notebooks.notebook("1"))
    server.client("sagemaker").stop_training_job(TrainingJobName="waits")

    def numbers():
        _, text = ask(server, "/metrics")
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    skipped = 'nbjobs_firings_total{source="rule/daily",status="Skipped"}'
    waiting.until("the second moment", lambda: numbers().get(skipped) == "1")
    gate.open()
    ended = 'nbjobs_pipeline_jobs_ended_total{pipeline="daily",status="Completed"}'
    waiting.until("the end of the run", lambda: numbers().get(ended) == "1")
    found = numbers()
    assert found['nbjobs_firings_total{source="rule/daily",status="Started"}'] == "1"
    assert found["nbjobs_firing_lateness_seconds_count"] == "1"
    assert found["nbjobs_firing_lateness_seconds_sum"] == "1.0"
    assert found['nbjobs_pipeline_job_run_seconds_total{pipeline="daily",status="Completed"}'] == "299.0"
    assert found['nbjobs_jobs_ended_total{status="Stopped"}'] == "1"


def test_the_log_can_be_json_with_one_line_for_each_change(new_server):
    server = new_server("server", "--log-format", "json", "--metrics-open").start()
    assert ask(server, "/metrics")[0] == 200
    secret = server.environment()["AWS_SECRET_ACCESS_KEY"]
    jobs.submit(server, "told", notebooks.notebook("1"))
    jobs.ended(server, "told")
    # What a notebook says in its exception may be anybody's secret: it is in the job's FailureReason, not in our log.
    jobs.submit(server, "told-too-much", notebooks.notebook("raise ValueError('the pass' + 'word is hunter2')"))
    assert "hunter2" in jobs.ended(server, "told-too-much")["FailureReason"]
    server.terminate()
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line["message"] for line in lines if line.get("job") == "told"]
    assert told == ["took a job from the queue", "started a run", "finished a run"], text
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"]) for line in lines)
    assert secret not in text and "hunter2" not in text
    ends = [line["reason"] for line in lines if line["message"] == "finished a run" and "reason" in line]
    assert ends == ["AlgorithmError: [SM-111] Error with executing notebook"]
