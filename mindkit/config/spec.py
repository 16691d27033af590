"""The checked form of a run's config: what `schema` makes and everything below reads.

Patterns are expanded here: a `Row` holds references to single tensors, in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

Positive = Annotated[int, Gt(0)]
Count = Annotated[int, Ge(0)]
Rate = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]
Beta = Annotated[float, Ge(0), Lt(1)]
Bound = Annotated[float, Gt(0)]
Treatment = Literal["train", "utterance", "none"]
SplitName = Literal["train", "valid", "test"]

RESERVED = ("encoded", "gaussian", "sequence", "features", "mask", "prediction", "fused", "target")
OVER_TIME = ("sequence", "features")  # stages whose tensors have a time axis


@dataclass(frozen=True, order=True)
class Reference:
    """One tensor: `stage` of `modality`, or `prediction` and `target`, which have none.

    Of the stage `fused`, `modality` is the name of one of several tensors that the head gives.
    """

    stage: str
    modality: str | None = None

    def __str__(self) -> str:
        return self.stage if self.modality is None else f"{self.stage}.{self.modality}"


@dataclass(frozen=True)
class Row:
    """One application of a term's component.

    line: which entry of `inputs` it comes from (for `reduce: group_mean`).
    arguments: name of `forward`'s parameter -> references, concatenated on the width axis.
    copy: rows of a term with equal `copy` use the same parameters.
    """

    line: int
    arguments: dict[str, tuple[Reference, ...]]
    copy: str


@dataclass(frozen=True)
class Block:
    """A component and its options, complete with defaults."""

    type: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Representation:
    """A stage: a component of its own (`block`), or `through` another representation's weights.

    sources: "encoded", "gaussian", "sequence" or earlier representations; several stand side by
        side. reads: whether it makes one vector of a sequence, and not a sequence again.
    """

    name: str
    sources: tuple[str, ...]
    block: Block | None
    through: str | None
    share: bool
    reads: bool = False


@dataclass(frozen=True)
class Fusion:
    """The head and the references it is given, in order."""

    block: Block
    inputs: tuple[Reference, ...]


@dataclass(frozen=True)
class Schedule:
    """A weight that goes from `start` to `end` over the fraction `until` of planned training."""

    start: float
    end: float
    until: Annotated[float, Gt(0), Le(1)] = 1.0
    shape: Literal["linear", "cosine", "dann"] = "linear"


@dataclass(frozen=True)
class Learning:
    """A term's own optimiser: Adam with `rate`, `steps` times on each batch.

    per: "step", on each batch before the main step; "epoch", on all batches before the first one.
    """

    rate: Rate = 1e-3
    steps: Positive = 1
    per: Literal["step", "epoch"] = "step"


@dataclass(frozen=True)
class Term:
    """A named part of the objective. `kind` is the registry in which `block.type` was found."""

    name: str
    kind: str
    block: Block
    weight: float | Schedule
    goal: Literal["minimize", "maximize"]
    reduce: Literal["mean", "sum", "group_mean"]
    rows: tuple[Row, ...]
    learning: Learning


@dataclass(frozen=True)
class Method:
    """The model and its objective.

    stamp: a sentence that every output of a run must carry, as that a method is reconstructed.
    """

    name: str
    width: int
    encoders: dict[str, Block]  # by modality, in the order of the config
    representations: tuple[Representation, ...]  # in dependency order
    fusion: Fusion
    terms: tuple[Term, ...]
    stamp: str = ""

    @property
    def modalities(self) -> tuple[str, ...]:
        return tuple(self.encoders)


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
    shrink: Annotated[float, Gt(0), Le(1)] = 0.5
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


@dataclass(frozen=True)
class Missing:
    """What is taken out of the data at random, to see how a method bears it.

    rates: probability that a step is missing, for every modality alike or by modality. A missing
        step of features is 0; a missing word or token is the one its encoder calls unknown, and
        special tokens such as [CLS] stay. A vector is one step.
    unit: "step", each by itself, or "sample", all steps of a sample together.
    splits: where. seed: of the draws; a higher rate takes out what a lower one does, and more.
    """

    rates: Fraction | dict[str, Fraction] = 0.0
    unit: Literal["step", "sample"] = "step"
    splits: tuple[SplitName, ...] = ("train", "valid", "test")
    seed: Count = 1111  # MMSA's


@dataclass(frozen=True)
class Noise:
    """Gaussian noise on features, real steps only.

    deviations: in units of the feature as it is then, so of its own deviation where it has been
        standardised; one for all modalities with features but text, or by modality.
    splits: where. seed: of the draws.
    """

    deviations: Rate | dict[str, Rate] = 0.0
    splits: tuple[SplitName, ...] = ("train", "valid", "test")
    seed: Count = 1111


@dataclass(frozen=True)
class Data:
    """Which data set, and how its columns are made ready: in the order of the options, from top.

    path: an imported or importable file or folder; None takes the imported copy, else simulates.
    columns: modality -> the column that feeds it; by default the one of its own name.
    one_step: modalities whose vectors are taken as sequences of one step.
    truncate: steps that are kept from the start of a sequence, of every one or by modality. Text
        and tokens are cut by their encoder.
    standardize: "train" (statistics of the training split over real steps), "utterance" (each
        sample over its own steps) or "none", for all modalities with features but text, or by
        modality.
    clip: bound c to which features are then limited, -c to c; for the same, or by modality.
    noise, missing: perturbations, drawn in this order for each modality and split by itself.
    align: "repeat" gives each token of the text its word's step of audio and vision, which must
        have one step a word or be of `one_step`, whose step is every word's; "first" only the
        word's first token; others get 0, as do [CLS] and [SEP]. "none" leaves the streams alone.
    pad_to: length to which every batch is padded and cut; None pads to its longest sample.
    """

    name: str = "mosi"
    path: str | None = None
    simulate: bool = True
    columns: dict[str, str] = field(default_factory=dict[str, str])
    one_step: tuple[str, ...] = ()
    truncate: Positive | dict[str, Positive] | None = None
    standardize: Treatment | dict[str, Treatment] = "train"
    clip: Bound | dict[str, Bound] | None = None
    noise: Noise = field(default_factory=Noise)
    missing: Missing = field(default_factory=Missing)
    align: Literal["none", "repeat", "first"] = "none"
    pad_to: Positive | None = None
    group_by_length: bool = True
    allow_leaky: bool = False


BY_MODALITY = (
    ("columns",),
    ("truncate",),
    ("standardize",),
    ("clip",),
    ("noise", "deviations"),
    ("missing", "rates"),
)
"""Paths in `data` whose value is, or may be, a map from modality."""


@dataclass(frozen=True)
class Spec:
    """A whole run. `resolved` is the plain map it came from; `dropped` says what went, and why.

    origins: dotted path of each leaf of `resolved` -> where its value was written.
    """

    method: Method
    training: Training
    data: Data
    resolved: dict[str, Any]
    dropped: tuple[str, ...] = ()
    origins: dict[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
