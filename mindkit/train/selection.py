"""Which epoch is kept, when to roll back, and when to stop; on the validation split alone."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mindkit.config import spec
from mindkit.errors import Problem, did_you_mean
from mindkit.registry import Registries
from mindkit.train.metrics import METRICS, better

Decision = Literal["best", "wait", "rollback", "stop"]


@dataclass
class Selector:
    """Follows the selection metric over the epochs; see `spec.Selection` for the rule.

    best, epoch: best value so far and where. patience, rollbacks: what is left of each.
    """

    metric: str
    mode: str
    allowed: int
    patience: int
    rollbacks: int
    best: float | None = None
    epoch: int = -1

    @classmethod
    def from_settings(cls, settings: spec.Selection) -> Selector:
        """Return a selector at the beginning of training."""
        mode = better(settings.metric) if settings.mode == "auto" else settings.mode
        return cls(settings.metric, mode, settings.patience, settings.patience, settings.rollback)

    def update(self, epoch: int, value: float) -> Decision:
        """Take the metric of one more epoch; NaN counts as worse than anything."""
        if self._at_least_as_good(value):
            self.best, self.epoch, self.patience = value, epoch, self.allowed
            return "best"
        self.patience -= 1
        if self.patience >= 0:
            return "wait"
        self.rollbacks -= 1
        self.patience = self.allowed
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


def selection_problems(whole: spec.Spec, registries: Registries) -> list[Problem]:
    """Return what is wrong with the metric that selects: its name, or the task it is for."""
    metric, dataset = whole.training.selection.metric, whole.data.name
    task = registries.datasets.get(dataset).task
    fitting = [name for name, one in METRICS.items() if one.task == task]
    if metric in fitting:
        return []
    where = "training.selection.metric"
    if origin := whole.origins.get(where):
        where = f"{origin}: {where}"
    if metric in METRICS:
        what = f"'{metric}' is for {METRICS[metric].task}, but '{dataset}' is a {task} task"
        return [Problem(where, f"{what}; choose from: {', '.join(fitting)}")]
    return [Problem(where, f"no metric named '{metric}'{did_you_mean(metric, fitting)}")]
