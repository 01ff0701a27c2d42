"""The processes of a server's runs, found by what they carry in their environment."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

# The driver marks every process of a run with the run's folder.
MARK = b"NBJOBS_RUN_DIR="


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    command: str
    # The job whose run it is of.
    job: str
    # The driver's child that ends the kernel's processes when the driver is gone: a fork of it with its command line.
    is_guard: bool = False

    @property
    def is_driver(self) -> bool:
        return " execute --dir " in self.command and not self.is_guard

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
            runs = [value[len(mark) :] for value in (entry / "environ").read_bytes().split(b"\0") if value.startswith(mark)]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if runs:
            found.append(Process(int(entry.name), parent, command, Path(runs[0].decode()).stem))
    drivers = {process.pid for process in found if process.is_driver}
    return [replace(process, is_guard=process.is_driver and process.parent in drivers) for process in found]
