"""Fixtures: servers with folders of their own, ended with everything that they started."""

import pytest

from harness.server import Server


def pytest_addoption(parser):
    parser.addoption("--kill-rounds", type=int, default=300, help="how often the kill loop kills something")
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
