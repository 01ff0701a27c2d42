"""What boto3 gets from the S3 door. Every function that starts with `check_` is one check on a bucket of its own."""

import base64
import datetime
import hashlib
import io
import json
import sys
import traceback
import urllib.error
import urllib.request
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
s3_v4 = boto3.client("s3", config=Config(signature_version="s3v4", retries={"max_attempts": 1}))
MIB = 1 << 20


def refused(code, status, call, **arguments):
    """The call is refused with this code and status, and says why."""
    try:
        call(**arguments)
    except ClientError as error:
        answer = error.response
        actual = (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])
        assert actual == (code, status), actual
        assert answer["Error"].get("Message", "") not in ("", "Unknown"), answer
        return
    raise AssertionError(f"{code} was expected")


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def check_objects_come_back(bucket):
    put = s3.put_object(
        Bucket=bucket, Key="a/b", Body=b"abc", ContentType="text/plain", Metadata={"note": "x"}, CacheControl="no-store",
        ContentDisposition="inline", ContentLanguage="en", ContentEncoding="gzip",
        Expires=datetime.datetime(2030, 1, 2, tzinfo=datetime.timezone.utc),
    )
    etag = '"' + hashlib.md5(b"abc").hexdigest() + '"'
    assert put["ETag"] == etag, put
    for answer in (s3.get_object(Bucket=bucket, Key="a/b"), s3.head_object(Bucket=bucket, Key="a/b")):
        assert answer["ETag"] == etag and answer["ContentLength"] == 3 and answer["ContentType"] == "text/plain"
        assert answer["Metadata"] == {"note": "x"} and answer["CacheControl"] == "no-store", answer
        assert (answer["ContentDisposition"], answer["ContentLanguage"]) == ("inline", "en"), answer
        assert answer["ContentEncoding"] == "gzip" and answer["ExpiresString"] == "Wed, 02 Jan 2030 00:00:00 GMT", answer
        age = datetime.datetime.now(datetime.timezone.utc) - answer["LastModified"]
        assert abs(age) < datetime.timedelta(minutes=5), age
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"abc"


def check_missing_things_have_their_codes(bucket):
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="nope")
    refused("NoSuchBucket", 404, s3.get_object, Bucket="no-such-bucket", Key="nope")
    refused("NoSuchBucket", 404, s3.put_object, Bucket="no-such-bucket", Key="k", Body=b"")
    refused("404", 404, s3.head_object, Bucket=bucket, Key="nope")
    refused("404", 404, s3.head_bucket, Bucket="no-such-bucket")
    refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="no-such-bucket")
    refused("NoSuchBucket", 404, s3.delete_object, Bucket="no-such-bucket", Key="k")
    refused("NoSuchUpload", 404, s3.list_parts, Bucket=bucket, Key="k", UploadId="0" * 32)
    refused("KeyTooLongError", 400, s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"")
    s3.delete_object(Bucket=bucket, Key="nope")


