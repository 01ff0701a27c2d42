"""Prints requests that botocore's four signers signed, one JSON object per line.

Arguments: how many, and the seed. The time is fixed, so the same arguments give the same lines.
"""

import datetime
import json
import random
import sys
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
NOW = datetime.datetime(2026, 2, 28, 23, 59, 30, tzinfo=datetime.timezone.utc)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "tok/en+1=="
ALPHABET = "abcXYZ019-_.~ /+&=%?#\u00e9\u65e5:@!$'()*,;[]|\"<>\\^`{}"

botocore.auth.get_current_datetime = lambda *args, **kwargs: NOW
rng = random.Random(SEED)


def text(longest):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, longest)))


def query():
    pairs = [quote(text(3), safe="") + "=" + quote(text(4), safe="") for _ in range(rng.randint(0, 3))]
    return "?" + "&".join(pairs) if pairs else ""


def request(kind, host):
    """The method, URL, headers and body that a client of this kind makes."""
    if kind == "json":
        headers = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Content-Type": "application/x-amz-json-1.1"}
        return "POST", f"http://{host}/", headers, json.dumps({"a": text(20)})
    if kind == "rest":
        path = "/schedules/" + quote(text(8), safe="~")
        return "GET", f"http://{host}{path}{query()}", {"Accept": "  two   words "}, ""
    if kind == "query":
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return "POST", f"http://{host}/", headers, "Action=GetCallerIdentity&Version=2011-06-15"
    if kind == "presigned":
        return "GET", f"http://{host}/?Action=GetCallerIdentity&Version=2011-06-15", {}, ""
    method = rng.choice(["GET", "PUT", "HEAD", "DELETE"])
    url = f"http://{host}/bucket/" + quote(text(12), safe="/~")
    if kind == "s3-presigned":
        return method, url, {}, ""
    headers = {"x-amz-meta-note": "  two   spaces " + str(rng.random())} if rng.random() < 0.5 else {}
    return method, url + query(), headers, text(10) if method == "PUT" else ""


def signer(kind, credentials, region):
    service = {"json": "sagemaker", "rest": "scheduler", "query": "sts", "presigned": "sts"}.get(kind, "s3")
    if kind == "presigned":
        return SigV4QueryAuth(credentials, service, region, expires=60), service
    if kind == "s3-presigned":
        return S3SigV4QueryAuth(credentials, service, region, expires=604800), service
    return (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, region), service


for _ in range(COUNT):
    kind = rng.choice(["json", "rest", "query", "presigned", "s3", "s3", "s3-presigned"])
    host = rng.choice(["127.0.0.1:8080", "nbjobs.example.org", "localhost:80"])
    region = rng.choice(["us-east-1", "ap-northeast-1"])
    token = rng.choice([None, None, TOKEN])
    method, url, headers, body = request(kind, host)
    sign, service = signer(kind, Credentials("ASIATEMP" if token else "AKIDEXAMPLE", SECRET, token), region)
    aws_request = AWSRequest(method=method, url=url, data=body.encode(), headers=dict(headers))
    sign.add_auth(aws_request)
    prepared = aws_request.prepare()
    signed = [[k, v.decode() if isinstance(v, bytes) else str(v)] for k, v in prepared.headers.items()]
    parts = urlsplit(prepared.url)
    if not any(k.lower() == "host" for k, _ in signed):
        # What urllib3 sends: no port when it is the scheme's own.
        signed.append(["Host", parts.netloc.removesuffix(":80")])
    print(json.dumps({
        "kind": kind, "method": method, "region": region, "service": service, "token": token, "url": url,
        "target": parts.path + ("?" + parts.query if parts.query else ""),
        "unsigned_headers": list(headers.items()), "headers": signed, "body": body,
        "now": int(NOW.timestamp()),
    }))
