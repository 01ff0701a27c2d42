"""docs/coverage.md says what a running server says, and the doors check what botocore says."""

from harness import constraints, coverage, places


def test_the_committed_table_is_current(server):
    committed = (places.ROOT / "docs" / "coverage.md").read_text()
    assert committed == coverage.document(server), "run scripts/coverage and commit docs/coverage.md"


def test_the_committed_constraints_are_botocores(server):
    committed = (places.ROOT / "crates" / "nbjobs" / "src" / "api" / "constraints.json").read_text()
    assert committed == constraints.document(server), "run scripts/coverage and commit constraints.json"