def check_hard_keys(bucket):
    keys = ["x", "x/", "x/y", "../../up", "//", "a+b %25", "\u65e5\u672c/\u00e9", "e\u0301", "CASE", "case", "n" * 300, "'\"<&>"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode(), key
    expected = sorted(keys, key=lambda key: key.encode())
    for listing in (s3.list_objects_v2(Bucket=bucket), s3.list_objects(Bucket=bucket)):
        assert [line["Key"] for line in listing["Contents"]] == expected, listing["Contents"]


def check_ranges(bucket):
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    for text, start, end in [("0-0", 0, 1), ("5-", 5, len(body)), ("-3", len(body) - 3, len(body)), ("9-99999999", 9, len(body))]:
        answer = s3.get_object(Bucket=bucket, Key="k", Range="bytes=" + text)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"] == f"bytes {start}-{end - 1}/{len(body)}", answer["ContentRange"]
        assert answer["Body"].read() == body[start:end], text
    refused("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="k", Range=f"bytes={len(body)}-")


def check_read_conditions(bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"abc")["ETag"]
    past, future = (datetime.datetime(year, 1, 1) for year in (2000, 2100))
    for good in ({"IfMatch": etag}, {"IfNoneMatch": '"x"'}, {"IfModifiedSince": past}, {"IfUnmodifiedSince": future}):
        s3.get_object(Bucket=bucket, Key="k", **good)
    for bad in ({"IfMatch": '"x"'}, {"IfUnmodifiedSince": past}):
        refused("PreconditionFailed", 412, s3.get_object, Bucket=bucket, Key="k", **bad)
    for same in ({"IfNoneMatch": etag}, {"IfModifiedSince": future}):
        try:
            s3.head_object(Bucket=bucket, Key="k", **same)
            raise AssertionError(f"{same} was not refused")
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 304, error.response


def check_write_conditions(bucket):
    put = dict(call=s3.put_object, Bucket=bucket, Key="k", Body=b"abc")
    refused("NoSuchKey", 404, IfMatch='"x"', **put)
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", 412, IfNoneMatch="*", **put)
    refused("PreconditionFailed", 412, IfMatch='"x"', **put)
    s3.put_object(Bucket=bucket, Key="k", Body=b"def", IfMatch=etag)
    refused("PreconditionFailed", 412, s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag)


def check_checksums(bucket):
    body = b"x" * 300_000
    for algorithm, value in [
        ("CRC32", crc32(body)),
        ("SHA1", base64.b64encode(hashlib.sha1(body).digest()).decode()),
        ("SHA256", base64.b64encode(hashlib.sha256(body).digest()).decode()),
    ]:
        field = "Checksum" + algorithm
        assert s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm=algorithm)[field] == value
        head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (head[field], head["ChecksumType"]) == (value, "FULL_OBJECT"), head
        attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize", "ETag"])
        assert attributes["Checksum"][field] == value and attributes["ObjectSize"] == len(body), attributes
        refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="bad", Body=b"other", **{field: value})
    # botocore has no CRC32C and CRC64NVME of its own; the catalogue's check values stand in for it.
    for field, value in [("ChecksumCRC32C", "4waSgw=="), ("ChecksumCRC64NVME", "rosUhgp5mIg=")]:
        assert s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{field: value})[field] == value
        refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="bad", Body=b"123456780", **{field: value})
    md5 = base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ContentMD5=md5)
    refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="bad", Body=b"abd", ContentMD5=md5)
    refused("InvalidDigest", 400, s3.put_object, Bucket=bucket, Key="bad", Body=b"abd", ContentMD5="bad")
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="bad")


def check_owner(bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="000000000000")
    for call in (s3.list_objects_v2, s3.get_bucket_location, s3.get_bucket_encryption):
        refused("AccessDenied", 403, call, Bucket=bucket, ExpectedBucketOwner="111111111111")
    refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="111111111111")


def check_encryption_is_remembered(bucket):
    refused("ServerSideEncryptionConfigurationNotFoundError", 404, s3.get_bucket_encryption, Bucket=bucket)
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ServerSideEncryption="aws:kms", SSEKMSKeyId="key")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", "key"), put
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "key"), head
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}, rules
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"abc")["ServerSideEncryption"] == "aws:kms"


def check_versioning_is_remembered(bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"abc"
    refused("NoSuchVersion", 404, s3.get_object, Bucket=bucket, Key="k", VersionId="1")


def check_buckets(bucket):
    answer = s3.create_bucket(Bucket=bucket)
    assert answer["Location"] == "/" + bucket, answer
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    other = bucket + "-tokyo"
    tokyo = {"LocationConstraint": "ap-northeast-1"}
    s3.create_bucket(Bucket=other, CreateBucketConfiguration=tokyo)
    assert s3.get_bucket_location(Bucket=other)["LocationConstraint"] == "ap-northeast-1"
    refused("BucketAlreadyOwnedByYou", 409, s3.create_bucket, Bucket=other, CreateBucketConfiguration=tokyo)
    names = [line["Name"] for line in s3.list_buckets(Prefix=bucket)["Buckets"]]
    assert names == [bucket, other], names
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix=bucket, PaginationConfig={"PageSize": 1}))
    assert [line["Name"] for page in pages for line in page["Buckets"]] == names, pages
    s3.put_object(Bucket=other, Key="k", Body=b"")
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=other)
    s3.delete_object(Bucket=other, Key="k")
    s3.delete_bucket(Bucket=other)
    refused("NoSuchBucket", 404, s3.delete_bucket, Bucket=other)


