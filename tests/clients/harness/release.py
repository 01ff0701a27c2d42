"""The data folder of a release, with one of everything in it, kept for the tests of later versions.

`python -m harness.release FILE`, in tests/clients, makes it with the binary that the tests run.
"""

import json
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from . import jobs, notebooks, waiting
from .server import Server

# Where the clock of the data stands: a minute before the rule and the schedule are due.
CLOCK = "2026-01-05T08:59:00Z"
DUE = "2026-01-05T09:00:00Z"
PART_BYTES = 5 << 20


def fill(server: Server, gate: notebooks.Gate):
    """One of everything that a data folder holds. The job `in-flight` stands at the gate; `waits` waits behind it."""
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    jobs.submit(server, "completed", notebooks.notebook("print('kept')"), Tags=[{"Key": "team", "Value": "data"}])
    assert jobs.ended(server, "completed")["TrainingJobStatus"] == "Completed"
    jobs.submit(server, "failed", notebooks.notebook("1 / 0"))
    assert jobs.ended(server, "failed")["TrainingJobStatus"] == "Failed"
    for name, cell in (("daily", "print('each day')"), ("broken", "1 / 0")):
        jobs.create_pipeline(server, name, notebooks.notebook(cell))
        arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        waiting.execution_ended(sagemaker, arn)
    arn = sagemaker.describe_pipeline(PipelineName="daily")["PipelineArn"]
    events = server.client("events")
    events.put_rule(Name="daily", ScheduleExpression="cron(0 9 * * ? *)")
    events.put_targets(Rule="daily", Targets=[{"Id": "notebook-execution", "Arn": arn, "RoleArn": jobs.ROLE}])
    server.client("scheduler").create_schedule(
        Name="tokyo",
        ScheduleExpression="cron(0 18 * * ? *)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": jobs.ROLE},
    )
    server.client("ssm").put_parameter(Name="/kept", Type="String", Value="value")
    upload = s3.create_multipart_upload(Bucket=jobs.BUCKET, Key="parts")["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(Bucket=jobs.BUCKET, Key="parts", UploadId=upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate((bytes(PART_BYTES), b"the end"), start=1)
    ]
    s3.complete_multipart_upload(Bucket=jobs.BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    jobs.submit(server, "in-flight", notebooks.notebook(gate.cell()))
    gate.wait_for_arrival()
    jobs.submit(server, "waits", notebooks.notebook("print('waited')"))


def make(archive: Path):
    """Writes the data folder as a .tar.gz, as a crash of the whole machine leaves it."""
    folder = Path(tempfile.mkdtemp())
    clock = folder / "clock"
    clock.write_text(CLOCK)
    server = Server(folder / "server", "--max-jobs", "1", "--clock-file", str(clock))
    try:
        fill(server.start(), notebooks.Gate(folder / "gate"))
        server.kill()
    finally:
        server.end()
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for entry in sorted(server.data_dir.iterdir()):
            tar.add(entry, entry.name)
    shutil.rmtree(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
    print(json.dumps({"made": sys.argv[1]}))
