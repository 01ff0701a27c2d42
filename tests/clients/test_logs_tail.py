"""`aws logs tail`, which only version 2 of the CLI has. Debian's package is one; it predates AWS_ENDPOINT_URL."""

import subprocess

from harness import jobs, notebooks

AWS = "/usr/bin/aws"


def test_the_log_is_tailed(server):
    version = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("aws-cli/2."), f"{AWS} must be version 2, which scripts/test installs; it is {version}"
    jobs.submit(server, "tailed", notebooks.notebook("print('said in the notebook')"))
    assert jobs.ended(server, "tailed")["TrainingJobStatus"] == "Completed"
    environment = server.environment()
    command = [AWS, "--endpoint-url", environment["AWS_ENDPOINT_URL"], "logs", "tail"]
    command += ["/aws/sagemaker/TrainingJobs", "--since", "1h", "--log-stream-name-prefix", "tailed/", "--format", "short"]
    tail = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert tail.returncode == 0, tail.stderr
    for said in ("runs job tailed", "Executing Cell 1-", "said in the notebook", "Notebook execution is complete"):
        assert said in tail.stdout, tail.stdout
