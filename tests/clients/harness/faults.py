"""Notebooks, scripts and kernels that go wrong, each with what its job must say. `docs/failures.md` is this table.

`python -m harness.faults`, in tests/clients, prints that page.
"""

import re
from dataclasses import dataclass, field

from . import notebooks

# In a reason: whatever stands there.
ANY = "…"
# The run's folder, and the driver's process number.
RUN = (
    "import json, os, pathlib, shutil, signal\nrun = pathlib.Path('../../..').resolve()\n"
    "driver = json.loads((run / 'driver.json').read_text())['pid']\n"
)
# A file in the data folder that a link leads to; it must stay "as it was".
VICTIM = "victim"
OUTPUT = RUN + "output = run / 'output/data/out.ipynb'\noutput.unlink(missing_ok=True)\n"
# Far less than anything that hangs takes.
SHORT_S = 6
CELL = 'AlgorithmError: [SM-111] Error with executing notebook\nException encountered at "In [1]": '
KERNEL = "AlgorithmError: [SM-111] Error with executing notebook\n"
DIED = KERNEL + "Kernel died in cell 1 (…): "
EARLY = "AlgorithmError: [SM-101] Error with "


@dataclass(frozen=True)
class Fault:
    """One job that goes wrong."""

    name: str
    # What it does, for a reader of the table.
    what: str
    status: str
    # The whole FailureReason, but for ANY. None if the job must not have one.
    reason: str | None = None
    cell: str = "print('done')"
    # The notebook's bytes, when it is more than its cell.
    notebook: bytes | None = None
    files: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    runtime_s: int = 300
    secondary: str | None = None
    # What must stand among the texts that the executed notebook shows.
    shows: str | None = None

    def content(self) -> bytes:
        return notebooks.notebook(self.cell) if self.notebook is None else self.notebook

    def pattern(self) -> str:
        return ".*".join(re.escape(part) for part in (self.reason or "").split(ANY))


def _failed(name, what, cell, reason, **more):
    return Fault(name, what, "Failed", reason, cell, **more)


def _completed(name, what, cell, **more):
    return Fault(name, what, "Completed", None, cell, **more)


def _too_long(name, what, cell, **more):
    return Fault(name, what, "Stopped", None, cell, runtime_s=SHORT_S, secondary="MaxRuntimeExceeded", **more)


def _early(name, what, reason, **more):
    return Fault(name, what, "Failed", EARLY + reason, **more)


