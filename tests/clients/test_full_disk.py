"""A full disk: clear errors, nothing half-made, and everything goes on when there is room again.

The data folder lies on a small file system in memory, in a mount namespace of the server's own, which ends with it.
"""

import json
import os
import subprocess
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from harness import jobs, notebooks, places, waiting
from harness.errors import refused
from harness.server import base_environment

DISK_MIB = 24
# Mounts a small disk on the folder $0, then becomes the command in "$@".
ON_A_SMALL_DISK = f'mkdir -p "$0" && mount -t tmpfs -o size={DISK_MIB}m,mode=0700 nbjobs-test "$0" && exec "$@"'


def launcher(data_dir: Path) -> tuple[str, ...]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ("unshare", *user, "--mount", "bash", "-c", ON_A_SMALL_DISK, str(data_dir))
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    assert tried.returncode == 0, f"this test needs `unshare --mount` and a tmpfs, as root or as a user: {tried.stderr}"
    return command


@pytest.fixture
def small(new_server, tmp_path):
    """A server on a disk of a few MiB."""
    data_dir = tmp_path / "server" / "data"
    data_dir.mkdir(parents=True)
    server = new_server("server", launcher=launcher(data_dir)).start()
    # The disk is seen only by the server; this is the door to it.
    server.data_dir = Path(f"/proc/{server.pid}/root{data_dir}")
    return server


@contextmanager
def full(server):
    """Fills the disk to the last byte, and makes room again."""
    filler = server.data_dir / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError as error:
            assert "No space left" in str(error)
    try:
        yield
    finally:
        filler.unlink()


def ready(server) -> int:
    """The status of /readyz."""
    try:
        return urllib.request.urlopen(f"{server.endpoint}/readyz").status
    except urllib.error.HTTPError as error:
        return error.code


def test_s3_refuses_what_does_not_fit_and_keeps_nothing_of_it(small):
    s3 = small.client("s3")
    large = b"\1" * (DISK_MIB << 20)
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=jobs.BUCKET, Key="large", Body=large)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 507, error
    assert "no space is left" in error["Error"]["Message"], error
    assert s3.list_objects_v2(Bucket=jobs.BUCKET)["KeyCount"] == 0
    s3.put_object(Bucket=jobs.BUCKET, Key="small", Body=b"there is room again")


def test_requests_are_refused_and_half_of_nothing_stays(small):
    jobs.upload(small, "early", notebooks.notebook("print('done')"))
    sagemaker, events = small.client("sagemaker"), small.client("events")
    jobs.create_pipeline(small, "pipeline", notebooks.notebook("print('done')"))
    with full(small):
        with refused("ServiceUnavailable", "full"):
            while True:  # The database has some room inside its files.
                sagemaker.add_tags(
                    ResourceArn="arn:aws:sagemaker:us-east-1:000000000000:pipeline/pipeline",
                    Tags=[{"Key": f"k{n}", "Value": os.urandom(128).hex()} for n in range(40)],
                )
        with refused("ServiceUnavailable", "full"):
            sagemaker.create_training_job(**jobs.training_job("early"))
        with refused("ServiceUnavailable", "full"):
            events.put_rule(Name="rule", ScheduleExpression="rate(1 minute)", Description="x" * 500)
        assert ready(small) == 503
        # What only reads goes on.
        assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
        assert events.list_rules()["Rules"] == []
    assert ready(small) == 200
    sagemaker.create_training_job(**jobs.training_job("early"))
    assert jobs.ended(small, "early")["TrainingJobStatus"] == "Completed"
    arn = sagemaker.start_pipeline_execution(PipelineName="pipeline")["PipelineExecutionArn"]
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Succeeded"


def test_a_run_on_a_full_disk_ends_truthfully_once_there_is_room(small, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    jobs.submit(small, "patient", notebooks.notebook("print('before')", gate.cell(), "print('x' * 1_000_000)"))
    gate.wait_for_arrival()
    with full(small):
        gate.open()
        waiting.until("the end of the kernel", lambda: not any(process.is_kernel for process in small.runs()))
        job = small.client("sagemaker").describe_training_job(TrainingJobName="patient")
        assert job["TrainingJobStatus"] == "InProgress"
    job = jobs.ended(small, "patient")
    files = jobs.output(small, "patient")
    # What of the log found room in its file is in the stream, without a gap.
    assert jobs.log(small, "patient") == [line for line in files["sagemaker_job_execution.log"].decode().splitlines() if line]
    if job["TrainingJobStatus"] == "Completed":
        # Room came before the notebook was saved, so all of it is there.
        text = notebooks.text(notebooks.executed(files, jobs.INPUT))
        assert text.startswith("before\nthrough the gate\nx") and len(text) > 1_000_000
    else:
        assert "[SM-111] Error with executing notebook" in job["FailureReason"], job["FailureReason"]
        assert "No space left on device" in job["FailureReason"], job["FailureReason"]


def test_nbjobs_run_whose_disk_fills_up_says_so_and_keeps_the_last_checkpoint(tmp_path):
    disk, kept = tmp_path / "disk", tmp_path / "kept.ipynb"
    disk.mkdir()
    fill = f"""
import os
with open({str(disk / "filler")!r}, "wb", buffering=0) as file:
    try:
        while file.write(b"\\0" * 4096):
            pass
    except OSError as error:
        assert "No space left" in str(error)
print("full")"""
    (tmp_path / "in.ipynb").write_bytes(notebooks.notebook("print('before')", fill, "print('x' * 2_000_000)"))
    # The disk goes with the namespace, so what is left on it is copied out of it first.
    run_and_keep = 'nbjobs=$1; shift; "$nbjobs" run "$1" "$2"; status=$?; cp "$2" "$3"; exit $status'
    command = (*launcher(disk), "bash", "-c", run_and_keep, "bash", places.binary(), tmp_path / "in.ipynb", disk / "out.ipynb", kept)
    ran = subprocess.run(command, capture_output=True, text=True, env=base_environment())
    assert ran.returncode == 1, ran.stderr
    assert f"nbjobs run: could not save {disk / 'out.ipynb'}: No space left on device" in ran.stderr, ran.stderr
    statuses = [cell["metadata"]["papermill"]["status"] for cell in json.loads(kept.read_text())["cells"]]
    # The first save was made before anything ran; any later one is whole, too.
    assert len(statuses) == 3 and statuses[2] in ("pending", "running"), statuses
