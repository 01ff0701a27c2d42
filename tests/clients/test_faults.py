"""Failed means failed: notebooks that go wrong in every way that we know, each with its status and its reason."""

import re

import pytest

from harness import doctor, faults, jobs, notebooks, places, promise, waiting
from harness.server import Server


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """What became of each fault's job, by its name; all of them ran on one server."""
    folder = tmp_path_factory.mktemp("faults")
    for name, spec in faults.KERNELS.items():
        kernel = folder / "jupyter" / "kernels" / name
        kernel.mkdir(parents=True)
        (kernel / "kernel.json").write_text(spec)
    server = Server(folder / "server", "--max-jobs", "3", environment={"JUPYTER_PATH": str(folder / "jupyter")})
    try:
        server.start()
        sagemaker = server.client("sagemaker")
        for fault in faults.FAULTS:
            jobs.upload(server, fault.name, fault.content(), **fault.files)
            sagemaker.create_training_job(**jobs.training_job(fault.name, environment=fault.environment, runtime_s=fault.runtime_s))
        ended = {fault.name: jobs.ended(server, fault.name, 600) for fault in faults.FAULTS}
        for job in ended.values():
            job["files"] = jobs.output_if_any(server, job["TrainingJobName"])
        waiting.until("the end of the runs' processes", lambda: not server.runs())
        assert doctor.findings(server, "--read-data") == []
        assert (server.data_dir / faults.VICTIM).read_text() == "as it was"
        yield ended
    finally:
        server.end()


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_status_and_its_reason(ended, fault):
    job = ended[fault.name]
    reason = job.get("FailureReason")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == (fault.status, fault.secondary or fault.status), reason
    if fault.reason is None:
        assert reason is None
    else:
        assert re.fullmatch(fault.pattern(), reason, re.DOTALL), reason
    if fault.shows is not None:
        assert fault.shows in notebooks.text(notebooks.executed(job["files"], jobs.INPUT))


def test_all_of_them_were_right(ended):
    right = [fault for fault in faults.FAULTS if ended[fault.name]["TrainingJobStatus"] == fault.status]
    assert len(right) == len(faults.FAULTS) >= 30
    promise.kept(8, len(right), "notebooks, kernels and scripts that go wrong, each with its status and reason")


def test_the_page_is_the_table():
    page = places.ROOT / "docs" / "failures.md"
    assert page.read_text() == faults.page(), "run: cd tests/clients && python -m harness.faults > ../../docs/failures.md"
