"""What those who watch over the service ask: health, readiness, numbers, and the log."""

import json
import re
import urllib.error
import urllib.request

from harness import jobs, notebooks

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
