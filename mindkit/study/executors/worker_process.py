"""What a worker process does beside its tasks: it leaves Ctrl-C to its parent, and ends with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

from mindkit.study.executors.making import Lost, Made, Setup, make_task
from mindkit.study.jobs import Task

GRACE = 30  # seconds that a run has to save its state once the parent is gone


def begin() -> None:
    """Set this process up, once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent passes it on
    threading.Thread(target=_follow_parent, daemon=True).start()


def make(task: Task, setup: Setup) -> Made:
    """Make a task, as `make_task` does; end when the parent is gone."""
    try:
        return make_task(task, setup)
    except Lost:
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():
            os._exit(1)  # nobody will ask for more
        raise


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)  # a run saves its state
    time.sleep(GRACE)
    os._exit(1)
