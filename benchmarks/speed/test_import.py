"""A set of MOSEI's size as MMSA pickles it: what its import needs, and how fast a run then starts.

22,856 clips of 50 steps, 74 of audio and 35 of vision: half a gigabyte. Run with
`pytest benchmarks/speed -s -m slow`. Memory is the greatest that a child process had (VmHWM, the
ru_maxrss of what runs after exec), less that of a child which only imports the same modules.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mindkit.config.spec import Data
from mindkit.data.formats.folder import read_folder
from mindkit.data.prepare import prepare
from mindkit.data.store import Column, Split, Store
from mindkit_basics.encoders.transformer import Transformer

pytestmark = pytest.mark.slow

CLIPS, STEPS = {"train": 16326, "valid": 1871, "test": 4659}, 50
WIDTHS = {"audio": 74, "vision": 35}
TRAIN = CLIPS["train"] * STEPS * sum(WIDTHS.values()) * 4  # bytes

CHILD = """
import sys
from mindkit.data.formats import mmsa
from mindkit.data import safe_pickle
from mindkit.data.importing import import_data
from mindkit.hooks import load_plugins

registries = load_plugins().registries
registries.datasets.get("mosei")
if len(sys.argv) > 1:
    import_data("mosei", sys.argv[1], home=sys.argv[2], registries=registries)
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


def part(split, count):
    """The arrays of one split, lengths about as MOSEI's: a mean of 22 words."""
    random = np.random.default_rng(count)
    lengths = random.normal(22, 10, count).round().clip(1, STEPS)
    arrays = {m: random.standard_normal((count, STEPS, w), "f4") for m, w in WIDTHS.items()}
    for values in arrays.values():
        values[np.arange(STEPS) >= lengths[:, None]] = 0
    return {
        "id": [f"{split}{clip // 7:05d}$_${clip % 7}" for clip in range(count)],
        "raw_text": [f"it was clip number {clip}" for clip in range(count)],
        "regression_labels": random.uniform(-3, 3, count).astype("f4"),
        **arrays,
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("mosei") / "aligned_50.pkl"
    with path.open("wb") as opened:
        pickle.dump({split: part(split, count) for split, count in CLIPS.items()}, opened)
    return path


def child(*arguments):
    """The most memory that a child had, in bytes, and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024, time.perf_counter() - began


@pytest.fixture(scope="module")
def imported(file):
    """The folder of the import, the memory it needed and the seconds it took."""
    bare, start = child()
    full, whole = child(file, file.parent / "home")
    return file.parent / "home" / "data" / "mosei", full - bare, whole - start


def test_an_import_needs_at_most_twice_the_memory_of_one_split(imported):
    _, memory, seconds = imported
    print(f"import: {memory / 2**20:.0f} MiB, {memory / TRAIN:.2f} of the training split", end="")
    print(f", in {seconds:.1f} s")
    assert memory <= 2 * TRAIN


def first_batch(store):
    """What a run does before its first step: standardised audio and vision, and one batch."""
    encoders = {name: Transformer(width, 16) for name, width in WIDTHS.items()}
    train = prepare(store, encoders, Data(), None).splits["train"]
    return train.batch(torch.arange(32), WIDTHS)


def from_folder(path: Path):
    return first_batch(read_folder(path))


def from_pickle(path: Path):
    with path.open("rb") as opened:
        data = pickle.load(opened)
    splits = {}
    for name, arrays in data.items():
        columns = {}
        for modality in WIDTHS:
            real = arrays[modality].any(axis=2)
            values = torch.from_numpy(arrays[modality][real])
            offsets = torch.from_numpy(np.concatenate([[0], real.sum(axis=1).cumsum()]))
            columns[modality] = Column("sequence", values, offsets)
        target = torch.from_numpy(arrays["regression_labels"])
        splits[name] = Split(arrays["id"], columns, target)
    return first_batch(Store("mosei", splits, "regression"))


def test_a_run_on_imported_data_starts_within_two_seconds(file, imported):
    ways = {"imported": (from_folder, imported[0]), "pickle": (from_pickle, file)}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    batches = {}
    for _ in range(3):  # in turn, so that a busy machine slows both
        for name, (start, path) in ways.items():
            began = time.perf_counter()
            batches[name] = start(path)
            seconds[name].append(time.perf_counter() - began)
    least = {name: min(times) for name, times in seconds.items()}
    print(
        f"start-up to the first batch: {least['imported']:.2f} s from the imported folder, "
        f"{least['pickle']:.2f} s from the pickle ({least['pickle'] / least['imported']:.1f} times)"
    )
    for modality in WIDTHS:
        pair = [batches[name].features[modality] for name in ways]
        torch.testing.assert_close(*pair, rtol=1e-5, atol=1e-5)
    assert least["imported"] <= 2
