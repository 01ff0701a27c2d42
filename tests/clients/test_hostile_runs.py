"""Notebooks that work against their own run: what they leave in the folder can't hold the server, nor keep a job for ever.

A job is in the folder of its channel; `../../..` is the run's own.
"""

import json

import pytest

from harness import jobs, notebooks, waiting

RUN = (
    "import json, os, pathlib, shutil\nrun = pathlib.Path('../../..').resolve()\n"
    "driver = json.loads((run / 'driver.json').read_text())['pid']\n"
)
# Ends the driver as if it had failed.
FORGED_END = "(run / 'exit.json').write_text('{\"code\": 1}')\nos.kill(driver, 9)\n"


def run(server, name, *cells, **more):
    """The job as it ended, after notebooks of these cells ran."""
    jobs.submit(server, name, notebooks.notebook(*cells), **more)
    job = jobs.ended(server, name)
    waiting.until("the end of the run's processes", lambda: not server.runs())
    waiting.until("the removal of the run's folder", lambda: not list((server.data_dir / "runs").glob(f"{name}.*")))
    # The server still answers, on all of its threads.
    sagemaker = server.client("sagemaker")
    for _ in range(8):
        sagemaker.list_training_jobs()
    return job


def test_a_run_without_its_output_folder_fails(server):
    job = run(server, "no-output", RUN + "shutil.rmtree(run / 'output')")
    assert job["TrainingJobStatus"] == "Failed"


def test_output_that_cannot_be_packed_fails_the_job(server):
    cell = RUN + "shutil.rmtree(run / 'output/data')\n(run / 'output/data').write_text('')\n" + FORGED_END
    job = run(server, "output-is-a-file", cell.replace('"code": 1', '"code": 0'))
    assert job["TrainingJobStatus"] == "Failed" and "output/data" in job["FailureReason"]


def test_no_link_leads_out_of_the_run(server, tmp_path):
    secret = tmp_path / "data"
    secret.mkdir()
    (secret / "secret").write_text("not the run's")
    cell = RUN + f"shutil.rmtree(run / 'output')\nos.symlink({str(tmp_path)!r}, run / 'output')\n" + FORGED_END
    job = run(server, "linked", cell)
    assert job["TrainingJobStatus"] == "Failed"
    keys = server.client("s3").list_objects_v2(Bucket=jobs.BUCKET, Prefix="linked/output")
    if keys["KeyCount"]:
        assert "secret" not in jobs.output(server, "linked")
    assert [entry.name for entry in secret.iterdir()] == ["secret"]


@pytest.mark.parametrize("file", ["driver.log", "output/failure", "exit.json", "driver.json"])
@pytest.mark.parametrize("kind", ["fifo", "endless", "folder"])
def test_no_file_of_a_run_holds_the_server(server, file, kind):
    make = {"fifo": "os.mkfifo(path)", "endless": "os.symlink('/dev/zero', path)", "folder": "path.mkdir()"}[kind]
    end = "os.kill(driver, 9)\n" if file == "exit.json" else FORGED_END
    cell = RUN + f"path = run / {file!r}\npath.unlink(missing_ok=True)\n{make}\n{end}"
    name = f"{kind}-{file}".replace("/", "-").replace(".", "-")
    assert run(server, name, cell)["TrainingJobStatus"] == "Failed"


def test_a_failure_that_is_not_text_is_still_told(server):
    cell = RUN + "(run / 'output/failure').write_bytes(b'[SM-111] Error with \\xff' + b'x' * 5_000_000)\n" + FORGED_END
    job = run(server, "binary-failure", cell)
    assert job["FailureReason"].startswith("AlgorithmError: [SM-111] Error with \ufffdxxx")


def test_a_folder_named_as_the_log_does_not_fail_the_job(server):
    job = run(server, "log-folder", RUN + "(run / 'output/data/sagemaker_job_execution.log').mkdir()")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert b"runs job log-folder" in jobs.output(server, "log-folder")["sagemaker_job_execution.log"]


def test_a_run_that_cannot_be_understood_leaves_no_process(server):
    cell = RUN + "(run / 'driver.json').write_text('nonsense')\nimport time\ntime.sleep(1)\n"
    run(server, "nonsense", cell)


def test_a_run_that_deletes_its_folder_ends(server):
    job = run(server, "self-made-void", RUN + "shutil.rmtree(run)")
    assert job["TrainingJobStatus"] == "Failed"


def test_a_job_cannot_give_its_processes_another_runs_mark(server):
    child = "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)"
    job = run(server, "marked", child, environment={"NBJOBS_RUN_DIR": "/elsewhere"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_an_output_place_that_cannot_be_a_bucket_fails_the_step(server):
    jobs.upload(server, "no-bucket", notebooks.notebook("1"))
    definition = json.loads(jobs.pipeline_definition("no-bucket"))
    definition["Steps"][0]["Arguments"]["OutputDataConfig"]["S3OutputPath"] = "s3://NOT_A_BUCKET/x"
    sagemaker = server.client("sagemaker")
    sagemaker.create_pipeline(PipelineName="no-bucket", RoleArn=jobs.ROLE, PipelineDefinition=json.dumps(definition))
    arn = sagemaker.start_pipeline_execution(PipelineName="no-bucket")["PipelineExecutionArn"]
    assert waiting.execution_ended(sagemaker, arn)["PipelineExecutionStatus"] == "Failed"


def test_a_job_inherits_nothing_of_the_server(server):
    """Neither the kernel nor its guard nor its driver has an open file of the server or its environment."""
    cell = (
        f"{RUN}"
        "for pid in (os.getpid(), os.getppid(), driver):\n"
        "    for fd in os.listdir(f'/proc/{pid}/fd'):\n"
        "        path = f'/proc/{pid}/fd/{fd}'\n"
        "        print(os.readlink(path) if os.path.lexists(path) else 'gone')\n"
        "    print(open(f'/proc/{pid}/environ').read().replace('\\0', '\\n'))\n"
    )
    job = run(server, "curious", cell)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    seen = notebooks.text(notebooks.executed(jobs.output(server, "curious"), jobs.INPUT)).splitlines()
    of_server = [line for line in seen if line.startswith(f"{server.data_dir}/") and "/runs/" not in line]
    assert not of_server and any(line.endswith("/driver.log") for line in seen), seen
    names = {line.split("=")[0] for line in seen if "=" in line}
    assert not [name for name in names if name.startswith(("AWS_SECRET", "AWS_ACCESS", "NBJOBS_DATA", "NBJOBS_LISTEN"))]
