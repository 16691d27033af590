"""Which epoch is kept, when to roll back, and when to stop; on the validation split alone."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from mindkit.config import spec
from mindkit.config.training import Selection
from mindkit.data.store import Store
from mindkit.errors import Problem, did_you_mean
from mindkit.registry import Registries
from mindkit.train.metrics import METRICS, better

Decision = Literal["best", "wait", "shrink", "rollback", "stop"]

AUTO = "auto"  # the metric that stands for the data set's own headline


@dataclass
class Selector:
    """Follows the selection metric over the epochs; see `Selection` for the rule.

    best, epoch: best value so far and where. patience, rollbacks: what is left of each. borne: how
    many worse epochs a plateau takes, None without one; flat: how many there have been.
    """

    metric: str
    mode: str
    allowed: int
    patience: int
    rollbacks: int
    best: float | None = None
    epoch: int = -1
    borne: int | None = None
    flat: int = 0

    @classmethod
    def from_settings(cls, settings: Selection) -> Selector:
        """Return a selector at the beginning of training."""
        mode = better(settings.metric) if settings.mode == "auto" else settings.mode
        return cls(
            settings.metric,
            mode,
            settings.patience,
            settings.patience,
            settings.rollback,
            borne=None if settings.plateau is None else settings.plateau.patience,
        )

    def update(self, epoch: int, value: float) -> Decision:
        """Take the metric of one more epoch; NaN counts as worse than anything."""
        if self._at_least_as_good(value):
            self.best, self.epoch, self.patience, self.flat = value, epoch, self.allowed, 0
            return "best"
        self.patience -= 1
        self.flat += 1
        if self.patience >= 0:
            if self.borne is None or self.flat <= self.borne:
                return "wait"
            self.flat = 0
            return "shrink"
        self.rollbacks -= 1
        self.patience, self.flat = self.allowed, 0
        return "rollback" if self.rollbacks >= 0 else "stop"

    def state(self) -> dict[str, Any]:
        """Return everything, to be saved."""
        return asdict(self)

    def _at_least_as_good(self, value: float) -> bool:
        if math.isnan(value):
            return False
        if self.best is None:
            return True
        return value <= self.best if self.mode == "min" else value >= self.best


def metrics_of(whole: spec.Spec, registries: Registries, store: Store) -> tuple[str, ...]:
    """Return the metrics that the data set declares, or else that its data tell; headline first."""
    return registries.datasets.get(whole.data.name).metrics or store.metrics


def settle(whole: spec.Spec, registries: Registries, store: Store) -> spec.Spec:
    """Return the spec with the data set's headline metric where "auto" selects.

    What is saved of the spec, `resolved`, stays as it was written. Nothing is settled where the
    data set has no metrics; `selection_problems` says so.
    """
    metrics = metrics_of(whole, registries, store)
    if whole.training.selection.metric != AUTO or not metrics:
        return whole
    selection = replace(whole.training.selection, metric=metrics[0])
    return replace(whole, training=replace(whole.training, selection=selection))


def selection_problems(
    whole: spec.Spec, registries: Registries, store: Store | None = None
) -> list[Problem]:
    """Return what is wrong with the metric that selects: its name, or the task it is for.

    store: the data, which tell the task where the data set leaves that to them.
    """
    metric, dataset = whole.training.selection.metric, registries.datasets.get(whole.data.name)
    task = dataset.task if store is None else store.task
    where = "training.selection.metric"
    if origin := whole.origins.get(where):
        where = f"{origin}: {where}"
    if metric == AUTO:
        known = dataset.metrics or not task or (store is not None and store.metrics)
        what = f"'{whole.data.name}' declares no metrics, so '{AUTO}' selects by none; name one"
        return [] if known else [Problem(where, what)]
    fitting = [name for name, one in METRICS.items() if task in ("", one.task)]
    if metric in fitting:
        return []
    if metric in METRICS:
        what = f"'{metric}' is for {METRICS[metric].task}, but '{whole.data.name}' is a {task} task"
        return [Problem(where, f"{what}; choose from: {', '.join(fitting)}")]
    return [Problem(where, f"no metric named '{metric}'{did_you_mean(metric, [*fitting, AUTO])}")]
