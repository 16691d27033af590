"""Making the trials of a search: each an ordinary run, on the validation split alone."""

from __future__ import annotations

import math
import multiprocessing
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from mindkit.config.load import as_setting
from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.data.library import open_store
from mindkit.data.store import Store
from mindkit.hooks import load_plugins
from mindkit.kinds import Tracker
from mindkit.registry import Registries
from mindkit.study.folders import PRUNED
from mindkit.study.jobs import ERROR, describe
from mindkit.study.search import Search, load, quiet, sampler
from mindkit.train.locking import FOLDER as LOCKS
from mindkit.train.loop import Interrupted
from mindkit.train.run import RunResult, run_folder, run_spec

POLL = 0.5  # seconds between two looks at trials that others make
Told = Mapping[int, float]  # epoch -> what was reported of it
State = Literal["finished", "pruned", "failed", "running"]
_STATES: dict[str, State] = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class Trial:
    """One trial: the `--set` lines that were tried, and what came of them on validation.

    value: of the metric that selects; that of the last epoch if pruned, NaN if it failed.
    epochs: trained, 0 if it failed. host: the machine that made it.
    """

    number: int
    state: State
    value: float
    settings: tuple[str, ...]
    epochs: int
    folder: str
    host: str
    error: str


def trials_of(study: Any) -> list[Trial]:
    """Return the trials that were begun, by number."""
    begun = [one for one in study.get_trials(deepcopy=False) if one.state.name != "WAITING"]
    return [_read(one) for one in begun]


def work(search: Search, after: Callable[[Any], None]) -> None:
    """Make trials until there are enough of them; `after` is called with the study after each.

    Several workers may do so at once. A trial whose worker was lost is gone on with, so this only
    returns when none that is made in the same folder is left.
    """
    with quiet():
        study = load(search)
        registries = load_plugins(search.plugins).registries
        store = open_store(search.spec(registries).data, registries)
        while not _orphaned():
            with _next_trial(search, study) as taken:
                if taken is not None:
                    _make(search, registries, store, *taken)
            after(study)
            if taken is None:
                if not any(_lock_path(search, number).exists() for number in _running(study)):
                    return
                time.sleep(POLL)


class Pruned(Exception):
    """A trial is not worth going on with."""


class Follower(Tracker):
    """Reports each epoch's validation to a trial, and stops one that falls behind.

    A trial in its last epoch is not stopped: its value is known. told: what was reported before the
    run was interrupted. epochs: trained so far.
    """

    def __init__(self, trial: Any, search: Search, told: Told) -> None:
        self.trial, self.search, self.told = trial, search, told
        self.epochs = 0

    def log(self, record: Mapping[str, Any]) -> None:
        if _orphaned():
            text = "the process that tunes is gone; call the same command again"
            raise Interrupted(text, signal.SIGTERM)
        metric, epoch = self.search.metric, record["epoch"]
        value, self.epochs = record["valid"][metric], epoch + 1
        if math.isnan(value):
            return
        if epoch not in self.told:
            self.trial.report(value, epoch)
        last = record["decision"] == "stop" or self.epochs == self.search.epochs
        if not last and self.trial.should_prune():
            raise Pruned(f"{metric} {value:.4f} on validation in epoch {self.epochs}")


@contextmanager
def _next_trial(search: Search, study: Any) -> Iterator[tuple[Any, Told] | None]:
    """Give a trial that no other worker has, and what it has reported; None when all are begun."""
    import optuna

    with FileLock(search.folder / LOCKS / "study.lock"):
        trials = study.get_trials(deepcopy=False)
        left = next((trials[number] for number in _running(study) if _lost(search, number)), None)
        waiting = [one for one in trials if one.state.name == "WAITING"]
        lock, trial = None, None
        if left is not None:
            lock = _lock(search, left.number)
            trial = optuna.trial.Trial(study, left._trial_id)
        elif len(trials) - len(waiting) < search.trials:
            # Locked before it exists: a worker killed in between would leave a trial to nobody.
            lock = _lock(search, waiting[0].number if waiting else len(trials))
            trial = study.ask()
            if Path(lock.lock_file) != _lock_path(search, trial.number):  # another machine asked
                lock.release()
                lock = _lock(search, trial.number)
    if lock is None or trial is None:
        yield None
        return
    try:
        yield trial, dict(left.intermediate_values) if left is not None else {}
    finally:
        lock.release()


def _make(search: Search, registries: Registries, store: Store, trial: Any, told: Told) -> None:
    from optuna.trial import TrialState

    trial.study.sampler = sampler(search, trial.number)
    values = {one.path: one.suggest(trial) for one in search.dimensions}
    settings = tuple(as_setting(path, value) for path, value in values.items())
    trial.set_user_attr("settings", settings)
    trial.set_user_attr("host", socket.gethostname())
    follower = Follower(trial, search, told)
    state, value = TrialState.COMPLETE, None
    try:
        spec = search.spec(registries, settings)
        trial.set_user_attr("folder", run_folder(spec, search.runs).name)
        result = _run(search, spec, registries, store, follower)
        value, follower.epochs = result.selection["value"], result.epochs
    except Interrupted:
        raise
    except Pruned:
        state = TrialState.PRUNED
    except Exception as error:  # a plugin may raise anything; the other trials go on
        state = TrialState.FAIL
        trial.set_user_attr("error", describe(error))
    trial.set_user_attr("epochs", follower.epochs)
    trial.study.tell(trial, value, state=state)


def _run(
    search: Search, spec: Spec, registries: Registries, store: Store, follower: Follower
) -> RunResult:
    """Make the run of a trial; what stopped it, if not a signal, is written to its folder."""
    folder = run_folder(spec, search.runs)
    try:
        return run_spec(
            spec,
            registries,
            out=search.runs,
            device=search.device,
            resume=True,
            trackers=[follower],
            store=store,
            splits=("valid",),
        )
    except Interrupted:
        raise
    except Pruned as why:
        write_text(folder / PRUNED, f"{why}\n")
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)  # it is not to be resumed
        raise
    except Exception as error:
        write_text(folder / ERROR, f"{describe(error)}\n")
        raise


def _running(study: Any) -> list[int]:
    trials = study.get_trials(deepcopy=False)
    return [one.number for one in trials if one.state.name == "RUNNING"]


def _lost(search: Search, number: int) -> bool:
    """Return whether the worker that made this trial here is gone."""
    path = _lock_path(search, number)
    if not path.exists():
        return False  # it is made on another machine, in a folder of its own
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def _lock_path(search: Search, number: int) -> Path:
    return search.folder / LOCKS / f"trial-{number}.lock"


def _lock(search: Search, number: int) -> FileLock:
    lock = FileLock(_lock_path(search, number))
    lock.acquire(timeout=0)
    return lock


def _orphaned() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _read(one: Any) -> Trial:
    attributes = one.user_attrs
    value = one.value if one.value is not None else math.nan
    return Trial(
        number=one.number,
        state=_STATES.get(one.state.name, "running"),
        value=value,
        settings=tuple(attributes.get("settings", ())),
        epochs=attributes.get("epochs", 0),
        folder=attributes.get("folder", ""),
        host=attributes.get("host", ""),
        error=attributes.get("error", ""),
    )
