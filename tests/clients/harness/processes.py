"""The processes of a server's runs, found by what they carry in their environment."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

# The driver marks every process of a run with the run's folder.
MARK = b"NBJOBS_RUN_DIR="


@dataclass(frozen=True)
class Process:
    pid: int
    command: str

    @property
    def is_driver(self) -> bool:
        return " execute --dir " in self.command

    @property
    def is_kernel(self) -> bool:
        return "ipykernel" in self.command

    def kill(self, number: int = signal.SIGKILL):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass


def of_runs(data_dir: Path) -> list[Process]:
    """Every living process whose run's folder lies in the data folder."""
    mark = MARK + str(data_dir.resolve()).encode() + b"/"
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # A zombie has no environment, so it is not counted.
            marked = any(value.startswith(mark) for value in (entry / "environ").read_bytes().split(b"\0"))
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if marked:
            found.append(Process(int(entry.name), command))
    return found
