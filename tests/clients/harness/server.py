"""The real server: started on a free port with a folder of its own, ended by its process number."""

import os
import re
import select
import signal
import subprocess
from pathlib import Path

import boto3
from botocore.config import Config

from . import conformance, places, processes

# A start takes well under a second; a machine that is busy with builds gets more.
START_LIMIT_S = 30
STOP_LIMIT_S = 30


class Server:
    """`nbjobs serve` on one data folder. It can be killed and started again."""

    def __init__(self, folder: Path, *options: str, launcher: tuple[str, ...] = (), environment: dict[str, str] | None = None):
        """`options` go behind `serve`; `launcher` is a command that runs the server's; `environment` is added to its own."""
        self.folder = folder
        # As the server sees it, and as the test does: they differ in a mount namespace.
        self.own_data_dir = self.data_dir = folder / "data"
        self.log = folder / "server.log"
        self.options = options
        self.launcher = launcher
        self.own_environment = base_environment() | (environment or {})
        self.process: subprocess.Popen | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> "Server":
        command = [*self.launcher, str(places.binary()), "serve", "--data-dir", str(self.own_data_dir)]
        command += ["--listen", "127.0.0.1:0", *self.options]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.own_environment
            )
        line = self._first_line()
        found = re.fullmatch(r"nbjobs is listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert found, f"the server's first line is {line!r}; its log:\n{self.log.read_text()}"
        self.endpoint = found[1]
        return self

    def _first_line(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], START_LIMIT_S)
        assert ready, f"the server said nothing within {START_LIMIT_S} s; its log:\n{self.log.read_text()}"
        return self.process.stdout.readline().decode()

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self):
        """As a crash: SIGKILL, no word to anybody."""
        self.process.kill()
        self.process.wait(STOP_LIMIT_S)

    def terminate(self):
        """As an administrator stops it: SIGTERM, and it must end well."""
        self.process.terminate()
        code = self.process.wait(STOP_LIMIT_S)
        assert code == 0, f"the server ended with {code}; its log:\n{self.log.read_text()}"

    def hang_up(self):
        """SIGHUP: a manual clock is read again."""
        self.process.send_signal(signal.SIGHUP)

    def end(self):
        """Ends the server and every process of its runs, however the test went."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_LIMIT_S)
        for process in processes.of_runs(self.own_data_dir):
            process.kill()
        if self.log.exists():
            print(f"--- the log of the server in {self.folder.name}:\n{self.log.read_text()[-6000:]}")

    def runs(self) -> list[processes.Process]:
        """The processes of this server's runs: drivers, kernels and what they started."""
        return processes.of_runs(self.own_data_dir)

    def environment(self) -> dict[str, str]:
        """The environment of a user who did `eval "$(nbjobs env)"`."""
        enter = ["nsenter", "--target", str(self.pid), "--mount"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        shell = subprocess.run(
            [*(enter if self.launcher else []), "bash", "-c", 'lines=$("$0" env --data-dir "$1") && eval "$lines" && env -0', str(places.binary()), str(self.own_data_dir)],
            env=client_environment(self.folder),
            capture_output=True,
        )
        assert shell.returncode == 0, shell.stderr.decode()
        pairs = shell.stdout.decode().rstrip("\0").split("\0")
        return dict(pair.split("=", 1) for pair in pairs)

    def client(self, service: str, **options):
        """A boto3 client of an AWS service. Every answer is checked against botocore's model."""
        return self.client_of(self.session(), service, **options)

    def client_of(self, session: boto3.Session, service: str, **options):
        """The same from a session of before: it asks nobody for the credentials."""
        return session.client(service, endpoint_url=self.endpoint, config=_config(**options))

    def session(self) -> boto3.Session:
        """A boto3 session with this server's credentials."""
        environment = self.environment()
        session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name=environment["AWS_REGION"]
        )
        conformance.watch(session.events)
        return session


def _config(**options) -> Config:
    # No second try hides a first answer, and no client waits for ever.
    return Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, **options)


def base_environment() -> dict[str, str]:
    """What the server sees, and nothing else of whoever runs the tests."""
    places.HOME.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{places.venv()}/bin:{os.environ['PATH']}",
        "HOME": str(places.HOME),
        "VIRTUAL_ENV": str(places.venv()),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def client_environment(folder: Path) -> dict[str, str]:
    """What a user's shell has: the programs, and an AWS configuration with CLI version 2's form of times."""
    configuration = folder / "aws-config"
    configuration.write_text(
        "[default]\n"
        "cli_timestamp_format = iso8601\n"
        "[plugins]\n"
        "conformance = harness.conformance\n"
    )
    return base_environment() | {
        "PATH": f"{places.binary().parent}:{places.venv()}/bin:{os.environ['PATH']}",
        "AWS_CONFIG_FILE": str(configuration),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "PYTHONPATH": str(places.TESTS),
    }
