"""What `training` in a config says: the optimiser, its steps, and which epoch is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Gt, Lt

from mindkit.config.ranges import Beta, Bound, Count, Factor, Fraction, Positive, Rate


@dataclass(frozen=True)
class Group:
    """Parameters whose name contains a match of the regular expression `match`; the first wins.

    optional: whether it may match nothing, as where a frozen or dropped part has no parameters;
    else that is a mistake.
    """

    match: str
    rate: Rate | None = None
    weight_decay: Rate | None = None
    freeze: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Optimizer:
    type: Literal["adamw", "adam", "sgd"] = "adamw"
    rate: Rate = 3e-5
    betas: tuple[Beta, Beta] = (0.9, 0.999)  # adam, adamw
    momentum: Rate = 0.0  # sgd
    weight_decay: Rate = 0.0
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Clip:
    """Gradient clipping by the total `norm`, or element by element at `value`; None is off."""

    norm: Bound | None = None
    value: Bound | None = None


@dataclass(frozen=True)
class Plateau:
    """A smaller rate where the selection metric has stopped to improve, as torch's
    ReduceLROnPlateau makes it.

    `patience` + 1 epochs in a row that are worse than the best one multiply the learning rate by
    `shrink`; weights and optimiser go on as they are, and the count begins anew.
    """

    patience: Count = 10
    shrink: Annotated[float, Gt(0), Lt(1)] = 0.1


@dataclass(frozen=True)
class Selection:
    """Which epoch's weights are kept, and when to stop; always on the validation split.

    metric: the name of one, or "auto" for the first one of the data set.
    An epoch that is at least as good as the best resets `patience`; `patience` + 1 worse ones in a
    row end training (rollback 0), or, `rollback` times, reload the best weights and optimiser
    state, multiply the learning rate by `shrink`, and go on.
    plateau: when the rate shrinks without that; null is never.
    """

    metric: str = "mae"
    mode: Literal["auto", "min", "max"] = "auto"
    patience: Count = 2
    rollback: Count = 0
    shrink: Factor = 0.5
    plateau: Plateau | None = None


@dataclass(frozen=True)
class Accumulate:
    """How many batches a step of the optimiser takes, and what becomes of their gradients.

    gradients: "mean" over the batches; "sum", as in code that adds them up before it clips and
        decays. The last step of an epoch takes the batches that are left.
    """

    batches: Positive = 1
    gradients: Literal["mean", "sum"] = "mean"

    def divisor(self, batches: int) -> int:
        """Return by what the loss of each of so many `batches` of a step is divided."""
        return batches if self.gradients == "mean" else 1


@dataclass(frozen=True)
class Training:
    epochs: Positive = 100
    batch_size: Positive = 32
    drop_last: bool = False
    seed: Count = 3407
    optimizer: Optimizer = field(default_factory=Optimizer)
    warmup: Fraction = 0.0  # fraction of planned steps over which the learning rate rises from 0
    clip: Clip = field(default_factory=Clip)
    accumulate: Positive | Accumulate = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    deterministic: bool = True
    log_every: Positive = 10
    selection: Selection = field(default_factory=Selection)
    trackers: tuple[str, ...] = ("jsonl",)

    @property
    def accumulation(self) -> Accumulate:
        """`accumulate` in full."""
        given = self.accumulate
        return given if isinstance(given, Accumulate) else Accumulate(given)
