"""Fixtures: servers with folders of their own, ended with everything that they started."""

import pytest

from harness import notebooks
from harness.browser import Browser
from harness.lab import NOTEBOOK, Lab
from harness.server import Server


def pytest_addoption(parser):
    parser.addoption("--kill-rounds", type=int, default=60, help="how often the kill loop kills something")
    parser.addoption("--kill-seed", type=int, default=1, help="what the kill loop draws its lots from")


@pytest.fixture
def new_server(tmp_path):
    """Makes servers for one test: `new_server(name, *options, launcher=…)`, not yet started."""
    servers = []

    def make(name="server", *options, **more):
        servers.append(Server(tmp_path / name, *options, **more))
        return servers[-1]

    yield make
    for server in servers:
        server.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One running server for all tests of a file; each uses names of its own."""
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture
def new_lab(tmp_path):
    """Starts JupyterLab on a folder with one notebook: `new_lab(server, *options)`."""
    labs = []

    def make(server, *options):
        folder = tmp_path / "notebooks"
        folder.mkdir()
        code = notebooks.notebook("print('hello', who)", parameters="who = 'nobody'")
        (folder / NOTEBOOK).write_bytes(code)
        labs.append(Lab(server, folder, *options))
        return labs[-1].start()

    yield make
    for lab in labs:
        lab.end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One Chromium for all tests of a file."""
    with Browser(tmp_path_factory.mktemp("pictures")) as browser:
        yield browser


@pytest.fixture(autouse=True)
def no_page_errors(request):
    """Nothing that a page tried was refused by its policy, and no script of one broke."""
    yield
    browser = request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    # Some files have a browser of their own.
    if isinstance(browser, Browser):
        errors, browser.errors = browser.errors, []
        assert not errors
