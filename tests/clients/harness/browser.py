"""Chromium on the web console, as a person uses it, with axe-core's opinion of every page."""

import subprocess
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from . import places
from .server import Server

AXE = places.ROOT / ".nbjobs" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
# What axe calls a finding that keeps somebody from using the page.
SERIOUS = ("serious", "critical")


def sign_in_link(server: Server) -> str:
    """What `nbjobs console` prints."""
    command = [str(places.binary()), "console", "--data-dir", str(server.own_data_dir)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Browser:
    """One Chromium; every page has cookies of its own. Errors of pages are collected."""

    def __init__(self, pictures: Path):
        self.pictures = pictures
        self.errors: list[str] = []

    def __enter__(self):
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        return self

    def __exit__(self, *_):
        self._chromium.close()
        self._playwright.stop()

    def page(self, server: Server | None = None, **options) -> Page:
        """A page, signed in to the server if there is one."""
        options = {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"} | options
        context = self._chromium.new_context(base_url=server.endpoint if server else None, **options)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        # What the policy of a page refuses is said there.
        page.on("console", lambda message: message.type == "error" and self.errors.append(f"{page.url}: {message.text}"))
        if server:
            page.goto(sign_in_link(server))
            page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def picture(self, page: Page, name: str):
        """The whole page in light and dark."""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=self.pictures / f"{name}-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light")

    def check(self, page: Page):
        """No serious finding of axe-core, in light and dark."""
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            # Through the debugger, since the page's own policy runs nothing of others.
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run().then((result) => result.violations)")
            serious = [
                f"{one['id']} ({one['help']}): {[node['html'][:200] for node in one['nodes'][:3]]}"
                for one in found
                if one["impact"] in SERIOUS
            ]
            assert not serious, f"{page.url} in {scheme}: " + "\n".join(serious)
        page.emulate_media(color_scheme="light")
