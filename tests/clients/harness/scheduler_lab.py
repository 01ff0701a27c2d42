"""JupyterLab with jupyter-scheduler's own user interface and nbjobs-jupyter, driven as a person does."""

import os
import re
import socket
import subprocess

from playwright.sync_api import Page

from . import places, waiting
from .lab import INSTALL_LIMIT_S, JobsPage, Lab
from .server import base_environment

VENV = places.ROOT / ".nbjobs" / "jupyter-venv"


class SchedulerLab(Lab):
    """JupyterLab on a folder of notebooks, wired to a server by its environment alone."""

    def start(self) -> "SchedulerLab":
        jupyter = VENV / "bin" / "jupyter"
        assert jupyter.is_file(), f"{VENV} is not there: run scripts/test, which makes it"
        home = self.notebooks.parent / "home"
        home.mkdir(exist_ok=True)
        own = {"HOME": str(home), "PATH": f"{VENV}/bin:{os.environ['PATH']}", "VIRTUAL_ENV": str(VENV)}
        self.token = "a-token-of-the-test"
        command = [str(jupyter), "lab", "--no-browser", "--port", "0", "--allow-root", f"--ServerApp.root_dir={self.notebooks}"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--IdentityProvider.token={self.token}", *self.options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Not the folder of notebooks: the original puts outputs below the current one.
                cwd=home,
                env=base_environment() | self.server.environment() | own,
                start_new_session=True,
            )
        self.url = waiting.until("JupyterLab's address", self._address, INSTALL_LIMIT_S)
        return self

    def _address(self) -> str | None:
        text = self.log.read_text(errors="replace")
        assert self.process.poll() is None, f"jupyter lab ended; it said:\n{text}"
        found = re.search(r"http://localhost:(\d+)/lab", text)
        if not found:
            return None
        try:
            # It is told a moment before it is so.
            socket.create_connection(("localhost", int(found[1]))).close()
        except ConnectionRefusedError:
            return None
        return f"{found[0]}?token={self.token}"

    def driver(self, page: Page, name: str) -> "SchedulerPage":
        return SchedulerPage(self, page, name)


class SchedulerPage(JobsPage):
    """The stock forms and lists."""

    def open_form(self, notebook: str):
        """Opens the form from the notebook's entry in the file browser."""
        self.page.goto(self.lab.url.replace("/lab?", f"/lab/tree/{notebook}?reset&"))
        self.button("Create a job").click()
        self.page.locator("[name=jobName]").wait_for()

    def schedule(self, cron: str, timezone: str | None = None):
        """Chooses a schedule in the form: a line of cron and, if not the browser's own, a time zone."""
        self.page.locator("[name=createType][value=JobDefinition]").check()
        self.page.get_by_label("Interval").click()
        self.page.get_by_role("option", name="Custom schedule", exact=True).click()
        self.page.get_by_label("cron expression").fill(cron)
        if timezone:
            self.page.get_by_label("Time zone").fill(timezone)
            self.page.get_by_role("option").filter(has_text=timezone).first.click()
