"""Whose turn it is when more jobs wait than can run: priorities, and how many jobs of a pipeline run at a time."""

import subprocess

from harness import jobs, notebooks, places, waiting


def started(sagemaker, *names: str) -> list[str]:
    """The jobs that got a place, in the order in which they did."""
    described = [sagemaker.describe_training_job(TrainingJobName=name) for name in names]
    at = {job["TrainingJobName"]: job["TrainingStartTime"] for job in described if "TrainingStartTime" in job}
    return sorted(at, key=at.get)


def test_the_job_with_the_highest_priority_gets_the_next_place(new_server, tmp_path):
    server = new_server("server", "--max-jobs", "1").start()
    sagemaker = server.client("sagemaker")
    gate = notebooks.Gate(tmp_path)
    jobs.submit(server, "first", notebooks.notebook(gate.cell()))
    gate.wait_for_arrival()
    for name, priority in ("low", "-1"), ("usual", None), ("high", "7"):
        tags = [{"Key": "nbjobs:priority", "Value": priority}] if priority else []
        jobs.submit(server, name, notebooks.notebook("1"), Tags=tags)
    (server.folder / "n.ipynb").write_bytes(notebooks.notebook("2"))
    command = [str(places.binary()), "job", "create", "n.ipynb", "--priority", "-100"]
    last = subprocess.run(command, env=server.environment(), cwd=server.folder, check=True, capture_output=True, text=True)
    last = last.stdout.strip()
    arn = sagemaker.describe_training_job(TrainingJobName="low")["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "nbjobs:priority", "Value": "100"}])
    gate.open()
    jobs.ended(server, last)
    assert started(sagemaker, "low", "usual", "high", last) == ["low", "high", "usual", last]


def test_no_more_jobs_of_a_pipeline_run_than_it_allows(new_server, tmp_path):
    server = new_server("server", "--max-jobs", "9").start()
    sagemaker = server.client("sagemaker")
    gate = notebooks.Gate(tmp_path)
    arn = jobs.create_pipeline(server, "one-by-one", notebooks.notebook(gate.cell()))
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "nbjobs:max-concurrent", "Value": "1"}])
    runs = [sagemaker.start_pipeline_execution(PipelineName="one-by-one")["PipelineExecutionArn"] for _ in range(2)]

    def job_of(run: str) -> str:
        (step,) = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=run)["PipelineExecutionSteps"]
        return step["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]

    first, second = map(job_of, runs)
    gate.wait_for_arrival()
    # Another's job is not held up, and when it has ended the second would have begun, too, if it could.
    jobs.submit(server, "other", notebooks.notebook("1"))
    jobs.ended(server, "other")
    assert started(sagemaker, first, second) == [first]
    for run in runs:
        gate.open()
        assert waiting.execution_ended(sagemaker, run)["PipelineExecutionStatus"] == "Succeeded"
    described = [sagemaker.describe_training_job(TrainingJobName=name) for name in (first, second)]
    assert described[0]["TrainingEndTime"] <= described[1]["TrainingStartTime"]
