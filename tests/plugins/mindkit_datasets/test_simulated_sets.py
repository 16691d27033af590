import time

import numpy as np
import pytest
import torch

from mindkit_datasets.mintrec import Mintrec
from mindkit_datasets.mosei import Mosei
from mindkit_datasets.mosi import Mosi
from mindkit_datasets.ur_funny import UrFunny


@pytest.fixture(scope="module")
def mosi():
    return Mosi().simulate(0)


@pytest.mark.parametrize(
    ("store", "sizes", "widths", "num_outputs"),
    [
        (lambda: Mosi().simulate(), (1284, 229, 686), (74, 47), 1),
        (lambda: Mosei().simulate(scale=0.05), (816, 94, 233), (74, 35), 1),
        (lambda: UrFunny().simulate(scale=0.05), (530, 131, 164), (81, 75), 2),
        (lambda: Mintrec().simulate(), (1334, 445, 445), (768, 256), 20),
    ],
    ids=["mosi", "mosei", "ur_funny", "mintrec"],
)
def test_a_simulated_set_has_the_shapes_of_the_real_one(store, sizes, widths, num_outputs):
    store = store()
    assert tuple(len(store.splits[n]) for n in ("train", "valid", "test")) == sizes
    columns = store.splits["train"].columns
    assert (columns["audio"].width, columns["vision"].width) == widths
    assert store.num_outputs == num_outputs
    assert store.simulated
    if num_outputs > 1:
        assert len(store.classes) == num_outputs
        assert store.splits["test"].target.unique().tolist() == list(range(num_outputs))


def test_simulated_mosi_has_the_lengths_and_labels_of_mosi(mosi):
    target = torch.cat([s.target for s in mosi.splits.values()])
    lengths = torch.cat([s.columns["audio"].lengths for s in mosi.splits.values()]).float()
    assert 1.4 < target.std() < 1.6
    assert 0.03 < (target == 0).float().mean() < 0.07
    assert target.abs().max() <= 3
    assert 8 <= lengths.median() <= 10
    assert 11 <= lengths.mean() <= 13
    assert lengths.min() == 2 and lengths.max() == 50


def test_simulated_mosi_is_made_in_two_seconds():
    start = time.perf_counter()
    Mosi().simulate(1)
    assert time.perf_counter() - start < 2


def ridge_correlation(store, modalities, penalty=30.0):
    """Correlation on the test split of ridge regression on words and means over time."""
    vocabulary = sorted(
        {w for t in store.splits["train"].columns["text"].values for w in t.split()}
    )
    index = {word: i for i, word in enumerate(vocabulary)}

    def features(split):
        blocks = []
        if "text" in modalities:
            counts = np.zeros((len(split), len(index)))
            for row, text in enumerate(split.columns["text"].values):
                for word in text.split():
                    counts[row, index.get(word, 0)] += 1 / len(text.split())
            blocks.append(counts * 10)
        for modality in [m for m in modalities if m != "text"]:
            column = split.columns[modality]
            starts = column.offsets[:-1].numpy()
            sums = np.add.reduceat(column.values.double().numpy(), starts, axis=0)
            blocks.append(sums / column.lengths.numpy()[:, None])
        return np.concatenate(blocks, 1)

    x, held_out = features(store.splits["train"]), features(store.splits["test"])
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    x, held_out = (x - mean) / deviation, (held_out - mean) / deviation
    y = store.splits["train"].target.double().numpy()
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (y - y.mean()))
    return np.corrcoef(held_out @ weights, store.splits["test"].target.numpy())[0, 1]


def test_every_modality_of_simulated_mosi_tells_something_of_its_own(mosi):
    alone = {m: ridge_correlation(mosi, [m]) for m in ("text", "audio", "vision")}
    together = ridge_correlation(mosi, ["text", "audio", "vision"])
    assert 0.5 < alone["text"] < 0.85
    assert 0.3 < alone["audio"] < alone["text"]
    assert 0.3 < alone["vision"] < alone["text"]
    assert together > alone["text"] + 0.1
