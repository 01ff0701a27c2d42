"""Recorded requests of real clients, sent again byte for byte where it matters: signed anew, with checksums anew, and
with the ids that this server gave in place of those that the recording's did. The answers are judged as a client's are.
"""

import base64
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import botocore.session
import urllib3
from botocore import parsers
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from . import conformance

RECORDINGS = Path(__file__).parents[1] / "recordings" / "requests.jsonl"
TARGETS = {"sagemaker": "SageMaker", "events": "AWSEvents", "ssm": "AmazonSSM"}
LIMIT_S = 60


@dataclass
class Request:
    """One recorded request: what a client sent, and the ids in what it was answered."""

    number: int
    flow: str
    service: str
    operation: str
    method: str
    path: str
    query: str = ""
    headers: dict | None = None
    body: object = None
    answer: dict | None = None

    def __str__(self):
        return f"{self.flow} (line {self.number}): {self.service}.{self.operation}"


def requests() -> list[Request]:
    """The recorded requests in the order in which they were sent."""
    return [Request(n, **json.loads(line)) for n, line in enumerate(RECORDINGS.read_text().splitlines(), 1)]


class Player:
    """Sends recorded requests to a server and parses its answers as botocore does."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, region: str):
        self.endpoint = endpoint
        self.region = region
        self.credentials = Credentials(access_key, secret_key)
        self.ids: dict[str, str] = {}
        self.session = botocore.session.get_session()
        self.pool = urllib3.PoolManager(retries=False)

    def send(self, request: Request) -> dict:
        """The parsed answer, after it was judged by the service's model; an error is in its `Error`."""
        model = self.session.get_service_model(request.service).operation_model(request.operation)
        raw = self._exchange(request)
        protocol = model.service_model.metadata["protocol"]
        # Botocore hands such a body to its caller as it comes.
        is_stream = model.has_streaming_output and raw.status_code < 300
        answer = {"status_code": raw.status_code, "headers": raw.headers, "body": b"" if is_stream else raw.content}
        parsed = parsers.create_parser(protocol).parse(answer, model.output_shape)
        if is_stream:
            parsed["Body"] = raw.content
        conformance.check(raw, parsed, model)
        for name, recorded in (request.answer or {}).items():
            self._learn(recorded, parsed[name])
        return parsed

    def _learn(self, recorded: str, ours: str):
        """The recording's id, which later requests name, stands for ours. Of an execution's ARN, the id is its end."""
        self.ids[recorded.rsplit("/", 1)[-1]] = ours.rsplit("/", 1)[-1]

    def _exchange(self, request: Request) -> "_Answer":
        headers = dict(request.headers or {})
        body = self._body(request, headers)
        url = self.endpoint + self._ours(request.path) + (f"?{request.query}" if request.query else "")
        signed = AWSRequest(request.method, url, headers, body)
        if request.service == "s3":
            S3SigV4Auth(self.credentials, "s3", self.region).add_auth(signed)
        else:
            SigV4Auth(self.credentials, request.service, self.region).add_auth(signed)
        sent = signed.prepare()
        got = self.pool.request(sent.method, sent.url, body=sent.body, headers=dict(sent.headers.items()), timeout=LIMIT_S)
        return _Answer(got.status, got.headers, got.data)

    def _body(self, request: Request, headers: dict) -> bytes:
        body = request.body
        if body is None:
            return b""
        if request.service in TARGETS:
            headers["Content-Type"] = "application/x-amz-json-1.1"
            headers["X-Amz-Target"] = f"{TARGETS[request.service]}.{request.operation}"
        elif request.service == "scheduler":
            headers["Content-Type"] = "application/json"
        elif request.service != "s3":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
            return urlencode(body).encode()
        text = body if isinstance(body, str) else json.dumps(body)
        content = self._ours(text).encode()
        if headers.get("x-amz-sdk-checksum-algorithm") == "CRC32":
            headers["x-amz-checksum-crc32"] = base64.b64encode(zlib.crc32(content).to_bytes(4)).decode()
        return content

    def _ours(self, text: str) -> str:
        for recorded, ours in self.ids.items():
            text = text.replace(recorded, ours)
        return text


@dataclass
class _Answer:
    """An answer in the form in which botocore's hooks see it."""

    status_code: int
    headers: object
    content: bytes
