"""docs/limits.md says what the constants say."""

import re

import pytest

from harness import places, promise

SOURCES = places.ROOT / "crates" / "nbjobs" / "src"
ROWS = re.findall(r"^\| .+ \| (\d+) \| `(\S+)` (\w+) \|$", (places.ROOT / "docs" / "limits.md").read_text(), re.MULTILINE)


def value(file: str, constant: str) -> int:
    """The number that a constant has in the source."""
    found = re.search(rf"\bconst {constant}: \w+ = ([\d_ *<]+);", (SOURCES / file).read_text())
    assert found, f"{file} has no {constant}"
    return eval(found[1], {})  # noqa: S307: digits, * and <<


@pytest.mark.parametrize(("limit", "file", "constant"), ROWS)
def test_the_page_has_the_constants_number(limit, file, constant):
    assert int(limit) == value(file, constant)


def test_every_row_was_read():
    rows = [line for line in (places.ROOT / "docs" / "limits.md").read_text().splitlines() if line.startswith("| ")]
    assert len(rows) == len(ROWS) + 1
    promise.kept(13, len(ROWS), "stated limits that are the constants")
