"""`nbjobs lab` with the real JupyterLab and AWS's extension, and Chromium to work in it."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from . import places, waiting
from .server import Server, base_environment

# What the folder of notebooks begins with.
NOTEBOOK = "daily.ipynb"
# Debian's Chromium, headless, with nothing that talks to others.
CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# The first start of a checkout installs JupyterLab.
INSTALL_LIMIT_S = 1200
# Far longer than anything on the page takes.
ACTION_LIMIT_MS = 150_000
# How often the form is opened until the extension was quick enough for itself.
FORMS_MAX = 10
# Screenshots of the last run, to look at.
SCREENSHOTS = places.ROOT / ".nbjobs" / "screenshots"


def chromium() -> str:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "chromium is not there: on Debian, apt-get install chromium"
    return path


class Lab:
    """JupyterLab on a folder of notebooks, wired to a server."""

    def __init__(self, server: Server, notebooks: Path, *options: str):
        self.server = server
        self.notebooks = notebooks
        self.options = options
        self.log = notebooks.parent / f"{notebooks.name}-lab.log"
        self.process: subprocess.Popen | None = None
        notebooks.mkdir(parents=True, exist_ok=True)

    def start(self) -> "Lab":
        kind = "studio" if "--studio" in self.options else "plain"
        home = self.notebooks.parent / "home"
        home.mkdir(exist_ok=True)
        command = [str(places.binary()), "lab", str(self.notebooks), "--data-dir", str(self.server.data_dir)]
        # The environment is kept between runs; that it is made on first use is what the first run shows.
        command += ["--packages", str(places.ROOT / ".nbjobs" / "lab" / kind), "--no-browser", "--port", "0"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, *self.options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=base_environment() | {"HOME": str(home)},
                start_new_session=True,
            )
        self.url = waiting.until("JupyterLab's address", self._address, INSTALL_LIMIT_S)
        return self

    def _address(self) -> str | None:
        text = self.log.read_text(errors="replace")
        assert self.process.poll() is None, f"nbjobs lab ended; it said:\n{text}"
        found = re.search(r"http://localhost:\d+/lab\?token=\w+", text)
        return found and found[0]

    def end(self):
        """Ends JupyterLab and its kernels."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.log.exists():
            print(f"--- JupyterLab's log:\n{self.log.read_text(errors='replace')[-6000:]}")

    def driver(self, page: Page, name: str) -> "JobsPage":
        """What works on a page of this JupyterLab."""
        return JobsPage(self, page, name)

    @contextmanager
    def page(self, name: str):
        """A page on this JupyterLab; its pictures are called after `name`."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
            try:
                page = browser.new_page(viewport={"width": 1400, "height": 1500})
                page.set_default_timeout(ACTION_LIMIT_MS)
                jobs = self.driver(page, name)
                try:
                    yield jobs
                except BaseException:
                    jobs.picture("fault")
                    raise
            finally:
                browser.close()


class JobsPage:
    """What a person does with notebook jobs in JupyterLab."""

    def __init__(self, lab: Lab, page: Page, name: str):
        self.lab = lab
        self.page = page
        self.name = name
        self.pictures = 0
        self.refusals: list[str] = []
        page.on("response", self._note)

    def _note(self, response):
        if response.status >= 400 and re.search(r"/(scheduler|advanced_environments|sagemaker_images)", response.url):
            self.refusals.append(f"{response.status} {response.request.method} {response.url}")

    def picture(self, what: str):
        """Keeps a screenshot."""
        self.pictures += 1
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{self.name}-{self.pictures:02}-{what}.png")

    def button(self, name: str):
        return self.page.get_by_role("button", name=name, exact=True)

    def open_form(self, notebook: str):
        """Opens a notebook and, by the calendar icon, the form, which the service fills in. On a busy machine the
        extension itself can take longer than it allows itself; then the form is opened again, as a person would."""
        self.page.goto(self.lab.url.replace("/lab?", f"/lab/tree/{notebook}?reset&"))
        for _ in range(FORMS_MAX):
            noted = len(self.refusals)
            with self.page.expect_response(re.compile("/advanced_environments")) as caught:
                self.button("Create a job").click()
            if caught.value.ok and ":role/" in caught.value.text():
                break
            del self.refusals[noted:]
            self.button("Cancel").click()
            self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=notebook).click()
        self.page.get_by_text("Additional options").click()
        role = self.page.locator("[name=role_arn]")
        waiting.until("the role in the form", lambda: ":role/" in role.input_value())

    def set_parameter(self, number: int, name: str, value: str):
        self.button("Add new parameter").click()
        for part, text in (("name", name), ("value", value)):
            # Key by key, as a person types: the form checks a field when the next one is entered.
            field = self.page.locator(f"[name=parameter-{number}-{part}]")
            field.press_sequentially(text)
            field.press("Tab")

    def type(self, name: str, text: str):
        """Replaces what stands in a field of the form."""
        field = self.page.locator(f"[name={name}]")
        field.fill(text)
        field.press("Tab")

    def choose(self, field: str, option: str):
        """Opens a list of the form and takes an option."""
        self.page.locator(field).click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def add(self, placeholder: str, value: str):
        """Adds a value to a field that holds many."""
        field = self.page.get_by_placeholder(placeholder, exact=True)
        field.fill(value)
        field.press("Enter")

    def create(self):
        """Submits the form and waits for the list that follows."""
        self.button("Create").click()
        self.button("Reload").wait_for()

    def show_definitions(self):
        self._show("Job Definitions")

    def show_jobs(self):
        self._show("Jobs")

    def _show(self, tab: str):
        self.page.get_by_role("tab", name=tab, exact=True).click()
        self.button("Reload").wait_for()

    def rows(self) -> list[str]:
        """The texts of the list's rows."""
        return self.page.locator("tbody tr").all_inner_texts()

    def reload_until(self, what: str, holds):
        """Presses Reload until the rows are so."""

        def ask():
            if holds(self.rows()):
                return True
            if self.button("Reload").is_enabled():
                self.button("Reload").click()
            return False

        waiting.until(what, ask)

    def open_item(self, name: str):
        """Follows an item's link to its page."""
        self.page.locator("tbody tr").get_by_text(name, exact=True).first.click()

    def text(self) -> str:
        """What the page of jobs says."""
        return self.page.locator(".lm-DockPanel").last.inner_text()
