"""What happens in a worker elsewhere: it is set up, makes a task, and says what became of it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache

import torch

from mindkit.data.home import VARIABLE
from mindkit.errors import MindkitError
from mindkit.study.executors.memory import peak_memory, room_on_device
from mindkit.study.jobs import Fuse, Job, State, Task, Worker
from mindkit.train.loop import Interrupted

ENVIRONMENT = (VARIABLE, "HF_HOME", "HF_HUB_OFFLINE")  # what says where data and models are


class Lost(MindkitError):
    """A worker ended without making its task; the runs can be gone on with."""


@dataclass(frozen=True)
class Setup:
    """What a worker has to share with the process that started the study.

    folder: the working folder, to which relative paths in configs refer. path: where Python looks
    for modules. threads: of one worker.
    """

    folder: str
    path: tuple[str, ...]
    environment: dict[str, str]
    threads: int
    fuse: Fuse

    @classmethod
    def of_here(cls, threads: int, worker: Worker) -> Setup:
        """Return this process's."""
        shared = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        return cls(os.getcwd(), tuple(sys.path), shared, threads, worker.fuse)

    def take(self) -> None:
        """Make this process like the one that started the study."""
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise Lost(
                f"the study's folder {self.folder} cannot be reached on {os.uname().nodename} "
                f"({error.strerror}); every machine has to see it under the same path"
            ) from None
        sys.path += [entry for entry in self.path if entry not in sys.path]
        os.environ.update(self.environment)
        torch.set_num_threads(self.threads)


@dataclass(frozen=True)
class Outcome:
    """What became of one job."""

    state: State
    error: str


@dataclass(frozen=True)
class Made:
    """What became of a task's jobs, in their order, and what that took.

    memory: the most that the process has held so far, bytes. room: how many workers like it fit on
    its GPU in all, had it that to itself; None on the CPU.
    """

    outcomes: tuple[Outcome, ...]
    memory: int
    room: int | None


def make_task(task: Task, setup: Setup) -> Made:
    """Make a task in this process. Raises `Lost` where a signal stopped it: its state is saved."""
    setup.take()
    folders = [job.folder for job in task]
    outcomes: dict[int, Outcome] = {}

    def note(job: Job, state: State, error: str) -> None:
        if state != "started":
            outcomes[folders.index(job.folder)] = Outcome(state, error)

    try:
        _worker(setup.fuse).make_all(task, note)
    except Interrupted as error:
        raise Lost(str(error)) from None  # the signal's number is nothing to the study
    ended = tuple(outcomes[number] for number in range(len(task)))
    return Made(ended, peak_memory(), room_on_device(task[0].device))


@cache
def _worker(fuse: Fuse) -> Worker:
    """The one of this process: it keeps plugins and data from task to task."""
    return Worker(fuse=fuse)