def check_listings(bucket):
    keys = ["a", "a+b", "d/1", "d/2", "d/e/3", "f g", "z\u00e9"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for operation in ("list_objects_v2", "list_objects"):
        for size in (1, 2, 3, 1000):
            pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": size}))
            assert [line["Key"] for page in pages for line in page.get("Contents", [])] == keys, (operation, size)
            pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
            assert [line["Key"] for page in pages for line in page.get("Contents", [])] == ["a", "a+b", "f g", "z\u00e9"]
            assert [line["Prefix"] for page in pages for line in page.get("CommonPrefixes", [])] == ["d/"], (operation, size)
    page = s3.list_objects_v2(Bucket=bucket, Prefix="d/", Delimiter="/", StartAfter="d/1", FetchOwner=True)
    assert [line["Key"] for line in page["Contents"]] == ["d/2"], page
    assert page["KeyCount"] == 2 and page["Contents"][0]["Owner"]["ID"] == "000000000000", page
    assert page["Contents"][0]["StorageClass"] == "STANDARD" and page["Contents"][0]["Size"] == 1, page
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    refused("InvalidArgument", 400, s3.list_objects_v2, Bucket=bucket, ContinuationToken="!")


def check_copies(bucket):
    s3.put_object(Bucket=bucket, Key="a b+c", Body=b"abc", ContentType="text/x", Metadata={"n": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "a b+c"}
    result = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)["CopyObjectResult"]
    assert result["ETag"] == '"' + hashlib.md5(b"abc").hexdigest() + '"', result
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert (head["ContentType"], head["Metadata"]) == ("text/x", {"n": "1"}), head
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "t", "Value": "1"}]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"n": "2"}
    refused("InvalidRequest", 400, s3.copy_object, Bucket=bucket, Key="a b+c", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="a b+c", CopySource=source, MetadataDirective="REPLACE", ContentType="text/y")
    assert s3.head_object(Bucket=bucket, Key="a b+c")["ContentType"] == "text/y"
    summed = s3.copy_object(Bucket=bucket, Key="sum", CopySource=source, ChecksumAlgorithm="SHA256")
    digest = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    assert summed["CopyObjectResult"]["ChecksumSHA256"] == digest, summed
    refused("PreconditionFailed", 412, s3.copy_object, Bucket=bucket, Key="x", CopySource=source, CopySourceIfMatch='"x"')
    refused("PreconditionFailed", 412, s3.copy_object, Bucket=bucket, Key="x", CopySource=source, CopySourceIfNoneMatch=head["ETag"])
    refused("NoSuchKey", 404, s3.copy_object, Bucket=bucket, Key="x", CopySource={"Bucket": bucket, "Key": "nope"})


def check_deletes(bucket):
    for key in ("a", "b", "c/d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    named = [{"Key": key} for key in ("a", "c/d", "nope")]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": named + [{"Key": "b", "VersionId": "1"}]})
    assert [line["Key"] for line in answer["Deleted"]] == ["a", "c/d", "nope"], answer
    assert [(line["Key"], line["Code"]) for line in answer["Errors"]] == [("b", "NoSuchVersion")], answer
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet, quiet
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def check_tags(bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="a=1&b%20c=d")
    tags = {"TagSet": [{"Key": "x", "Value": "y"}]}
    assert len(s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]) == 2
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=tags)
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags["TagSet"]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    many = {"TagSet": [{"Key": str(i), "Value": ""} for i in range(11)]}
    refused("InvalidTag", 400, s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=many)
    refused("NoSuchKey", 404, s3.put_object_tagging, Bucket=bucket, Key="nope", Tagging=tags)


