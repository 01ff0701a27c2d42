"""Transcripts: Markdown files whose ```console blocks are typed into one shell, and whose output must come.

    $ aws sagemaker list-training-jobs      a command; it goes on in lines that begin with "> "
    {…                                      what it prints, both streams; … stands for anything within a line,
    …                                       and alone for any lines; $NAME is the shell's variable of that name
    ? 255                                   the exit code, if it is not 0

A command that ends in "# again until it prints:" is repeated until it does.
"""

import os
import re
import select
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import waiting

AGAIN = "# again until it prints:"
# A command that takes longer hangs.
COMMAND_LIMIT_S = 120


@dataclass
class Step:
    """One command and what it must print."""

    line: int
    command: str
    expected: list[str] = field(default_factory=list)
    code: int = 0

    @property
    def again(self) -> bool:
        return self.command.rstrip().endswith(AGAIN)


def steps(text: str) -> list[Step]:
    """The steps of a transcript."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif not inside:
            continue
        elif line.startswith("$ "):
            found.append(Step(number, line[2:]))
        elif line.startswith("> ") and not found[-1].expected:
            found[-1].command += "\n" + line[2:]
        elif code := re.fullmatch(r"\? (\d+)", line):
            found[-1].code = int(code[1])
        else:
            found[-1].expected.append(line)
    return found


def fits(expected: str, printed: str, variables: dict[str, str]) -> bool:
    """Whether the output is the expected one, wildcards and variables considered."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += _line_pattern(line, variables) + r"\n"
    return re.fullmatch(pattern, printed + "\n" if printed else "") is not None


def _line_pattern(line: str, variables: dict[str, str]) -> str:
    def known(name):
        return variables.get(name[1], name[0])

    line = re.sub(r"\$\{?([A-Z][A-Z0-9_]*)\}?", known, line)
    return r"[^\n]*?".join(re.escape(part) for part in line.split("…"))


class Shell:
    """One bash that lives as long as the transcript, with its folder and its variables."""

    # Stands between a command's output, its exit code and the shell's variables.
    MARK = b"\1"

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.variables = environment
        self._bash = subprocess.Popen(
            # Every variable is exported, so that the transcript can name it.
            ["bash", "--norc", "-a"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, command: str) -> tuple[str, int]:
        """Types a command; returns what it printed and its exit code."""
        typed = f"{{ {command}\n}} </dev/null; printf '\\1%d\\1' $?; env -0; printf '\\1'\n"
        self._bash.stdin.write(typed.encode())
        self._bash.stdin.flush()
        output, code, variables = self._answer(command)
        pairs = variables.decode(errors="replace").rstrip("\0").split("\0")
        self.variables = dict(pair.split("=", 1) for pair in pairs)
        return output.decode(errors="replace").rstrip("\n"), int(code)

    def _answer(self, command: str) -> list[bytes]:
        answer, end = b"", time.monotonic() + COMMAND_LIMIT_S
        while answer.count(self.MARK) < 3:
            ready, _, _ = select.select([self._bash.stdout], [], [], max(0, end - time.monotonic()))
            part = os.read(self._bash.stdout.fileno(), 65536) if ready else b""
            if not part:
                raise AssertionError(f"no end of {command!r}; it printed {answer.decode(errors='replace')!r}")
            answer += part
        return answer.split(self.MARK)[:3]

    def end(self):
        """Ends the shell."""
        self._bash.stdin.close()
        self._bash.kill()
        self._bash.wait()


def replay(path: Path, folder: Path, environment: dict[str, str]):
    """Types a transcript in `folder` and fails at the first command that answers otherwise."""
    all_steps = steps(path.read_text())
    assert all_steps, f"{path} has no commands"
    shell = Shell(folder, environment)
    try:
        for step in all_steps:
            _take(path, shell, step)
    finally:
        shell.end()


def _take(path: Path, shell: Shell, step: Step):
    expected = "\n".join(step.expected)

    def answer():
        nonlocal printed, code
        printed, code = shell.run(step.command)
        return code == step.code and fits(expected, printed, shell.variables)

    printed, code = "", 0
    if not step.again:
        right = answer()
    else:
        try:
            right = waiting.until(step.command, answer)
        except waiting.Hang:
            right = False
    assert right, (
        f"{path.name}:{step.line}: $ {step.command}\n"
        f"--- expected (exit code {step.code})\n{expected}\n--- printed (exit code {code})\n{printed}\n---"
    )
