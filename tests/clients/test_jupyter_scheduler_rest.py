"""jupyter-scheduler's REST API: its models, pages and errors, and what the original gets wrong."""

import json
import re
import subprocess

import pytest

from harness import jobs, notebooks, waiting
from harness.jupyter import Rest
from harness.notebooks import notebook

HELLO = notebook("print('hello', who)", parameters="who = 'nobody'")
# A Thursday.
THURSDAY = "2026-11-19T12:00:00Z"
JOB_MEMBERS = {
    "input_filename", "runtime_environment_name", "runtime_environment_parameters", "output_formats",
    "idempotency_token", "job_definition_id", "parameters", "tags", "name", "output_filename_template", "compute_type",
    "package_input_folder", "job_id", "job_files", "url", "create_time", "update_time", "start_time", "end_time",
    "status", "status_message", "downloaded", "packaged_files",
}  # fmt: skip
DEFINITION_MEMBERS = {
    "input_filename", "runtime_environment_name", "runtime_environment_parameters", "output_formats", "parameters",
    "tags", "name", "output_filename_template", "compute_type", "schedule", "timezone", "package_input_folder",
    "job_definition_id", "create_time", "update_time", "active", "packaged_files", "next_run_time",
}  # fmt: skip


@pytest.fixture(scope="module")
def rest(server):
    return Rest(server)


def files_of(rest: Rest, job: str) -> dict[str, bytes]:
    answer = rest.call("GET", f"jobs/{job}/download_files")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/gzip"), answer.bytes
    return notebooks.unpack(answer.bytes)


def printed(rest: Rest, job: str) -> str:
    return notebooks.text(notebooks.executed(files_of(rest, job), "in.ipynb"))


def test_every_route_wants_the_token(rest):
    routes = [
        ("GET", "jobs"), ("POST", "jobs"), ("GET", "jobs/count"), ("GET", "jobs/a-b"), ("PATCH", "jobs/a-b"),
        ("DELETE", "jobs/a-b"), ("GET", "jobs/a-b/download_files"), ("DELETE", "batch/jobs"), ("GET", "job_definitions"),
        ("POST", "job_definitions"), ("GET", "job_definitions/a-b"), ("PATCH", "job_definitions/a-b"),
        ("DELETE", "job_definitions/a-b"), ("POST", "job_definitions/a-b/jobs"), ("GET", "runtime_environments"),
        ("GET", "config"), ("PUT", "inputs/a/b.ipynb"), ("DELETE", "inputs/a"), ("GET", "nothing"),
    ]  # fmt: skip
    key, digest = rest.token.split(".")
    wrong = ["", "token", "token x", f"token {key}", f"token {key}.{digest[:-1]}0x", f"token AKIAX.{digest}", "Basic YTpi"]
    for method, path in routes:
        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
        assert "NBJOBS_TOKEN" in rest.refused(403, method, path, body, authorization=""), (method, path)
    for authorization in wrong[1:]:
        rest.refused(403, "GET", "jobs", authorization=authorization)
    for scheme in ("token", "Bearer", "bearer"):
        assert rest.call("GET", "jobs", authorization=f"{scheme} {rest.token}").status == 200


def test_the_token_is_one_line_of_shell(server, rest):
    script = 'printf "%s.%s" "$AWS_ACCESS_KEY_ID" "$(printf "nbjobs-token:%s" "$AWS_SECRET_ACCESS_KEY" | sha256sum | cut -d" " -f1)"'
    shell = subprocess.run(["bash", "-c", script], env=server.environment(), capture_output=True, check=True)
    assert shell.stdout.decode() == rest.token


def test_what_the_interface_asks_at_its_start(rest):
    answer = rest.call("GET", "jobs?max_items=0&1795434366882")
    assert answer.status == 200 and answer.json["jobs"] == []
    environments = rest.get("runtime_environments")
    names = [environment["name"] for environment in environments]
    assert names[0] == "default" and "python3" in names
    for environment in environments:
        assert environment["label"] == environment["name"]
        assert [format["name"] for format in environment["output_formats"]] == ["ipynb", "html"]
        assert all(format["id"] == format["name"] for format in environment["output_formats"])
    features = rest.get("config")["supported_features"]
    assert features["stop_job"] and not features["email_notifications"]


