"""The web console in Chromium: sign in, find jobs, change them."""

import re

import requests

from harness import jobs, notebooks, waiting
from harness.browser import sign_in_link

# What tags may hold that pages must not take for their own.
SHOWN = "Größe: a+b=c @ https://example.com/x_y-z"


def variables(server):
    environment = server.environment()
    return environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]


def test_a_link_signs_in_once(server, browser):
    link = sign_in_link(server)
    page = browser.page()
    page.goto(link)
    page.wait_for_url(f"{server.endpoint}/console/**")
    page.get_by_role("heading", name="Jobs").wait_for()
    cookie = next(c for c in page.context.cookies() if c["name"] == "nbjobs_session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/console")

    again = requests.get(link)
    assert again.status_code == 403 and "used before" in again.text

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    # The cookie that the browser had is worth nothing any more.
    old = requests.get(f"{server.endpoint}/console/jobs", cookies={cookie["name"]: cookie["value"]}, allow_redirects=False)
    assert old.status_code == 303 and old.headers["location"].startswith("/console/sign-in")


def test_an_access_key_signs_in_where_one_wanted_to_go(server, browser):
    key, secret = variables(server)
    page = browser.page()
    page.goto(f"{server.endpoint}/console/jobs?q=abc")
    browser.check(page)
    browser.picture(page, "sign-in")
    page.get_by_label("Access key").fill(key)
    page.get_by_label("Secret").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Access key").input_value() == key
    browser.errors = [error for error in browser.errors if "403" not in error]
    browser.check(page)
    page.get_by_label("Secret").fill(secret)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/jobs?q=abc")


def test_guessing_ends(server):
    tries = [
        requests.post(f"{server.endpoint}/console/sign-in", {"access_key_id": "AKIAGUESS", "secret_access_key": str(n)})
        for n in range(12)
    ]
    assert [t.status_code for t in tries] == [403] * 10 + [429] * 2


def test_what_is_unsigned_sees_the_sign_in_page_and_nothing_else(server):
    for path in ["/console/", "/console/jobs", "/console/jobs?q=x", "/console"]:
        answer = requests.get(server.endpoint + path)
        assert "Sign in" in answer.text and "sign-in" in answer.url, path
    for path in ["/console/jobs", "/console/sign-out", "/console/theme"]:
        answer = requests.post(server.endpoint + path, {"job": "x"}, allow_redirects=False)
        assert answer.status_code == 303, path
    # Browsers get the console at the root; programs are told what is here; anonymous S3 stays refused.
    browser = requests.get(server.endpoint, headers={"Accept": "text/html"}, allow_redirects=False)
    assert browser.headers["location"] == "/console/"
    assert requests.get(server.endpoint).status_code == 403
    assert "AccessDenied" in requests.get(f"{server.endpoint}/{jobs.BUCKET}/x").text
    # A signed request is the S3 door's, whatever its path.
    server.client("s3").create_bucket(Bucket="console")
    server.client("s3").put_object(Bucket="console", Key="jobs", Body=b"an object")
    assert server.client("s3").get_object(Bucket="console", Key="jobs")["Body"].read() == b"an object"


def test_pages_come_with_a_strict_policy(server):
    answer = requests.get(f"{server.endpoint}/console/sign-in")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["cache-control"] == "no-store"
    style = re.search(r'/console/static/console\.css\?\w+', answer.text)[0]
    assert "immutable" in requests.get(server.endpoint + style).headers["cache-control"]
    assert requests.get(f"{server.endpoint}/console/nothing").status_code == 404


def test_a_change_needs_the_token_of_the_session(server, browser):
    page = browser.page(server)
    cookie = next(c for c in page.context.cookies() if c["name"] == "nbjobs_session")
    jar = {cookie["name"]: cookie["value"]}
    for fields in [{}, {"token": "0" * 64}]:
        answer = requests.post(f"{server.endpoint}/console/sign-out", fields, cookies=jar)
        assert answer.status_code == 403 and "not of this session" in answer.text
    token = page.locator("input[name=token]").first.get_attribute("value")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = requests.post(f"{server.endpoint}/console/sign-out", {"token": token}, cookies=jar, headers=foreign)
    assert answer.status_code == 403 and "another site" in answer.text
    page.reload()
    page.get_by_role("heading", name="Jobs").wait_for()


