from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.data.store import Column, Split, Store
from mindkit.model.build import InputSchema, build
from mindkit.study.run import with_seed
from mindkit.train.checkpoint import Checkpoints
from mindkit.train.device import choose_device
from mindkit.train.fitting import Fitting
from mindkit.train.seed import seed_everything

METHOD = """\
name: tiny
width: 8
encoders:
  audio: {type: vector}
  vision: {type: transformer, layers: 1, heads: 2}
representations:
  invariant: {type: mlp, from: encoded, share: true}
  specific: {type: mlp, from: encoded}
  noise: {through: specific, from: gaussian}
fusion: {type: concat_mlp, inputs: [invariant.*, specific.*], fused: 8, hidden: 8}
terms:
  task: {type: supervised, inputs: [[prediction, target]]}
  info:
    {type: jsd, goal: maximize, weight: 0.01, hidden: 8,
     inputs: [{x: encoded.*, z: invariant.$m}, {x: gaussian.$m, z: noise.$m}]}
  cons: {type: barlow_twins, weight: 1e-3, inputs: [[invariant.$m, invariant.$n]]}
  diff: {type: hsic, weight: 1e-3, inputs: [[invariant.$m, specific.$m]]}
  cyr: {type: cyclic, weight: 0.1, inputs: [{source: noise.$m, target: specific.$m}]}
training:
  epochs: 4
  batch_size: 16
  optimizer: {rate: 1e-2}
  selection: {metric: mae, patience: 4}
"""


def write_data(path: Path, rows: int = 120) -> None:
    """A table in which audio carries the label, and vision sequences of 1 to 6 steps."""
    random = np.random.default_rng(0)
    label = np.round(random.uniform(-3, 3, rows), 1).astype(np.float32)
    audio = random.normal(size=(rows, 5)).astype(np.float32)
    audio[:, 0] += label
    lengths = random.integers(1, 7, rows)
    vision = np.zeros((rows, 6, 4), np.float32)
    for row, length in enumerate(lengths):
        vision[row, :length] = random.normal(size=(length, 4))
    split = np.array(["train"] * (rows - 40) + ["valid"] * 20 + ["test"] * 20)
    ids = np.array([f"clip_{row}" for row in range(rows)])
    np.savez(path, id=ids, label=label, audio=audio, vision=vision, split=split)


@pytest.fixture
def tiny(tmp_path, registries):
    """Make a spec of a tiny method on tiny data: tiny("training.epochs=2") and so on."""
    (tmp_path / "tiny.yaml").write_text(METHOD)
    write_data(tmp_path / "tiny.npz")

    def make(*settings, drop=()):
        return load_spec(
            registries,
            str(tmp_path / "tiny.yaml"),
            dataset="mosi",
            data=str(tmp_path / "tiny.npz"),
            settings=settings,
            drop=drop,
        )

    return make


# Methods on random data, small enough to be held against each other in float64.

VECTORS = [f"encoders.{m}={{type: vector, dropout: 0.2}}" for m in ("text", "audio", "vision")]
OF_MIND = ["width=12", "terms.info.hidden=10"]
WIDTHS = "fusion.widths={text: 4, audio: 3, vision: 5}"
OVER_TIME = [  # attention over padded steps
    "data.pad_to=6",
    "encoders.text={type: vector}",
    "encoders.audio.layers=1",
    "encoders.vision.layers=1",
]
BOTTLENECK = [
    "representations.mean={type: mlp, from: specific, end: linear}",
    "representations.log_variance={type: mlp, from: specific, end: linear}",
    "representations.drawn={type: gaussian_sample, from: [mean, log_variance]}",
    "terms.rate={type: variational_bottleneck, weight: 0.01, inputs: [[mean.$m, log_variance.$m]]}",
    "fusion.inputs=[invariant.*, drawn.*]",
]
METHODS = {
    "mind": ("mind", [*VECTORS, *OF_MIND, "terms.info.negatives=derangement"]),
    "mind over time": ("mind", [*OVER_TIME, *OF_MIND]),
    "mind with a bottleneck": ("mind", [*VECTORS, *OF_MIND, *BOTTLENECK]),
    "misa": ("misa", [*VECTORS, "width=12", "fusion.feed=16"]),
    "lmf": ("lmf", [*VECTORS, WIDTHS]),
}
NEVER = {
    "self_mm": ("self_mm", [*VECTORS, "width=12"]),
}
TRAINING = [
    "training.epochs=4",
    "training.batch_size=8",  # 45 samples: the batch of 5 has another place for each seed
    "training.drop_last=false",
    "training.optimizer.rate=3e-3",
    "training.selection={metric: mae, patience: 0, rollback: 1, shrink: 0.5}",
    "training.clip.norm=1",
]


def random_store(text_alone):
    """Three modalities in float64: vectors, or with `text_alone` a vector and two sequences."""
    generator = torch.Generator().manual_seed(0)

    def column(modality, rows, width):
        if modality == "text" or not text_alone:
            made = Column.of_vectors(torch.randn(rows, width, generator=generator))
        else:
            lengths = torch.randint(1, 7, (rows,), generator=generator).tolist()
            samples = [torch.randn(length, width, generator=generator) for length in lengths]
            made = Column.of_sequences(samples)
        return replace(made, values=made.values.double())

    splits = {}
    for name, rows in (("train", 45), ("valid", 20), ("test", 20)):
        widths = {"text": 9, "audio": 7, "vision": 5}
        columns = {m: column(m, rows, width) for m, width in widths.items()}
        target = columns["audio"].values[:rows, 0].clamp(-3, 3)
        splits[name] = Split([f"{name}_{row}" for row in range(rows)], columns, target)
    return Store("mosi", splits, "regression", metrics=("mae",))


@pytest.fixture
def fitting(registries, tmp_path):
    """Make a model in float64 that is about to be trained: fitting("mind", seed, "folder")."""

    def make(case, seed, out, settings=()):
        method, own = (METHODS | NEVER)[case]
        store = random_store(case == "mind over time")
        spec = load_spec(registries, method, dataset="mosi", settings=[*TRAINING, *own, *settings])
        spec = with_seed(spec, seed)
        seed_everything(seed, deterministic=True)
        model = build(spec, registries, InputSchema.of(store)).double()
        device = choose_device("cpu", "float32")
        checkpoints = Checkpoints(tmp_path / out / str(seed))
        made = Fitting(model, store, ["mae"], spec, device, checkpoints)
        made.running.sums = made.running.sums.double()
        return made

    return make
