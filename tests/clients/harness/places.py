"""Where the binary, the tour's notebooks and the clients are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests" / "clients"
EXAMPLES = ROOT / "examples"
VENV = Path(os.environ.get("NBJOBS_TEST_VENV", ROOT / ".nbjobs" / "test-venv"))
# The home of servers and clients. It is kept, because matplotlib builds a cache of fonts in a new one.
HOME = ROOT / ".nbjobs" / "test-home"


def binary() -> Path:
    """The program under test: $NBJOBS_BIN, else what `cargo build` made."""
    path = Path(os.environ.get("NBJOBS_BIN", ROOT / "target" / "debug" / "nbjobs")).absolute()
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: run `cargo build --bin nbjobs`, or set NBJOBS_BIN")
    return path


def venv() -> Path:
    """The virtual environment with the kernels and the clients."""
    if not (VENV / "bin" / "aws").is_file():
        raise FileNotFoundError(
            f"{VENV} has no aws CLI: run `scripts/venv .nbjobs/test-venv tests/requirements.txt`"
        )
    return VENV
