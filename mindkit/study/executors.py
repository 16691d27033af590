"""Where jobs are made. A job's failure never stops the rest; a run asked for twice is made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mindkit.study.jobs import Task, Tell, Worker


class Executor(Protocol):
    """Makes tasks somewhere."""

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        """Make all tasks and return when each of their jobs is finished or has failed.

        `tell` is called in this process; what a finished job gave is in its folder.
        """


class InProcess:
    """One task after another, here."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        for task in tasks:
            self.worker.make_all(task, tell)
