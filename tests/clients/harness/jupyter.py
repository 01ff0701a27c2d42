"""jupyter-scheduler's REST API with a plain token, as a script would call it."""

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid

from . import waiting
from .server import Server

# States that nothing follows.
FINAL = ("COMPLETED", "FAILED", "STOPPED")


class Answer:
    """What a request was answered."""

    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = headers
        self.bytes = body

    @property
    def json(self):
        return json.loads(self.bytes)


class Rest:
    """A caller of `/scheduler/…`."""

    def __init__(self, server: Server):
        self.endpoint = server.endpoint
        self.token = server.environment()["NBJOBS_TOKEN"]

    def call(self, method: str, path: str, body=None, /, *, authorization: str | None = None, **query) -> Answer:
        """One request; `query` members that are lists are repeated. Bytes are sent as they are."""
        pairs = urllib.parse.urlencode(query, doseq=True)
        url = f"{self.endpoint}/scheduler/{path}" + (f"?{pairs}" if pairs else "")
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        if authorization != "":
            request.add_header("Authorization", authorization or f"token {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path: str, **query):
        """The document that a GET answers."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer.bytes
        return answer.json

    def refused(self, code: int, method: str, path: str, body=None, /, **query) -> str:
        """The message of a request that is refused, in the one form that the user interface shows."""
        answer = self.call(method, path, body, **query)
        assert answer.status == code, (answer.status, answer.bytes)
        assert set(answer.json) == {"message", "reason"}, answer.json
        return answer.json["message"]

    def done(self, method: str, path: str, body=None, /, **query):
        """A request without an answer."""
        answer = self.call(method, path, body, **query)
        assert (answer.status, answer.bytes) == (204, b""), (answer.status, answer.bytes)

    def upload(self, files: dict[str, bytes]) -> dict[str, str]:
        """The URIs of files that wait together, by their names."""
        set_id = str(uuid.uuid4())
        uris = {}
        for name, content in files.items():
            answer = self.call("PUT", f"inputs/{set_id}/{urllib.parse.quote(name)}", content)
            assert answer.status == 200, answer.bytes
            uris[name] = answer.json["input_uri"]
        return uris

    def body(self, notebook: bytes, **more) -> dict:
        """The body of a create, its notebook uploaded."""
        uri = self.upload({"in.ipynb": notebook})["in.ipynb"]
        return {"name": "a job", "input_uri": uri, "runtime_environment_name": "default"} | more

    def create(self, notebook: bytes, **more) -> str:
        """A job's id."""
        answer = self.call("POST", "jobs", self.body(notebook, **more))
        assert answer.status == 200, answer.bytes
        return answer.json["job_id"]

    def define(self, notebook: bytes, **more) -> str:
        """A definition's id."""
        answer = self.call("POST", "job_definitions", self.body(notebook, **more))
        assert answer.status == 200, answer.bytes
        return answer.json["job_definition_id"]

    def ended(self, job: str) -> dict:
        """The job once nothing more follows."""

        def ask():
            found = self.get(f"jobs/{job}")
            return found if found["status"] in FINAL else None

        return waiting.until(f"the end of job {job}", ask)
