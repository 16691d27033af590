"""Local worker processes, a device or a share of the cores each."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch

from mindkit.errors import MindkitError
from mindkit.study.executors.driving import TRIES, drive
from mindkit.study.executors.making import Setup
from mindkit.study.executors.pools import Pool, Pools
from mindkit.study.jobs import Task, Tell, Worker


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


def _visible_gpus() -> list[str]:
    if torch.backends.mps.is_available():
        return ["mps"]
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
