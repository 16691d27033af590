"""Five seeds in one step against five single steps, by width and by how small the method is.

A step is forward, backward and optimiser for a batch of 32 of each seed; every modality is a vector
a sample, as with frozen text. Together, the five are one call of the model under `vmap`, with a
batched product for each layer; the arithmetic is the same. One thread; the comparison at the end
counts its own time, which is the same however busy others keep the machine.
"""

from __future__ import annotations

import statistics
import time
from functools import partial

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.data.store import Column, Split, Store
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.study.run import with_seed
from mindkit.train.checkpoint import Checkpoints
from mindkit.train.device import choose_device
from mindkit.train.fitting import Fitting
from mindkit.train.fused import Seat, Stack
from mindkit.train.fused_random import Stream
from mindkit.train.loop import begin_epoch, take_step
from mindkit.train.seed import seed_everything

SEEDS, BATCH = 5, 32
METHODS = {
    "MInD, width 32": ("mind", ["width=32", "terms.info.hidden=32"]),
    "MInD, width 128": ("mind", ["width=128", "terms.info.hidden=128"]),
    "MInD, width 512": ("mind", ["width=512"]),
    "LMF": ("lmf", []),
}
FASTER = ["MInD, width 32", "LMF"]  # of small networks the calls are most of the time
WIDTHS = {"text": 384, "audio": 74, "vision": 35}


def store():
    generator = torch.Generator().manual_seed(0)
    columns = {
        name: Column.of_vectors(torch.randn(20 * BATCH, width, generator=generator))
        for name, width in WIDTHS.items()
    }
    target = torch.randn(20 * BATCH, generator=generator)
    train = Split([str(row) for row in range(20 * BATCH)], columns, target)
    return Store("mosi", {"train": train}, "regression", metrics=("mae",))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def registries():
    return load_plugins().registries


@pytest.fixture
def steps(registries, tmp_path):
    """A step of all seeds of a method: together, and one after another."""

    def make(name):
        method, settings = METHODS[name]
        settings = [*(f"encoders.{m}={{type: vector}}" for m in WIDTHS), *settings]
        settings.append(f"training.batch_size={BATCH}")
        spec, data = load_spec(registries, method, dataset="mosi", settings=settings), store()
        seats = {how: [] for how in ("together", "apart")}
        for how, seed in ((how, seed) for how in seats for seed in range(SEEDS)):
            seed_everything(seed, deterministic=True)
            model = build(spec, registries, InputSchema.of(data))
            device, checkpoints = choose_device("cpu", "float32"), Checkpoints(tmp_path)
            one = Fitting(model, data, ["mae"], with_seed(spec, seed), device, checkpoints)
            begin_epoch(one)
            seats[how].append(Seat(one, Stream()))
        groups = [seat.fitting.groups[0] for seat in seats["apart"]]

        def apart():
            for seat, group in zip(seats["apart"], groups, strict=True):
                take_step(seat.fitting, group)

        together = partial(Stack(seats["together"]).step, range(SEEDS), groups)
        return {"together": together, "apart": apart}

    return make


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("how", ["together", "apart"])
def test_step_of_five_seeds(benchmark, steps, how, name):
    benchmark.group = name
    benchmark.pedantic(steps(name)[how], rounds=10, warmup_rounds=2)


@pytest.mark.parametrize("name", METHODS)
def test_small_methods_are_faster_together(steps, name):
    both = steps(name)
    times = {how: [] for how in both}
    for turn in range(12):
        for how, step in both.items():
            start = time.process_time()
            step()
            if turn >= 2:
                times[how].append(time.process_time() - start)
    together, apart = (1e3 * statistics.median(times[how]) for how in ("together", "apart"))
    print(f"\n{name}: together {together:.1f} ms, apart {apart:.1f} ms: {apart / together:.2f}x")
    if name in FASTER:
        assert apart >= 1.1 * together
