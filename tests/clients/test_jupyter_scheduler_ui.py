"""jupyter-scheduler's own user interface, unmodified, in the real JupyterLab, driven as a person does."""

import json
import urllib.error
import urllib.request

import pytest

from harness import notebooks, waiting
from harness.jupyter import Rest
from harness.scheduler_lab import SchedulerLab

NOTEBOOK = "daily.ipynb"
# A Thursday; a schedule at 09:30 in Tokyo is due at 00:30 of Friday, UTC.
THURSDAY = "2026-11-19T23:50:00Z"
FRIDAY = "2026-11-20T00:30:30Z"


@pytest.fixture
def new_lab(tmp_path):
    """Starts JupyterLab on a folder with one notebook."""
    labs = []

    def make(server):
        folder = tmp_path / "notebooks"
        folder.mkdir()
        code = notebooks.notebook("print('hello', who)", parameters="who = 'nobody'")
        (folder / NOTEBOOK).write_bytes(code)
        labs.append(SchedulerLab(server, folder))
        return labs[-1].start()

    yield make
    for lab in labs:
        lab.end()


def printed(lab: SchedulerLab) -> list[str]:
    """What each downloaded notebook printed."""
    return [notebooks.text(json.loads(path.read_text())) for path in lab.notebooks.glob("jobs/*/*.ipynb")]


def test_a_job_from_the_form_to_its_output(new_server, new_lab):
    lab = new_lab(new_server().start())
    with lab.page("scheduler-job") as page:
        page.open_form(NOTEBOOK)
        page.set_parameter(0, "who", "jupyter")
        page.picture("form")
        page.create()
        page.reload_until("the job is completed", lambda rows: any("Completed" in row for row in rows))
        page.picture("list")
        page.open_item("daily")
        waiting.until("the job's page", lambda: "daily.ipynb" in page.text() and "Completed" in page.text())
        page.picture("detail")
        page.button("Download Job Files").click()
        link = page.page.get_by_role("link", name="HTML", exact=True)
        link.wait_for()
        assert any("hello jupyter" in text for text in printed(lab))
        page.picture("downloaded")
        page.page.get_by_role("link", name="Notebook", exact=True).click()
        page.page.get_by_text("hello jupyter").first.wait_for()
        page.picture("output")
    assert not page.refusals


def test_what_is_refused_is_shown_in_the_form(new_server, new_lab):
    server = new_server().start()
    lab = new_lab(server)
    with lab.page("scheduler-refused") as page:
        page.open_form(NOTEBOOK)
        page.schedule("0 0 31 2 *")
        page.button("Create").click()
        page.page.get_by_text("never due").wait_for()
        page.picture("never-due")
        page.page.get_by_label("cron expression").fill("0 9 13 * 5")
        page.button("Create").click()
        page.page.get_by_text("use two schedules").wait_for()
        page.picture("either-day")
    assert Rest(server).get("job_definitions")["total_count"] == 0


