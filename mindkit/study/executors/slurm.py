"""Tasks as jobs of a Slurm cluster, through submitit."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindkit.errors import MindkitError
from mindkit.study.executors.driving import POLL, TRIES, drive
from mindkit.study.executors.making import Lost, Made, Setup, make_task
from mindkit.study.jobs import Task, Tell, Worker

LOGS = ".slurm"  # the folder beside the runs that holds what jobs print
MINUTES = 240  # that a job may take before it is put back into the queue
SHARED = ("name", "timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node", "stderr_to_stdout")
WAIT = 30  # seconds that cancelled jobs on this machine have to save their state


class Slurm:
    """Tasks as Slurm jobs: an array, each with its log in `.slurm` beside the runs.

    The folder of the study, the runs, the data and MINDKIT_HOME have to be visible on every node
    under the same paths, as has this Python.

    workers: jobs of the array at a time; by default as many as Slurm runs. cluster: "slurm", or
    "local" to try it on this machine. tries: how often a task is begun whose job is lost.
    parameters: of submitit's executor, such as timeout_min (minutes, by default 240: a job that
    takes longer is put back and goes on), gpus_per_node, cpus_per_task or mem_gb; other names are
    sbatch's, such as partition, qos or account.

    The jobs of a study whose own process is gone are made all the same; called again, it waits for
    those that run.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        workers: int | None = None,
        cluster: str = "slurm",
        tries: int = TRIES,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.submitit = _import()
        if cluster not in ("slurm", "local"):
            raise MindkitError(f"--executor-set cluster={cluster}: it is slurm or local")
        self.cluster, self.workers, self.tries = cluster, workers, tries
        self.parameters = {"timeout_min": MINUTES, "cpus_per_task": 1} | _prefixed(parameters or {})
        if workers is not None:
            self.parameters["slurm_array_parallelism"] = workers
        self.setup = Setup.of_here(self.parameters["cpus_per_task"], worker)

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        if not tasks:
            return
        queue = self._queue(tasks[0][0].out / LOGS)
        at_once = self.workers if self.cluster == "local" else None  # elsewhere Slurm sees to it
        drive(Queue(queue, Resumable(self.setup), at_once), tasks, tell, self.tries)

    def _queue(self, folder: Path) -> Any:
        try:
            queue = self.submitit.AutoExecutor(folder=folder, cluster=self.cluster)
            queue.update_parameters(**self.parameters)
        except RuntimeError as error:
            raise MindkitError(
                f"no Slurm on this machine ({error}); call this where `sbatch` is known, or try "
                "it here with --executor-set cluster=local"
            ) from None
        except (NameError, AssertionError, ValueError) as error:
            raise MindkitError(f"--executor-set: {error}") from None
        return queue


@dataclass(frozen=True)
class Resumable:
    """What a job calls. Put back into the queue, it makes the same task, where its runs go on."""

    setup: Setup

    def __call__(self, task: Task) -> Made:
        return make_task(task, self.setup)

    def checkpoint(self, task: Task) -> Any:
        """Return what is submitted when a job is out of time or has to give way."""
        return _import().helpers.DelayedSubmission(self, task)


class Queue:
    """The engine: Slurm itself says when a job runs."""

    def __init__(self, queue: Any, make: Resumable, at_once: int | None) -> None:
        self.queue, self.make, self.at_once = queue, make, at_once
        self.begun: list[Ticket] = []

    def submit(self, tasks: Sequence[Task]) -> list[Ticket]:
        self.begun = [ticket for ticket in self.begun if not ticket.done()]
        room = len(tasks) if self.at_once is None else self.at_once - len(self.begun)
        if not tasks[:room]:
            return []
        with self.queue.batch():
            jobs = [self.queue.submit(self.make, list(task)) for task in tasks[:room]]
        tickets = [Ticket(job) for job in jobs]
        self.begun += tickets
        return tickets

    def stop(self) -> None:
        for ticket in self.begun:
            ticket.job.cancel()
        until = time.monotonic() + WAIT
        while time.monotonic() < until and not all(ticket.done() for ticket in self.begun):
            time.sleep(POLL)


class Ticket:
    """A job of the queue."""

    def __init__(self, job: Any) -> None:
        self.job = job

    def started(self) -> bool:
        return self.job.state == "RUNNING"

    def done(self) -> bool:
        return self.job.done()

    def made(self) -> Made:
        error = self.job.exception()
        if error is None:
            return self.job.result()
        raise Lost(f"job {self.job.job_id} {_reason(error)}; its log is {self.job.paths.stderr}")


def _reason(error: Exception) -> str:
    """What submitit's error says in one line: of a traceback the last, of a lost job its state."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    rules = [number for number, line in enumerate(lines) if not line.strip("-")]
    if isinstance(error, _import().core.utils.FailedJobError) and len(rules) > 1:
        return f"failed: {lines[rules[1] - 1]}"
    return lines[1] if len(lines) > 1 else lines[0]


def _prefixed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as submitit names them: what is not of all clusters is Slurm's."""
    return {
        name if name in SHARED or name.startswith("slurm_") else f"slurm_{name}": value
        for name, value in parameters.items()
    }


def _import() -> Any:
    try:
        import submitit
    except ImportError:
        raise MindkitError(
            '--executor slurm needs submitit; install it with: pip install "mindkit[slurm]"'
        ) from None
    return submitit