def upload(bucket, key, parts, part_arguments=lambda body: {}, **arguments):
    """Starts an upload, uploads the parts and gives the arguments that complete it."""
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
    done = []
    for number, body in enumerate(parts, 1):
        part = s3.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body, **part_arguments(body)
        )
        sums = {name: value for name, value in part.items() if name.startswith("Checksum")}
        done.append({"PartNumber": number, "ETag": part["ETag"], **sums})
    return dict(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": done})


def check_multipart(bucket):
    parts = [b"a" * (5 * MIB), b"b" * (5 * MIB), b"end"]
    whole = b"".join(parts)
    arguments = upload(bucket, "k", parts, ContentType="text/z", Metadata={"n": "1"})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    done = s3.complete_multipart_upload(**arguments)
    md5s = b"".join(hashlib.md5(part).digest() for part in parts)
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"', done
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == whole
    middle = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")
    assert middle["Body"].read() == b"aabb"
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3)
    assert part["Body"].read() == b"end" and part["PartsCount"] == 3, part
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["Metadata"]) == ("text/z", {"n": "1"}), head
    sizes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert [line["Size"] for line in sizes["Parts"]] == [5 * MIB, 5 * MIB, 3], sizes
    refused("NoSuchUpload", 404, s3.complete_multipart_upload, **arguments)


def check_multipart_checksums(bucket):
    parts = [b"a" * (5 * MIB), b"end"]
    asked = {"ChecksumAlgorithm": "SHA256"}
    arguments = upload(bucket, "k", parts, lambda body: asked, **asked)
    composite = s3.complete_multipart_upload(**arguments)
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    assert composite["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(digests).digest()).decode() + "-2", composite
    assert composite["ChecksumType"] == "COMPOSITE", composite
    arguments = upload(bucket, "k", parts, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    refused("BadDigest", 400, s3.complete_multipart_upload, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT", **arguments)
    refused("InvalidRequest", 400, s3.complete_multipart_upload, MpuObjectSize=1, **arguments)
    value = crc32(b"".join(parts))
    full = s3.complete_multipart_upload(ChecksumCRC32=value, ChecksumType="FULL_OBJECT", **arguments)
    assert full["ChecksumCRC32"] == value and full["ChecksumType"] == "FULL_OBJECT", full
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k", **asked)["UploadId"]
    refused(
        "InvalidRequest", 400, s3.upload_part,
        Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=b"", ChecksumAlgorithm="CRC32",
    )
    refused(
        "InvalidRequest", 400, s3.create_multipart_upload,
        Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT",
    )


def check_multipart_mistakes(bucket):
    arguments = upload(bucket, "k", [b"small", b"end"])
    first, last = arguments["MultipartUpload"]["Parts"]
    refused("EntityTooSmall", 400, s3.complete_multipart_upload, **arguments)
    for code, parts in [
        ("InvalidPartOrder", [last, first]),
        ("InvalidPart", [{**last, "ETag": '"x"'}]),
        ("InvalidPart", [{**last, "PartNumber": 9}]),
        ("MalformedXML", [{"PartNumber": 1}]),
    ]:
        refused(code, 400, s3.complete_multipart_upload, **{**arguments, "MultipartUpload": {"Parts": parts}})
    where = dict(Bucket=bucket, Key="k", UploadId=arguments["UploadId"])
    refused("InvalidArgument", 400, s3.upload_part, PartNumber=10001, Body=b"", **where)
    listed = s3.list_parts(MaxParts=1, **where)
    assert listed["IsTruncated"] and [line["Size"] for line in listed["Parts"]] == [5], listed
    pages = s3.get_paginator("list_parts").paginate(PaginationConfig={"PageSize": 1}, **where)
    assert [line["PartNumber"] for page in pages for line in page["Parts"]] == [1, 2]
    uploads = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(line["Key"], line["UploadId"]) for line in uploads] == [("k", arguments["UploadId"])], uploads
    s3.abort_multipart_upload(**where)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    refused("NoSuchUpload", 404, s3.abort_multipart_upload, **where)


def check_part_copies(bucket):
    body = bytes(range(256)) * (6 * MIB // 256)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    source = {"Bucket": bucket, "Key": "source"}
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = dict(Bucket=bucket, Key="k", UploadId=upload_id)
    parts = []
    for number, (start, end) in enumerate([(0, 5 * MIB), (100, 200)], 1):
        copied = s3.upload_part_copy(PartNumber=number, CopySource=source, CopySourceRange=f"bytes={start}-{end - 1}", **where)
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    refused(
        "InvalidArgument", 400, s3.upload_part_copy,
        PartNumber=3, CopySource=source, CopySourceRange=f"bytes=0-{len(body)}", **where,
    )
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **where)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body[: 5 * MIB] + body[100:200]


def check_transfers(bucket):
    body = bytes(range(256)) * (20 * MIB // 256)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big")
    out = io.BytesIO()
    s3.download_fileobj(bucket, "big", out)
    assert out.getvalue() == body
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copy")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


def fetch(url, method="GET", body=None, headers={}):
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))
        return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def check_presigned_urls(bucket):
    s3.put_object(Bucket=bucket, Key="a b+c", Body=b"0123456789")
    where = {"Bucket": bucket, "Key": "a b+c"}
    for client in (s3, s3_v4):
        url = client.generate_presigned_url("get_object", Params=where)
        assert fetch(url) == (200, b"0123456789"), url
        assert fetch(url, headers={"Range": "bytes=2-3"}) == (206, b"23"), url
        status, text = fetch(url.replace("%2Bc", "%2Bd"))
        assert status == 403 and b"<Code>SignatureDoesNotMatch</Code><Message>The request" in text, text
        assert fetch(url, method="DELETE")[0] == 403
        status, text = fetch(client.generate_presigned_url("get_object", Params=where, ExpiresIn=-5))
        assert status in (400, 403), text
        put = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "put"})
        assert fetch(put, method="PUT", body=b"abc", headers={"Content-Type": ""})[0] == 200
        assert s3.get_object(Bucket=bucket, Key="put")["Body"].read() == b"abc"
    status, text = fetch(s3_v4.generate_presigned_url("get_object", Params=where, ExpiresIn=604801))
    assert status == 400 and b"X-Amz-Expires" in text, text