def test_a_definition_in_a_time_zone_from_its_form_to_its_end(new_server, new_lab, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text(THURSDAY)
    server = new_server("server", "--clock-file", str(clock)).start()
    rest, scheduler = Rest(server), server.client("scheduler")
    lab = new_lab(server)
    with lab.page("scheduler-definition") as page:
        page.open_form(NOTEBOOK)
        page.set_parameter(0, "who", "tokyo")
        page.schedule("30 9 * * *", "Asia/Tokyo")
        page.picture("form")
        page.create()
        (schedule,) = scheduler.list_schedules()["Schedules"]
        name = schedule["Name"]
        schedule = scheduler.get_schedule(Name=name)
        assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == ("cron(30 9 * * ? *)", "Asia/Tokyo")

        clock.write_text(FRIDAY)
        server.hang_up()
        (job,) = waiting.until("the schedule's job", lambda: rest.get("jobs")["jobs"])
        assert rest.ended(job["job_id"])["status"] == "COMPLETED"
        page.show_definitions()
        page.reload_until("the definition is listed", lambda rows: any("daily" in row for row in rows))
        page.picture("definitions")
        page.open_item("daily")
        page.button("Run Job").wait_for()
        page.reload_until("its job is listed", lambda rows: any("Completed" in row for row in rows))
        page.picture("detail")

        page.button("Pause").click()
        page.button("Resume").wait_for()
        assert scheduler.get_schedule(Name=name)["State"] == "DISABLED"
        page.button("Edit Job Definition").click()
        page.page.get_by_label("cron expression").fill("15 8 * * 1-5")
        page.picture("edit")
        page.button("Save Changes").click()
        waiting.until(
            "the new schedule", lambda: scheduler.get_schedule(Name=name)["ScheduleExpression"] == "cron(15 8 ? * 2-6 *)"
        )
        assert scheduler.get_schedule(Name=name)["State"] == "DISABLED", "an edit wakes nothing"
        page.button("Resume").click()
        page.button("Pause").wait_for()
        assert scheduler.get_schedule(Name=name)["State"] == "ENABLED"
        page.picture("edited")

        page.button("Run Job").click()
        page.button("Create").wait_for()
        page.picture("run")
        page.create()
        page.reload_until("both jobs are completed", lambda rows: len([row for row in rows if "Completed" in row]) == 2)
        page.picture("jobs")

        page.show_definitions()
        page.open_item("daily")
        page.button("Delete Job Definition").click()
        page.button("Delete").click()
        waiting.until("no definition", lambda: not scheduler.list_schedules()["Schedules"])
        page.picture("deleted")
    assert not page.refusals


def ask(lab: SchedulerLab, method: str, path: str, body=None) -> tuple[int, dict]:
    """JupyterLab's own routes, with its token."""
    base = lab.url.split("/lab?")[0]
    request = urllib.request.Request(f"{base}/scheduler/{path}", body and json.dumps(body).encode(), method=method)
    request.add_header("Authorization", f"token {lab.token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_files_stay_below_the_root_and_the_service_may_be_away(new_server, new_lab, tmp_path):
    server = new_server().start()
    lab = new_lab(server)
    outside = tmp_path / "notebooks2"
    outside.mkdir()
    (outside / "secret.ipynb").write_bytes(notebooks.notebook("1"))
    (outside / "secret.txt").write_text("secret")
    folder = lab.notebooks / "nb"
    folder.mkdir()
    (folder / "in.ipynb").write_bytes(notebooks.notebook("import os; print(sorted(os.listdir()), open('sub/x.txt').read())"))
    (folder / "sub").mkdir()
    (folder / "sub" / "x.txt").write_text("inside")
    (folder / ".hidden").write_text("hidden")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (lab.notebooks / "link.ipynb").symlink_to(outside / "secret.ipynb")
    body = {"name": "n", "runtime_environment_name": "default"}
    for uri in ["../notebooks2/secret.ipynb", str(outside / "secret.ipynb"), "link.ipynb", "nb/../../notebooks2/secret.ipynb"]:
        status, answer = ask(lab, "POST", "jobs", body | {"input_uri": uri})
        assert status in (400, 404) and answer["message"], (uri, answer)
    status, answer = ask(lab, "POST", "jobs", body | {"input_uri": "missing.ipynb", "job_definition_id": "a-b"})
    assert (status, answer["message"]) == (404, "Input path 'missing.ipynb' does not exist.")

    status, answer = ask(lab, "POST", "jobs", body | {"input_uri": "nb/in.ipynb", "package_input_folder": True})
    assert status == 200, answer
    rest = Rest(server)
    assert rest.ended(answer["job_id"])["status"] == "COMPLETED"
    # The folder for outputs leads out of the root: nothing is written there.
    (lab.notebooks / "jobs").symlink_to(outside)
    status, refusal = ask(lab, "GET", f"jobs/{answer['job_id']}/download_files")
    assert status == 400 and "not below" in refusal["message"]
    assert {path.name for path in outside.iterdir()} == {"secret.ipynb", "secret.txt"}
    (lab.notebooks / "jobs").unlink()
    assert ask(lab, "GET", f"jobs/{answer['job_id']}/download_files") == (204, None)
    (text,) = [text for text in printed(lab) if text]
    assert "inside" in text and "link.txt" not in text and ".hidden" not in text
    status, shown = ask(lab, "GET", f"jobs/{answer['job_id']}")
    assert shown["downloaded"] and all(file["file_path"].startswith("jobs/in-") for file in shown["job_files"])
    keys = server.client("s3").list_objects_v2(Bucket="sagemaker-automated-execution-000000000000-us-east-1", Prefix="jupyter-inputs/")
    assert keys["KeyCount"] == 0, "what was sent ahead is dropped"

    server.terminate()
    status, answer = ask(lab, "GET", "jobs?max_items=0")
    assert status == 502 and "cannot be reached" in answer["message"]
