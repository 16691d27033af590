"""A search: what is tried on which data, and the Optuna study that remembers it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from mindkit.config.load import load_spec
from mindkit.config.source import dotted, node_of
from mindkit.config.spec import Spec
from mindkit.errors import MindkitError
from mindkit.registry import Registries
from mindkit.study.space import Dimension
from mindkit.train.locking import FOLDER as LOCKS

Pruner = Literal["median", "hyperband", "none"]
JUDGED_TRIALS = 5  # trials that the median pruner lets run to their end
JUDGED_EPOCHS = 5  # epochs that any trial is given
_ELSEWHERE = ("data.path", "data.simulate", "training.trackers", "training.log_every")
_ATTRIBUTE = "mindkit"


@dataclass(frozen=True)
class Search:
    """What is searched, in plain values that can be sent to another process.

    storage: a URL, or the file of a journal. folder: of this study's files; its runs lie in
    `trials`. config: what `load_spec` takes, `settings` apart. trials: how many in all.
    """

    name: str
    storage: str
    folder: Path
    config: dict[str, Any]
    settings: tuple[str, ...]
    plugins: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    metric: str
    mode: str
    trials: int
    epochs: int
    seed: int
    pruner: Pruner = "median"
    device: str | None = None

    @property
    def runs(self) -> Path:
        """The folder of the trials' runs."""
        return self.folder / "trials"

    def spec(self, registries: Registries, settings: tuple[str, ...] = ()) -> Spec:
        """Return the config with these settings on top of those that were asked for."""
        return load_spec(registries, **self.config, settings=[*self.settings, *settings])


def create(search: Search, spec: Spec, digest: str, fresh: bool) -> Any:
    """Return the Optuna study, made if there is none; before any worker starts, or they collide.

    The config as it stands is the first trial. Raises `MindkitError` where the storage holds a
    study of that name over other data, another config or another space.
    """
    import optuna

    storage = _storage(search.storage)
    names = [one.study_name for one in optuna.get_all_study_summaries(storage, False)]
    if fresh and search.name in names:
        optuna.delete_study(study_name=search.name, storage=storage)
    study = optuna.create_study(
        study_name=search.name,
        storage=storage,
        direction="minimize" if search.mode == "min" else "maximize",
        load_if_exists=True,
    )
    identity = _identity(search, spec, digest)
    saved = study.user_attrs.get(_ATTRIBUTE)
    if saved is None:
        study.set_user_attr(_ATTRIBUTE, identity)
    elif saved != identity:
        _refuse(search, saved, identity)
    if not study.trials and all(one.own in one for one in search.dimensions):
        own = {one.path: one.own for one in search.dimensions}
        study.enqueue_trial(own, skip_if_exists=True)
    return study


def load(search: Search) -> Any:
    """Return the Optuna study, which exists."""
    import optuna

    return optuna.load_study(
        study_name=search.name, storage=_storage(search.storage), pruner=_pruner(search)
    )


def sampler(search: Search, number: int) -> Any:
    """Return what proposes the values of trial `number`: the same, whoever asks and when."""
    import optuna

    seed = np.random.SeedSequence((search.seed, number)).generate_state(1)[0]
    return optuna.samplers.TPESampler(seed=int(seed))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's progress and its notes on experimental parts from the person who tunes."""
    try:
        import optuna
    except ImportError:
        raise MindkitError('tuning needs Optuna; pip install "mindkit[tune]"') from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _storage(place: str) -> Any:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if "://" not in place:
        path = Path(place)
        lock = path.parent / LOCKS / f"{path.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        # Optuna's own locks outlive a killed process by half a minute; the kernel's do not.
        backend = JournalFileBackend(place, lock_obj=FileLock(lock))  # type: ignore[arg-type]
        return JournalStorage(backend)
    try:
        return RDBStorage(place)
    except Exception as error:  # a driver's own, of as many kinds as there are drivers
        reason = str(error).strip().splitlines()[0]
        raise MindkitError(
            f"--storage {place} cannot be opened ({type(error).__name__}: {reason}); give a file, "
            "sqlite:///FILE, or the URL of a database whose driver is installed, such as "
            "postgresql+psycopg://HOST/NAME"
        ) from None


def _pruner(search: Search) -> Any:
    from optuna import pruners

    if search.pruner == "none":
        return pruners.NopPruner()
    if search.pruner == "median":
        return pruners.MedianPruner(JUDGED_TRIALS, JUDGED_EPOCHS)
    least = min(JUDGED_EPOCHS, search.epochs)
    return pruners.HyperbandPruner(min_resource=least, max_resource=search.epochs)


def _identity(search: Search, spec: Spec, digest: str) -> dict[str, str]:
    """Return what two searches must share for their trials to be comparable, in words."""
    leaves = {dotted(keys): node.plain() for keys, node in node_of(spec.resolved).leaves()}
    told = {path: json.dumps(v) for path, v in leaves.items() if path not in _ELSEWHERE}
    told |= {f"{one.path} searched in": str(one) for one in search.dimensions}
    return told | {"data": f"digest {digest[:12]}", "pruner": search.pruner}


def _refuse(search: Search, saved: dict[str, str], now: dict[str, str]) -> None:
    lines = [
        f"  {name}: {saved.get(name, 'not')} there, {now.get(name, 'not')} now"
        for name in sorted({*saved, *now})
        if saved.get(name) != now.get(name)
    ]
    raise MindkitError(
        f"{search.storage} holds a study {search.name} that differs:\n"
        + "\n".join(lines)
        + "\n--name or --storage keeps both; --fresh forgets the one that is there"
    )
