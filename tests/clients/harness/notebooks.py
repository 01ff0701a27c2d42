"""Notebooks to run and executed notebooks to look into."""

import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from .waiting import until


def notebook(*cells: str, kernel: str = "python3", language: str = "python", parameters: str | None = None) -> bytes:
    """A notebook of code cells; `parameters` is the source of one tagged so, which comes first."""
    sources = [(source, []) for source in cells]
    if parameters is not None:
        sources.insert(0, (parameters, ["parameters"]))
    document = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {"tags": tags} if tags else {},
                "outputs": [],
                "source": source,
            }
            for number, (source, tags) in enumerate(sources)
        ],
        "metadata": {
            "kernelspec": {"display_name": kernel, "language": language, "name": kernel},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document).encode()


@dataclass
class Gate:
    """A door inside a notebook: its cell says that it is there, and goes on when the test says so."""

    folder: Path

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._arrived = self.folder / "arrived"
        self._open = self.folder / "open"
        os.mkfifo(self._open)

    def cell(self) -> str:
        """The cell's source."""
        return f"open({str(self._arrived)!r}, 'w').close()\nopen({str(self._open)!r}).read()\nprint('through the gate')"

    def wait_for_arrival(self):
        """Returns when the kernel is inside the cell."""
        until(f"the notebook at {self.folder.name}", self._arrived.exists)

    def open(self):
        """Lets the cell go on."""
        self._open.write_text("")


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of an output.tar.gz by name."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def executed(files: dict[str, bytes], input_name: str) -> dict:
    """The executed notebook among an output's files: the one that is not the input."""
    names = [name for name in files if name.endswith(".ipynb") and name != input_name]
    assert len(names) == 1, f"one executed notebook is expected beside {input_name}: {sorted(files)}"
    return json.loads(files[names[0]])


def text(notebook: dict) -> str:
    """All that a notebook printed."""
    streams = [o["text"] for cell in notebook["cells"] for o in cell.get("outputs", []) if o["output_type"] == "stream"]
    return "".join("".join(part) for part in streams)


def figures(notebook: dict) -> list[str]:
    """The PNG figures of a notebook, base64."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return ["".join(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]
