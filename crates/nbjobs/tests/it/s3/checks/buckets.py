"""Buckets, their listings and what is remembered of them."""

from client import fetch, refused, s3, s3_v4


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


def check_owner(bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="000000000000")
    for call in (s3.list_objects_v2, s3.get_bucket_location, s3.get_bucket_encryption):
        refused("AccessDenied", 403, call, Bucket=bucket, ExpectedBucketOwner="111111111111")
    refused("AccessDenied", 403, s3.put_object, Bucket=bucket, Key="k", Body=b"", ExpectedBucketOwner="111111111111")


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


def check_buckets_have_valid_names(bucket):
    for name in ("UPPER", "a_b", "xn--a"):
        status, text = fetch(s3_v4.generate_presigned_url("create_bucket", Params={"Bucket": "placeholder"}).replace("placeholder", name), "PUT")
        assert status in (400, 403), text
