"""Every released version's data opens in this one. CONTRIBUTING.md says how a release adds its own."""

import tarfile

import pytest

from harness import doctor, jobs, notebooks, places, promise, release, waiting

ARCHIVES = sorted((places.TESTS / "released").glob("*.tar.gz"))


def test_the_first_release_is_among_them():
    assert "0.1.0.tar.gz" in [archive.name for archive in ARCHIVES]


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name.removesuffix(".tar.gz"))
def test_its_data_opens_and_goes_on(new_server, tmp_path, archive):
    clock = tmp_path / "clock"
    clock.write_text(release.CLOCK)
    server = new_server("server", "--clock-file", str(clock))
    with tarfile.open(archive) as tar:
        tar.extractall(server.data_dir, filter="data")
    server.start()
    sagemaker = server.client("sagemaker")
    statuses = {name: jobs.ended(server, name)["TrainingJobStatus"] for name in ("completed", "failed", "in-flight", "waits")}
    assert statuses == {"completed": "Completed", "failed": "Failed", "in-flight": "Failed", "waits": "Completed"}
    assert notebooks.text(notebooks.executed(jobs.output(server, "completed"), jobs.INPUT)) == "kept\n"
    arn = sagemaker.describe_training_job(TrainingJobName="completed")["TrainingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "data"}]
    assert jobs.log(server, "completed")
    for pipeline, status in (("daily", "Succeeded"), ("broken", "Failed")):
        assert executions(sagemaker, pipeline) == [status]
    assert server.client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "value"
    parts = server.client("s3").get_object(Bucket=jobs.BUCKET, Key="parts")["Body"].read()
    assert parts == bytes(release.PART_BYTES) + b"the end"
    # The rule and the schedule fire.
    clock.write_text(release.DUE)
    server.hang_up()
    waiting.until("both executions", lambda: executions(sagemaker, "daily") == ["Succeeded"] * 3)
    assert doctor.findings(server, "--read-data") == []
    promise.kept(11, 1, "released version's data opened, whole, its jobs and schedules going on")


def executions(sagemaker, pipeline) -> list[str]:
    summaries = sagemaker.list_pipeline_executions(PipelineName=pipeline)["PipelineExecutionSummaries"]
    return [summary["PipelineExecutionStatus"] for summary in summaries]
