"""The user's files: what goes to the service, and where outputs come to. Nothing outside the server's root is read or
written, whatever a path or an archive says."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .service import Refused

# Most files that go with a notebook: the service's own limit.
FILES_MAX = 10_000
CHUNK = 1 << 20


class Workspace:
    """The folder that JupyterLab shows."""

    def __init__(self, root: str, outputs: str):
        self.root = Path(root).resolve()
        self.outputs = outputs

    def inside(self, relative: str) -> Path:
        """A path below the root; links are followed to see where it leads."""
        path = (self.root / relative.lstrip("/")).resolve()
        if not path.is_relative_to(self.root):
            raise Refused(400, f"{relative} is not below the folder that JupyterLab shows")
        return path

    def notebook(self, input_uri: str) -> Path:
        """The notebook that a create names."""
        path = self.inside(input_uri)
        if not path.is_file():
            raise Refused(404, f"Input path '{input_uri}' does not exist.")
        return path

    def beside(self, notebook: Path) -> Iterator[tuple[str, Path]]:
        """The files of a notebook's folder by their path below it, without hidden ones. Links to folders are not
        followed, nor any out of the root."""
        folder = notebook.parent
        count = 0
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(place, name)
                real = path.resolve()
                if name.startswith(".") or not real.is_relative_to(self.root) or not real.is_file():
                    continue
                count += 1
                if count > FILES_MAX:
                    raise Refused(400, f"The folder of {notebook.name} has more than {FILES_MAX} files; move it to one of its own")
                yield path.relative_to(folder).as_posix(), real

    def folder_of(self, job: dict[str, Any]) -> str:
        """Where a job's output comes to, below the root: jupyter-scheduler's own place."""
        stem = Path(job["input_filename"]).stem
        return f"{self.outputs}/{stem}-{job['job_id']}"

    def mark(self, job: dict[str, Any]) -> None:
        """Says of a job which of its files are here."""
        folder = self.folder_of(job)
        files = job.get("job_files", [])
        for file in files:
            relative = f"{folder}/{file.pop('file_name', '')}".rstrip("/")
            if (self.root / relative).exists():
                file["file_path"] = relative
        job["downloaded"] = bool(files) and all(file.get("file_path") for file in files)

    def unpack(self, archive: Path, job: dict[str, Any]) -> None:
        """Puts an output's files in their place, all or none: regular files only, below that folder only."""
        target = self.inside(self.folder_of(job))
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target) as staging:
            names = list(_extract(archive, Path(staging)))
            for name in names:
                place = self.inside(f"{self.folder_of(job)}/{name}")
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(Path(staging, name), place)


def _extract(archive: Path, folder: Path) -> Iterator[str]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if not member.isreg():
                    continue
                parts = member.name.split("/")
                if any(part in ("", ".", "..") for part in parts):
                    raise Refused(502, f"The output of the job has a file with the path {member.name!r}; it was not downloaded")
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None, "a regular file has content"
                with open(path, "xb") as sink:
                    shutil.copyfileobj(source, sink, CHUNK)
                yield member.name
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Refused(502, f"The output of the job cannot be unpacked: {error}") from error
