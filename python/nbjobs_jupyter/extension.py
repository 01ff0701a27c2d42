"""The server extension: where the service is, and which handler answers what."""

import os

from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode, default

from .files import Workspace
from .handlers import CreateHandler, DefinitionHandler, DownloadHandler, ForwardHandler, JobHandler, JobsHandler
from .service import Service


class NbjobsExtension(ExtensionApp):
    """Answers `/scheduler/…` from an nbjobs service."""

    name = "nbjobs_jupyter"

    url = Unicode(help="Where the service is. Default: $AWS_ENDPOINT_URL.").tag(config=True)
    token = Unicode(help="What it lets us in with. Default: $NBJOBS_TOKEN.").tag(config=True)
    output_directory = Unicode(
        "jobs", help="The folder, below the server's root, that outputs are downloaded into."
    ).tag(config=True)

    @default("url")
    def _url(self) -> str:
        return os.environ.get("AWS_ENDPOINT_URL", "")

    @default("token")
    def _token(self) -> str:
        return os.environ.get("NBJOBS_TOKEN", "")

    def initialize_settings(self) -> None:
        root = self.settings.get("server_root_dir") or os.getcwd()
        self.settings["nbjobs_service"] = Service(self.url, self.token)
        self.settings["nbjobs_workspace"] = Workspace(os.path.expanduser(root), self.output_directory)

    def initialize_handlers(self) -> None:
        self.handlers.extend(
            [
                (r"scheduler/jobs/([^/]+)/download_files", DownloadHandler),
                (r"scheduler/jobs/([^/]+)", JobHandler),
                (r"scheduler/jobs", JobsHandler),
                (r"scheduler/job_definitions", CreateHandler),
                (r"scheduler/job_definitions/([^/]+)", DefinitionHandler),
                (r"scheduler/.*", ForwardHandler),
            ]
        )
