"""The SageMaker Python SDK, unmodified, in its own virtual environment."""

import inspect
import json
import os
import subprocess
import sys
import textwrap

from . import jobs, places
from .server import Server

BUCKET = "sdk-bucket"
# The SDK reports every call to AWS unless its configuration says otherwise.
CONFIGURATION = """\
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
"""


class SdkError(Exception):
    """What a call of the SDK raised."""


class Sdk:
    """An interpreter with the SDK. It runs functions that the tests send, whose names are those of `sdk_shell`."""

    def __init__(self, version: str, server: Server):
        python = places.ROOT / ".nbjobs" / f"sdk{version[1:]}-venv" / "bin" / "python"
        if not python.is_file():
            raise FileNotFoundError(f"{python} is not there: scripts/test says how it is made")
        configuration = server.folder / "sagemaker-config.yaml"
        configuration.write_text(CONFIGURATION)
        environment = server.environment() | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(places.TESTS),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(configuration),
            "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(configuration),
        }
        self.version = version
        self.process = subprocess.Popen(
            [str(python), "-m", "harness.sdk_shell", version, BUCKET, jobs.ROLE],
            env=environment,
            cwd=server.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(server.folder / f"sdk-{version}.log", "ab"),
            text=True,
        )
        self.log = server.folder / f"sdk-{version}.log"

    def __call__(self, function, **arguments):
        """Runs a function of the test in the SDK's interpreter."""
        source = textwrap.dedent(inspect.getsource(function))
        request = {"source": source, "function": function.__name__, "arguments": arguments}
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise AssertionError(f"the SDK's interpreter has ended; its log:\n{self.log.read_text()[-4000:]}")
        answer = json.loads(line)
        if "error" in answer:
            print(answer["trace"], file=sys.stderr)
            raise SdkError(answer["error"])
        return answer["value"]

    def end(self):
        """Ends the interpreter."""
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
