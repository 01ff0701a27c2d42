"""The tour and the schedule, typed into a shell as a user would."""

import json

import pytest

from harness import places, transcript
from harness.receiver import Receiver
from harness.server import Server

TOUR = places.TESTS / "tour"


def shell_environment(server: Server, **more: str) -> dict[str, str]:
    # The tour was first made in Japan, nine hours ahead of UTC.
    return server.environment() | {"EXAMPLES": str(places.EXAMPLES), "TESTS": str(places.TESTS), "TZ": "Asia/Tokyo"} | more


def test_the_tour(new_server, tmp_path):
    server = new_server().start()
    folder = tmp_path / "user"
    folder.mkdir()
    transcript.replay(TOUR / "tour.md", folder, shell_environment(server))
    assert server.runs() == []
    server.terminate()


def test_the_schedule(new_server, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("2023-01-02T08:00:00Z")
    server = new_server("server", "--clock-file", str(clock)).start()
    folder = tmp_path / "user"
    folder.mkdir()
    environment = shell_environment(server, CLOCK=str(clock), SERVER=str(server.pid))
    transcript.replay(TOUR / "schedule.md", folder, environment)


@pytest.fixture
def slack():
    """Takes any message, but none at /gone."""
    receiver = Receiver(gone="/gone")
    yield receiver
    receiver.end()


def test_events(new_server, tmp_path, slack):
    server = new_server().start()
    folder = tmp_path / "user"
    folder.mkdir()
    heard = tmp_path / "heard"
    slack.keep = heard
    heard.touch()
    transcript.replay(TOUR / "events.md", folder, shell_environment(server, SLACK=slack.url, HEARD=str(heard)))
    assert all(set(body) == {"text"} for body in slack.bodies()), json.dumps(slack.bodies())
