"""`nbjobs doctor` on a server's data folder."""

import json
import subprocess

from . import places
from .server import Server, base_environment


def run(server: Server, *options: str) -> subprocess.CompletedProcess:
    """What it answers."""
    command = [str(places.binary()), "doctor", "--data-dir", str(server.data_dir), *options]
    return subprocess.run(command, env=base_environment(), capture_output=True, text=True)


def findings(server: Server, *options: str) -> list[dict]:
    """What it finds."""
    done = run(server, "--output", "json", *options)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["Findings"]
