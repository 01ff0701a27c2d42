"""Every member of every JSON request that we have, from botocore's service models, the judge: a value that breaks the
model's constraint is refused in AWS's words, a word that is no member is refused by name, and none is a fault of ours.

botocore checks some of this itself and is told not to, so that what the server says is seen."""

import copy
import re

import pytest
from botocore.exceptions import ClientError

from harness import coverage
from harness.constraints import ANYTHING, OPEN_ENUMERATIONS, SERVICES

INVALID = {"logs": "InvalidParameterException"}
# With this botocore sends the request to another host.
ELSEWHERE = "EndpointId"


def done(client):
    """The models of the operations that the server has."""
    model = client.meta.service_model
    models = [model.operation_model(name) for name in sorted(model.operation_names)]
    return [one for one in models if one.input_shape is not None and coverage.is_done(client, one)]


def paths(shape, at=(), seen=()):
    """Every member below a structure: the way to it and its shape. A list is entered at its first element."""
    for name, member in shape.members.items():
        if "location" in member.serialization or name == ELSEWHERE:
            continue
        yield (*at, name), member
        way, inner = (*at, name), member
        while inner.type_name == "list":
            way, inner = (*way, 0), inner.member
            yield way, inner
        if inner.type_name == "structure" and inner.name not in seen:
            yield from paths(inner, way, (*seen, inner.name))


def fill(shape, request, way):
    """Puts what is needed on the way to a member into a request; returns what holds the member and its key there."""
    holder, inner = request, shape
    for key in way[:-1]:
        inner = inner.member if isinstance(key, int) else inner.members[key]
        value = coverage.sample(inner)
        if isinstance(key, int):
            if not holder:
                holder.append(value)
        elif not holder.get(key):
            holder[key] = value
        holder = holder[key]
    return holder


def broken(shape):
    """Values that a shape cannot have, each with the words of its constraint."""
    limits = shape.metadata
    least, most = limits.get("min"), limits.get("max")
    if shape.type_name == "string":
        if getattr(shape, "enum", None) and shape.name not in OPEN_ENUMERATIONS:
            yield "no-such-word", "Member must satisfy enum value set"
            return
        if most and most < 100_000:
            yield "x" * (most + 1), f"Member must have length less than or equal to {most}"
        if least:
            yield "", f"Member must have length greater than or equal to {least}"
        pattern = limits.get("pattern")
        if pattern and pattern not in ANYTHING and not re.search(r"\(\?[=!<]|\\p", pattern):
            for text in ("\x07", "-:/ \u20ac", "\n\n"):
                if not re.fullmatch(pattern, text):
                    yield text, "Member must satisfy regular expression pattern"
                    return
    elif shape.type_name in ("integer", "long"):
        if most is not None:
            yield most + 1, f"Member must have value less than or equal to {most}"
        if least is not None:
            yield least - 1, f"Member must have value greater than or equal to {least}"
    elif shape.type_name == "list" and most and most <= 1000:
        yield [coverage.sample(shape.member)] * (most + 1), f"Member must have length less than or equal to {most}"


def answer(client, name, request):
    """The error's code and message; none if it was taken."""
    try:
        client._make_api_call(name, request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None, ""


def place(way):
    """The way as AWS writes it."""
    words = [f"{key + 1}.member" if isinstance(key, int) else key[0].lower() + key[1:] for key in way]
    return ".".join(words)


@pytest.fixture(scope="module", params=SERVICES)
def service(request, server):
    """A client that checks nothing itself."""
    return server.client(request.param, parameter_validation=False)


def test_what_breaks_a_constraint_is_refused_in_awss_words(service):
    code = INVALID.get(service.meta.service_model.service_name, "ValidationException")
    wrong, count = [], 0
    for model in done(service):
        for way, shape in paths(model.input_shape):
            for value, words in broken(shape):
                request = coverage.sample(model.input_shape)
                holder = fill(model.input_shape, request, way)
                if isinstance(way[-1], int):
                    holder[:] = [value]
                else:
                    holder[way[-1]] = value
                count += 1
                got, message = answer(service, model.name, request)
                at = f"at '{place(way)}' failed to satisfy constraint"
                if got != code or words not in message or at not in message:
                    wrong.append(f"{model.name} {place(way)} ({words}): {got} {message[:200]}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count > 20


def test_what_is_required_is_asked_for_and_what_is_unknown_is_refused(service):
    code = INVALID.get(service.meta.service_model.service_name, "ValidationException")
    wrong = []
    for model in done(service):
        shape = model.input_shape
        for name in shape.required_members:
            # What is in the path cannot be left out, and what botocore makes up is there anyway.
            if "location" in shape.members[name].serialization or name in model.idempotent_members:
                continue
            request = coverage.sample(shape)
            del request[name]
            got, message = answer(service, model.name, request)
            words = f"Value null at '{place([name])}' failed to satisfy constraint: Member must not be null"
            if got != code or words not in message:
                wrong.append(f"{model.name} without {name}: {got} {message[:200]}")
    assert not wrong, "\n".join(wrong)


def test_each_member_is_taken_or_refused_and_never_a_fault(service):
    wrong = []
    for model in done(service):
        shape = model.input_shape
        for name, member in shape.members.items():
            if name == ELSEWHERE:
                continue
            request = copy.deepcopy(coverage.sample(shape))
            request[name] = coverage.sample(member)
            got, message = answer(service, model.name, request)
            if got in ("InternalFailure", "InternalError", "500", "SerializationException"):
                wrong.append(f"{model.name} with {name}: {got} {message[:200]}")
    assert not wrong, "\n".join(wrong)
