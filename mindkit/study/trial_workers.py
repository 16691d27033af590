"""The workers of a search: this process, or several on this machine, until there are its trials."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from mindkit.errors import MindkitError
from mindkit.study.search import Search, load, quiet
from mindkit.study.trials import Trial, trials_of, work
from mindkit.train.loop import Interrupted
from mindkit.train.signals import watching_signals

TellTrial = Callable[[Trial], None]
POLL = 0.5  # seconds between two looks at what the workers have done
_AGAIN = "call the same command again to go on from there"


def make_trials(
    search: Search,
    executor: str = "in-process",
    workers: int | None = None,
    devices: Sequence[str] = (),
    tell: TellTrial | None = None,
) -> list[Trial]:
    """Make what is missing of the trials of a search that was created; return all, by number.

    executor: "in-process", or "processes" with so many `workers` on these `devices`, in turn. tell:
    called here with each trial that ends. Raises `Interrupted` on a signal, and `MindkitError`
    where trials are missing in the end: workers died, or another machine is not done yet.
    """
    refuse_elsewhere(executor, devices, search.device)
    with quiet():
        study = load(search)
        told = {one.number for one in trials_of(study) if one.state != "running"}

        def tell_new(study: Any) -> None:
            for one in trials_of(study):
                if one.state != "running" and one.number not in told:
                    told.add(one.number)
                    if tell is not None:
                        tell(one)

        if executor == "in-process":
            _here(search, tell_new)
        else:
            _in_processes(search, workers, devices, lambda: tell_new(study))
        trials = trials_of(study)
    _refuse_missing(search, trials)
    return trials


def refuse_elsewhere(executor: str, devices: Sequence[str], device: str | None) -> None:
    """Raise where trials cannot be made as asked: on a cluster, or in two places at once."""
    if executor not in ("in-process", "processes"):
        raise MindkitError(
            f"--executor {executor}: trials are made by this process or by worker processes of "
            "this machine; on several machines, call the same command on each with one --storage"
        )
    if devices and device:
        raise MindkitError(
            f"--device {device} and --devices {','.join(devices)} name different places; "
            "leave one of the two out"
        )


def _here(search: Search, after: Callable[[Any], None]) -> None:
    try:
        work(search, after)
    except Interrupted as error:
        raise Interrupted(f"the search is stopped; {_AGAIN}", error.signal_number) from None


def _in_processes(
    search: Search, workers: int | None, devices: Sequence[str], after: Callable[[], None]
) -> None:
    context = multiprocessing.get_context("spawn")
    places = _places(workers, devices or ([search.device] if search.device else []))
    processes = [
        context.Process(target=_worker, args=(replace(search, device=place),)) for place in places
    ]
    with watching_signals() as stop:
        for process in processes:
            process.start()
        asked = False
        while any(process.is_alive() for process in processes):
            if stop.signal_number is not None and not asked:
                asked = True
                for process in processes:
                    process.terminate()  # they save their state first
            time.sleep(POLL)
            after()
        after()
        if stop.signal_number is not None:
            raise Interrupted(f"the search is stopped; {_AGAIN}", stop.signal_number)


def _places(workers: int | None, devices: Sequence[str]) -> list[str | None]:
    """Return the device of each worker; without their number, one a GPU, else one a core."""
    named = list(devices) or [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    on_gpu = bool(named) and named[0] != "cpu"
    count = workers or (len(named) if on_gpu else os.cpu_count() or 1)
    return [named[k % len(named)] if named else None for k in range(count)]


def _worker(search: Search) -> None:
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)  # the workers share the cores
    try:
        work(search, lambda study: None)
    except Interrupted as error:
        sys.exit(128 + error.signal_number)
    except KeyboardInterrupt:
        sys.exit(130)
    except MindkitError as error:
        sys.exit(str(error))


def _refuse_missing(search: Search, trials: Sequence[Trial]) -> None:
    running = [one for one in trials if one.state == "running"]
    if running:
        named = ", ".join(f"{one.number} on {one.host or 'another machine'}" for one in running)
        raise MindkitError(
            f"{len(running)} of {search.trials} trials have not ended: {named}. Call the same "
            "command again, there where the machine has a folder of its own; for one that is gone "
            f"for good, `optuna tell --storage {search.storage} --study-name "
            f"{search.name} --trial-number {running[0].number} --state fail`"
        )
    if len(trials) < search.trials:
        raise MindkitError(
            f"only {len(trials)} of {search.trials} trials were made: the workers died; {_AGAIN}"
        )
