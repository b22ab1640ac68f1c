"""Tasks survive the worker that held them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from redis import Redis

from config import services

PROGRAM = """
import os, time
from config.celery import app

@app.task(name="payments.probe")
def probe(folder, seconds):
    with open(os.path.join(folder, f"began-{os.getpid()}"), "w"):
        pass
    time.sleep(seconds if len(os.listdir(folder)) == 1 else 0.2)
    with open(os.path.join(folder, f"done-{os.getpid()}"), "w"):
        pass
"""


@pytest.fixture
def marks(servers, tmp_path):
    """The folder in which the task leaves a file when it begins and when it is done; the queue is empty."""
    (tmp_path / "probe.py").write_text(PROGRAM)
    (tmp_path / "marks").mkdir()
    with Redis.from_url(services.redis_database(url=settings.REDIS_URL, offset=1)) as broker:
        broker.flushdb()
    return tmp_path / "marks"


def send(marks, *, seconds):
    order = f"from config.celery import app; app.send_task('payments.probe', args=[{str(marks)!r}, {seconds}])"
    subprocess.run([sys.executable, "-c", order], cwd=settings.BASE_DIR, check=True)


@contextmanager
def working(marks, *, concurrency=1):
    """Run a worker, and end it with its children, however the test ends."""
    process = worker(marks.parent, concurrency)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def worker(folder: Path, concurrency: int) -> subprocess.Popen:
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "celery"), "--app", "probe", "--quiet", "worker", "--queues", "payments",
         "--concurrency", str(concurrency), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{settings.BASE_DIR}"}, cwd=folder, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def count(marks, kind):
    return len(list(marks.glob(f"{kind}-*")))


def wait(condition, seconds: float) -> float:
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            pytest.fail(f"Not within {seconds} seconds.")
        time.sleep(0.05)
    return time.monotonic() - start


def test_a_task_held_by_a_killed_worker_is_done_by_the_next_one(marks):
    send(marks, seconds=60)
    with working(marks):
        wait(lambda: count(marks, "began") == 1, 30)
    with working(marks):
        wait(lambda: count(marks, "done") == 1, 40)
    assert count(marks, "began") == 2


def test_a_task_whose_child_process_is_killed_is_not_lost(marks):
    send(marks, seconds=60)
    with working(marks):
        wait(lambda: count(marks, "began") == 1, 30)
        os.kill(int(next(marks.glob("began-*")).name.removeprefix("began-")), signal.SIGKILL)
        wait(lambda: count(marks, "done") == 1, 30)
    assert count(marks, "began") == 2


def test_a_task_longer_than_the_brokers_patience_is_done_once(marks):
    patience = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    send(marks, seconds=patience + 6)
    with working(marks, concurrency=2):
        wait(lambda: count(marks, "done") >= 1, patience + 40)
    assert (count(marks, "began"), count(marks, "done")) == (1, 1)
