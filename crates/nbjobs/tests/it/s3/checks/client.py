"""The clients of the checks, and what the checks share."""

import base64
import urllib.error
import urllib.request
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1 << 20

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
s3_v4 = boto3.client("s3", config=Config(signature_version="s3v4", retries={"max_attempts": 1}))


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


def fetch(url, method="GET", body=None, headers={}):
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))
        return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