def test_jobs_are_found_whoever_started_them(new_server, browser, tmp_path):
    server = new_server("found", "--max-jobs", "1").start()
    sagemaker = server.client("sagemaker")
    page = browser.page(server)
    page.get_by_text("No jobs yet").wait_for()
    browser.check(page)
    browser.picture(page, "jobs-empty")

    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "good-one", notebooks.notebook("1 + 1"))
    jobs.submit(server, "bad-one", notebooks.notebook("1 / 0"))
    jobs.create_pipeline(server, "daily", notebooks.notebook("2 + 2"))
    for name in ["good-one", "bad-one"]:
        jobs.ended(server, name)
    arn = sagemaker.start_pipeline_execution(PipelineName="daily")["PipelineExecutionArn"]
    waiting.execution_ended(sagemaker, arn)
    tags = [{"Key": "sagemaker:name", "Value": SHOWN}]
    jobs.submit(server, "running-one", notebooks.notebook(gate.cell()), Tags=tags)
    gate.wait_for_arrival()
    jobs.submit(server, "waiting-one", notebooks.notebook("3"))

    page.reload()
    rows = page.locator("tbody tr")
    assert rows.count() == 5
    assert "waiting-one" in rows.nth(0).inner_text() and "Queued" in rows.nth(0).inner_text()
    running = rows.nth(1).inner_text()
    assert "In progress" in running and SHOWN in running
    assert "daily" in rows.nth(2).inner_text() and "Pipeline" in rows.nth(2).inner_text()
    assert "Failed" in rows.nth(3).inner_text()
    browser.check(page)
    browser.picture(page, "jobs")
    page.set_viewport_size({"width": 390, "height": 844})
    browser.check(page)
    browser.picture(page, "jobs-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 860})

    def found(**choices):
        page.goto("/console/jobs")
        for label, value in choices.items():
            field = page.get_by_label(label.replace("_", " "), exact=True)
            field.select_option(label=value) if label in ("Status", "Created_in") else field.fill(value)
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url("**/jobs?*")
        return [row.inner_text().strip().split("\n")[0] for row in page.locator("tbody tr").all()]

    assert found(Status="Failed") == ["bad-one"]
    assert found(Status="Not finished") == ["waiting-one", SHOWN]
    assert len(found(Search="-ONE")) == 4
    assert found(Search="D-ON") == ["bad-one", "good-one"]
    assert found(Search="%") == []
    assert len(found(Definition="daily")) == 1
    assert len(found(Created_in="The last hour")) == 5

    page.goto("/console/jobs")
    page.get_by_role("link", name="Name").click()
    names = [row.inner_text().strip().split("\n")[0] for row in page.locator("tbody tr").all()]
    assert names[:2] == ["bad-one", "good-one"]

    # Stop what runs and what waits.
    page.goto("/console/jobs?status=unfinished")
    stop = page.get_by_role("button", name="Stop")
    assert stop.is_disabled()
    page.get_by_label("Select all jobs of this page").check()
    page.get_by_text("2 selected").wait_for()
    stop.click()
    page.get_by_text("Asked 2 jobs to stop.").wait_for()
    for name in ["running-one", "waiting-one"]:
        assert jobs.ended(server, name)["TrainingJobStatus"] == "Stopped"


def test_the_switch_between_light_and_dark_is_kept(server, browser):
    page = browser.page(server)
    page.get_by_role("button", name="Theme: as the browser").click()
    page.get_by_role("button", name="Theme: dark").wait_for()
    page.goto("/console/jobs")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_it_works_without_javascript(server, browser):
    page = browser.page(server, java_script_enabled=False)
    page.goto("/console/jobs?status=failed")
    page.get_by_label("Search").fill("nothing-is-called-so")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("No job is so").wait_for()
