import functools
import time

import numpy as np
import pytest
import torch

from mindkit_datasets.mosi import Mosi


@pytest.fixture(scope="module")
def mosi():
    return Mosi().simulate(0)


SETS = {  # widths of audio and vision, outputs, and sizes at a scale of 0.05
    "mosi": ((74, 47), 1, (64, 11, 34)),
    "mosei": ((74, 35), 1, (816, 94, 233)),
    "sims": ((33, 709), 1, (68, 23, 23)),
    "custom": ((10, 8), 1, (10, 2, 2)),
    "ur_funny": ((81, 75), 2, (530, 131, 164)),
    "mustard": ((81, 371), 2, (21, 7, 7)),
    "mintrec": ((768, 256), 20, (67, 22, 22)),
    "mintrec_binary": ((768, 256), 2, (67, 22, 22)),
    "mintrec2": ((768, 256), 30, (308, 55, 102)),
    "meld": ((74, 35), 7, (499, 55, 130)),
    "meld_sentiment": ((74, 35), 3, (499, 55, 130)),
}


@pytest.fixture(scope="module")
def small(registries):
    """The simulated stand-in of a data set at a scale of 0.05, made once."""
    return functools.cache(lambda name: registries.datasets.get(name)().simulate(scale=0.05))


def test_every_data_set_is_looked_at(registries):
    ours = {entry.name for entry in registries.datasets if entry.plugin == "datasets"}
    assert set(SETS) == ours


@pytest.mark.parametrize("name", SETS)
def test_a_simulated_set_has_the_shapes_of_the_real_one(small, name):
    store, (widths, num_outputs, sizes) = small(name), SETS[name]
    assert tuple(len(store.splits[n]) for n in ("train", "valid", "test")) == sizes
    columns = store.splits["train"].columns
    assert (columns["audio"].width, columns["vision"].width) == widths
    assert columns["text"].kind == "text"
    assert columns["audio"].lengths.tolist() == [len(t.split()) for t in columns["text"].values]
    assert store.num_outputs == num_outputs
    assert store.simulated and set(store.factors["test"]) >= {"shared", "private.text"}


@pytest.mark.parametrize("name", SETS)
def test_a_simulated_set_has_the_task_labels_and_classes_that_are_declared(small, registries, name):
    store, dataset = small(name), registries.datasets.get(name)
    labels = torch.cat([split.target for split in store.splits.values()]).tolist()
    declared = dataset.fitted(labels)
    assert (store.task, store.num_outputs) == (declared.task, declared.num_outputs)
    assert (store.classes, store.label_range) == (declared.classes, declared.label_range)
    if declared.task == "classification":
        assert set(labels) == set(range(declared.num_outputs))
    else:
        low, high = declared.label_range
        assert low <= min(labels) < 0 < max(labels) <= high


@pytest.mark.parametrize("name", SETS)
def test_the_words_of_a_simulated_set_tell_its_labels(registries, name):
    """Words and labels go together more than after any of 20 shuffles of the labels."""
    dataset = registries.datasets.get(name)()
    size = sum(dataset.splits.values()) or 300
    store = dataset.simulate(scale=min(1, 300 / size))
    texts = [text for split in store.splits.values() for text in split.columns["text"].values]
    labels = torch.cat([split.target for split in store.splits.values()]).numpy()
    index = {word: i for i, word in enumerate(sorted({w for t in texts for w in t.split()}))}
    said = np.zeros((len(texts), len(index)))
    for row, text in enumerate(texts):
        said[row, [index[word] for word in text.split()]] = 1
    wanted = labels[:, None] if store.task == "regression" else np.eye(store.num_outputs)[labels]
    said, wanted = said - said.mean(0), wanted - wanted.mean(0)
    random = np.random.default_rng(0)
    shuffled = [((said.T @ random.permutation(wanted)) ** 2).sum() for _ in range(20)]
    assert ((said.T @ wanted) ** 2).sum() > max(shuffled)


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
