"""Batches padded to their own longest clip against batches padded to 50, as the released code has.

MOSI's 1284 training clips have about 12 words each. One batch here is the clips of one training
batch, after grouping by length; a step is forward and backward of the audio and vision encoders.
"""

from __future__ import annotations

import statistics
import time

import pytest
import torch

from mindkit.api import Column
from mindkit.data.sampler import epoch_batches
from mindkit_basics.encoders.transformer import Transformer

CLIPS, BATCH, PADDED = 1284, 32, 50
WIDTHS = {"audio": 74, "vision": 47}


@pytest.fixture(scope="module")
def columns():
    """Columns of random features with MOSI-like lengths: log-normal, mean about 12, at most 50."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.exp(2.3 + 0.6 * torch.randn(CLIPS, generator=generator))
    counts = lengths.round().clamp(1, PADDED).int().tolist()
    return {
        name: Column.of_sequences([torch.randn(n, width, generator=generator) for n in counts])
        for name, width in WIDTHS.items()
    }


@pytest.fixture(scope="module")
def encoders():
    torch.manual_seed(0)
    return {name: Transformer(width, 128).train() for name, width in WIDTHS.items()}


def batches(columns, pad_to, count=8):
    """Every fifth batch of an epoch: values and masks by modality."""
    rows = epoch_batches(
        columns["audio"].lengths, BATCH, seed=0, epoch=0, group_by_length=True, drop_last=True
    )
    return [{n: c.gather(r, pad_to) for n, c in columns.items()} for r in rows[:: 40 // count]]


def run(encoders, prepared):
    for batch in prepared:
        for name, encoder in encoders.items():
            encoder.zero_grad(set_to_none=True)
            vector, _ = encoder(*batch[name])
            vector.square().mean().backward()


@pytest.mark.parametrize("pad_to", [None, PADDED], ids=["longest", "padded-to-50"])
def test_step_of_the_audio_and_vision_encoders(benchmark, columns, encoders, pad_to):
    benchmark.pedantic(run, args=(encoders, batches(columns, pad_to)), rounds=3, warmup_rounds=1)


def test_padding_to_the_longest_is_at_least_two_and_a_half_times_as_fast(columns, encoders):
    prepared = {pad_to: batches(columns, pad_to) for pad_to in (None, PADDED)}
    seconds = {pad_to: [] for pad_to in prepared}
    for round_number in range(6):  # in turn, so that a busy machine slows both
        for pad_to, inputs in prepared.items():
            began = time.perf_counter()
            run(encoders, inputs)
            if round_number:  # the first warms up
                seconds[pad_to].append(time.perf_counter() - began)
    medians = {pad_to: statistics.median(times) for pad_to, times in seconds.items()}
    ratio = medians[PADDED] / medians[None]
    print(f"padded to 50: {ratio:.2f} times as long as padded to the longest of the batch")
    assert ratio >= 2.5
