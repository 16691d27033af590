"""A study's wall time against the sum of its single runs, each a command of its own.

Two ablations of MInD beside the full method, two seeds each, on 640 clips of vectors. The study
reads plugins and data once; with two worker processes it also makes two runs at a time.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time

import numpy as np
import pytest

DROPS = ("cyr", "info")
SEEDS = (3407, 3408)
SETTINGS = (
    *(f"encoders.{modality}.type=vector" for modality in ("text", "audio", "vision")),
    "width=64",
    "training.epochs=3",
)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    """The options of every command here: small data of vectors, and a small MInD."""
    path = tmp_path_factory.mktemp("data") / "clips.npz"
    random = np.random.default_rng(0)
    splits = np.repeat(["train", "valid", "test"], [640, 100, 100])
    label = random.uniform(-3, 3, len(splits)).astype("f4")
    columns = {m: random.normal(size=(len(splits), 32)).astype("f4") for m in ("audio", "vision")}
    columns["text"] = columns["audio"] + label[:, None]
    np.savez(path, id=[f"c{n}" for n in range(len(splits))], split=splits, label=label, **columns)
    settings = [word for one in SETTINGS for word in ("--set", one)]
    return ["--dataset", "mosi", "--data", str(path), "--device", "cpu", *settings]


def seconds(*commands):
    began = time.perf_counter()
    for command in commands:
        line = [sys.executable, "-m", "mindkit", *command]
        done = subprocess.run(line, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return time.perf_counter() - began


def test_a_study_takes_no_longer_than_its_runs(options, tmp_path):
    rows = [[], *(["--drop", name] for name in DROPS)]
    command = ["run", "mind", *options, "--out", str(tmp_path / "single")]
    single = seconds(
        *(
            [*command, *row, "--set", f"training.seed={seed}"]
            for row, seed in itertools.product(rows, SEEDS)
        )
    )
    drops = [word for name in DROPS for word in ("--drop", name)]
    study = ["ablate", "mind", *options, *drops, "--seeds", str(len(SEEDS)), "--fuse", "off"]
    here = seconds([*study, "--out", str(tmp_path / "here")])
    workers = ["--executor", "processes", "--workers", "2", "--executor-set", "threads=1"]
    apart = seconds([*study, *workers, "--out", str(tmp_path / "apart")])
    again = seconds([*study, "--out", str(tmp_path / "here")])
    print(
        f"six runs as commands {single:.1f} s; as one study {here:.1f} s ({here / single:.2f}), in "
        f"two processes {apart:.1f} s ({apart / single:.2f}); called again {again:.1f} s"
    )
    assert here < single
    assert again < here
