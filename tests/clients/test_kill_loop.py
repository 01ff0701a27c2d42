"""The real binary under `kill -9`: server, drivers and kernels, at moments that nobody chose. `--kill-rounds N` makes it longer.

Nothing acknowledged is lost, no notebook runs twice, no output is torn, nothing stays behind, and the doctor finds nothing.
"""

import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

from botocore.exceptions import BotoCoreError, ClientError

from harness import doctor, jobs, notebooks, promise, waiting

# Jobs that are not final are kept at this number.
IN_FLIGHT = 6
# After a start, every run that was in flight is adopted or settled within this time.
ADOPTED_S = 30
# The longest time between two kills.
PAUSE_S = 0.3
FINAL = ("Completed", "Failed", "Stopped")


class Submitter(threading.Thread):
    """Creates jobs for as long as fewer than IN_FLIGHT are not final, while the server comes and goes."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.session = server, server.session()
        self.acknowledged: set[str] = set()
        self.unknown: set[str] = set()
        self.ended = threading.Event()

    def run(self):
        number = 0
        while not self.ended.wait(0.02):
            if sum(status not in FINAL for status in statuses(self.server).values()) >= IN_FLIGHT:
                continue
            number += 1
            name = f"job-{number}"
            request = jobs.training_job(name, InputDataConfig=[jobs.channel("shared")])
            try:
                self.server.client_of(self.session, "sagemaker").create_training_job(**request)
                self.acknowledged.add(name)
            except (BotoCoreError, ClientError) as error:
                # The server died before it could answer. Any other refusal is a fault.
                assert not isinstance(error, ClientError), error
                self.unknown.add(name)


def rows(server, query) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{server.data_dir}/nbjobs.db?mode=ro", uri=True, timeout=30)) as database:
        return database.execute(query).fetchall()


def statuses(server) -> dict[str, str]:
    return dict(rows(server, "SELECT name, status FROM jobs"))


def leases(server) -> dict[str, str]:
    """Who follows each run that has not ended."""
    return dict(rows(server, "SELECT job, lease FROM attempts JOIN jobs ON name = job WHERE status IN ('InProgress', 'Stopping')"))


def restart(server) -> float:
    """Kills the server and starts it; returns after how many seconds the runs in flight were adopted or settled."""
    server.kill()
    before = leases(server)
    server.start()
    started = time.monotonic()
    waiting.until("the adoption of the runs in flight", lambda: not before.items() & leases(server).items(), ADOPTED_S)
    return time.monotonic() - started


def test_nothing_is_lost_doubled_or_torn_under_kill_9(new_server, tmp_path, pytestconfig):
    rounds, seed = pytestconfig.getoption("--kill-rounds"), pytestconfig.getoption("--kill-seed")
    chance = random.Random(seed)
    print(f"{rounds} rounds with the seed {seed}")
    ran = tmp_path / "ran"
    server = new_server("server", "--max-jobs", "3").start()
    cell = f"import os\nname = os.environ['TRAINING_JOB_NAME']\nprint(name, file=open({str(ran)!r}, 'a'))\nprint(name)"
    jobs.upload(server, "shared", notebooks.notebook(cell))
    submitter = Submitter(server)
    submitter.start()
    kills, hit, slowest = Counter(), set(), 0.0
    for _ in range(rounds):
        time.sleep(chance.uniform(0, PAUSE_S))
        victims = [process for process in server.runs() if process.is_driver or process.is_kernel]
        if victims and chance.random() < 0.4:
            victim = chance.choice(victims)
            hit.add(victim.job)
            victim.kill()
            kills["driver" if victim.is_driver else "kernel"] += 1
        else:
            slowest = max(slowest, restart(server))
            kills["server"] += 1
    submitter.ended.set()
    submitter.join()
    waiting.until("the end of all jobs", lambda: set(statuses(server).values()) <= set(FINAL), 300)
    waiting.until("the end of the runs' processes", lambda: not server.runs())
    waiting.until("the removal of the runs' folders", lambda: not list((server.data_dir / "runs").iterdir()))

    found = statuses(server)
    assert submitter.acknowledged <= found.keys() <= submitter.acknowledged | submitter.unknown
    untouched = {name: found[name] for name in found.keys() - hit if found[name] != "Completed"}
    assert not untouched, "nobody killed these jobs' runs"
    times = Counter(ran.read_text().split())
    assert all(times[name] == 1 if status == "Completed" else times[name] <= 1 for name, status in found.items()), times
    archives = 0
    for name, status in found.items():
        files = jobs.output_if_any(server, name)
        archives += files is not None
        if status == "Completed":
            assert notebooks.text(notebooks.executed(files, jobs.INPUT)) == f"{name}\n"
    assert doctor.findings(server, "--read-data") == []
    server.terminate()
    assert doctor.findings(server, "--read-data") == []
    print(f"{dict(kills)}; {Counter(found.values())}; the slowest start adopted or settled its runs in {slowest:.1f} s")
    promise.kept(4, len(submitter.acknowledged), "acknowledged jobs there after kills of the server while others were created")
    promise.kept(5, kills["server"], "restarts that adopted or settled each run in flight within 30 s; no process left")
    promise.kept(7, archives, "output archives read whole after kills of servers, drivers and kernels")
