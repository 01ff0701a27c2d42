"""The judge itself: answers that are wrong are found, in boto3 and in the aws CLI."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import botocore.session
import pytest

from harness import conformance, server, transcript

LIST = {"TrainingJobSummaries": []}
JOB = {
    "TrainingJobName": "j",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/j",
    "CreationTime": 1671926400.5,
    "TrainingJobStatus": "Completed",
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"TrainingJobStatus": "Done"}, "not one of"),
        ({"TrainingJobName": "j/"}, "does not match"),
        ({"TrainingJobName": "j" * 64}, "the most is 63"),
        ({"CreationTime": "2022-12-25"}, "not a number"),
        ({"TrainingEndTime": None}, "null"),
        ({"Extra": 1}, ".Extra is not in the model"),
        ({"TrainingJobArn": ...}, ".TrainingJobArn is required"),
    ],
)
def test_json_that_differs_from_the_model_is_found(change, problem):
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model("ListTrainingJobs")
    job = {key: value for key, value in (JOB | change).items() if value is not ...}
    problems = list(conformance.json_problems(model.output_shape, LIST | {"TrainingJobSummaries": [job]}, ""))
    if problem is None:
        assert problems == []
    else:
        assert any(problem in found for found in problems)


class Wrong(BaseHTTPRequestHandler):
    """Answers every JSON request with a member that no model knows."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"TrainingJobSummaries": [], "Surprise": 1}'
        self.send_response(200)
        self.send_header("x-amzn-requestid", "r")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_cli_is_judged_too(tmp_path):
    wrong = HTTPServer(("127.0.0.1", 0), Wrong)
    threading.Thread(target=wrong.serve_forever, daemon=True).start()
    environment = server.client_environment(tmp_path) | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{wrong.server_port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(["aws", "sagemaker", "list-training-jobs"], env=environment, capture_output=True, text=True)
    wrong.shutdown()
    assert done.returncode != 0
    assert ".Surprise is not in the model" in done.stderr


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        ("a\nb", "a\nb", True),
        ("a\nb", "a\nc", False),
        ("a\nb", "a\nb\nc", False),
        ("a…z", "a and z", True),
        ("a…z", "a and y", False),
        ("a\n…\nz", "a\nb\nc\nz", True),
        ("a\n…\nz", "a\nz", True),
        ("a\n…", "a", True),
        ("[x]", "x", False),
        ("j is $JOB", "j is n-1", True),
        ("j is $OTHER", "j is n-1", False),
    ],
)
def test_what_a_transcript_expects(expected, printed, fits):
    assert transcript.fits(expected, printed, {"JOB": "n-1"}) is fits