def test_a_job_from_its_files_to_its_output(rest):
    body = rest.body(
        HELLO,
        name="日報 <b>",
        parameters={"who": "rest"},
        output_formats=["ipynb", "html"],
        tags=["nightly", "team=ds"],
        runtime_environment_name="python3",
        runtime_environment_parameters={"REGION": "emea", "LIMIT": 5},
        timeout_seconds=600,
        something_new={"x": 1},
    )
    job = rest.call("POST", "jobs", body).json["job_id"]
    assert re.fullmatch(r"\w+(?:-\w+)+", job)
    done = rest.ended(job)
    assert set(done) == JOB_MEMBERS
    assert (done["status"], done["status_message"]) == ("COMPLETED", None)
    assert (done["name"], done["input_filename"]) == ("日報 <b>", "in.ipynb")
    assert (done["tags"], done["parameters"]) == (["nightly", "team=ds"], {"who": "rest"})
    assert done["runtime_environment_name"] == "python3"
    assert done["runtime_environment_parameters"] == {"REGION": "emea", "LIMIT": "5"}
    assert done["output_formats"] == ["ipynb", "html"]
    assert done["create_time"] <= done["start_time"] <= done["end_time"] == done["update_time"]
    assert done["url"] == f"/jobs/{job}"
    files = files_of(rest, job)
    formats = {file["file_format"]: file["file_name"] for file in done["job_files"]}
    assert set(formats) == {"ipynb", "html", "input", "log"}
    assert set(formats.values()) <= set(files)
    assert "hello rest" in notebooks.text(json.loads(files[formats["ipynb"]]))
    (listed,) = [row for row in rest.get("jobs")["jobs"] if row["job_id"] == job]
    assert None not in listed.values() and "status_message" not in listed
    assert all("file_path" not in file for file in listed["job_files"])


