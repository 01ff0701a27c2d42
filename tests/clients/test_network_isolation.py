"""EnableNetworkIsolation: the run has a network of its own with nothing in it, or it does not run."""

import os
import socket

import pytest

from harness import jobs, notebooks

CODE = """
import os, socket, subprocess
print(sorted(name for _, name in socket.if_nameindex()))
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5).close()
    print("reached")
except ConnectionRefusedError:
    print("not there")
with socket.create_server(("127.0.0.1", 0)) as own:
    socket.create_connection(own.getsockname(), timeout=5).close()
    print("loopback")
print(os.geteuid())
# Nobody gets back to the machine's network, not even root.
print(subprocess.run(["nsenter", "--net=/proc/{pid}/ns/net", "true"], capture_output=True).returncode)
"""
# In a user namespace in which no further one may be made, becomes the command in "$@".
WITHOUT_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'


@pytest.fixture
def peer():
    """A port of the machine's loopback where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def printed(server, name: str) -> list[str]:
    return notebooks.text(notebooks.executed(jobs.output(server, name), jobs.INPUT)).splitlines()


def test_an_isolated_run_has_its_loopback_and_nothing_else(server, peer):
    notebook = notebooks.notebook(CODE.format(port=peer, pid=os.getpid()))
    jobs.submit(server, "isolated", notebook, EnableNetworkIsolation=True)
    job = jobs.ended(server, "isolated")
    assert (job["TrainingJobStatus"], job["EnableNetworkIsolation"]) == ("Completed", True), job
    assert printed(server, "isolated") == ["['lo']", "not there", "loopback", str(os.geteuid()), "1"]

    jobs.submit(server, "connected", notebook)
    assert jobs.ended(server, "connected")["EnableNetworkIsolation"] is False
    assert printed(server, "connected")[1] == "reached"


def test_an_isolated_run_is_stopped_with_all_its_processes(server, tmp_path):
    gate = notebooks.Gate(tmp_path / "gate")
    notebook = notebooks.notebook("import subprocess; subprocess.Popen(['setsid', 'sleep', '600'])", gate.cell())
    jobs.submit(server, "isolated-stop", notebook, EnableNetworkIsolation=True)
    gate.wait_for_arrival()
    assert server.runs()
    server.client("sagemaker").stop_training_job(TrainingJobName="isolated-stop")
    assert jobs.ended(server, "isolated-stop")["TrainingJobStatus"] == "Stopped"
    assert not server.runs()


def test_where_a_run_cannot_be_isolated_it_fails_and_says_so(new_server):
    launcher = ("unshare", "--user", "--map-root-user", "bash", "-c", WITHOUT_NAMESPACES, "bash")
    server = new_server(launcher=launcher).start()
    jobs.submit(server, "isolated", notebooks.notebook("print('ran')"), EnableNetworkIsolation=True)
    job = jobs.ended(server, "isolated")
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert "Error with isolating the network" in reason
    assert "needs user and network namespaces, which this machine does not allow" in reason
    # Nothing of it ran.
    assert set(jobs.output(server, "isolated")) == {"sagemaker_job_execution.log"}
