"""Botocore's service model as the judge of every answer: types, required members, enums, patterns, ranges, and no
member that the model does not know (botocore itself drops those in silence).

Works inside boto3 (`watch`) and, as a plugin, inside the unmodified aws CLI (`awscli_initialize`).
"""

import base64
import binascii
import json
import re
import xml.etree.ElementTree as ElementTree

# Errors that every AWS service may answer, beside those that its model lists.
COMMON_ERRORS = {
    "AccessDeniedException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}


class Nonconformance(AssertionError):
    """An answer is not what the service's model allows."""


def watch(events):
    """Checks every answer that comes to clients made with these event hooks."""
    events.register_first("after-call.*.*", check)


def awscli_initialize(events):
    """The aws CLI's entry point for plugins."""
    watch(events)


def check(http_response, parsed, model, **_):
    """Raises [Nonconformance] if an answer is not what the operation's model allows."""
    operation = f"{model.service_model.service_name} {model.name}"
    if http_response.status_code >= 300:
        problems = list(error_problems(model, http_response, parsed))
    else:
        problems = list(answer_problems(model, http_response))
    if problems:
        raise Nonconformance(f"{operation} answered against its model:\n  " + "\n  ".join(problems))


def error_problems(model, http_response, parsed):
    """What is wrong with an error."""
    code = parsed.get("Error", {}).get("Code")
    if not parsed["ResponseMetadata"].get("RequestId"):
        yield "the error has no request id"
    protocol = model.service_model.metadata["protocol"]
    if protocol not in ("json", "rest-json"):
        return
    # The lists of single operations are incomplete, so any error of the service will do.
    allowed = {shape.error_code for shape in model.service_model.error_shapes}
    if code not in allowed | COMMON_ERRORS:
        yield f"the error code {code!r} is neither one of the service's {sorted(allowed)} nor a common one"
    body = json.loads(http_response.content)
    if not (body.get("message") or body.get("Message")):
        yield f"the error {code} has no message"
    if protocol == "rest-json" and not http_response.headers.get("x-amzn-errortype"):
        yield f"the error {code} is not named in the header x-amzn-errortype"
    status = next((s.metadata["error"].get("httpStatusCode") for s in model.service_model.error_shapes if s.error_code == code and "error" in s.metadata), None)
    if protocol == "rest-json" and status not in (None, http_response.status_code):
        yield f"the error {code} has the status {http_response.status_code}, not {status}"
    if unknown := set(body) - {"__type", "message", "Message"}:
        yield f"the error has unknown members {sorted(unknown)}"


def answer_problems(model, http_response):
    """What is wrong with an answer."""
    shape = model.output_shape
    protocol = model.service_model.metadata["protocol"]
    if not http_response.headers.get("x-amzn-requestid") and not http_response.headers.get("x-amz-request-id"):
        yield "the answer has no request id"
    if model.has_streaming_output or model.has_event_stream_output:
        return
    body = http_response.content
    if protocol in ("json", "rest-json"):
        if shape is None or not shape.members:
            if body not in (b"", b"{}"):
                yield f"the operation has no output, but the body is {body[:80]!r}"
        else:
            yield from json_problems(shape, json.loads(body), "")
    elif shape is not None and body:
        root = ElementTree.fromstring(body)
        if protocol == "query":
            root = next((e for e in root if _tag(e) == shape.serialization.get("resultWrapper")), root)
        if protocol == "ec2":
            # The request's id stands among the results.
            root.remove(next(e for e in root if _tag(e) == "requestId"))
        payload = shape.serialization.get("payload")
        yield from xml_problems(shape.members[payload] if payload else shape, root, "")


def json_problems(shape, value, path):
    """Where a JSON value differs from its shape."""
    name = path or shape.name
    if value is None:
        yield f"{name} is null; AWS leaves such a member out"
        return
    match shape.type_name:
        case "structure":
            yield from _structure_problems(shape, value, path)
        case "list":
            if not isinstance(value, list):
                yield f"{name} is not a list: {value!r}"
                return
            # AWS itself answers empty lists where the model wants one item.
            yield from _range_problems(shape, len(value) or 1, name, "items")
            for i, item in enumerate(value):
                yield from json_problems(shape.member, item, f"{path}[{i}]")
        case "map":
            if not isinstance(value, dict):
                yield f"{name} is not a map: {value!r}"
                return
            for key, item in value.items():
                yield from json_problems(shape.key, key, f"{path} key {key!r}")
                yield from json_problems(shape.value, item, f"{path}[{key!r}]")
        case _:
            yield from _scalar_problems(shape, value, name)


def _structure_problems(shape, value, path):
    name = path or shape.name
    if not isinstance(value, dict):
        yield f"{name} is not a structure: {value!r}"
        return
    members = {m.serialization.get("name", key): m for key, m in shape.members.items()}
    for key in shape.required_members:
        if shape.members[key].serialization.get("name", key) not in value:
            yield f"{path}.{key} is required"
    for key, item in value.items():
        if key in members:
            yield from json_problems(members[key], item, f"{path}.{key}")
        else:
            yield f"{path}.{key} is not in the model"


def _scalar_problems(shape, value, name):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match shape.type_name:
        case "string":
            if isinstance(value, str):
                yield from text_problems(shape, value, name)
            else:
                yield f"{name} is not a string: {value!r}"
        case "boolean" if not isinstance(value, bool):
            yield f"{name} is not true or false: {value!r}"
        case "integer" | "long":
            if is_number and value == int(value):
                yield from _range_problems(shape, value, name, "")
            else:
                yield f"{name} is not a whole number: {value!r}"
        case "float" | "double" | "timestamp" if not is_number:
            yield f"{name} is not a number: {value!r}"
        case "blob":
            try:
                base64.b64decode(value, validate=True)
            except (TypeError, binascii.Error):
                yield f"{name} is not base64: {value!r}"


def text_problems(shape, value, name):
    """Where a string differs from its shape."""
    yield from _range_problems(shape, len(value), name, "characters")
    if shape.enum and value not in shape.enum:
        yield f"{name} is {value!r}, not one of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    # Java's classes of characters, \p{L} and so on, are not Python's.
    if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value):
        yield f"{name} is {value!r}, which does not match {pattern}"


