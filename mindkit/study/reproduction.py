"""Runs that were made again, held against what was saved: to the bit, within tolerance, or not."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from mindkit.study.differences import Difference
from mindkit.study.predictions import Predictions, read_predictions
from mindkit.train.run import RunResult

Verdict = Literal["identical", "within tolerance", "different", "not made"]


@dataclass(frozen=True)
class Score:
    """One metric of one split: as it was saved, and as it came out again."""

    split: str
    metric: str
    saved: float
    again: float

    @property
    def apart(self) -> float:
        """Their distance; two scores that are undefined are equal."""
        if math.isnan(self.saved) or math.isnan(self.again):
            return 0.0 if math.isnan(self.saved) and math.isnan(self.again) else math.inf
        return abs(self.again - self.saved)


@dataclass(frozen=True)
class Again:
    """One run made again.

    differences: in config, environment and data, each with its value then and now.
    folder: of the new run; None where it could not be made, as `error` says. read: whether it was
    there, finished, from an earlier reproduction. predictions: split -> the greatest distance of
    two predictions, infinite where samples or truths are not the same.
    """

    saved: Path
    differences: tuple[Difference, ...] = ()
    folder: Path | None = None
    read: bool = False
    error: str = ""
    scores: tuple[Score, ...] = ()
    predictions: dict[str, float] | None = None

    @property
    def identical(self) -> bool:
        """Whether predictions and scores are the same to the bit."""
        distances = [*(self.predictions or {"": math.inf}).values(), *_apart(self.scores)]
        return not any(distances)


@dataclass(frozen=True)
class RowAgain:
    """The runs of one row of a table, or one run alone.

    means: of the scores, over the runs that were made again.
    """

    name: str
    runs: tuple[Again, ...]
    means: tuple[Score, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Reproduced:
    """A run, or the rows of a table, made again; scores may be apart by `tolerance`."""

    target: Path
    rows: tuple[RowAgain, ...]
    tolerance: float

    @property
    def reproduced(self) -> bool:
        """True when every run was made and every row is identical or within tolerance."""
        return all(row.verdict in ("identical", "within tolerance") for row in self.rows)


def compared(saved: Path, folder: Path) -> tuple[tuple[Score, ...], dict[str, float]]:
    """Return the scores of two finished runs side by side, and how far predictions are apart."""
    scores = tuple(_side_by_side(RunResult.read(saved), RunResult.read(folder)))
    before, after = read_predictions(saved), read_predictions(folder)
    return scores, {split: _distance(before[split], after.get(split)) for split in before}


def judged(name: str, runs: Iterable[Again], tolerance: float) -> RowAgain:
    """Return a row with its means and what is to be said of it: that of its means."""
    runs = tuple(runs)
    means = tuple(_means(run.scores for run in runs))
    return RowAgain(name, runs, means, _verdict(runs, means, tolerance))


def _verdict(runs: tuple[Again, ...], means: tuple[Score, ...], tolerance: float) -> Verdict:
    if not runs or any(run.folder is None for run in runs):
        return "not made"
    if all(run.identical for run in runs):
        return "identical"
    return "within tolerance" if max(_apart(means), default=math.inf) <= tolerance else "different"


def _apart(scores: Iterable[Score]) -> list[float]:
    return [score.apart for score in scores]


def _side_by_side(saved: RunResult, again: RunResult) -> Iterator[Score]:
    for split, before, after in (
        ("valid", saved.valid, again.valid),
        ("test", saved.test, again.test),
    ):
        for metric in dict.fromkeys([*before, *after]):
            yield Score(split, metric, before.get(metric, math.nan), after.get(metric, math.nan))


def _means(runs: Iterable[tuple[Score, ...]]) -> Iterator[Score]:
    together: dict[tuple[str, str], list[Score]] = {}
    for score in (score for scores in runs for score in scores):
        together.setdefault((score.split, score.metric), []).append(score)
    for (split, metric), scores in together.items():
        saved, again = ([getattr(one, which) for one in scores] for which in ("saved", "again"))
        yield Score(split, metric, statistics.fmean(saved), statistics.fmean(again))


def _distance(saved: Predictions, again: Predictions | None) -> float:
    if again is None or saved.ids != again.ids or not np.array_equal(saved.truth, again.truth):
        return math.inf
    return float(np.abs(saved.scores.astype(np.float64) - again.scores).max())
