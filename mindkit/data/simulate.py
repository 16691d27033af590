"""Simulated data sets from known factors: shared ones, private ones, and noise.

    shared s ~ N(0, I), enters every modality;  private p_m, noise n_m ~ N(0, I), enter modality m
    score = a_s W_s s + sum_m a_m W_m p_m + a_e e      (C numbers a sample; W with unit columns)
    step l of modality m = ramp(l) [s, p_m, n_m] G_m + AR(1) noise, in units of its own per column

Text says in words what s and p_text add to the score: a sample knows words of each level of
sentiment, or of each class, and draws them with an error. The ramp (0.5 at the first step, 1.5 at
the last) keeps the sign of a factor readable when each sample is standardised over its own steps.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from mindkit.data.store import Column, Split, Store

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Signal:
    """Features of one modality, word by word.

    width: F. shared, private, noise: deviation of each kind of factor's part in a step, in units of
    the step noise.
    """

    width: int
    shared: float = 0.5
    private: float = 0.5
    noise: float = 0.5


@dataclass(frozen=True)
class Recipe:
    """What to simulate.

    splits, videos: samples and videos by split; a video's samples lie in one split.
    signals: modality -> features; text comes on top. shares: deviation that each part adds to the
    score ("shared", "text", a modality, "error"); their squares are what each explains.
    phrases: words by level of sentiment, lowest first, or by class. fillers: words without.
    words: median number of words. error: how far a phrase strays, in levels or class scores.
    """

    name: str
    splits: Mapping[str, int]
    videos: Mapping[str, int]
    signals: Mapping[str, Signal]
    shares: Mapping[str, float]
    phrases: Sequence[Sequence[str]]
    fillers: Sequence[str]
    task: Literal["regression", "classification"] = "regression"
    label_range: tuple[float, float] | None = None
    label_mean: float = 0.0
    label_deviation: float = 1.0
    label_step: float = 0.2
    classes: tuple[str, ...] = ()
    words: float = 9.0
    error: float = 1.0
    factors: Mapping[str, int] = field(
        default_factory=lambda: {"shared": 4, "private": 3, "noise": 3}
    )

    @property
    def num_outputs(self) -> int:
        """1 for regression, else the number of classes."""
        return 1 if self.task == "regression" else len(self.classes)


SHORTEST, LONGEST = 2, 50  # words of a clip, as in CMU-MOSI


def simulate(recipe: Recipe, seed: int = 0) -> Store:
    """Return a simulated data set, the same for the same seed, with `factors` by split.

    `store.factors[split]` holds "shared" (N, S), and "private.<modality>" and "noise.<modality>"
    (N, P) of that split's samples.
    """
    random = np.random.default_rng([seed, zlib.crc32(recipe.name.encode())])
    modalities = ("text", *recipe.signals)
    total = sum(recipe.splits.values())
    factors = _draw_factors(recipe, modalities, total, random)
    parts = _score_parts(recipe, modalities, factors, random)
    score = sum(parts.values()) / np.sqrt(sum(share**2 for share in recipe.shares.values()))
    told = parts["shared"] + parts["text"]
    told /= np.sqrt(recipe.shares["shared"] ** 2 + recipe.shares["text"] ** 2)
    texts = _write(recipe, told, random)
    lengths = np.array([len(words) for words in texts])
    columns = {"text": Column.of_text((" ".join(words) for words in texts), "simulated words")}
    offsets = torch.from_numpy(np.concatenate([[0], lengths.cumsum()]))
    for modality, signal in recipe.signals.items():
        values = torch.from_numpy(_steps(signal, modality, factors, lengths, random))
        columns[modality] = Column("sequence", values, offsets, "simulated, one step a word")
    whole = Split(_ids(recipe, random), columns, torch.from_numpy(_labels(recipe, score)))
    store = Store(
        recipe.name,
        _cut(recipe, whole),
        recipe.task,
        recipe.num_outputs,
        recipe.label_range,
        recipe.classes,
        simulated=True,
        source=f"simulated (seed {seed})",
        factors=_cut_factors(recipe, factors),
    )
    return store.with_digest()


def _draw_factors(
    recipe: Recipe, modalities: Sequence[str], total: int, random: np.random.Generator
) -> dict[str, Array]:
    size = recipe.factors
    factors = {"shared": random.standard_normal((total, size["shared"]))}
    for kind in ("private", "noise"):
        for modality in modalities:
            factors[f"{kind}.{modality}"] = random.standard_normal((total, size[kind]))
    return factors


def _score_parts(
    recipe: Recipe,
    modalities: Sequence[str],
    factors: Mapping[str, Array],
    random: np.random.Generator,
) -> dict[str, Array]:
    """Each part's contribution to the score, (N, C)."""
    total, outputs = len(factors["shared"]), recipe.num_outputs
    sources = {"shared": factors["shared"], **{m: factors[f"private.{m}"] for m in modalities}}
    parts = {"error": recipe.shares["error"] * random.standard_normal((total, outputs))}
    for name, values in sources.items():
        weights = random.standard_normal((values.shape[1], outputs))
        weights /= np.linalg.norm(weights, axis=0)
        parts[name] = recipe.shares[name] * values @ weights
    return parts


