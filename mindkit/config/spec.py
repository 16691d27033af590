"""The checked form of a run's config: what `schema` makes and everything below reads.

Patterns are expanded here: a `Row` holds references to single tensors, in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mindkit.config.ranges import Bound, Count, Factor, Fraction, Positive, Rate
from mindkit.config.training import Training

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
    until: Factor = 1.0
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
