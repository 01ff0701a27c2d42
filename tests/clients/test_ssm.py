"""The Parameter Store through boto3."""

import pytest

from harness.errors import refused


@pytest.fixture(scope="module")
def tree(server):
    """Parameters in folders."""
    ssm = server.client("ssm")
    names = ["/tree/a", "/tree/b", "/tree/deep/c", "/tree/deep/er/d", "/treehouse"]
    for name in names:
        ssm.put_parameter(Name=name, Value=name.upper(), Type="String")
    return names


def by_path(server, path, **more):
    pages = server.client("ssm").get_paginator("get_parameters_by_path")
    found = pages.paginate(Path=path, PaginationConfig={"PageSize": 1}, **more)
    return sorted(parameter["Name"] for page in found for parameter in page["Parameters"])


def test_a_parameter_is_put_read_replaced_and_deleted(server):
    ssm = server.client("ssm")
    put = ssm.put_parameter(Name="pipeline", Value="first", Type="String", Description="which one")
    assert put["Version"] == 1
    with refused("ParameterAlreadyExists", "overwrite"):
        ssm.put_parameter(Name="pipeline", Value="second", Type="String")
    assert ssm.put_parameter(Name="pipeline", Value="second", Overwrite=True)["Version"] == 2
    got = ssm.get_parameter(Name="pipeline")["Parameter"]
    assert (got["Value"], got["Version"], got["Type"]) == ("second", 2, "String")
    assert got["ARN"] == "arn:aws:ssm:us-east-1:000000000000:parameter/pipeline"
    assert ssm.get_parameter(Name=got["ARN"])["Parameter"]["Value"] == "second"
    ssm.delete_parameter(Name="pipeline")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="pipeline")
    with refused("ParameterNotFound"):
        ssm.delete_parameter(Name="pipeline")


def test_parameters_are_found_by_path(server, tree):
    assert by_path(server, "/tree") == ["/tree/a", "/tree/b"]
    assert by_path(server, "/tree/", Recursive=True) == tree[:4]
    assert by_path(server, "/none") == []
    arn = server.client("ssm").get_parameter(Name="/tree/deep/c")["Parameter"]["ARN"]
    assert server.client("ssm").get_parameter(Name=f"{arn}:1")["Parameter"]["Name"] == "/tree/deep/c"


def test_what_is_wrong_is_refused(server, tree):
    ssm = server.client("ssm")
    with refused("ValidationException"):
        ssm.put_parameter(Name="/aws/x", Value="v", Type="String")
    with refused("ValidationException"):
        ssm.put_parameter(Name="a b", Value="v", Type="String")
    with refused("ValidationException"):
        ssm.put_parameter(Name="large", Value="v" * 4097, Type="String")
    with refused("ValidationException"):
        ssm.get_parameters_by_path(Path="no-slash")


def test_several_parameters_at_once(server, tree):
    ssm = server.client("ssm")
    several = ssm.get_parameters(Names=["/tree/a", "/tree/b", "/tree/none"])
    assert [p["Name"] for p in several["Parameters"]] == ["/tree/a", "/tree/b"]
    assert several["InvalidParameters"] == ["/tree/none"]
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 2})
    described = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    assert set(tree) <= set(described) and len(described) == len(set(described))
    ssm.put_parameter(Name="/gone", Value="v", Type="String")
    deleted = ssm.delete_parameters(Names=["/gone", "/never"])
    assert (deleted["DeletedParameters"], deleted["InvalidParameters"]) == (["/gone"], ["/never"])


def test_tags_of_a_parameter(server, tree):
    ssm, resource = server.client("ssm"), {"ResourceType": "Parameter", "ResourceId": "/tree/a"}
    ssm.add_tags_to_resource(**resource, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**resource, TagKeys=["b"])
    assert ssm.list_tags_for_resource(**resource)["TagList"] == [{"Key": "a", "Value": "1"}]
