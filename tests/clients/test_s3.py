"""S3 through boto3 and the `aws s3` commands. The commands' transcript is tour/s3.md."""

import hashlib
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from harness import places, transcript
from harness.errors import refused
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def bucket(server):
    server.client("s3").create_bucket(Bucket="client-tests")
    return "client-tests"


def test_the_s3_commands(server, tmp_path):
    transcript.replay(places.TESTS / "tour" / "s3.md", tmp_path, server.environment())


def test_objects_are_put_got_copied_and_deleted(server, bucket):
    s3 = server.client("s3")
    body = b"0123456789"
    put = s3.put_object(Bucket=bucket, Key="a/b c+ü.txt", Body=body, ContentType="text/plain", Metadata={"who": "me"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="a/b c+ü.txt")
    assert got["Body"].read() == body and got["ContentType"] == "text/plain" and got["Metadata"] == {"who": "me"}
    assert s3.get_object(Bucket=bucket, Key="a/b c+ü.txt", Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.get_object(Bucket=bucket, Key="a/b c+ü.txt", Range="bytes=-3")["Body"].read() == b"789"
    with refused("InvalidRange"):
        s3.get_object(Bucket=bucket, Key="a/b c+ü.txt", Range="bytes=10-")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a/b c+ü.txt"})
    assert s3.head_object(Bucket=bucket, Key="copy")["ContentLength"] == 10
    s3.delete_object(Bucket=bucket, Key="copy")
    s3.delete_object(Bucket=bucket, Key="copy")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=bucket, Key="copy")
    with refused("NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="copy")
    with refused("NoSuchBucket"):
        s3.get_object(Bucket="no-such-bucket", Key="copy")
    with refused("PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="a/b c+ü.txt", Body=b"", IfNoneMatch="*")


def test_objects_are_listed_in_pages_with_folders(server, bucket):
    s3 = server.client("s3")
    keys = [f"list/{folder}/{n}" for folder in "ab" for n in range(3)] + ["list/top 1", "list/top%2"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2")
    found = [o["Key"] for page in pages.paginate(Bucket=bucket, Prefix="list/", PaginationConfig={"PageSize": 2}) for o in page["Contents"]]
    assert found == sorted(keys)
    page = s3.list_objects_v2(Bucket=bucket, Prefix="list/", Delimiter="/")
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["list/a/", "list/b/"]
    assert [o["Key"] for o in page["Contents"]] == ["list/top 1", "list/top%2"]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(deleted["Deleted"]) == len(keys)
    assert s3.list_objects_v2(Bucket=bucket, Prefix="list/")["KeyCount"] == 0


def test_a_presigned_url_needs_no_credentials(server, bucket):
    s3 = server.client("s3", signature_version="s3v4")
    s3.put_object(Bucket=bucket, Key="presigned", Body=b"for you")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "presigned"}, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"for you"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("presigned?", "other?"))


def test_a_wrong_checksum_is_refused(server, bucket):
    s3 = server.client("s3")
    with refused("BadDigest"):
        s3.put_object(Bucket=bucket, Key="wrong", Body=b"x", ChecksumCRC32="AAAAAA==")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=bucket, Key="wrong")


def test_an_operation_that_is_not_done_is_not_taken_for_another(server, bucket):
    """Newer operations differ from old ones only by a query parameter."""
    s3 = server.client("s3")
    s3.put_object(Bucket=bucket, Key="stays", Body=b"as it is")
    s3.create_bucket(Bucket="stays-too")
    with refused("NotImplemented", "metadataConfiguration"):
        s3.delete_bucket_metadata_configuration(Bucket="stays-too")
    with refused("NotImplemented", "annotation"):
        s3.delete_object_annotation(Bucket=bucket, Key="stays", AnnotationName="a")
    with refused("NotImplemented", "encryption"):
        s3.update_object_encryption(Bucket=bucket, Key="stays", ObjectEncryption={"SSEKMS": {"KMSKeyArn": KMS_KEY}})
    s3.head_bucket(Bucket="stays-too")
    assert s3.get_object(Bucket=bucket, Key="stays")["Body"].read() == b"as it is"


def test_a_wrong_secret_is_refused(server, bucket):
    keys = server.environment()
    for key, s3_code, json_code in (
        (keys["AWS_ACCESS_KEY_ID"], "SignatureDoesNotMatch", "InvalidSignatureException"),
        ("AKIAUNKNOWN", "InvalidAccessKeyId", "UnrecognizedClientException"),
    ):
        session = boto3.Session(key, "wrong", region_name="us-east-1")
        with refused(s3_code):
            session.client("s3", endpoint_url=server.endpoint).list_buckets()
        with refused(json_code):
            session.client("sagemaker", endpoint_url=server.endpoint).list_pipelines()