def check_response_overrides(bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc")
    answer = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/html", ResponseCacheControl="no-cache")
    assert (answer["ContentType"], answer["CacheControl"]) == ("text/html", "no-cache"), answer


def check_what_is_not_there_is_refused_by_name(bucket):
    put = dict(call=s3.put_object, Bucket=bucket, Key="k", Body=b"abc")
    s3.put_object(Bucket=bucket, Key="k", Body=b"abc", ACL="bucket-owner-full-control", StorageClass="STANDARD")
    refused("AccessControlListNotSupported", 400, ACL="public-read", **put)
    refused("InvalidStorageClass", 400, StorageClass="GLACIER", **put)
    refused("NotImplemented", 501, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32, **put)
    refused("NotImplemented", 501, WebsiteRedirectLocation="/x", **put)
    refused("NotImplemented", 501, s3.get_bucket_policy, Bucket=bucket)
    refused("MetadataTooLarge", 400, Metadata={"n": "x" * 2048}, **put)
    form = s3.generate_presigned_post(bucket, "posted")
    boundary = "x-boundary"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**form["fields"], "file": "abc"}.items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert fetch(form["url"], "POST", (fields + f"--{boundary}--\r\n").encode(), headers)[0] in (403, 501)


def check_buckets_have_valid_names(bucket):
    for name in ("UPPER", "a_b", "xn--a"):
        status, text = fetch(s3_v4.generate_presigned_url("create_bucket", Params={"Bucket": "placeholder"}).replace("placeholder", name), "PUT")
        assert status in (400, 403), text


checks = {name: check for name, check in globals().items() if name.startswith("check_")}
failed = 0
for number, (name, check) in enumerate(checks.items()):
    bucket = f"bucket-{number}"
    try:
        s3.create_bucket(Bucket=bucket)
        check(bucket)
    except Exception:
        failed += 1
        print(f"FAILED {name}")
        traceback.print_exc(file=sys.stdout)
print(f"{failed} checks failed" if failed else f"{len(checks)} checks passed")
sys.exit(bool(failed))
