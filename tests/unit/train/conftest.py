from pathlib import Path

import numpy as np
import pytest

from mindkit.config.load import load_spec

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
