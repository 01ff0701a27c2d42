"""What boto3 gets from the S3 door. Every function that starts with `check_` is one check on a bucket of its own."""

import sys
import traceback

import buckets
import objects
import uploads
from client import s3

modules = (objects, buckets, uploads)
checks = {name: check for module in modules for name, check in vars(module).items() if name.startswith("check_")}
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
