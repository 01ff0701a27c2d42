"""Multipart uploads."""

import base64
import hashlib
import io

from client import MIB, crc32, refused, s3


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
