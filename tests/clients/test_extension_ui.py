"""AWS's own Studio extension in the real JupyterLab, driven as a person does, against the real server."""

import json

from harness import notebooks, waiting
from harness.lab import NOTEBOOK, Lab

# A Thursday evening, so that a schedule for weekdays at midnight is due on Friday.
THURSDAY = "2026-11-19T23:50:00Z"
FRIDAY = "2026-11-20T00:00:30Z"


def printed(lab: Lab) -> list[str]:
    """What each downloaded notebook printed."""
    found = [path for path in lab.notebooks.glob("jobs/*/*.ipynb")]
    return [notebooks.text(json.loads(path.read_text())) for path in found]


def test_a_job_from_the_calendar_icon_to_its_output(new_server, new_lab):
    server = new_server().start()
    lab = new_lab(server)
    with lab.page("job") as page:
        page.open_form(NOTEBOOK)
        page.set_parameter(0, "who", "studio")
        page.picture("form")
        page.create()
        page.reload_until("the job is completed", lambda rows: any("Completed" in row for row in rows))
        page.picture("list")

        page.open_item("daily")
        waiting.until("the job's page", lambda: "Completed" in page.text() and "daily.ipynb" in page.text())
        page.picture("detail")
        page.button("Download Job Files").click()
        waiting.until("the downloaded notebook", lambda: any("hello studio" in text for text in printed(lab)))
        page.picture("downloaded")
    assert not page.refusals


def test_a_definition_from_its_form_to_its_end(new_server, new_lab, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text(THURSDAY)
    server = new_server("server", "--clock-file", str(clock)).start()
    events, sagemaker = server.client("events"), server.client("sagemaker")
    lab = new_lab(server)
    with lab.page("definition") as page:
        page.open_form(NOTEBOOK)
        page.set_parameter(0, "who", "schedule")
        page.page.locator("[name=createType][value=JobDefinition]").check()
        page.picture("form")
        page.create()
        page.picture("created")
        (rule,) = events.list_rules()["Rules"]
        assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 0 ? * MON-FRI *)", "ENABLED")

        clock.write_text(FRIDAY)
        server.hang_up()
        (job,) = waiting.until("the schedule's job", lambda: sagemaker.list_training_jobs()["TrainingJobSummaries"])
        waiting.job_ended(sagemaker, job["TrainingJobName"])
        page.show_definitions()
        page.reload_until("the definition is listed", lambda rows: any("daily" in row for row in rows))
        page.picture("definitions")
        page.open_item("daily")
        page.button("Run Job").wait_for()
        page.reload_until("its job is listed", lambda rows: any("Completed" in row for row in rows))
        page.picture("detail")

        page.button("Pause").click()
        page.button("Resume").wait_for()
        assert events.describe_rule(Name=rule["Name"])["State"] == "DISABLED"
        page.picture("paused")
        page.button("Resume").click()
        page.button("Pause").wait_for()
        assert events.describe_rule(Name=rule["Name"])["State"] == "ENABLED"

        page.button("Run Job").click()
        page.button("Create").wait_for()
        page.picture("run")
        page.create()
        page.reload_until("both jobs are completed", lambda rows: len([row for row in rows if "Completed" in row]) == 2)
        page.picture("jobs")

        page.show_definitions()
        page.open_item("daily")
        page.button("Edit Job Definition").click()
        page.page.get_by_label("cron expression").fill("30 9 * * 1-5")
        page.picture("edit")
        page.button("Save Changes").click()
        waiting.until(
            "the new schedule",
            lambda: events.describe_rule(Name=rule["Name"])["ScheduleExpression"] == "cron(30 9 ? * 2-6 *)",
        )
        waiting.until("the definition's page", lambda: "30 9 ? * 1-5" in page.text())
        page.picture("edited")

        page.button("Delete Job Definition").click()
        page.picture("delete")
        page.button("Delete").click()
        waiting.until("no definition", lambda: not events.list_rules()["Rules"])
        assert not sagemaker.list_pipelines()["PipelineSummaries"]
        page.picture("deleted")
    assert not page.refusals


def test_studio_mode(new_server, new_lab):
    server = new_server().start()
    lab = new_lab(server, "--studio")
    with lab.page("studio") as page:
        page.open_form(NOTEBOOK)
        page.set_parameter(0, "who", "a space")
        page.picture("form")
        page.create()
        page.reload_until("the job is completed", lambda rows: any("Completed" in row for row in rows))
        page.picture("list")
        (found,) = server.client("sagemaker").search(Resource="TrainingJob")["Results"]
        tags = {tag["Key"]: tag["Value"] for tag in found["TrainingJob"]["Tags"]}
        assert tags["sagemaker:user-profile-name"] == "default"
        assert tags["sagemaker:domain-arn"].endswith(":domain/d-nbjobs")
        page.open_item("daily")
        waiting.until("the job's page", lambda: "Completed" in page.text() and "daily.ipynb" in page.text())
        page.picture("detail")
    assert not page.refusals
