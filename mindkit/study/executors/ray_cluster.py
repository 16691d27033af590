"""Tasks on a Ray cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from mindkit.errors import MindkitError
from mindkit.study.executors.driving import TRIES, drive
from mindkit.study.executors.making import Lost, Made, Setup, make_task
from mindkit.study.jobs import Task, Tell, Worker, describe


class RayCluster:
    """Tasks on a Ray cluster: one that is there, or one that is started on this machine.

    The folder of the study, the runs, the data and MINDKIT_HOME have to be visible on every machine
    under the same paths, and mindkit and its plugins installed there.

    workers: tasks at a time; by default as many as fit. address: "auto", or "ray://host:10001" or
    "host:6379"; without it, a cluster is started here and ended with the study, unless this program
    has started one. cpus, gpus: what one task takes, parts of a GPU too; by default one CPU, and
    one GPU where the cluster has any and the jobs do not name the CPU. memory: GB that one task
    takes, by which Ray limits them. tries: how often a task is begun whose worker dies.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        workers: int | None = None,
        address: str | None = None,
        cpus: int = 1,
        gpus: float | None = None,
        memory: float | None = None,
        tries: int = TRIES,
    ) -> None:
        self.ray = _import()
        self.setup = Setup.of_here(cpus, worker)
        self.workers, self.address, self.tries = workers, address, tries
        self.cpus, self.gpus, self.memory = cpus, gpus, memory

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        if not tasks:
            return
        ours = not self.ray.is_initialized()
        if ours:
            self._connect()
        try:
            on_cpu = tasks[0][0].device == "cpu"
            drive(Cluster(self.ray, self._remote(on_cpu), self.workers), tasks, tell, self.tries)
        finally:
            if ours:
                self.ray.shutdown()

    def _connect(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if self.address is not None:
            options["address"] = self.address
        else:
            options["include_dashboard"] = False
            if self.workers is not None:
                options["num_cpus"] = self.workers * self.cpus
        try:
            self.ray.init(**options)
        except Exception as error:  # many kinds, some of them of other packages
            where = f"at {self.address}" if self.address else "on this machine"
            raise MindkitError(
                f"no Ray cluster {where} ({describe(error)}); start one with `ray start --head`, "
                "and name it with --executor-set address=HOST:PORT"
            ) from None

    def _remote(self, on_cpu: bool) -> Any:
        """The function that makes a task there: it gives None when it has started, then `Made`."""
        gpus = self.gpus
        if gpus is None:
            gpus = 1 if self.ray.cluster_resources().get("GPU") and not on_cpu else 0
        memory = {} if self.memory is None else {"memory": int(self.memory * 1e9)}
        remote = self.ray.remote(num_cpus=self.cpus, num_gpus=gpus, max_retries=0, **memory)(_make)
        return lambda task: remote.options(num_returns="streaming").remote(task, self.setup)


class Cluster:
    """The engine: Ray itself places tasks where there is room."""

    def __init__(self, ray: Any, make: Any, workers: int | None) -> None:
        self.ray, self.make, self.workers = ray, make, workers
        self.begun: list[Ticket] = []

    def submit(self, tasks: Sequence[Task]) -> list[Ticket]:
        self.begun = [ticket for ticket in self.begun if not ticket.done()]
        room = len(tasks) if self.workers is None else self.workers - len(self.begun)
        tickets = [Ticket(self.ray, self.make(list(task))) for task in tasks[:room]]
        self.begun += tickets
        return tickets

    def stop(self) -> None:
        for ticket in self.begun:
            ticket.cancel()
        self.ray.wait([ticket.ended for ticket in self.begun], num_returns=len(self.begun))


class Ticket:
    """A task as a stream: of nothing when it has started, then of what was made."""

    def __init__(self, ray: Any, stream: Any) -> None:
        self.ray, self.stream = ray, stream
        self.ended = stream.completed()
        self.given: list[Any] = []
        self.reason: str | None = None

    def started(self) -> bool:
        self._look()
        return bool(self.given)

    def done(self) -> bool:
        self._look()
        return len(self.given) == 2 or self.reason is not None

    def made(self) -> Made:
        if self.reason is not None:
            raise Lost(self.reason)
        return self.given[1]

    def cancel(self) -> None:
        """Interrupt the task; a run saves its state."""
        self.ray.cancel(self.stream)

    def _look(self) -> None:
        while len(self.given) < 2 and self.reason is None:
            if not self.ray.wait([self.stream], timeout=0)[0]:
                return
            try:
                self.given.append(self.ray.get(next(self.stream)))
            except self.ray.exceptions.RayTaskError as error:
                self.reason = describe(error.cause)
            except self.ray.exceptions.RayError as error:
                self.reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"


def _make(task: Task, setup: Setup) -> Iterator[Made | None]:
    yield None
    yield make_task(task, setup)


def _import() -> Any:
    try:
        import ray
    except ImportError:
        raise MindkitError(
            '--executor ray needs Ray; install it with: pip install "mindkit[ray]"'
        ) from None
    return ray
