"""`nbjobs doctor`: it finds what is wrong, takes away what nobody needs, and leaves the rest alone."""

import json
import shutil

import pytest

from harness import doctor, jobs, notebooks


@pytest.fixture
def stopped(new_server):
    """A server that has run a job and was stopped."""
    server = new_server().start()
    jobs.submit(server, "whole", notebooks.notebook("print('done')"))
    assert jobs.ended(server, "whole")["TrainingJobStatus"] == "Completed"
    assert doctor.findings(server, "--read-data") == []
    server.terminate()
    return server


def artifact(server):
    """The file of the job's output."""
    index = server.data_dir / "objects" / "buckets" / jobs.BUCKET / "index"
    record = json.loads((index / "whole,/output,/output.tar.gz@").read_text())
    return server.data_dir / "objects" / "blobs" / record["blob"]


def test_a_whole_folder_has_nothing_wrong(stopped):
    done = doctor.run(stopped, "--read-data")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 jobs, 2 objects, ") and done.stdout.endswith(" 0 wrong, 0 litter, 0 repaired\n")


def test_an_output_that_is_lost_or_torn_is_a_lie(stopped):
    file = artifact(stopped)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert doctor.findings(stopped) == [], "only its bytes tell"
    found = doctor.findings(stopped, "--read-data")
    assert [(one["check"], one["severity"]) for one in found] == [("job", "wrong"), ("object", "wrong")], found
    file.write_bytes(content[:-1])
    assert [one["check"] for one in doctor.findings(stopped)] == ["object"]
    file.unlink()
    done = doctor.run(stopped, "--repair")
    assert done.returncode == 1 and "wrong: job whole: its output s3://" in done.stdout, done
    stopped.start()
    stopped.client("s3").delete_object(Bucket=jobs.BUCKET, Key="whole/output/output.tar.gz")
    done = doctor.run(stopped)
    assert done.returncode == 1 and "wrong: job whole: it is Completed but its output" in done.stdout, done


def test_litter_is_told_and_taken_away(stopped):
    objects = stopped.data_dir / "objects"
    (objects / "blobs" / "orphan").write_text("bytes")
    (objects / "staging" / "half").write_text("by")
    (stopped.data_dir / "runs" / "gone.1").mkdir()
    (stopped.data_dir / "endpoint").write_text("http://127.0.0.1:1\nus-east-1\n000000000000\n")
    done = doctor.run(stopped)
    assert done.returncode == 0 and done.stdout.count("litter: ") == 4, done.stdout
    done = doctor.run(stopped, "--repair")
    assert done.returncode == 0 and done.stdout.count("repaired: ") == 4, done.stdout
    assert doctor.findings(stopped, "--read-data") == []
    stopped.start()
    assert b"done" in jobs.output(stopped, "whole")["out.ipynb"]


def test_a_running_service_is_looked_at_but_not_repaired(stopped):
    stopped.start()
    assert doctor.findings(stopped) == []
    done = doctor.run(stopped, "--repair")
    assert done.returncode == 2 and f"held by another nbjobs, process {stopped.pid}" in done.stderr, done


def test_a_folder_that_is_none_is_refused(stopped):
    shutil.rmtree(stopped.data_dir)
    stopped.data_dir.mkdir()
    done = doctor.run(stopped)
    assert done.returncode == 1 and "is no data folder" in done.stderr, done
    assert list(stopped.data_dir.iterdir()) == []
