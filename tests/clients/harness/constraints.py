"""Takes the constraints of the requests that nbjobs has from botocore's service models, for the doors to check.

`scripts/coverage` writes the answer into crates/nbjobs/src/api/constraints.json. Facts only: what is required, lengths,
ranges, enumerations, patterns, and what is a secret.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from . import coverage
from .server import Server

# The services whose requests are JSON bodies.
SERVICES = ["sagemaker", "events", "scheduler", "ssm", "logs"]
# Lists that grow with AWS's machines, which are not ours: a client that is newer than this file may name a new one.
OPEN_ENUMERATIONS = {"TrainingInstanceType", "AppInstanceType"}
# No pattern at all.
ANYTHING = {".*", r"[\s\S]*", r"[\S\s]*", r"^[\s\S]*$", ".+", r"^.*$", r"[\u0009\u000A\u000D\u0020-\u00FF]+"}


def table(service, names) -> dict:
    """The constraints of a service's operations: shapes by name, and each operation's own."""
    model = service.meta.service_model
    shapes, operations = {}, {}
    for name in names:
        shape = model.operation_model(name).input_shape
        if shape is not None:
            operations[name] = shape.name
            _collect(shape, shapes)
    return {"operations": operations, "shapes": dict(sorted(shapes.items()))}


def _collect(shape, shapes):
    if shape.name in shapes:
        return
    entry = shapes[shape.name] = {"type": shape.type_name}
    for name in ("min", "max"):
        if name in shape.metadata:
            entry[name] = shape.metadata[name]
    if getattr(shape, "enum", None) and shape.name not in OPEN_ENUMERATIONS:
        entry["enum"] = list(shape.enum)
    pattern = shape.metadata.get("pattern")
    # Rust's expressions look neither ahead nor behind.
    if pattern and pattern not in ANYTHING and not re.search(r"\(\?[=!<]", pattern):
        # Java's word for a class that has another name in Rust.
        entry["pattern"] = pattern.replace(r"\p{Alnum}", "[:alnum:]")
    if shape.metadata.get("sensitive"):
        entry["sensitive"] = True
    match shape.type_name:
        case "structure":
            # What is not in the body (a path, a query) is the door's own business.
            members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
            if required := [name for name in shape.required_members if name in members]:
                entry["required"] = required
            names = {name: member.serialization.get("name", name) for name, member in members.items()}
            entry["members"] = {names[name]: member.name for name, member in members.items()}
            for member in members.values():
                _collect(member, shapes)
        case "list":
            entry["member"] = shape.member.name
            _collect(shape.member, shapes)
        case "map":
            entry["key"], entry["value"] = shape.key.name, shape.value.name
            _collect(shape.key, shapes)
            _collect(shape.value, shapes)


def document(server: Server) -> str:
    """The text of constraints.json."""
    tables = {}
    for name in SERVICES:
        client = server.client(name)
        model = client.meta.service_model
        done = [op for op in sorted(model.operation_names) if coverage.is_done(client, model.operation_model(op))]
        tables[name] = table(client, done)
    # A line for each operation and shape, so that a difference can be read.
    lines = []
    for name, of in tables.items():
        parts = []
        for part, entries in of.items():
            rows = [f"{json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in entries.items()]
            parts.append(f"{json.dumps(part)}: {{\n" + ",\n".join(rows) + "\n}")
        lines.append(f"{json.dumps(name)}: {{\n" + ",\n".join(parts) + "\n}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "server")
        try:
            text = document(server.start())
        finally:
            server.end()
    Path(sys.argv[1]).write_text(text)


if __name__ == "__main__":
    main()
