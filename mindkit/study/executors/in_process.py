"""What an executor is, and the simplest: one task after another, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mindkit.study.executors.driving import stopped
from mindkit.study.jobs import Job, State, Task, Tell, Worker
from mindkit.train.loop import Interrupted


class Executor(Protocol):
    """Makes tasks somewhere."""

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        """Make all tasks and return when each of their jobs is finished or has failed.

        `tell` is called in this process; what a finished job gave is in its folder. Raises
        `Interrupted` on SIGINT and SIGTERM, when what was begun has saved its state.
        """


class InProcess:
    """One task after another, here, with the worker's live display."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        ended = 0

        def note(job: Job, state: State, error: str) -> None:
            nonlocal ended
            ended += state != "started"
            tell(job, state, error)

        try:
            for task in tasks:
                self.worker.make_all(task, note)
        except Interrupted as error:
            total = sum(len(task) for task in tasks)
            raise stopped(error.signal_number, ended, total) from None
