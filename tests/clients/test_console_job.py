"""The page of a job: what it shows, what happens on it while the job runs, and what a hostile notebook cannot do."""

import json
import re

import requests
from playwright.sync_api import expect

from harness import jobs, notebooks, waiting

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"
FIGURE = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([3, 1, 4, 1, 5])
plt.show()
"""
# What an output tries, whichever way it gets to run: each leaves a word that the test looks for.
ATTACK = """
try {{ document.title = "script ran" }} catch {{}}
try {{ parent.document.title = "owned" }} catch {{}}
try {{ top.document.title = "owned" }} catch {{}}
try {{ top.location = "{endpoint}/console/owned-by-navigation" }} catch {{}}
try {{ fetch("{endpoint}/console/owned-by-fetch", {{credentials: "include"}}) }} catch {{}}
try {{ new Image().src = "{endpoint}/console/owned-by-image?" + document.cookie }} catch {{}}
try {{ open("{endpoint}/console/owned-by-window") }} catch {{}}
"""


def cookies(page) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def test_a_failed_job_says_first_which_cell_and_why(server, browser):
    code = notebooks.notebook("print('before')", "def f(x):\n    return 1 / x\n\nf(0)", "print('never')")
    jobs.submit(server, "broken", code, HyperParameters={"alpha": HOSTILE})
    jobs.ended(server, "broken")
    page = browser.page(server)
    page.goto("/console/jobs/broken")
    # The injected parameters are a cell too.
    page.get_by_role("heading", name="Cell 3 of 4 failed").wait_for()
    assert page.locator(".failed .problem").inner_text() == "ZeroDivisionError: division by zero"
    assert "f(0)" in page.get_by_label("The cell", exact=True).inner_text()
    traceback = page.get_by_label("Traceback").inner_text()
    assert "return 1 / x" in traceback and "\x1b" not in traceback
    failed, output = page.locator(".failed"), page.locator(".notebook")
    assert failed.bounding_box()["y"] < output.bounding_box()["y"]
    assert [step.split("\n")[0] for step in page.locator(".steps li").all_inner_texts()] == [
        "Queued", "Starting", "Downloading", "Running", "Uploading", "Failed",
    ]
    assert HOSTILE in page.locator(".pairs").first.inner_text()
    page.frame_locator(".notebook").get_by_text("before", exact=True).wait_for()
    browser.check(page)
    browser.picture(page, "job-failed")


def test_the_notebook_and_its_files_are_there(server, browser):
    jobs.submit(server, "figure", notebooks.notebook(FIGURE, "open('../x', 'w') and None\n'<b>text</b>'"))
    assert jobs.ended(server, "figure")["TrainingJobStatus"] == "Completed"
    page = browser.page(server)
    page.goto("/console/jobs/figure")
    frame = page.frame_locator(".notebook")
    frame.locator("img").first.wait_for()
    assert frame.locator("img").first.evaluate("image => image.naturalWidth") > 100
    browser.check(page)
    browser.picture(page, "job-completed")
    page.set_viewport_size({"width": 390, "height": 844})
    browser.picture(page, "job-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 860})

    files = jobs.output(server, "figure")
    for label, kind in [("Notebook", "ipynb"), ("HTML", "html"), ("Log", "log"), ("Archive", "gz")]:
        with page.expect_download() as download:
            page.get_by_role("link", name=label, exact=True).click()
        assert download.value.suggested_filename.endswith(kind)
        content = open(download.value.path(), "rb").read()
        if kind == "ipynb":
            assert content in files.values() and json.loads(content)["cells"]
        elif kind == "html":
            assert b"data:image/png;base64," in content
        elif kind == "log":
            assert content.decode().splitlines() == jobs.log(server, "figure")
        else:
            assert notebooks.unpack(content) == files
    missing = requests.get(f"{server.endpoint}/console/jobs/figure/files/no-such", cookies=cookies(page))
    assert missing.status_code == 404
    for path in ["notebook", "log", "archive", "files/x", "live"]:
        answer = requests.get(f"{server.endpoint}/console/jobs/figure/{path}", allow_redirects=False)
        assert answer.status_code == 303, path


def test_what_a_notebook_made_cannot_reach_the_console(server, browser):
    attack = ATTACK.format(endpoint=server.endpoint)
    script = f"<script>{attack}</script>"
    event = attack.replace('"', "&quot;")
    shown = [
        ("HTML", script),
        ("HTML", f'<img src=x onerror="{event}"><iframe srcdoc="{script.replace(chr(34), "&quot;")}"></iframe>'),
        ("HTML", '<form action="/console/sign-out" method="post"><button id="out">x</button></form><a href="javascript:1">y</a>'),
        ("SVG", f'<svg xmlns="http://www.w3.org/2000/svg" onload="{event}"><script>{attack}</script></svg>'),
        ("Markdown", script + f'\n\n<img src=x onerror="{event}">'),
        ("Javascript", attack),
    ]
    code = "from IPython.display import *\n" + "\n".join(f"display({kind}({text!r}))" for kind, text in shown)
    name = "hostile"
    jobs.submit(server, name, notebooks.notebook(code, f"raise Exception({script!r})"), environment={"HOSTILE": script[:500]})
    jobs.ended(server, name)
    page = browser.page(server)
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(f"/console/jobs/{name}")
    page.get_by_role("heading", name="failed").wait_for()
    title = page.title()
    frame = page.frame_locator(".notebook")
    frame.get_by_text("Exception").first.wait_for()
    for inner in page.frames:
        inner.wait_for_load_state()
    # The notebook on a page of its own has no more power.
    alone = page.context.new_page()
    answer = alone.goto(f"/console/jobs/{name}/notebook")
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts;")
    assert alone.evaluate("self.origin") == "null"
    for inner in alone.frames:
        inner.wait_for_load_state()

    assert page.title() == title and page.url.endswith(name)
    assert not [url for url in asked if "owned" in url]
    assert len(page.context.pages) == 2
    page.reload()
    page.get_by_role("button", name="Sign out").wait_for()
    # What was tried is refused, and said so.
    browser.errors = [error for error in browser.errors if "Refused" not in error and "sandbox" not in error and "violates" not in error]
    browser.errors.clear()


def test_a_run_is_seen_while_it_runs(server, browser, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    code = ["print('first words')", FIGURE, gate.cell(), "print('<i>last words</i>')"]
    jobs.submit(server, "lively", notebooks.notebook(*code))
    gate.wait_for_arrival()
    page = browser.page(server)
    loads = []
    page.on("load", lambda _: loads.append(page.url))
    page.goto("/console/jobs/lively")
    log = page.locator("#log")
    expect(log).to_contain_text("Executing Cell 3")
    expect(log).to_contain_text("first words")
    cells = page.locator(".cells li")
    expect(cells).to_have_count(3)
    expect(cells.nth(0)).to_contain_text("first words")
    expect(cells.nth(0).locator(".number")).to_contain_text("✓")
    assert cells.nth(1).locator("img").evaluate("image => image.naturalWidth") > 100
    expect(cells.nth(2)).to_contain_text("Running")
    expect(page.locator("#bar")).to_have_text("2 of 4")
    expect(page.locator("#state")).to_contain_text("In progress")
    assert page.locator(".notebook").count() == 0
    browser.check(page)
    browser.picture(page, "job-running")

    gate.open()
    expect(page.locator("#state")).to_contain_text("Completed", timeout=60_000)
    page.frame_locator(".notebook").get_by_text("through the gate", exact=True).wait_for()
    expect(log).to_contain_text("<i>last words</i>")
    assert len(loads) == 1, "all of it came without a reload"
    lines = jobs.log(server, "lively")
    assert log.text_content().splitlines() == lines, "each line once"


def test_a_missed_connection_catches_up(server, browser, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(server, "missed", notebooks.notebook("print('first words')", gate.cell()))
    gate.wait_for_arrival()
    page = browser.page(server)
    address = f"{server.endpoint}/console/jobs/missed/live"

    def lines_until(wanted, headers=None):
        answer = requests.get(address, headers=headers, cookies=cookies(page), stream=True, timeout=60)
        assert answer.headers["content-type"] == "text/event-stream"
        text, last = "", None
        for line in answer.iter_lines(decode_unicode=True):
            text += line + "\n"
            if line.startswith("id: "):
                last = line[4:]
            if wanted in text and not line:
                break
        answer.close()
        return text, last

    text, last = lines_until("Executing Cell 2")
    assert "first words" in text
    gate.open()
    jobs.ended(server, "missed")
    text, _ = lines_until("through the gate", {"Last-Event-ID": last})
    assert "first words" not in text and "Executing Cell 2" not in text


def test_a_job_is_stopped_and_run_again_with_other_parameters(server, browser, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    code = notebooks.notebook("if who == 'one':\n    " + gate.cell().replace("\n", "\n    "), "print('hello', who)", parameters="who = 'nobody'")
    jobs.submit(server, "greeting", code, HyperParameters={"who": "one"})
    gate.wait_for_arrival()
    page = browser.page(server)
    page.goto("/console/jobs/greeting")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_contain_text("Stopped", timeout=60_000)

    page.get_by_role("link", name="Run again").click()
    page.get_by_label("Value of parameter 1").fill("two & three")
    page.get_by_label("Name of the new job").fill("not a name")
    browser.check(page)
    page.get_by_role("button", name="Run", exact=True).click()
    problem = page.get_by_role("alert")
    problem.wait_for()
    assert "not a name" in problem.inner_text()
    assert page.get_by_label("Value of parameter 1").input_value() == "two & three", "what was typed is kept"
    browser.picture(page, "run-again")
    page.get_by_label("Name of the new job").fill("greeting-again")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/jobs/greeting-again")
    expect(page.locator("#state")).to_contain_text("Completed", timeout=60_000)
    assert "hello two & three" in jobs.log(server, "greeting-again")


def test_a_job_without_javascript(server, browser):
    jobs.submit(server, "plain", notebooks.notebook("print('plain words')"))
    jobs.ended(server, "plain")
    page = browser.page(server, java_script_enabled=False)

    def shown():
        page.goto("/console/jobs/plain")
        return page.locator(".notebook").count() == 1

    waiting.until("the notebook on the page", shown)
    page.frame_locator(".notebook").get_by_text("plain words", exact=True).wait_for()
    assert re.search("Completed", page.locator("#state").inner_text())
    page.goto("/console/jobs/no-such-job")
    page.get_by_text("There is no job called no-such-job.").wait_for()
    browser.errors = [error for error in browser.errors if "404" not in error]
