"""The formats that a job asks for beside the notebook itself."""

from harness import jobs, notebooks


def test_the_output_comes_in_every_format_asked_for(server):
    formats = {"SM_OUTPUT_FORMATS": "ipynb,html,markdown,script,asciidoc"}
    jobs.submit(server, "formats", notebooks.notebook("print('hello', 6 * 7)"), environment=formats)
    assert jobs.ended(server, "formats")["TrainingJobStatus"] == "Completed"
    output = jobs.output(server, "formats")
    assert {"out.ipynb", "out.html", "out.md", "out.py", "out.asciidoc"} <= set(output)
    for name in ("out.html", "out.md", "out.asciidoc"):
        assert "hello 42" in output[name].decode(), name
    assert "print('hello', 6 * 7)" in output["out.py"].decode()


def test_a_format_that_nobody_knows_fails_the_job_with_its_notebook_kept(server):
    environment = {"SM_OUTPUT_FORMATS": "papyrus"}
    jobs.submit(server, "papyrus", notebooks.notebook("print('hello')"), environment=environment)
    job = jobs.ended(server, "papyrus")
    assert job["TrainingJobStatus"] == "Failed"
    assert "[SM-111] Error with saving notebook output in other formats" in job["FailureReason"]
    assert "hello" in notebooks.text(notebooks.executed(jobs.output(server, "papyrus"), jobs.INPUT))
