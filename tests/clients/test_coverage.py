"""docs/coverage.md says what a running server says."""

from harness import coverage, places


def test_the_committed_table_is_current(server):
    committed = (places.ROOT / "docs" / "coverage.md").read_text()
    assert committed == coverage.document(server), "run scripts/coverage and commit docs/coverage.md"
