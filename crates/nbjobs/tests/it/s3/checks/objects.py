"""Objects: putting, getting, copying, deleting, and URLs that are signed beforehand."""

import base64
import datetime
import hashlib

from botocore.exceptions import ClientError
from client import crc32, fetch, refused, s3, s3_v4


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
