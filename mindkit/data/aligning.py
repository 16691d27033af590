"""Word-aligned streams, one step a word, expanded to one step for each token of the text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from mindkit.data.store import Column, Split
from mindkit.errors import DataError


def aligned(split: Split, text: str, words: Column, how: str, whole: Collection[str] = ()) -> Split:
    """Return the split with one step for each token in every sequence but that of `text`.

    words: for each token, the place of its word among those of its sample, -1 for none. how:
    "repeat" gives all tokens of a word its step, as MAG-BERT does, "first" only the first of them;
    the others are 0. whole: sequences of one step that is that of every word of its sample.
    Raises DataError where another sequence has not one step a word.
    """
    streams = [m for m, column in split.columns.items() if column.kind == "sequence" and m != text]
    if not streams:
        others = ", ".join(f"{m} is a {c.kind}" for m, c in split.columns.items() if m != text)
        raise DataError(f"data.align: nothing has steps to align ({others}); set data.align=none")
    changed = {}
    for modality in streams:
        if modality not in whole:
            _refuse_unaligned(split, text, modality)
        changed[modality] = _expanded(split.columns[modality], words, how, modality in whole)
    return replace(split, columns=split.columns | changed)


def _refuse_unaligned(split: Split, text: str, modality: str) -> None:
    steps = split.columns[modality].lengths
    assert steps is not None
    for identifier, string, count in zip(
        split.ids, split.columns[text].values, steps.tolist(), strict=True
    ):
        words = len(string.split())
        if count != max(words, 1):  # a sample without a step is kept as one of zeros
            raise DataError(
                f"data.align: sample '{identifier}' has {modality} of {count} steps, but {text} of "
                f"{words} words; import features with one step a word, or set data.align=none"
            )


def _expanded(column: Column, words: Column, how: str, whole: bool) -> Column:
    assert isinstance(column.values, Tensor) and isinstance(words.values, Tensor)
    assert column.offsets is not None and words.offsets is not None
    word, device = words.values, column.values.device
    given = word >= 0
    if how == "first":
        before = torch.cat([word.new_full((1,), -1), word[:-1]])
        starts = torch.zeros_like(given)
        starts[words.offsets[:-1]] = True  # the last word before belongs to another sample
        given &= starts | (word != before)
    first = torch.repeat_interleave(column.offsets[:-1], words.offsets.diff())
    steps = first if whole else (first + word).where(given, first)
    values = column.values.index_select(0, steps.to(device))
    values = values.masked_fill(~given.to(device).unsqueeze(1), 0)
    return replace(column, values=values, offsets=words.offsets)
