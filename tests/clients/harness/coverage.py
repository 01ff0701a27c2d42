"""Asks a running server for every operation of botocore's service models, and writes down which it has.

`scripts/coverage` puts the answer into docs/coverage.md.
"""

import sys
import tempfile
from pathlib import Path

import botocore
from botocore.exceptions import ClientError, ParamValidationError

from .server import Server
from .users import USERS

# The services whose doors are open, by botocore's names.
SERVICES = {
    "sagemaker": "Amazon SageMaker",
    "events": "Amazon EventBridge",
    "scheduler": "Amazon EventBridge Scheduler",
    "ssm": "AWS Systems Manager",
    "logs": "Amazon CloudWatch Logs",
    "sts": "AWS Security Token Service",
    "iam": "AWS Identity and Access Management",
    "ec2": "Amazon EC2",
    "s3": "Amazon S3",
}
# How the protocols say that an operation is not there.
NOT_DONE = {"UnknownOperationException", "InvalidAction", "NotImplemented", "501"}
# These are sent to a host or in a form of their own, which a server on one port does not have.
OTHER_HOSTS = {"s3": {"WriteGetObjectResponse"}, "logs": {"StartLiveTail", "GetLogObject"}}


def sample(shape):
    """A value that fits the shape; only what the request cannot be sent without."""
    match shape.type_name:
        case "structure":
            # A union needs one member, whichever.
            members = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
            return {member: sample(shape.members[member]) for member in members}
        case "list":
            return [sample(shape.member)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {}
        case "string":
            if shape.enum:
                return shape.enum[0]
            # No bucket, job or rule has this name, so nothing happens even if the operation is done.
            return "nbjobs-coverage".ljust(shape.metadata.get("min", 0), "x")[: shape.metadata.get("max", 1000)]
        case "integer" | "long" | "float" | "double":
            return shape.metadata.get("min", 1)
        case "boolean":
            return False
        case "timestamp":
            return "2030-01-01T00:00:00Z"
        case "blob":
            return b"x"
    return {}


def is_done(client, model) -> bool:
    """Whether the server knows the operation, whatever it thinks of the request."""
    if model.name in OTHER_HOSTS.get(model.service_model.service_name, ()):
        return False
    request = sample(model.input_shape) if model.input_shape else {}
    payload = model.input_shape and model.input_shape.serialization.get("payload")
    if payload:
        request[payload] = sample(model.input_shape.members[payload])
    try:
        client._make_api_call(model.name, request)
    except ClientError as error:
        return error.response["Error"]["Code"] not in NOT_DONE
    except ParamValidationError as error:
        raise AssertionError(f"the sample request of {model.name} is wrong: {error}") from error
    return True


def document(server: Server) -> str:
    """The text of docs/coverage.md."""
    lines = [
        "# Coverage",
        "",
        "Which operations of AWS's services nbjobs has. Written by `scripts/coverage`, which asks a running server for",
        f"every operation in the service models of botocore {botocore.__version__}. An operation that is not done",
        "is refused by name with the protocol's own error; none pretends. Who uses one is known from recordings of the real",
        "clients; where nobody is named, it is there for whoever writes his own with boto3 or the `aws` CLI.",
        "",
    ]
    for service, title in SERVICES.items():
        client = server.client(service)
        model = client.meta.service_model
        names = sorted(model.operation_names)
        done = [name for name in names if is_done(client, model.operation_model(name))]
        missing = [name for name in names if name not in done]
        lines += [f"## {title}", "", f"{len(done)} of {len(names)} operations.", ""]
        users = USERS.get(service, {})
        assert set(users) <= set(done), f"a client needs what {title} does not have: {set(users) - set(done)}"
        lines += ["| operation | | used by |", "|---|---|---|"]
        lines += [f"| {name} | done | {', '.join(users.get(name, []))} |" for name in done]
        lines += [f"| {name} | refused | |" for name in missing] + [""]
    return "\n".join(lines)


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "server")
        try:
            text = document(server.start())
        finally:
            server.log.unlink(missing_ok=True)
            server.end()
    Path(sys.argv[1]).write_text(text)


if __name__ == "__main__":
    main()