FAULTS = [
    # The notebook's code.
    _failed("exception", "a cell raises an exception", "1 / 0", CELL + "ZeroDivisionError: division by zero…, exit code: 1"),
    _failed("syntax", "a cell cannot be compiled", "def (:", CELL + "SyntaxError: …, exit code: 1"),
    _failed("recursion", "a cell recurses for ever", "def f(): f()\nf()", CELL + "RecursionError: maximum recursion depth exceeded…, exit code: 1"),
    _failed("display", "an object fails when it is shown", "class Broken:\n    def _repr_html_(self):\n        1 / 0\nBroken()", CELL + "ZeroDivisionError: division by zero…, exit code: 1"),
    _failed("interrupt", "a cell raises KeyboardInterrupt", "raise KeyboardInterrupt", CELL + "KeyboardInterrupt: …, exit code: 1"),
    _failed("input", "a cell asks for input", "input('name? ')", CELL + "StdinNotImplementedError: …, exit code: 1"),
    _failed("exit-code", "a cell calls sys.exit(3)", "import sys\nsys.exit(3)", CELL + "SystemExit: 3…, exit code: 1"),
    _failed("memory", "a cell asks for more memory than its process may have",
            "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\nbytearray(1 << 33)", CELL + "MemoryError: …, exit code: 1"),
    _failed("disk-full", "a cell writes to a full disk", "open('/dev/full', 'w').write('x' * 10000)", CELL + "OSError: [Errno 28] No space left on device…, exit code: 1"),
    _failed("file-size", "a cell writes a larger file than it may",
            "import resource, signal\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\nopen('big', 'w').write('x' * 10000)",
            CELL + "OSError: [Errno 27] File too large…, exit code: 1"),
    _failed("open-files", "a cell opens more files than it may",
            "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))\nfiles = [open('/dev/null') for _ in range(300)]",
            CELL + "OSError: [Errno 24] Too many open files…, exit code: 1"),
    _failed("no-cwd", "a cell deletes its working directory", "import os, shutil\nshutil.rmtree(os.getcwd())\nopen('x', 'w')", CELL + "FileNotFoundError: …, exit code: 1"),
    _failed("forged-idle", "a cell says on the kernel's behalf that it is done, then fails",
            "kernel = get_ipython().kernel\nkernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, "
            "parent=kernel.get_parent('shell'), ident=kernel._topic('status'))\nimport time\ntime.sleep(1)\n1 / 0",
            CELL + "ZeroDivisionError: division by zero…, exit code: 1"),
    _failed("forks", "a cell leaves 50 processes behind and fails",
            "import os, time\nfor _ in range(50):\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1000)\n        os._exit(0)\n1 / 0",
            CELL + "ZeroDivisionError: division by zero…, exit code: 1"),
    # The kernel.
    _failed("os-exit", "the kernel ends itself with os._exit(0)", "import os\nos._exit(0)", DIED + "exit status 0, exit code: 1"),
    _failed("os-exit-code", "the kernel ends itself with os._exit(9)", "import os\nos._exit(9)", DIED + "exit status 9, exit code: 1"),
    _failed("shutdown", "a cell shuts the kernel down", "get_ipython().kernel.do_shutdown(False)\nimport os, time\ntime.sleep(1)\nos._exit(0)", DIED + "exit status 0, exit code: 1"),
    _failed("abort", "the kernel aborts", "import os\nos.abort()", DIED + "killed by SIGABRT, exit code: 1"),
    _failed("segfault", "the kernel reads where nothing is", "import ctypes\nctypes.string_at(0)", DIED + "killed by SIGSEGV, exit code: 1"),
    _failed("killed", "the kernel is killed, as when memory runs out", "import os\nos.kill(os.getpid(), 9)", DIED + "killed by SIGKILL, as the system does when memory runs out, exit code: 1"),
    _failed("closed", "a cell closes all of the kernel's files", "import os\nos.closerange(3, 10000)", DIED + "…, exit code: 1"),
    _too_long("hang", "a cell never ends", "while True:\n    pass"),
    _too_long("deaf", "a cell never ends and hears no signal",
              "import signal\nfor number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n    signal.signal(number, signal.SIG_IGN)\nwhile True:\n    pass"),
    _too_long("stopped", "the kernel stops itself with SIGSTOP", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    _too_long("endless", "a cell prints for ever", "import time\nwhile True:\n    print('x' * 80, flush=True)\n    time.sleep(0.001)"),
    _early("no-kernel", "the kernelspec is not there", "executing notebook\nno kernel named \"fortran77\" is installed; found: …, exit code: 1", environment={"SM_KERNEL_NAME": "fortran77"}),
    Fault("dead-kernel", "the kernel's program ends at once", "Failed", KERNEL + 'kernel "dead" died before it was ready: exit status 1, exit code: 1', environment={"SM_KERNEL_NAME": "dead"}),
    Fault("absent-kernel", "the kernel's program is not there", "Failed", KERNEL + 'kernel "absent" could not be started: /no/such/program: No such file or directory…, exit code: 1', environment={"SM_KERNEL_NAME": "absent"}),
    _early("broken-kernel", "the kernelspec is not JSON", "executing notebook\nkernel \"broken\": …kernel.json: …, exit code: 1", environment={"SM_KERNEL_NAME": "broken"}),
    Fault("mute-kernel", "the kernel starts and never answers", "Stopped", environment={"SM_KERNEL_NAME": "mute"}, runtime_s=SHORT_S, secondary="MaxRuntimeExceeded"),
    # The driver.
    _failed("killed-driver", "the driver is killed", RUN + "os.kill(driver, 9)\nimport time\ntime.sleep(60)",
            "InternalServerError: The process that ran the notebook was killed or lost with the machine before it could report; what it had saved is in the output"),
    _failed("ended-driver", "somebody sends SIGTERM to the driver", RUN + "os.kill(driver, signal.SIGTERM)\nimport time\ntime.sleep(60)", KERNEL + "interrupted in cell 1 (…), exit code: 143"),
    # The run's folder.
    _failed("no-output", "the output folder is deleted", RUN + "shutil.rmtree(run / 'output')", "AlgorithmError: The driver left no reason, exit code: 1"),
    _failed("output-folder", "a folder stands where the executed notebook goes", OUTPUT + "output.mkdir()", EARLY + "executing notebook\ncould not save …/output/data/out.ipynb: is a directory, exit code: 1"),
    _completed("output-link", "a link to another file stands where the executed notebook goes",
               OUTPUT + f"victim = run.parent.parent / '{VICTIM}'\nvictim.write_text('as it was')\noutput.symlink_to(victim)\nprint('done')", shows="done"),
    _completed("output-fifo", "a FIFO stands where the executed notebook goes", OUTPUT + "os.mkfifo(output)\nprint('done')", shows="done"),
    _completed("other-fifo", "a FIFO and a link stand beside the executed notebook",
               RUN + "os.mkfifo(run / 'output/data/fifo')\nos.symlink('/dev/zero', run / 'output/data/zero')\nprint('done')", shows="done"),
    _failed("hole", "a file of a terabyte is in the output", RUN + "os.truncate(os.open(run / 'output/data/hole', os.O_CREAT | os.O_WRONLY), 1 << 40)",
            "ClientError: the output has more than 5368709120 bytes; put large results into a bucket from the notebook"),
    # The input.
    _early("not-json", "the notebook is not JSON", "executing notebook\nin.ipynb: not a notebook: not valid JSON: …, exit code: 1", notebook=b"{not a notebook"),
    _early("empty", "the notebook is an empty file", "executing notebook\nin.ipynb: not a notebook: not valid JSON: …, exit code: 1", notebook=b""),
    _early("not-utf-8", "the notebook is not UTF-8", "executing notebook\nin.ipynb: not a notebook: not valid JSON: …, exit code: 1", notebook=b'{"cells": ["\xff\xfe"]}'),
    _early("no-notebook", "the file is JSON but no notebook", "executing notebook\nin.ipynb: not a notebook: it has no list of \"cells\", exit code: 1",
           notebook=b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}'),
    _early("nbformat", "the notebook is of a format to come", "executing notebook\nin.ipynb: not a notebook: nbformat 99 is not supported, only 3 and 4 are, exit code: 1", notebook=b'{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}'),
    Fault("no-file", "no input file has the notebook's name", "Failed", "AlgorithmError: [SM-001] Error with Prepare the input notebook\nCannot find input notebook: other.ipynb, exit code: 1",
          environment={"SM_INPUT_NOTEBOOK_NAME": "other.ipynb"}),
    Fault("no-such-tree", "one object's name is a folder of another's", "Failed", "ClientError: s3://…/x/y cannot be a file beside the other objects: …", files={"x": b"", "x/y": b""}),
    _early("version", "the job definition is of another version", "checking sagemaker job definition version\nCannot handle SageMaker job definition version: 2.0, exit code: 1",
           environment={"SM_JOB_DEF_VERSION": "2.0"}),
    # Scripts.
    _early("script", "the init script fails", "running init script\ninit.sh exited with code 7; see the log, exit code: 7", files={"init.sh": b"exit 7\n"}, environment={"SM_INIT_SCRIPT": "init.sh"}),
    _early("no-script", "the init script is not there", "running init script\nnone.sh: No such file or directory, exit code: 1", environment={"SM_INIT_SCRIPT": "none.sh"}),
    _early("killed-script", "the init script kills itself", "running init script\ninit.sh exited with code 137; see the log, exit code: 137",
           files={"init.sh": b"kill -9 $$\n"}, environment={"SM_INIT_SCRIPT": "init.sh"}),
    _early("lifecycle", "the lifecycle script fails", "running LCC script as init-script\nlcc.sh exited with code 3; see the log, exit code: 3",
           files={"lcc.sh": b"#!/bin/bash\nexit 3\n"}, environment={"SM_LCC_INIT_SCRIPT": "lcc.sh"}),
    # What looks like a fault and is none: as in Jupyter, all cells ran.
    _completed("exit-zero", "a cell calls sys.exit(0)", "print('done')\nimport sys\nsys.exit(0)", shows="done"),
    _completed("atexit", "a function fails at the kernel's exit", "import atexit\natexit.register(lambda: 1 / 0)\nprint('done')", shows="done"),
    _completed("thread", "a thread raises an exception", "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()\nprint('done')", shows="done"),
    _completed("bytes", "a cell writes bytes that are no text", "import os\nos.write(1, b'\\xff\\xfe\\n')\nprint('done')", shows="done"),
    _completed("large", "a cell prints 20 MB at once", "print('x' * 20_000_000 + ' done')", shows=" done"),
]

# Kernels that the faults ask for: the content of their kernel.json.
KERNELS = {
    "dead": '{"argv": ["/bin/false", "{connection_file}"], "display_name": "dead", "language": "python"}',
    "absent": '{"argv": ["/no/such/program", "{connection_file}"], "display_name": "absent", "language": "python"}',
    "mute": '{"argv": ["/bin/sh", "-c", "sleep 1000", "{connection_file}"], "display_name": "mute", "language": "python"}',
    "broken": "{",
}

HEAD = """# What a job says when it goes wrong

Each line is a job that CI runs (`tests/clients/test_faults.py`, which also keeps this page; the jobs themselves are in
`tests/clients/harness/faults.py`). `…` stands for text that depends on the run. As in SageMaker, a `FailureReason` says
whose fault it is: `AlgorithmError` is the notebook's or its environment's, `ClientError` the caller's, who named an input or an
output that cannot be, `InternalServerError` ours or the machine's. The three digits of `[SM-111]` say whether the input
notebook, the executed notebook and the log are in the output. A job is `Completed` when every cell has run.

| what happens | status | FailureReason |
|---|---|---|
"""


def page() -> str:
    """docs/failures.md."""
    lines = []
    for fault in FAULTS:
        reason = "" if fault.reason is None else "`" + fault.reason.replace("\n", "⏎") + "`"
        status = fault.status if fault.secondary is None else f"{fault.status}, {fault.secondary}"
        lines.append(f"| {fault.what} | {status} | {reason} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
