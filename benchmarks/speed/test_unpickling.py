"""Reading pickles with our own machine against `pickle.load`, which would run code if they had any.

Three files: 100 MB of arrays, as MMSA's; 20,000 triples of small arrays and word lists, as MISA's;
lists of 2 million floats.
"""

from __future__ import annotations

import pickle
import statistics
import time

import numpy as np
import pytest

from mindkit.data.safe_pickle import read_pickle

# How many times as long as `pickle.load` it may take; the arrays stay in the file, so no longer.
AT_MOST = {"arrays": 1.0, "triples": 30.0, "floats": 6.0}
ROUNDS = 3


def arrays(random):
    return {
        split: {
            "audio": random.normal(size=(count, 50, 74)).astype(np.float32),
            "vision": random.normal(size=(count, 50, 35)).astype(np.float32),
            "id": [f"{split}$_${row}" for row in range(count)],
        }
        for split, count in {"train": 3200, "valid": 400, "test": 1000}.items()
    }


def triples(random):
    words = ["".join(random.choice(list("abcdefghij"), 6)) for _ in range(3000)]
    made = []
    for row in range(20_000):
        count = int(random.integers(2, 25))
        spoken = [words[word] for word in random.integers(0, len(words), count)]
        features = (
            random.integers(0, 3000, count),
            random.normal(size=(count, 35)).astype(np.float32),
            random.normal(size=(count, 74)).astype(np.float32),
            spoken,
        )
        made.append((features, np.array([[1.5]], dtype=np.float32), f"video{row}[0]"))
    return made


def floats(random):
    return [random.normal(size=1000).tolist() for _ in range(2000)]


@pytest.fixture(scope="module", params=[arrays, triples, floats], ids=lambda make: make.__name__)
def named_file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pickles") / f"{request.param.__name__}.pkl"
    with open(path, "wb") as file:
        pickle.dump(request.param(np.random.default_rng(0)), file, protocol=4)
    yield request.param.__name__, path
    path.unlink()


def unsafe(path):
    with open(path, "rb") as file:
        return pickle.load(file)


def test_reading_a_pickle(benchmark, named_file):
    benchmark.pedantic(read_pickle, args=(named_file[1],), rounds=ROUNDS, warmup_rounds=1)


def test_reading_takes_at_most_so_many_times_as_long_as_pickle_load(named_file):
    name, path = named_file
    seconds = {unsafe: [], read_pickle: []}
    for round_number in range(ROUNDS + 1):  # in turn, so that a busy machine slows both
        for read, times in seconds.items():
            began = time.perf_counter()
            value = read(path)
            if round_number:  # the first brings the file into memory
                times.append(time.perf_counter() - began)
            del value
    medians = {read: statistics.median(times) for read, times in seconds.items()}
    ratio = medians[read_pickle] / medians[unsafe]
    print(
        f"{name}: {medians[read_pickle]:.3f} s, {ratio:.2f} times as long as pickle.load "
        f"({medians[unsafe]:.3f} s)"
    )
    assert ratio <= AT_MOST[name]