def _labels(recipe: Recipe, score: Array) -> Array:
    if recipe.task == "classification":
        return score.argmax(1).astype(np.int64)
    step = recipe.label_step
    raw = recipe.label_mean + recipe.label_deviation * score[:, 0]
    rounded = np.round(raw / step) * step
    if recipe.label_range is not None:
        rounded = rounded.clip(*recipe.label_range)
    return np.round(rounded, 6).astype(np.float32) + np.float32(0)  # + 0 turns -0.0 into 0.0


def _write(recipe: Recipe, told: Array, random: np.random.Generator) -> list[list[str]]:
    """Words of each sample: phrases that tell its score (N, C), with error, among fillers."""
    wanted = np.exp(random.normal(np.log(recipe.words), 0.75, len(told)))
    wanted = wanted.round().astype(int).clip(SHORTEST, LONGEST)
    phrases = [[phrase.split() for phrase in level] for level in recipe.phrases]
    fillers = [filler.split() for filler in recipe.fillers]
    texts: list[list[str]] = []
    for score, count in zip(told, wanted.tolist(), strict=True):
        spoken = 1 + count // 8
        chosen = [phrases[level] for level in _levels(recipe, score, spoken, random)]
        clauses = [options[random.integers(len(options))] for options in chosen]
        length = sum(map(len, clauses))
        while length < count:
            filler = fillers[random.integers(len(fillers))]
            clauses.insert(int(random.integers(len(clauses) + 1)), filler)
            length += len(filler)
        texts.append([word for clause in clauses for word in clause][:LONGEST])
    return texts


def _levels(recipe: Recipe, score: Array, count: int, random: np.random.Generator) -> list[int]:
    """Which level or class each of `count` phrases is taken from."""
    if recipe.task == "classification":
        strayed = score + recipe.error * random.gumbel(size=(count, len(score)))
        return strayed.argmax(1).tolist()
    middle = (len(recipe.phrases) - 1) / 2
    level = middle + recipe.label_deviation * score[0] + recipe.label_mean
    strayed = level + recipe.error * random.standard_normal(count)
    return strayed.round().clip(0, len(recipe.phrases) - 1).astype(int).tolist()


def _steps(
    signal: Signal,
    modality: str,
    factors: Mapping[str, Array],
    lengths: Array,
    random: np.random.Generator,
) -> Array:
    """Features of all samples one after the other, (sum L, F) float32, in raw units."""
    names = {"shared": signal.shared, f"private.{modality}": signal.private}
    names[f"noise.{modality}"] = signal.noise
    level = np.zeros((len(lengths), signal.width))
    for name, gain in names.items():
        mixing = random.standard_normal((factors[name].shape[1], signal.width))
        level += gain * factors[name] @ mixing / np.sqrt(len(mixing))
    sample = np.repeat(np.arange(len(lengths)), lengths)
    start = np.repeat(lengths.cumsum() - lengths, lengths)
    position = (np.arange(len(sample)) - start) / np.maximum(lengths - 1, 1)[sample]
    steps = level[sample] * (0.5 + position)[:, None]
    noise = random.standard_normal(steps.shape)
    noise[1:] = (noise[1:] + noise[:-1]) / np.sqrt(2)  # neighbouring words are alike
    unit = np.exp(random.normal(0, 1, signal.width))
    offset = random.normal(0, 2, signal.width) * unit
    return ((steps + noise) * unit + offset).astype(np.float32)


def _ids(recipe: Recipe, random: np.random.Generator) -> list[str]:
    """Ids "<split><video>_<clip>", split by split; the clips of a video follow each other."""
    ids: list[str] = []
    for split, count in recipe.splits.items():
        videos = min(recipe.videos[split], count)
        extra = random.multinomial(count - videos, np.full(videos, 1 / videos))
        for video, clips in enumerate(extra + 1, start=1):
            ids += [f"{split}{video:04d}_{clip}" for clip in range(1, clips + 1)]
    return ids


def _cut(recipe: Recipe, whole: Split) -> dict[str, Split]:
    return {n: whole.take(torch.arange(a, b)) for n, (a, b) in _bounds(recipe).items()}


def _cut_factors(
    recipe: Recipe, factors: Mapping[str, Array]
) -> dict[str, dict[str, torch.Tensor]]:
    tensors = {name: torch.from_numpy(values).float() for name, values in factors.items()}
    return {
        split: {name: values[a:b] for name, values in tensors.items()}
        for split, (a, b) in _bounds(recipe).items()
    }


def _bounds(recipe: Recipe) -> dict[str, tuple[int, int]]:
    stops = np.cumsum(list(recipe.splits.values())).tolist()
    return dict(zip(recipe.splits, zip([0, *stops], stops, strict=False), strict=True))
