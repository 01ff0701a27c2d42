"""The console's pages of job definitions in Chromium: find one, see when it runs and what came of it, change that."""

import subprocess

import pytest

from harness import jobs, notebooks, places, waiting

# A Monday.
START = "2026-11-23T07:30:00Z"


@pytest.fixture
def clock(tmp_path):
    """The file of a server's clock."""
    file = tmp_path / "clock"
    file.write_text(START)
    return file


def define(server, notebook: bytes, *options: str) -> str:
    """A definition of `report.ipynb`; its id."""
    (server.folder / "report.ipynb").write_bytes(notebook)
    command = [str(places.binary()), "definition", "create", "report.ipynb", *options]
    made = subprocess.run(command, env=server.environment(), cwd=server.folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_a_definition_is_seen_run_paused_changed_and_deleted(new_server, clock, browser, tmp_path):
    server = new_server("server", "--clock-file", str(clock)).start()
    events = server.client("events")
    page = browser.page(server, timezone_id="Europe/Berlin")
    page.get_by_role("link", name="Definitions").click()
    page.get_by_text("No definitions yet").wait_for()
    browser.check(page)
    browser.picture(page, "definitions-empty")

    gate = notebooks.Gate(tmp_path / "gate")
    schedule = ("--schedule", "cron(0 8 ? * MON-FRI *)", "-p", "region", "emea", "--overlap", "skip")
    name = define(server, notebooks.notebook(gate.cell()), *schedule)
    sagemaker = server.client("sagemaker")

    # It fires at eight, and takes a minute and a half by the service's clock.
    clock.write_text("2026-11-23T08:00:00Z")
    server.hang_up()
    gate.wait_for_arrival()
    clock.write_text("2026-11-23T08:01:30Z")
    server.hang_up()
    gate.open()

    def completed():
        return sagemaker.list_training_jobs(StatusEquals="Completed")["TrainingJobSummaries"]

    waiting.until("the run that the schedule started", completed)

    page.reload()
    row = page.locator("tbody tr").inner_text()
    assert "Weekdays at 08:00, UTC" in row and "cron(0 8 ? * MON-FRI *)" in row and "Active" in row
    assert "24 Nov, 09:00:00" in row, "the next run, in the browser's time zone"
    browser.check(page)
    browser.picture(page, "definitions")

    page.locator("tbody a.name").click()
    coming = page.get_by_role("list", name="Next runs").get_by_role("listitem").all_inner_texts()
    assert len(coming) == 5
    assert coming[0].startswith("Tue 24 Nov 2026, 08:00 UTC") and "24 Nov, 09:00:00 for you" in coming[0]
    assert coming[4].startswith("Mon 30 Nov 2026")
    facts = page.get_by_role("region", name="What runs").inner_text()
    assert "report.ipynb" in facts and "emea" in facts and "overlap" in facts
    due = page.get_by_role("region", name="Due moments").locator("tbody tr")
    assert due.count() == 1 and "Started" in due.inner_text()

    page.get_by_role("button", name="Run now").click()
    page.get_by_text("A run has been started.").wait_for()
    gate.open()
    waiting.until("both runs", lambda: len(completed()) == 2)
    page.reload()
    assert "The longest took 1 min 30 s." in page.locator("figure").inner_text()
    bars = page.locator("figure a")
    assert bars.count() == 2 and "Completed, 1 min 30 s" in bars.first.get_attribute("aria-label")
    browser.check(page)
    browser.picture(page, "definition")
    page.set_viewport_size({"width": 390, "height": 844})
    browser.check(page)
    browser.picture(page, "definition-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 860})
    bars.first.click()
    page.get_by_role("heading", name="report").wait_for()
    page.go_back()

    page.get_by_role("button", name="Pause").click()
    page.get_by_text("It does not run by itself until it is resumed.").wait_for()
    assert events.describe_rule(Name=name)["State"] == "DISABLED"
    browser.check(page)

    # A mistake stands beside the field, with what was typed; what is right is set, and stays paused.
    page.get_by_role("link", name="Change schedule").click()
    field = page.get_by_label("Schedule")
    assert field.input_value() == "cron(0 8 ? * MON-FRI *)"
    field.fill("0 9 * * 1-5")
    page.get_by_role("button", name="Set the schedule").click()
    assert "cron(0 9 ? * 2-6 *)" in page.get_by_role("alert").inner_text()
    assert field.input_value() == "0 9 * * 1-5"
    browser.check(page)
    browser.picture(page, "definition-schedule")
    field.fill("cron(30 9 ? * MON *)")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.keyboard.press("Enter")
    page.get_by_text("It has another schedule now.").wait_for()
    assert "Mondays at 09:30, Europe/Berlin" in page.get_by_role("region", name="Schedule").inner_text()
    scheduler = server.client("scheduler")
    assert scheduler.get_schedule(Name=name)["State"] == "DISABLED"

    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Resumed.").wait_for()
    first = page.get_by_role("list", name="Next runs").get_by_role("listitem").first.inner_text()
    assert first.startswith("Mon 23 Nov 2026, 09:30 CET") and "for you" not in first

    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the definition").click()
    page.get_by_text("No definitions yet").wait_for()
    assert page.get_by_role("status").inner_text() == f"{name} was deleted."
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []
    assert scheduler.list_schedules()["Schedules"] == []
    assert len(completed()) == 2


def test_definitions_are_found_and_without_a_schedule_get_one(new_server, browser):
    server = new_server("server").start()
    for name in ("Zebra", "apple"):
        define(server, notebooks.notebook("1"), "--name", name, "--schedule", "rate(1 day)")
    # Somebody's own pipeline is not among the notebooks', but has a page like theirs.
    jobs.create_pipeline(server, "made-by-hand", notebooks.notebook("2"))
    page = browser.page(server)

    def shown():
        return [link.inner_text() for link in page.locator("tbody a.name").all()]

    page.goto("/console/definitions")
    assert shown() == ["apple", "Zebra"]
    page.get_by_role("link", name="Name").click()
    page.wait_for_url("**sort=name*")
    assert shown() == ["Zebra", "apple"]
    page.get_by_label("Search").fill("ZE")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**q=ZE*")
    assert shown() == ["Zebra"]

    page.goto("/console/definitions/made-by-hand")
    assert "On demand" in page.get_by_role("region", name="Schedule").inner_text()
    page.get_by_role("link", name="Add a schedule").click()
    page.get_by_label("Schedule").fill("rate(2 days)")
    page.get_by_label("Time zone").fill("UTC")
    page.get_by_role("button", name="Set the schedule").click()
    page.get_by_text("Every 2 days, UTC").wait_for()
    assert server.client("events").describe_rule(Name="made-by-hand")["ScheduleExpression"] == "rate(2 days)"

    answer = page.goto("/console/definitions/nothing-is-called-so")
    assert answer.status == 404
    browser.errors = [error for error in browser.errors if "404" not in error]
    page.get_by_text("There is no definition called nothing-is-called-so.").wait_for()
