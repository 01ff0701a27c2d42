"""`/scheduler/…` of the Jupyter server: passed on to the service, with files carried where they belong."""

import asyncio
import json
import tempfile
import uuid
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.web import authenticated

from .files import Workspace
from .service import Answer, Refused, Service, checked


class Handler(ExtensionHandlerMixin, APIHandler):
    """What all have: the service, the workspace, and refusals in the form that the user interface shows."""

    auth_resource = "scheduler"

    @property
    def service(self) -> Service:
        return self.settings["nbjobs_service"]

    @property
    def workspace(self) -> Workspace:
        return self.settings["nbjobs_workspace"]

    async def answer(self, work: Awaitable[Answer]) -> None:
        """Answers with what the work brings."""
        try:
            answer = await work
        except Refused as refused:
            answer = Answer(refused.status, json.dumps({"message": refused.message, "reason": None}).encode())
        self.set_status(answer.status)
        if answer.status != 204:
            self.set_header("Content-Type", "application/json")
            self.write(answer.body)
        await self.finish()

    async def forward(self, body: bytes | None = None) -> Answer:
        """The request as it came, or with another body."""
        path = self.request.path.removeprefix(self.base_url).removeprefix("scheduler/")
        if path.startswith("inputs"):
            raise Refused(404, "Files go to the service with a job, not by themselves")
        body = self.request.body if body is None else body
        return await self.service.call(self.request.method or "GET", path, body, self.request.query)

    def document(self) -> dict[str, Any]:
        try:
            document = json.loads(self.request.body)
        except ValueError as error:
            raise Refused(400, "Invalid JSON in body of request") from error
        if not isinstance(document, dict):
            raise Refused(400, "the body is not a JSON object")
        return document

    async def with_input(self, document: dict[str, Any], with_folder: bool) -> Answer:
        """The request with the notebook that it names sent ahead. What waits for it is dropped afterwards: the
        service keeps a copy of its own."""
        notebook = self.workspace.notebook(str(document["input_uri"]))
        waiting = f"inputs/{uuid.uuid4()}"
        try:
            sent = await self.service.upload(f"{waiting}/{quote(notebook.name)}", notebook)
            if with_folder:
                for name, path in await asyncio.to_thread(lambda: list(self.workspace.beside(notebook))):
                    if path != notebook:
                        await self.service.upload(f"{waiting}/{quote(name)}", path)
            document = {**document, "input_uri": sent["input_uri"]}
            document.pop("input_filename", None)
            return await self.forward(json.dumps(document).encode())
        except OSError as error:
            raise Refused(400, f"{document['input_uri']} cannot be read: {error}") from error
        finally:
            await self._drop(waiting)

    async def _drop(self, waiting: str) -> None:
        try:
            await self.service.call("DELETE", waiting)
        except Refused as refused:
            self.log.warning("Files of nbjobs stay behind at %s: %s", waiting, refused.message)


class ForwardHandler(Handler):
    """All that needs no files."""

    @authenticated
    @authorized
    async def get(self, *_: str) -> None:
        await self.answer(self.forward())

    @authenticated
    @authorized
    async def post(self, *_: str) -> None:
        await self.answer(self.forward())

    @authenticated
    @authorized
    async def patch(self, *_: str) -> None:
        await self.answer(self.forward())

    @authenticated
    @authorized
    async def delete(self, *_: str) -> None:
        await self.answer(self.forward())


class CreateHandler(ForwardHandler):
    """Creates of job definitions, which bring a notebook."""

    @authenticated
    @authorized
    async def post(self, *_: str) -> None:
        await self.answer(self._create())

    async def _create(self) -> Answer:
        document = self.document()
        if not document.get("input_uri"):
            return await self.forward()
        return await self.with_input(document, bool(document.get("package_input_folder")))


class JobsHandler(CreateHandler):
    """Jobs: their list says which files are here."""

    @authenticated
    @authorized
    async def get(self, *_: str) -> None:
        await self.answer(self._list())

    async def _list(self) -> Answer:
        found = checked(await self.forward()).document
        for job in found["jobs"]:
            self.workspace.mark(job)
        return Answer(200, json.dumps(found).encode())


class JobHandler(ForwardHandler):
    """One job; `count` is none."""

    @authenticated
    @authorized
    async def get(self, job: str, *_: str) -> None:
        await self.answer(self._describe())

    async def _describe(self) -> Answer:
        found = checked(await self.forward()).document
        if "job_id" in found:
            self.workspace.mark(found)
        return Answer(200, json.dumps(found).encode())


class DefinitionHandler(ForwardHandler):
    """One definition; a change of it may bring a new notebook."""

    @authenticated
    @authorized
    async def patch(self, definition: str, *_: str) -> None:
        await self.answer(self._update(definition))

    async def _update(self, definition: str) -> Answer:
        document = self.document()
        if not document.get("input_uri"):
            return await self.forward()
        known = checked(await self.service.call("GET", f"job_definitions/{definition}")).document
        # The form sends the bare name of the file that it has when the user chose no other.
        if document["input_uri"] == known["input_filename"]:
            del document["input_uri"]
            return await self.forward(json.dumps(document).encode())
        return await self.with_input(document, bool(known.get("package_input_folder")))


class DownloadHandler(Handler):
    """A job's output, into the workspace. Answers when it is there."""

    @authenticated
    @authorized
    async def get(self, job: str) -> None:
        await self.answer(self._download(job))

    async def _download(self, job: str) -> Answer:
        found = checked(await self.service.call("GET", f"jobs/{job}")).document
        again = self.get_query_argument("redownload", "").lower() not in ("", "0", "false")
        marked = dict(found, job_files=[dict(file) for file in found["job_files"]])
        self.workspace.mark(marked)
        if marked["downloaded"] and not again:
            return Answer(204, b"")
        with tempfile.TemporaryDirectory(prefix="nbjobs-") as folder:
            archive = Path(folder, "output.tar.gz")
            try:
                await self.service.download(f"jobs/{job}/download_files", archive)
                await asyncio.to_thread(self.workspace.unpack, archive, found)
            except OSError as error:
                raise Refused(500, f"The output of the job cannot be written: {error}") from error
        return Answer(204, b"")