def _range_problems(shape, number, name, unit):
    # A string with a pattern and the range 0 to 0 or so does not occur; the model's limits are taken as they are.
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and number < low:
        yield f"{name} has {number} {unit}; the least is {low}"
    if high is not None and number > high:
        yield f"{name} has {number} {unit}; the most is {high}"


def _tag(element):
    return element.tag.rsplit("}", 1)[-1]


def xml_problems(shape, element, path):
    """Where an XML element differs from its shape."""
    name = path or shape.name
    text = element.text or ""
    match shape.type_name:
        case "structure":
            yield from _xml_structure_problems(shape, element, path)
        case "list":
            item = shape.member.serialization.get("name", "member")
            for i, child in enumerate(element):
                if _tag(child) != item:
                    yield f"{name} has <{_tag(child)}>; its items are <{item}>"
                yield from xml_problems(shape.member, child, f"{path}[{i}]")
        case "string":
            yield from text_problems(shape, text, name)
        case "boolean" if text not in ("true", "false"):
            yield f"{name} is not true or false: {text!r}"
        case "integer" | "long" if not re.fullmatch(r"-?\d+", text):
            yield f"{name} is not a whole number: {text!r}"
        case "timestamp" if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
            yield f"{name} is not an instant: {text!r}"


def _xml_structure_problems(shape, element, path):
    members = {}
    for key, member in shape.members.items():
        if member.serialization.get("location") in ("header", "headers", "statusCode"):
            continue
        flat = member.type_name == "list" and member.serialization.get("flattened")
        own = member.serialization.get("name")
        if flat and own is None:
            own = member.member.serialization.get("name")
        members[own or key] = member.member if flat else member
    seen = set()
    for child in element:
        tag = _tag(child)
        seen.add(tag)
        if tag in members:
            yield from xml_problems(members[tag], child, f"{path}.{tag}")
        else:
            yield f"{path}.{tag} is not in the model"
    for key in shape.required_members:
        wire = shape.members[key].serialization.get("name", key)
        if wire in members and wire not in seen:
            yield f"{path}.{key} is required"
