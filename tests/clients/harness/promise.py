"""How a test says that it has shown one of the README's promises. `scripts/promises` prints what was said."""

import inspect
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def kept(number, count, what):
    """Says that promise `number` was kept in `count` cases, `what` each of them is. The last thing that a test does, so
    that what is said was shown. `count` is what the test counted, never what it meant to do."""
    caller = inspect.stack()[1]
    test = os.environ["PYTEST_CURRENT_TEST"].split("::", 1)[1].rsplit(" ", 1)[0]
    assert count > 0, f"{test} has shown nothing"
    place = f"{Path(caller.filename).relative_to(ROOT)}:{caller.lineno}"
    record = {"promise": number, "count": count, "what": what, "test": test, "place": place}
    folder = ROOT / "target" / "promises"
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in test)
    (folder / f"{number}-{Path(caller.filename).stem}.{name}.json").write_text(json.dumps(record))
