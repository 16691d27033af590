"""Local worker processes: a pool of one process for each place where a run can be made.

A pool of several is broken as a whole when one of its processes is killed: the others are ended
too, and nobody can tell whose task it was. Of pools of one, only the one that lost its process is
replaced.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.process import BaseProcess

import torch

from mindkit.errors import MindkitError
from mindkit.study.executors.driving import POLL, TRIES, drive
from mindkit.study.executors.making import Lost, Made, Setup, make_task
from mindkit.study.executors.memory import free_memory, peak_memory
from mindkit.study.jobs import Task, Tell, Worker, describe

GRACE = 30  # seconds that a run has to save its state once the parent is gone

log = logging.getLogger(__name__)


class Processes:
    """Tasks in local processes, each on its own device or its share of the cores.

    workers: processes at a time; by default one a GPU, else as many as cores // threads. devices:
    of the workers, in turn; by default all GPUs that are visible, unless the jobs name one.
    threads: that a worker computes with; by default OMP_NUM_THREADS, or 1. tries: how often a task
    is begun whose worker dies.

    Memory: at most (free memory) / (memory of a worker) are at work at a time. The first is what is
    free when the study begins. The second is `memory`, in GB, or else the most that a worker has
    held: one works alone until it has trained an epoch (where the system does not tell that of
    another process, until its first task is made). Likewise several on one GPU begin when the first
    has made a task there, by what is free on the GPU then.

    Workers whose parent is gone, however it ended, save their run's state and end.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        workers: int | None = None,
        devices: Sequence[str] = (),
        threads: int | None = None,
        memory: float | None = None,
        tries: int = TRIES,
    ) -> None:
        if workers is not None and workers < len(devices):
            raise MindkitError(
                f"--workers {workers} leaves some of --devices {','.join(devices)} without a "
                "worker; leave one of the two out"
            )
        default = torch.get_num_threads() if "OMP_NUM_THREADS" in os.environ else 1
        self.setup = Setup.of_here(threads or default, worker)
        self.workers, self.devices, self.memory, self.tries = workers, devices, memory, tries

    def run(self, tasks: Sequence[Task], tell: Tell) -> None:
        if not tasks:
            return
        asked = tasks[0][0].device
        if asked and self.devices:
            raise MindkitError(
                f"--device {asked} and --devices {','.join(self.devices)} name different places "
                "for the runs; leave one of the two out"
            )
        devices = list(self.devices) or ([asked] if asked else _visible_gpus())
        on_gpu = bool(devices) and devices[0] != "cpu"
        default = len(devices) if on_gpu else max(1, _cores() // self.setup.threads)
        workers = min(self.workers or default, len(tasks))
        places = [devices[k % len(devices)] if devices else None for k in range(workers)]
        pools = Pools([Pool(place, self.setup) for place in places], self.memory)
        try:
            drive(pools, tasks, tell, self.tries)
        finally:
            pools.close()


class Pools:
    """The engine: it hands tasks to free pools, as far as memory allows."""

    def __init__(self, pools: Sequence[Pool], memory: float | None = None) -> None:
        self.pools = pools
        self.free = free_memory()
        self.memory = memory * 1e9 if memory else 0.0
        self.measured = memory is None
        self.said: int | None = None

    def submit(self, tasks: Sequence[Task]) -> list[Ticket]:
        tickets: list[Ticket] = []
        room = self._room()
        for pool in self.pools:
            if len(tickets) == len(tasks):
                break
            if pool.busy:
                continue
            if sum(one.busy for one in self.pools) >= room or not self._fits_on_device(pool):
                pool.close()  # an idle process holds memory too
            else:
                tickets.append(pool.submit(tasks[len(tickets)]))
        return tickets

    def stop(self) -> None:
        busy = [pool for pool in self.pools if pool.busy]
        for pool in busy:
            pool.terminate()
        try:
            while any(pool.busy for pool in busy):
                time.sleep(POLL)
        except BaseException:  # asked again, it does not wait
            for pool in busy:
                pool.kill()
            raise

    def close(self) -> None:
        """End all processes."""
        for pool in self.pools:
            pool.close()

    def _room(self) -> int:
        """How many processes may be at work now."""
        if self.measured:
            self.memory = max([self.memory, *(pool.measure() for pool in self.pools)])
        if not self.memory:
            return 1
        room = max(1, int(self.free // self.memory))
        if room < len(self.pools) and room != self.said:
            self.said = room
            log.info(
                "memory for %d of %d workers: %.1f GB were free, and one takes %.1f GB",
                room,
                len(self.pools),
                self.free / 1e9,
                self.memory / 1e9,
            )
        return room

    def _fits_on_device(self, pool: Pool) -> bool:
        same = [one for one in self.pools if one.device == pool.device]
        if pool.device in (None, "cpu") or pool is same[0]:
            return True
        told = [one.room for one in same if one.room is not None]
        return bool(told) and sum(one.busy for one in same) < told[0]


class Pool:
    """One process at a time on `device`; `room`: how many fit there, once it has made a task."""

    def __init__(self, device: str | None, setup: Setup) -> None:
        self.device, self.setup = device, setup
        self.room: int | None = None
        self.executor: ProcessPoolExecutor | None = None
        self.process: BaseProcess | None = None
        self.ticket: Ticket | None = None

    @property
    def busy(self) -> bool:
        """Return True while a task is being made."""
        return self.ticket is not None and not self.ticket.done()

    def submit(self, task: Task) -> Ticket:
        """Hand in a task; there must be none under way."""
        if self.process is not None and not self.process.is_alive():
            self.close()
        jobs = [replace(job, device=self.device) for job in task]
        before = set(multiprocessing.active_children())
        try:
            future = self._started().submit(_make, jobs, self.setup)
        except BrokenProcessPool:  # killed just now
            self.close()
            return self.submit(task)
        for child in set(multiprocessing.active_children()) - before:
            self.process = child
        self.ticket = Ticket(future, self, task)
        return self.ticket

    def measure(self) -> int:
        """Return the most memory its process has held, in bytes; 0 before it has trained."""
        if self.ticket is None or self.process is None or not self.process.is_alive():
            return 0
        if self.ticket.done():
            return self.ticket.memory()
        return peak_memory(self.process.pid) if self.ticket.has_trained() else 0

    def terminate(self) -> None:
        """Ask its process to save the state of a run and end."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End its process at once."""
        if self.process is not None:
            self.process.kill()

    def close(self) -> None:
        """End its process when it has made its task."""
        if self.executor is not None:
            self.executor.shutdown()
        self.executor = self.process = self.ticket = None

    def _started(self) -> ProcessPoolExecutor:
        if self.executor is None:
            context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
            self.executor = ProcessPoolExecutor(1, context, initializer=_begin)
        return self.executor


class Ticket:
    """A task in a pool."""

    def __init__(self, future: Future[Made], pool: Pool, task: Task) -> None:
        self.future, self.pool, self.task = future, pool, task
        self.process = pool.process
        self.begun = time.time()

    def started(self) -> bool:
        return True

    def done(self) -> bool:
        return self.future.done()

    def made(self) -> Made:
        try:
            made = self.future.result()
        except BrokenProcessPool:
            raise Lost(_how_it_died(self.process)) from None
        except Lost:
            raise
        except Exception as error:  # of a worker that could not even begin
            raise Lost(describe(error)) from None
        self.pool.room = made.room if self.pool.room is None else self.pool.room
        return made

    def memory(self) -> int:
        """Return what the process has held at most, if it has made the task."""
        return 0 if self.future.exception() else self.future.result().memory

    def has_trained(self) -> bool:
        """Return True when a run of the task has saved a checkpoint since it was handed in."""
        states = (job.folder / "checkpoint" / "state.json" for job in self.task)
        return any(state.is_file() and state.stat().st_mtime > self.begun for state in states)


def _how_it_died(process: BaseProcess | None) -> str:
    if process is not None:
        process.join()
    code = process.exitcode if process is not None else None
    if code is None or code >= 0:
        return (
            f"its process ended by itself (exit status {code}); a script that uses worker "
            "processes has to keep its own work under `if __name__ == '__main__':`"
        )
    name = signal.Signals(-code).name
    hint = ", as the system does when memory runs short" if -code == signal.SIGKILL else ""
    return f"its process was ended by {name}{hint}"


def _visible_gpus() -> list[str]:
    if torch.backends.mps.is_available():
        return ["mps"]
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent passes it on
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)  # a run saves its state
    time.sleep(GRACE)
    os._exit(1)


def _make(task: Task, setup: Setup) -> Made:
    try:
        return make_task(task, setup)
    except Lost:
        parent = multiprocessing.parent_process()
        if parent is None or not parent.is_alive():
            os._exit(1)  # nobody will ask for more
        raise
