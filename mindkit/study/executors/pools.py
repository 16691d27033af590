"""Pools of one process, a pool for each place where a run can be made.

A pool of several is broken as a whole when one of its processes is killed: the others are ended
too, and nobody can tell whose task it was. Of pools of one, only the one that lost its process is
replaced.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.process import BaseProcess

from mindkit.study.executors.driving import POLL
from mindkit.study.executors.making import Lost, Made, Setup
from mindkit.study.executors.memory import free_memory, peak_memory
from mindkit.study.executors.worker_process import begin, make
from mindkit.study.jobs import Task, describe

log = logging.getLogger(__name__)


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
            future = self._started().submit(make, jobs, self.setup)
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
            self.executor = ProcessPoolExecutor(1, context, initializer=begin)
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
        except Exception as error:  # `Lost` too, or of a worker that could not even begin
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