def test_it_is_the_training_job_that_studio_makes(server, rest):
    job = rest.create(HELLO, name="as studio's")
    found = server.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert found["InputDataConfig"][0]["ChannelName"] == "sagemaker_headless_execution"
    source = found["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert source == f"s3://{jobs.BUCKET}/{job}/input"
    assert found["StoppingCondition"]["MaxRuntimeInSeconds"] == 172_800
    tags = server.client("sagemaker").list_tags(ResourceArn=found["TrainingJobArn"])["Tags"]
    tags = {tag["Key"]: tag["Value"] for tag in tags}
    assert tags["sagemaker:name"] == "as studio's"
    assert tags["sagemaker:is-scheduling-notebook-job"] == "true"
    assert tags["sagemaker:is-studio-archived"] == "false"


def test_jobs_of_others_are_listed(server, rest):
    jobs.submit(server, "boto3-made", notebook("print(1)"), environment={"SM_OUTPUT_FORMATS": "strange,html"})
    row = rest.ended("boto3-made")
    assert (row["name"], row["input_filename"]) == ("boto3-made", "in.ipynb")
    listed = [job["job_id"] for job in rest.get("jobs")["jobs"]]
    assert "boto3-made" in listed


def test_pages_filters_and_orders(new_server):
    rest = Rest(new_server("pages").start())
    made = [rest.create(notebook("1"), name=name, tags=tags) for name, tags in [("b_1", ["x"]), ("B%2", ["x", "y"]), ("a", [])]]
    for job in made:
        rest.ended(job)
    first = rest.get("jobs", max_items=2)
    assert [job["job_id"] for job in first["jobs"]] == made[:0:-1]
    assert (first["total_count"], first["next_token"]) == (3, "2")
    last = rest.get("jobs", max_items=2, next_token=first["next_token"])
    assert [job["job_id"] for job in last["jobs"]] == made[:1] and "next_token" not in last
    assert rest.get("jobs", next_token="99") == {"jobs": [], "total_count": 3}
    assert rest.get("jobs", max_items=0) == {"jobs": [], "total_count": 3, "next_token": "0"}

    def names(**query):
        return [job["name"] for job in rest.get("jobs", **query)["jobs"]]

    assert names(sort_by="asc(name)") == ["B%2", "a", "b_1"]
    assert names(sort_by=["desc(status)", "name"]) == ["B%2", "a", "b_1"]
    assert names(sort_by="create_time") == ["b_1", "B%2", "a"]
    assert names(name="b") == ["B%2", "b_1"]
    assert names(name="b_") == ["b_1"] and names(name="b%") == ["B%2"]
    assert names(tags="x") == ["B%2", "b_1"] and names(tags=["x", "y"]) == ["B%2"]
    assert names(status="completed") == ["a", "B%2", "b_1"] and names(status="FAILED") == []
    assert names(start_time=rest.get(f"jobs/{made[2]}")["start_time"]) == ["a"]
    assert rest.get("jobs/count", status="completed") == {"count": 3}
    assert rest.get("jobs/count") == {"count": 0}
    for query, part in [
        ({"status": "DONE"}, "status"), ({"sort_by": "asc(x)"}, "sort_by"), ({"max_items": "abc"}, "max_items"),
        ({"next_token": "x"}, "next_token"), ({"start_time": "noon"}, "start_time"),
    ]:  # fmt: skip
        assert part in rest.refused(400, "GET", "jobs", **query)


def test_what_is_missing_is_404_and_what_is_wrong_400(rest):
    for method, path in [
        ("GET", "jobs/no-job"), ("PATCH", "jobs/no-job"), ("DELETE", "jobs/no-job"), ("GET", "jobs/no-job/download_files"),
        ("GET", "job_definitions/no-one"), ("PATCH", "job_definitions/no-one"), ("DELETE", "job_definitions/no-one"),
        ("POST", "job_definitions/no-one/jobs"),
    ]:  # fmt: skip
        body = {} if method in ("PATCH", "POST") else None
        assert "no-" in rest.refused(404, method, path, body)
    rest.refused(404, "GET", "workflows")
    rest.refused(405, "PUT", "jobs")
    assert "Invalid JSON" in rest.refused(400, "POST", "jobs", b"{")
    good = rest.body(HELLO)
    before = rest.get("jobs")["total_count"]
    text = rest.upload({"text.ipynb": b"hello", "bare.ipynb": b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'})
    for change, part in [
        ({"name": None}, "name is required"),
        ({"input_uri": None}, "input_uri is required"),
        ({"runtime_environment_name": None}, "runtime_environment_name is required"),
        ({"runtime_environment_name": "no such kernel"}, "there is no environment"),
        ({"input_uri": "in.ipynb"}, "S3 location"),
        ({"input_uri": "s3://nowhere-at-all/in.ipynb"}, "bucket"),
        ({"input_uri": good["input_uri"] + "x"}, "in.ipynbx"),
        ({"input_uri": text["text.ipynb"]}, "not a notebook"),
        ({"input_uri": text["bare.ipynb"]}, "no kernel associated"),
        ({"output_formats": ["docx"]}, '"docx"'),
        ({"parameters": {"x;import os": 1}}, "cannot be a variable"),
        ({"parameters": {"x": "y" * 2501}}, "2500"),
        ({"tags": ["sagemaker:name=x"]}, "cannot be a tag"),
        ({"runtime_environment_parameters": {"SM_KERNEL_NAME": "x"}}, "environment variable"),
        ({"email_notifications": {"on_start": ["a@b.c"]}}, "email_notifications is not supported"),
        ({"max_retries": 3}, "max_retries is not supported"),
        ({"output_filename_template": "x"}, "output_filename_template is not supported"),
        ({"timeout_seconds": 0}, "maxRuntimeInSeconds"),
        ({"schedule": "* * * * *"}, "job definition"),
        ({"job_definition_id": "no-one"}, "no-one"),
    ]:
        status = 404 if "job_definition_id" in change or "nowhere" in str(change) or part == "in.ipynbx" else 400
        message = rest.refused(status, "POST", "jobs", good | change)
        assert part in message, message
    assert rest.get("jobs")["total_count"] == before


def test_inputs_stay_below_their_folder(rest):
    for path in ["..%2f..%2fx.ipynb", "a/../b", "a//b", "%2e%2e/x"]:
        rest.refused(400, "PUT", f"inputs/{'a' * 8}/{path}", b"x")
    rest.refused(400, "PUT", "inputs/..%2f/x.ipynb", b"x")
    rest.done("DELETE", "inputs/nothing-is-there")


def test_waiting_files_can_be_dropped_and_a_job_keeps_its_copy(server, rest):
    body = rest.body(HELLO)
    job = rest.call("POST", "jobs", body).json["job_id"]
    rest.done("DELETE", f"inputs/{body['input_uri'].split('/')[-2]}")
    assert rest.ended(job)["status"] == "COMPLETED"
    keys = server.client("s3").list_objects_v2(Bucket=jobs.BUCKET, Prefix="jupyter-inputs/" + body["input_uri"].split("/")[-2])
    assert keys["KeyCount"] == 0


def test_a_folder_goes_along(rest):
    uris = rest.upload({"nb/in.ipynb": notebook("print(open('data/a b.csv').read())"), "nb/data/a b.csv": b"1,2"})
    body = {"name": "f", "input_uri": uris["nb/in.ipynb"], "runtime_environment_name": "default", "package_input_folder": True}
    job = rest.call("POST", "jobs", body).json["job_id"]
    done = rest.ended(job)
    assert (done["status"], done["package_input_folder"]) == ("COMPLETED", True), done["status_message"]
    assert "1,2" in printed(rest, job)


def test_parameters_are_values_and_never_code(rest):
    code = "print([(type(x).__name__, x) for x in (a, b, c, d, e, f, zip, n)])"
    cell = "zip: str = ''\nn = 1"
    given = {
        "a": "hello", "b": "5", "c": 1.5, "d": True, "e": "__import__('os').getpid()", "f": ["x", 1],
        "zip": "01234", "n": "7",
    }  # fmt: skip
    job = rest.create(notebook(code, parameters=cell), parameters=given)
    assert rest.ended(job)["status"] == "COMPLETED"
    values = eval(printed(rest, job))
    assert values == [
        ("str", "hello"), ("int", 5), ("float", 1.5), ("bool", True), ("str", "__import__('os').getpid()"),
        ("list", ["x", 1]), ("str", "01234"), ("int", 7),
    ]  # fmt: skip
    assert rest.get(f"jobs/{job}")["parameters"]["c"] == "1.5"


def test_a_failure_says_why_in_plain_text(rest):
    done = rest.ended(rest.create(notebook("1/0")))
    assert done["status"] == "FAILED" and done["end_time"]
    assert "ZeroDivisionError" in done["status_message"] and "\x1b" not in done["status_message"]
    assert "ZeroDivisionError" in json.dumps(notebooks.executed(files_of(rest, done["job_id"]), "in.ipynb"))


def test_a_format_that_cannot_be_made_breaks_no_list(rest):
    job = rest.create(HELLO, output_formats=["asciidoc"])
    rest.ended(job)
    assert job in [row["job_id"] for row in rest.get("jobs")["jobs"]]


def test_a_job_is_queued_before_it_runs_and_can_be_stopped_then(new_server, tmp_path):
    server = new_server("queue", "--max-jobs", "1").start()
    rest = Rest(server)
    gate = notebooks.Gate(tmp_path / "gate")
    running = rest.create(notebook(gate.cell(), "import time; time.sleep(1000)"))
    gate.wait_for_arrival()
    waits = rest.create(HELLO)
    assert rest.get(f"jobs/{running}")["status"] == "IN_PROGRESS"
    assert rest.get(f"jobs/{waits}")["status"] == "QUEUED"
    assert rest.get("jobs/count") == {"count": 1}
    rest.done("PATCH", f"jobs/{waits}", {"status": "STOPPED"})
    stopped = rest.get(f"jobs/{waits}")
    assert stopped["status"] == "STOPPED" and stopped["end_time"] and not stopped["start_time"]
    gate.open()
    rest.done("PATCH", f"jobs/{running}", {"status": "STOPPED", "name": "stopped by hand"})
    done = rest.ended(running)
    assert (done["status"], done["name"]) == ("STOPPED", "stopped by hand")
    rest.done("PATCH", f"jobs/{running}", {"status": "STOPPED"})
    assert "STOPPED" in rest.refused(400, "PATCH", f"jobs/{running}", {"status": "COMPLETED"})
    assert "compute_type" in rest.refused(400, "PATCH", f"jobs/{running}", {"compute_type": "ml.x"})
    assert "no output" in rest.refused(404, "GET", f"jobs/{waits}/download_files")


def test_the_same_token_is_the_same_job(rest):
    body = rest.body(HELLO, idempotency_token="once-only", name="once")
    first = rest.call("POST", "jobs", body).json
    again = body | {"input_uri": rest.body(HELLO)["input_uri"]}
    assert rest.call("POST", "jobs", again).json == first
    assert rest.get(f"jobs/{first['job_id']}")["idempotency_token"] == "once-only"
    assert "once-only" in rest.refused(409, "POST", "jobs", body | {"name": "twice"})
    assert rest.get("jobs", name="once")["total_count"] == 1


def test_deleting_hides_stops_and_is_all_or_nothing(server, rest, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    running = rest.create(notebook(gate.cell()))
    gate.wait_for_arrival()
    other = rest.create(HELLO)
    assert "no-job" in rest.refused(404, "DELETE", "batch/jobs", job_id=[other, "no-job"])
    assert rest.get(f"jobs/{other}")["job_id"] == other
    rest.done("DELETE", "batch/jobs", job_id=[other, running])
    for job in (other, running):
        rest.refused(404, "GET", f"jobs/{job}")
        assert job not in [row["job_id"] for row in rest.get("jobs")["jobs"]]
    assert jobs.ended(server, running)["TrainingJobStatus"] == "Stopped"
    rest.refused(404, "DELETE", f"jobs/{other}")
    assert "job_id" in rest.refused(400, "DELETE", "batch/jobs")


def test_a_definition_in_utc_is_studios(server, rest):
    definition = rest.define(HELLO, name="in utc", schedule="0 9 * * 1-5", timezone="UTC", parameters={"who": "utc"})
    rule = server.client("events").describe_rule(Name=definition)
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 9 ? * 2-6 *)", "ENABLED")
    (target,) = server.client("events").list_targets_by_rule(Rule=definition)["Targets"]
    assert target["Arn"].endswith(f":pipeline/{definition}")
    shown = rest.get(f"job_definitions/{definition}")
    assert set(shown) == DEFINITION_MEMBERS
    assert (shown["schedule"], shown["timezone"], shown["active"]) == ("0 9 * * 1-5", "UTC", True)
    assert (shown["name"], shown["parameters"]) == ("in utc", {"who": "utc"})
    assert shown["next_run_time"] > shown["create_time"]
    (listed,) = rest.get("job_definitions", name="in utc")["job_definitions"]
    assert listed == {key: value for key, value in shown.items() if value is not None}


def test_a_time_zone_is_honoured(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text(THURSDAY)
    server = new_server("zones", "--clock-file", str(clock)).start()
    rest, scheduler = Rest(server), server.client("scheduler")
    definition = rest.define(HELLO, schedule="30 9 * * *", timezone="Asia/Tokyo", parameters={"who": "tokyo"})
    schedule = scheduler.get_schedule(Name=definition)
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == ("cron(30 9 * * ? *)", "Asia/Tokyo")
    shown = rest.get(f"job_definitions/{definition}")
    assert (shown["schedule"], shown["timezone"]) == ("30 9 * * *", "Asia/Tokyo")
    clock.write_text("2026-11-20T00:30:01Z")
    server.hang_up()
    (job,) = waiting.until("the schedule's job", lambda: rest.get("jobs", job_definition_id=definition)["jobs"])
    assert rest.ended(job["job_id"])["status"] == "COMPLETED"
    assert "hello tokyo" in printed(rest, job["job_id"])

    # A paused one that is edited stays paused, in whichever form.
    rest.done("PATCH", f"job_definitions/{definition}", {"active": False})
    rest.done("PATCH", f"job_definitions/{definition}", {"schedule": "0 8 * * *"})
    assert scheduler.get_schedule(Name=definition)["State"] == "DISABLED"
    rest.done("PATCH", f"job_definitions/{definition}", {"timezone": "UTC"})
    assert scheduler.list_schedules()["Schedules"] == []
    rule = server.client("events").describe_rule(Name=definition)
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 8 * * ? *)", "DISABLED")
    rest.done("PATCH", f"job_definitions/{definition}", {"active": True, "timezone": "America/New_York"})
    assert server.client("events").list_rules()["Rules"] == []
    assert scheduler.get_schedule(Name=definition)["State"] == "ENABLED"
    rest.done("DELETE", f"job_definitions/{definition}")
    assert scheduler.list_schedules()["Schedules"] == []
    assert server.client("sagemaker").list_pipelines()["PipelineSummaries"] == []
    assert rest.get("jobs")["total_count"] == 1


def test_a_bad_schedule_leaves_nothing_behind(server, rest):
    before = rest.get("job_definitions")["total_count"]
    body = rest.body(HELLO)
    for change, part in [
        ({"schedule": "0 0 31 2 *"}, "never due"),
        ({"schedule": ""}, "0 fields"),
        ({"schedule": "5-1 * * * *"}, "backwards"),
        ({"schedule": "0 12 ? * MON-FRI *"}, "6 fields"),
        ({"schedule": "0 0 12 * * *"}, "6 fields"),
        ({"schedule": "* * * * * */10"}, "6 fields"),
        ({"schedule": "0 0 13 * 5"}, "use two schedules"),
        ({"schedule": "0 0 * * *", "timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"schedule": "nonsense"}, "fields"),
    ]:
        message = rest.refused(400, "POST", "job_definitions", body | change)
        assert part in message, message
    assert rest.get("job_definitions")["total_count"] == before
    good = rest.define(HELLO, schedule="0 0 * * *")
    assert "backwards" in rest.refused(400, "PATCH", f"job_definitions/{good}", {"schedule": "5-1 * * * *", "name": "x"})
    assert "never due" in rest.refused(400, "PATCH", f"job_definitions/{good}", {"schedule": "0 0 31 2 *", "name": "x"})
    shown = rest.get(f"job_definitions/{good}")
    assert (shown["schedule"], shown["name"], shown["active"]) == ("0 0 * * *", "a job", True)
    # These, which the original's form takes and its server refuses, run here.
    for line in ["0 0 15W * *", "0 0 * * 5L", "0 0 * * 5#2"]:
        assert rest.get(f"job_definitions/{rest.define(HELLO, schedule=line)}")["schedule"] == line


def test_schedules_of_others_show_as_cron_or_not_at_all(server, rest):
    jobs.create_pipeline(server, "studio-rate", HELLO)
    server.client("sagemaker").add_tags(
        ResourceArn="arn:aws:sagemaker:us-east-1:000000000000:pipeline/studio-rate",
        Tags=[{"Key": "sagemaker:is-scheduling-notebook-job", "Value": "true"}, {"Key": "sagemaker:name", "Value": "from studio"}],
    )
    server.client("events").put_rule(Name="studio-rate", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    (shown,) = rest.get("job_definitions", name="from studio")["job_definitions"]
    assert "schedule" not in shown and shown["active"] is False
    server.client("events").put_rule(Name="studio-rate", ScheduleExpression="cron(0 9 ? * 2-6 *)", State="DISABLED")
    assert rest.get("job_definitions/studio-rate")["schedule"] == "0 9 * * 1-5"
    job = rest.call("POST", "job_definitions/studio-rate/jobs", {"parameters": {"who": "me"}}).json["job_id"]
    assert rest.ended(job)["parameters"] == {"who": "me"}


def test_a_definition_is_run_and_edited_whole(server, rest):
    definition = rest.define(HELLO, name="before", parameters={"who": "first", "x": "1"}, tags=["a"])
    shown = rest.get(f"job_definitions/{definition}")
    assert (shown["schedule"], shown["active"]) == (None, False)
    assert "no schedule" in rest.refused(400, "PATCH", f"job_definitions/{definition}", {"active": True})
    run = rest.call("POST", f"job_definitions/{definition}/jobs", {}).json["job_id"]
    assert rest.ended(run)["parameters"] == {"who": "first", "x": "1"}
    assert rest.get(f"jobs/{run}")["job_definition_id"] == definition
    replaced = rest.call("POST", f"job_definitions/{definition}/jobs", {"parameters": {"who": "second"}}).json["job_id"]
    assert rest.ended(replaced)["parameters"] == {"who": "second"}
    assert "hello second" in printed(rest, replaced)
    assert [job["job_id"] for job in rest.get("jobs", job_definition_id=definition)["jobs"]] == [replaced, run]

    uri = rest.upload({"new.ipynb": notebook("print('new', who)", parameters="who = ''")})["new.ipynb"]
    rest.done("PATCH", f"job_definitions/{definition}", {
        "name": "after", "tags": ["b=c"], "parameters": {"who": "third"}, "output_formats": ["html"],
        "runtime_environment_name": "python3", "input_uri": uri, "schedule": "0 0 * * *", "timezone": "UTC",
    })  # fmt: skip
    shown = rest.get(f"job_definitions/{definition}")
    assert (shown["name"], shown["tags"], shown["parameters"]) == ("after", ["b=c"], {"who": "third"})
    assert (shown["output_formats"], shown["runtime_environment_name"]) == (["ipynb", "html"], "python3")
    assert (shown["input_filename"], shown["schedule"], shown["active"]) == ("new.ipynb", "0 0 * * *", True)
    run = rest.call("POST", f"job_definitions/{definition}/jobs", {}).json["job_id"]
    done = rest.ended(run)
    assert (done["name"], done["tags"]) == ("after", ["b=c"])
    assert "new third" in notebooks.text(notebooks.executed(files_of(rest, run), "new.ipynb"))
    assert "url" in rest.refused(400, "PATCH", f"job_definitions/{definition}", {"url": "/x"})
