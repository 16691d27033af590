"""The treatment of raw features that `data:` asks for, in the order of its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mindkit.config import spec
from mindkit.data.cutting import clipped, truncated
from mindkit.data.perturbing import generator, missing, noisy
from mindkit.data.standardising import standardised, standardised_by_utterance, statistics_of
from mindkit.data.store import Column, Statistics, Store
from mindkit.errors import DataError
from mindkit.kinds import Encoder


@dataclass(frozen=True)
class Treatments:
    """What `data:` asks for, by modality; what is off is left out."""

    truncate: dict[str, int]
    standardize: dict[str, str]
    clip: dict[str, float]
    noise: dict[str, float]
    missing: dict[str, float]


def treatments(data: spec.Data, columns: Mapping[str, Column]) -> Treatments:
    """Return the treatment of each modality of `columns`; raise if one of them cannot have it."""
    steps = [m for m, column in columns.items() if column.kind == "sequence"]
    single = [m for m, column in columns.items() if column.kind == "vector" or _one_step(column)]
    features = [m for m, column in columns.items() if column.has_width]
    usual = [m for m in features if m != "text"]

    def spread(key: str, value: Any, to: list[str], able: list[str], what: str) -> dict[str, Any]:
        """By modality: one value goes to all of `to`, a map only to those that are `able`."""
        if not isinstance(value, dict):
            return {m: value for m in to if value not in (None, 0, "none")}
        chosen = {m: v for m, v in value.items() if m in columns and v not in (0, "none")}
        for modality in chosen:
            if modality not in able:
                raise DataError(
                    f"data.{key}.{modality}: {modality} is a {columns[modality].kind} column, "
                    f"which has no {what}; leave {modality} out"
                )
        return chosen

    modes = spread("standardize", data.standardize, usual, features, "features")
    vectors = [m for m, mode in modes.items() if mode == "utterance" and m in single]
    if vectors:
        apart = ", ".join(f"{m}: {'train' if m in vectors else mode}" for m, mode in modes.items())
        raise DataError(
            f"data.standardize: 'utterance' would turn every {vectors[0]} sample into zeros, since "
            f"it is one vector; set data.standardize={{{apart}}}"
        )
    return Treatments(
        spread("truncate", data.truncate, steps, steps, "steps to cut here"),
        modes,
        spread("clip", data.clip, usual, features, "features"),
        spread("noise.deviations", data.noise.deviations, usual, features, "features"),
        spread("missing.rates", data.missing.rates, list(columns), list(columns), ""),
    )


def transform(store: Store, data: spec.Data, encoders: Mapping[str, Encoder]) -> Store:
    """Return the store with its columns cut, standardised, limited and perturbed.

    encoders: modality -> encoder, which tells what stands for a missing word or token.
    """
    train = store.splits["train"].columns
    plan = treatments(data, train)
    statistics = {
        modality: statistics_of(_cut(train[modality], modality, plan))
        for modality, mode in plan.standardize.items()
        if mode == "train"
    }
    splits = {}
    for name, split in store.splits.items():
        columns = {}
        for modality, column in split.columns.items():
            column = _scaled(column, modality, plan, statistics.get(modality))
            columns[modality] = _perturbed(column, modality, name, plan, data, encoders[modality])
        splits[name] = replace(split, columns=columns)
    return replace(store, splits=splits)


def _one_step(column: Column) -> bool:
    lengths = column.lengths
    return column.kind == "sequence" and lengths is not None and bool(lengths.eq(1).all())


def _cut(column: Column, modality: str, plan: Treatments) -> Column:
    steps = plan.truncate.get(modality)
    return column if steps is None else truncated(column, steps)


def _scaled(
    column: Column, modality: str, plan: Treatments, statistics: Statistics | None
) -> Column:
    column = _cut(column, modality, plan)
    if statistics is not None:
        column = standardised(column, statistics)
    elif modality in plan.standardize:
        column = standardised_by_utterance(column)
    if modality in plan.clip:
        column = clipped(column, plan.clip[modality])
    return column


def _perturbed(
    column: Column,
    modality: str,
    split: str,
    plan: Treatments,
    data: spec.Data,
    encoder: Encoder,
) -> Column:
    if modality in plan.noise and split in data.noise.splits:
        draws = generator(data.noise.seed, "noise", modality, split)
        column = noisy(column, plan.noise[modality], draws)
    if modality in plan.missing and split in data.missing.splits:
        draws = generator(data.missing.seed, "missing", modality, split)
        rate, unit = plan.missing[modality], data.missing.unit
        if column.has_width:
            return missing(column, rate, unit, draws)
        if not hasattr(encoder, "unknown"):
            raise DataError(
                f"data.missing: {type(encoder).__name__} of {modality} does not say what stands "
                f"for a missing word; set data.missing.rates={{…}} for the other modalities"
            )
        unknown, spared = encoder.unknown(column.kind)  # type: ignore[operator]
        column = missing(column, rate, unit, draws, unknown, spared)
    return column
