"""The runs under a folder: filtered, sorted, and the seeds of a config together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from mindkit.config.source import Origin, read_value
from mindkit.errors import MindkitError, did_you_mean
from mindkit.study.differences import in_words, same
from mindkit.study.folders import Status, find_runs
from mindkit.study.listed import FACTS, ListedRun
from mindkit.train.metrics import METRICS

APART_FROM_THE_SEED = ("training.seed", "training.trackers", "training.log_every")


@dataclass(frozen=True)
class Group:
    """The runs of one config on the same data, a seed each.

    apart: what sets its config apart from the others of its method and data set, in words.
    """

    runs: tuple[ListedRun, ...]
    apart: tuple[str, ...]

    def scores(self, metric: str, split: str = "test") -> list[float]:
        """Return the scores of the finished runs that have one."""
        scores = (run.value(f"{split}.{metric}") for run in self.runs)
        return [score for score in scores if score is not None]

    def mean(self, metric: str, split: str = "test") -> float:
        """Return the mean over the finished runs, NaN for none."""
        scores = self.scores(metric, split)
        return statistics.fmean(scores) if scores else math.nan

    def deviation(self, metric: str, split: str = "test") -> float:
        """Return the sample standard deviation over the finished runs (ddof 1), NaN below two."""
        scores = self.scores(metric, split)
        return statistics.stdev(scores) if len(scores) > 1 else math.nan


def runs(
    *folders: str | Path,
    method: str | None = None,
    dataset: str | None = None,
    where: Sequence[str] = (),
    status: Status | None = None,
    sort: str | None = None,
) -> list[ListedRun]:
    """Return the runs under `folders`, by default "runs", at any depth, by path.

    where: lines such as "training.seed=3407" over the resolved config, all of which must hold.
    sort: a fact, a score or a setting as `ListedRun.value` names them; scores put the best first,
    and runs without a value come last.
    """
    places = dict.fromkeys(one for root in folders or ("runs",) for one in find_runs(Path(root)))
    found = [ListedRun.read(place) for place in places]
    for fact, wanted in (("method", method), ("dataset", dataset)):
        if wanted is not None:
            found = _called(found, fact, wanted)
    if status is not None:
        found = [run for run in found if run.status == status]
    for line in where:
        found = _where(found, line)
    return found if sort is None else _sorted(found, sort)


def group_runs(found: Iterable[ListedRun]) -> list[Group]:
    """Return the runs with the seeds of one config on the same data together."""
    together: dict[str, list[ListedRun]] = {}
    for run in found:
        key = repr(sorted(_config(run).items())) if run.settings else str(run.folder)
        together.setdefault(key, []).append(run)
    kin: dict[tuple[str, str], list[ListedRun]] = {}
    for run, *_ in together.values():
        kin.setdefault((run.method, run.dataset), []).append(run)
    apart = {folder: words for runs in kin.values() for folder, words in _apart(runs).items()}
    return [Group(tuple(group), apart.get(group[0].folder, ())) for group in together.values()]


def require_columns(found: Sequence[ListedRun], columns: Iterable[str]) -> None:
    """Raise an error with the near miss for a column that none of the runs has."""
    scores = [f"{split}{name}" for split in ("", "test.", "valid.") for name in METRICS]
    for column in columns:
        if column not in FACTS and column not in scores:
            _require(found, "column", column, [*FACTS, *scores])


def _called(found: list[ListedRun], fact: str, wanted: str) -> list[ListedRun]:
    known = {run.value(fact) for run in found} - {""}
    if found and wanted not in known:
        raise MindkitError(f"no run here of the {fact} '{wanted}'{did_you_mean(wanted, [*known])}")
    return [run for run in found if run.value(fact) == wanted]


def _where(found: list[ListedRun], line: str) -> list[ListedRun]:
    path, equals, text = line.partition("=")
    if not equals:
        raise MindkitError(f"--where {line}: not of the form path=value, as in training.seed=3407")
    value = read_value(text, Origin(f"--where {line}")).plain()
    _require(found, "setting", path, [])
    return [run for run in found if path in run.settings and same(run.settings[path].value, value)]


def _require(found: Sequence[ListedRun], what: str, path: str, others: Sequence[str]) -> None:
    if found and not any(path in run.settings for run in found):
        known = [*dict.fromkeys(path for run in found for path in run.settings), *others]
        raise MindkitError(f"no run here has a {what} '{path}'{did_you_mean(path, known)}")


def _sorted(found: list[ListedRun], column: str) -> list[ListedRun]:
    require_columns(found, [column])
    ranked = [(rank, run) for run in found if (rank := _rank(run, column)) is not None]
    ranked.sort(key=itemgetter(0))
    unranked = [run for run in found if _rank(run, column) is None]
    return [*(run for _, run in ranked), *unranked]


def _rank(run: ListedRun, column: str) -> tuple[Any, ...] | None:
    """Return what is compared, the least coming first; None for no value."""
    value, metric = run.value(column), column.rpartition(".")[2]
    if column == "selection" and value is not None:
        metric, value = value
    if value is None or value in ("", ()) or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, int | float):
        return (1, "", str(value))
    best_last = metric in METRICS and METRICS[metric].better == "max"
    return (0, metric, -value if best_last else value)


def _config(run: ListedRun) -> dict[str, Any]:
    """The settings that make up a config, and its data, without what a seed changes."""
    settings = run.settings.items()
    kept = {k: v.value for k, v in settings if k not in APART_FROM_THE_SEED and "dropped[" not in k}
    return {**kept, "data.digest": run.data[:12]}


def _apart(kin: Sequence[ListedRun]) -> dict[Path, tuple[str, ...]]:
    """Return what is not the same in all of `kin`, in words, by the run's folder."""
    configs = {run.folder: _config(run) for run in kin if run.settings}
    every = list(configs.values())
    paths = dict.fromkeys(path for config in every for path in config)
    varying = [path for path in paths if _varies([c[path] for c in every if path in c])]
    absent = dict.fromkeys(_block(path, every) for path in paths if not _in_all(path, every))
    return {
        folder: (
            *(f"{path}={in_words(config[path])}" for path in varying if path in config),
            *(f"without {block}" for block in absent if not _has(config, block)),
        )
        for folder, config in configs.items()
    }


def _varies(values: Sequence[Any]) -> bool:
    return not all(same(values[0], value) for value in values)


def _in_all(path: str, configs: Sequence[dict[str, Any]]) -> bool:
    return all(path in config for config in configs)


def _block(path: str, configs: Sequence[dict[str, Any]]) -> str:
    """Return the outermost block around `path` that one of the configs goes without."""
    parts = path.split(".")
    blocks = (".".join(parts[:end]) for end in range(1, len(parts)))
    return next((b for b in blocks if not all(_has(c, b) for c in configs)), path)


def _has(config: dict[str, Any], block: str) -> bool:
    return any(path == block or path.startswith((f"{block}.", f"{block}[")) for path in config)
