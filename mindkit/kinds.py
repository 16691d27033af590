"""The base class of each kind of component, with the contract in its docstring.

The one rule: parameters before `*` are wired by the engine, parameters after `*` are options set in
YAML. Wired names: `x_dim` is the width of `forward`'s argument `x` (so `target_dim`, `parts_dim`,
…); `width` the common width D; `copies` the number of parameter copies of a batched component;
`num_parts` the number of parts; `num_outputs` the size C of a prediction; `num_samples` the size of
the training split; `task` "regression" or "classification"; `x_modalities` the modality of each
tensor that `x` is made of, so that an option may be a map from modality (`by_modality`).

Axes: B batch, L length, F raw features, D width, C outputs, M modalities, P parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

if TYPE_CHECKING:
    from mindkit.data.store import Column, Store


class Component(nn.Module):
    """What all kinds with tensors share.

    batched: True when every tensor argument may carry leading axes, `(..., B, D)` in and `(...)`
        out; then the engine calls it once for all rows and wires `copies`. False (the default for a
        plugin of ten lines): written for one row; the engine loops, with a module per row.
    min_batch: the smallest B for which the value means something; below it the engine takes 0.
        An option may raise it on the instance.
    tasks: the tasks it can be part of; its constructor refuses others.
    no_gradient: parameters (by the start of their name) and inputs that get no gradient on purpose.
    ordered: True where the value changes when the samples of a batch change places, as it does when
        each is held against the next, or against one drawn at random. An option may set it on the
        instance.
    """

    batched: ClassVar[bool] = False
    min_batch: int = 1
    tasks: ClassVar[tuple[str, ...]] = ("regression", "classification")
    no_gradient: ClassVar[tuple[str, ...]] = ()
    ordered: bool = False

    def on_epoch_end(self, epoch: int) -> None:
        """Called once after each training epoch (0-based), before validation."""


class Encoder(Component):
    """One modality -> one vector per sample.

    `forward(x, mask) -> (B, D)`; x is `(B, L, F)` for "sequence", `(B, L)` ids for "tokens" and
    `(B, F)` for "vector" columns; leave `mask` out of the signature where it has no meaning.
    Wired: `x_dim` (F; not for tokens), `width` (D).

    accepts: the kinds of column ("text", "tokens", "sequence", "vector") it can be given.
    sequential: True when `forward` returns `(vector (B, D), sequence (B, L, D))`, so that
        `sequence.<modality>` can be referred to.
    """

    accepts: ClassVar[tuple[str, ...]] = ("sequence",)
    sequential: ClassVar[bool] = False

    def prepare(self, column: Column, cache: Path | None) -> Column:
        """Turn a raw column into the one `forward` is fed: tokenise, or encode once and for all.

        Called once per split before training; `cache` is a folder for results worth keeping.
        """
        return column

    # An encoder of "text" or "tokens" tells the data layer more where it can:
    #   unknown(kind) -> (value, spared): the word of "text", or the id of "tokens", that stands for
    #     one that is missing (`data.missing`), and ids that never go missing, such as [CLS].
    #   words_of_tokens(column) -> Column: of a "text" column, the tokens that `prepare` makes, each
    #     as the place of its word among the sample's blank-separated words, from 0; -1 for a token
    #     that is part of no word (`data.align`).


class Stage(Component):
    """Vectors of one representation -> vectors of another.

    `forward(x) -> same shape`. Batched: x `(M, B, D)`, weights of `copies` = M modalities, or 1
    when the stage is shared and broadcast. Wired: `x_dim` (D, or several times D where it is made
    `from` a list, side by side), `width` (D), `copies`.

    A stage made from sequences is applied step by step. One that is not batched and whose `forward`
    is `forward(x, mask) -> (B, D)` reads them out instead: x (B, L, D), one vector per sample.
    """


class Criterion(Component):
    """A loss to be minimised, one number per row; `forward`'s names are those used under `inputs`.

    role: "consistency", "difference", "adversarial" or "task".
    Keywords the engine fills when `forward` has them: `progress` (fraction of the planned training,
    0..1), `index` (B,) rows of the samples in the training split (with wired `num_samples`: state
    per sample, kept in buffers and so in checkpoints). A component that is not batched may also ask
    for `mask` (B, L); then it can be given tensors with a time axis, `sequence.<modality>`
    (B, L, D), representations made from it, or `features.<modality>` (B, L, F), and gets the mask
    of the first of them (None where features are one vector a sample).
    """

    role: ClassVar[str] = "consistency"


class MIEstimator(Component):
    """Mutual information between x and z: `forward(x, z)` is an estimate that grows with it.

    One about the label has `forward(x, target)`.

    Use `goal: maximize` or `minimize` under a term. Where a surrogate has the better gradient,
    return `surrogate + (value - surrogate).detach()`.

    bound: "lower" or "upper" when the value bounds the information in nats, else None.
    """

    bound: ClassVar[str | None] = None

    # An estimator (or an adversary) with its own optimiser step also defines
    # learning_loss(x, z) -> (), with the arguments of forward, which the engine minimises on
    # detached inputs over its parameters before each main step; the main optimiser then leaves
    # those parameters alone.


class Reconstruction(Component):
    """Distance between `target` and its reconstruction from `parts`, concatenated: `(...)`.

    `forward(parts, target)`. Wired: `parts_dim` (sum of the parts' widths), `num_parts`,
    `target_dim`, `copies`.
    """


class FusionHead(Component):
    """All fused representations -> the prediction `(B, C)`.

    `forward(parts)` with parts `(P, B, D)`, in the order of `fusion.inputs`; a head that attends
    over time has `forward(sequences, masks)`, lists of `(B, L, D)` and `(B, L)`, or all three.
    Wired: `parts_dim` (D), `num_parts` (P), `num_sequences`, `num_outputs` (C), and `fused_names`,
    the names under which terms refer to what is fused, so that a head builds no more than is used.

    fused_dim: None, or H when `forward` returns `(prediction (B, C), fused (B, H))`, so that terms
        can refer to `fused`; or name -> H when it returns `(prediction, {name: (B, H)})`, for
        `fused.<name>`. Set on the instance.
    streams: of how many representations it takes sequences, those of one, of all modalities, before
        those of the next; None where it takes any.
    """

    streams: ClassVar[int | None] = None
    fused_dim: int | Mapping[str, int] | None = None


class Dataset:
    """A data set: what it is, and where its samples come from.

    task: "regression" or "classification". num_outputs: 1, or the number of classes.
    label_range: least and greatest label (regression), else None. classes: names, else ().
    label_names: other name of a label in files -> the class it belongs to.
    metrics: names from mindkit.train.metrics, the first being the headline.
    splits: expected number of samples per split, {} where copies differ.
    counts: what a copy is called ("by the SDK's alignment") -> its number of samples per split,
        where known copies differ from `splits`.
    columns: role -> array, the data set's own names in tables ("label": "sarcasm"), tried before
        the obvious ones. split_cells: split -> cells of the split column that stand for it.
    features: modality -> width -> what such features are ("COVAREP, all 74 columns").
    known_files: SHA-256 of a published file -> what it is.
    known_leaks: SHA-256 of a file -> its split column -> array -> why the array leaks labels there.

    task may be "", where the data themselves tell (`fitted`).
    """

    task: ClassVar[str] = "regression"
    num_outputs: ClassVar[int] = 1
    label_range: ClassVar[tuple[float, float] | None] = None
    classes: ClassVar[tuple[str, ...]] = ()
    label_names: ClassVar[Mapping[str, str]] = {}
    metrics: ClassVar[tuple[str, ...]] = ()
    splits: ClassVar[Mapping[str, int]] = {}
    counts: ClassVar[Mapping[str, Mapping[str, int]]] = {}
    columns: ClassVar[Mapping[str, str]] = {}
    split_cells: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    features: ClassVar[Mapping[str, Mapping[int, str]]] = {}
    known_files: ClassVar[Mapping[str, str]] = {}
    known_leaks: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {}

    @classmethod
    def folds(cls) -> Mapping[str, str]:
        """Return video -> split of the official folds; {} where they are not known."""
        return {}

    @classmethod
    def fitted(cls, labels: Sequence[Any]) -> type[Dataset]:
        """Return the data set that has these labels: itself, unless the data tell what it is."""
        return cls

    def simulate(self, seed: int = 0) -> Store:
        """Return a simulated stand-in with the same shapes, marked as simulated."""
        raise NotImplementedError


class Tracker:
    """Follows one run. Called with plain numbers, outside the training step."""

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """The run begins, or is resumed; `folder` is the run's own."""

    def log(self, record: Mapping[str, Any]) -> None:
        """One epoch has ended: epoch (0-based), losses by term, valid scores, decision, rate, …"""

    def progress(self, record: Mapping[str, Any]) -> None:
        """Within an epoch, every `log_every` steps: epoch, step, steps in all, losses so far."""

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """The run has ended; `metrics` holds the selected epoch's validation and test scores."""

    def close(self) -> None:
        """The run has stopped, finished or not: let go of files and screens."""
