"""The nbjobs service, over HTTP with a token."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httputil import HTTPOutputError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError

# A request without a file; far longer than any takes.
TIMEOUT_S = 60.0
# A file, up or down.
TRANSFER_TIMEOUT_S = 24 * 3600.0
CHUNK = 1 << 20
# The largest body that is taken into memory; files are streamed.
BODY_MAX = 64 << 20
# The largest archive that is downloaded.
ARCHIVE_MAX = 64 << 30


class Refused(Exception):
    """A request that was not done; `message` is what the user sees."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Answer:
    """What the service answered."""

    status: int
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Service:
    """See the module."""

    def __init__(self, url: str, token: str):
        self.url = url.rstrip("/")
        self.token = token

    async def call(self, method: str, path: str, body: bytes | None = None, query: str = "") -> Answer:
        """One request to `/scheduler/{path}`; `path` is encoded. The answer may be a refusal."""
        url = f"{self.url}/scheduler/{path}" + (f"?{query}" if query else "")
        return await self._fetch(
            HTTPRequest(url, method, body=body or None, request_timeout=TIMEOUT_S, allow_nonstandard_methods=True)
        )

    async def upload(self, path: str, file: Path) -> Any:
        """PUTs a file, and answers the service's document."""

        async def produce(write: Callable[[bytes], Any]) -> None:
            with open(file, "rb") as source:
                left = size
                while left and (chunk := source.read(min(CHUNK, left))):
                    left -= len(chunk)
                    await write(chunk)

        size = file.stat().st_size
        request = HTTPRequest(
            f"{self.url}/scheduler/{path}",
            "PUT",
            headers={"Content-Length": str(size)},
            body_producer=produce,
            request_timeout=TRANSFER_TIMEOUT_S,
        )
        return checked(await self._fetch(request)).document

    async def download(self, path: str, target: Path) -> None:
        """GETs a file. A refusal is no file."""
        with open(target, "wb") as sink:

            def keep(chunk: bytes) -> None:
                sink.write(chunk)

            request = HTTPRequest(
                f"{self.url}/scheduler/{path}", request_timeout=TRANSFER_TIMEOUT_S, streaming_callback=keep
            )
            answer = await self._fetch(request, ARCHIVE_MAX)
        if answer.status >= 400:
            answer.body = target.read_bytes()
        checked(answer)

    async def _fetch(self, request: HTTPRequest, body_max: int = BODY_MAX) -> Answer:
        if not self.url or not self.token:
            raise Refused(
                503, 'No nbjobs service is configured: start JupyterLab after eval "$(nbjobs env)", or set c.NbjobsExtension.url'
            )
        request.headers["Authorization"] = f"token {self.token}"
        request.connect_timeout = TIMEOUT_S
        client = AsyncHTTPClient(force_instance=True, max_body_size=body_max)
        try:
            answer = await client.fetch(request, raise_error=False)
        except (OSError, HTTPClientError, HTTPOutputError, HTTPStreamClosedError, HTTPTimeoutError) as error:
            raise Refused(502, f"The nbjobs service at {self.url} cannot be reached: {error}") from error
        finally:
            client.close()
        if answer.code == 599:
            raise Refused(502, f"The nbjobs service at {self.url} cannot be reached: {answer.error}")
        return Answer(answer.code, answer.body or b"")


def checked(answer: Answer) -> Answer:
    """The answer, unless it is a refusal."""
    if answer.status < 400:
        return answer
    try:
        message = str(answer.document["message"])
    except (ValueError, KeyError, TypeError):
        message = answer.body.decode(errors="replace") or f"nbjobs answered {answer.status}"
    raise Refused(answer.status, message)
