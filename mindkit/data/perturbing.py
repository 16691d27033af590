"""Noise on features, and steps, words and tokens that go missing.

What is drawn depends on the seed, the modality and the split alone: not on batches, the device or
other modalities. It is drawn on the CPU, in the order of the samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from mindkit.config import spec
from mindkit.data.store import Column


def generator(seed: int, *names: str) -> torch.Generator:
    """Return a generator of its own for what `names` say, such as "noise", "audio", "train"."""
    digest = hashlib.sha256("\n".join([str(seed), *names]).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def noisy(column: Column, deviation: float, draws: torch.Generator) -> Column:
    """Return the features with N(0, deviation²) added to each."""
    assert isinstance(column.values, Tensor)
    noise = torch.randn(column.values.shape, generator=draws).to(column.values)
    return replace(column, values=noise.mul_(deviation).add_(column.values))


def missing(
    column: Column,
    rate: float,
    unit: str,
    draws: torch.Generator,
    unknown: str | int = 0,
    spared: Sequence[int] = (),
) -> Column:
    """Return the column without some steps: features 0, words and tokens replaced by `unknown`.

    unit: "step", or "sample" for all steps of a sample together. Tokens in `spared` stay.
    """
    if not isinstance(column.values, Tensor):
        hidden = iter((_draw(_word_counts(column.values), unit, draws) < rate).tolist())
        texts = [_without(text, hidden, str(unknown)) for text in column.values]
        return replace(column, values=texts)
    lengths = column.lengths if column.lengths is not None else torch.ones(len(column)).long()
    gone = (_draw(lengths, unit, draws) < rate).to(column.values.device)
    if column.kind == "tokens":
        gone &= ~torch.isin(column.values, torch.tensor(spared).to(column.values))
        return replace(column, values=column.values.masked_fill(gone, int(unknown)))
    return replace(column, values=column.values.masked_fill(gone.unsqueeze(1), 0))


def stamps(data: spec.Data) -> list[str]:
    """Return what every output of a run on perturbed data must carry."""
    found = []
    for name, settings, amounts in (
        ("noise", data.noise, data.noise.deviations),
        ("missing", data.missing, data.missing.rates),
    ):
        by_name = amounts.items() if isinstance(amounts, dict) else [("", amounts)]
        if shown := [f"{amount} {modality}".strip() for modality, amount in by_name if amount]:
            found.append(
                f"PERTURBED DATA: {name} {', '.join(shown)} in {', '.join(settings.splits)}; not "
                f"comparable with any published number"
            )
    return found


def _draw(lengths: Tensor, unit: str, draws: torch.Generator) -> Tensor:
    """Uniform numbers (sum L,), one for each step, or one for all steps of a sample."""
    if unit == "step":
        return torch.rand(int(lengths.sum()), generator=draws)
    return torch.rand(len(lengths), generator=draws).repeat_interleave(lengths)


def _word_counts(texts: Sequence[str]) -> Tensor:
    return torch.tensor([len(text.split()) for text in texts], dtype=torch.int64)


def _without(text: str, hidden: Iterator[bool], unknown: str) -> str:
    words = text.split()
    kept = [unknown if next(hidden) else word for word in words]
    return text if kept == words else " ".join(kept)
