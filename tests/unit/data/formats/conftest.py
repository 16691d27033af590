"""Makers of pickles in the layouts of the field, with what they hold before it is padded."""

import pickle

import numpy as np
import pytest

from mindkit.data.formats import cmu_tensors, mmsa, triple_file, triple_folder
from mindkit.data.raw import Request
from mindkit.data.source import Source
from mindkit.kinds import Dataset

SIZES = {"train": 8, "valid": 4, "test": 5}
PICKLED = {
    "mmsa": mmsa,
    "cmu_tensors": cmu_tensors,
    "triple_file": triple_file,
    "triple_folder": triple_folder,
}
WORDS = ("good", "bad", "fine", "dull", "it", "was", "so", "große")
JUNK = (  # what stands in the place of something else in a damaged file
    *(None, 0, -1.5, "x", b"x", 10**40, float("nan"), [], {}, (), [1], ["a", 2], {"train": 1}),
    *(np.zeros(()), np.zeros(0), np.zeros((2, 0, 3)), np.ones((3, 2)), np.ones((5, 3, 6))),
    *(np.full((8, 4), np.nan), np.array(["a", "b"]), np.array([b"a"] * 8), np.array([[1j]])),
    np.array([None, "a", 1], dtype=object),
)


class Sentiment(Dataset):
    label_range = (-3.0, 3.0)


class Humour(Dataset):
    task = "classification"
    num_outputs = 2


@pytest.fixture(scope="session")
def asks():
    """Return a request for sentiment, or for two classes, with columns: asks(label="happy")."""
    return lambda dataset=Sentiment, **columns: Request(dataset, columns)


@pytest.fixture(scope="session")
def humour():
    return Humour


@pytest.fixture(scope="session")
def write_pickle():
    """Write data as Python 3 does, or as numpy 1 did in files of Python 2 and 3 (`old`)."""

    def write(path, data, protocol=4, old=False):
        content = pickle.dumps(data, 3 if old else protocol)
        if old:  # up to protocol 3 a name is followed by a line end, so its length may change
            content = content.replace(b"cnumpy._core.", b"cnumpy.core.")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture(scope="session")
def held():
    """Return a source that has been read already, and so needs no file."""

    def make(path, data, name=""):
        source = Source(path)
        source._read[source.file(name), False] = data
        return source

    return make


@pytest.fixture(scope="session")
def recognised_by():
    return lambda path: [name for name, one in PICKLED.items() if one.recognises(Source(path))]


@pytest.fixture(scope="session")
def mutated():
    """Return data in which one key, item or array is gone or changed: mutated(data, choose)."""

    def change(value, choose):
        if isinstance(value, dict) and value and choose(range(5)):
            return _changed_item(dict(value), choose(sorted(value, key=str)), choose, change)
        if isinstance(value, (list, tuple)) and value and choose(range(5)):
            items = _changed_item(list(value), choose(range(len(value))), choose, change)
            return type(value)(items)
        if isinstance(value, np.ndarray) and value.size and value.ndim and choose(range(3)):
            return value[: choose(range(len(value)))] if choose((0, 1)) else value[..., None]
        return choose(JUNK)

    return change


def _changed_item(items, key, choose, change):
    if choose(range(4)):
        items[key] = change(items[key], choose)
    else:
        del items[key]
    return items


@pytest.fixture(scope="session")
def steps():
    """Return n arrays (1 to 6 steps, width) of numbers that are not zero."""

    def make(count, width, seed, longest=6):
        random = np.random.default_rng(seed)
        lengths = random.integers(1, longest + 1, count)
        return [random.uniform(0.5, 1, (n, width)).astype("f4") for n in lengths]

    return make


@pytest.fixture(scope="session")
def pad():
    """Return (N, length, F) with zeros behind, or in front."""

    def make(samples, length, front=False):
        padded = np.zeros((len(samples), length, samples[0].shape[1]), samples[0].dtype)
        for row, sample in enumerate(samples):
            padded[row, length - len(sample) if front else 0 :][: len(sample)] = sample
        return padded

    return make


@pytest.fixture(scope="session")
def mmsa_data(steps, pad):
    """Return an MMSA dict, and split -> what its samples are; unaligned unless said otherwise."""

    def make(front=False, floats=False, lists=False, as_bytes=False, aligned=False, column=()):
        data, truth = {}, {}
        for seed, (split, count) in enumerate(SIZES.items()):
            names = [f"v_{split[:2]}{k // 2}$_${k}" for k in range(count)]
            texts = [" ".join(WORDS[: 1 + k % 4]) for k in range(count)]
            states = steps(count, 7, seed)
            audio = [s[:, :5] * 2 for s in states] if aligned else steps(count, 5, seed + 10, 9)
            vision = [s[:, :4] * 3 for s in states] if aligned else steps(count, 4, seed + 20, 8)
            tokens = [np.arange(len(s)) + 11 for s in states]
            ids = pad([t[:, None] for t in tokens], 6, front)[:, :, 0]
            bert = np.stack([ids, ids > 0, ids * 0], 1)
            labels = np.linspace(-3, 3, count).astype("f4")
            stored = {
                "raw_text": texts,
                "id": [name.encode() for name in names] if as_bytes else names,
                "text": pad(states, 6, front),
                "text_bert": bert.astype("f4" if floats else "i8"),
                "audio": pad(audio, 6 if aligned else 9, front),
                "vision": pad(vision, 6 if aligned else 8, front),
                "annotations": np.array(["Negative", "Neutral", "Positive"])[
                    np.sign(labels).astype(int) + 1
                ].tolist(),
                "classification_labels": np.sign(labels) + 1,
                "regression_labels": labels.reshape(-1, *column),
            }
            if not aligned:
                for name, samples in (("audio", audio), ("vision", vision)):
                    lengths = [len(sample) for sample in samples]
                    stored[f"{name}_lengths"] = lengths if lists else np.array(lengths)
            data[split] = stored
            truth[split] = {
                "ids": names,
                "videos": [name.split("$_$")[0] for name in names],
                "labels": labels,
                "text": texts,
                "text_bert": tokens,
                "text_states": states,
                "audio": audio,
                "vision": vision,
            }
        return data, truth

    return make


@pytest.fixture(scope="session")
def cmu_data(steps, pad):
    """Return a dict of CMU tensors, padded in front, and split -> what its samples are."""

    def make(front=True, aligned=True, emotions=False, ids="bytes"):
        data, truth = {}, {}
        for seed, (split, count) in enumerate(SIZES.items()):
            text = steps(count, 7, seed)
            audio = [s[:, :5] * 2 for s in text] if aligned else steps(count, 5, seed + 10, 9)
            vision = [s[:, :4] * 3 for s in text] if aligned else steps(count, 4, seed + 20, 8)
            labels = np.linspace(-3, 3, count).astype("f4")
            shown = np.random.default_rng(seed).integers(0, 2, (count, 4))
            names = [f"v{split[:2]}{k // 2}_{k}" for k in range(count)]
            data[split] = {
                "vision": pad(vision, 6 if aligned else 8, front),
                "labels": np.eye(2)[shown] if emotions else labels.reshape(-1, 1, 1),
                "text": pad(text, 6, front),
                "audio": pad(audio, 6 if aligned else 9, front),
            }
            if ids:
                clips = [name.encode() for name in names] if ids == "bytes" else names
                data[split]["id"] = np.array([[clip, clip[:0], clip[:0]] for clip in clips])
            truth[split] = {
                "ids": names if ids else [f"{split}_{k}" for k in range(count)],
                "videos": [name.split("_")[0] for name in names] if ids else None,
                "labels": shown if emotions else labels,
                "text": text,
                "audio": audio,
                "vision": vision,
            }
        return data, truth

    return make


@pytest.fixture(scope="session")
def triple_data(steps):
    """Return split -> list of triples, and split -> what they are.

    form: "mag" (words), "misa" (ids and words), "mmim" (and lengths of streams of their own) or
    "humour" (labels of 0 and 1, no segment).
    """

    def make(form="misa", columns=1, as_bytes=False):
        data, truth = {}, {}
        for seed, (split, count) in enumerate(SIZES.items()):
            visual = steps(count, 4, seed)
            acoustic = (
                steps(count, 5, seed + 10, 9)
                if form == "mmim"
                else [v[:, :1] * np.arange(1.0, 6.0, dtype="f4") for v in visual]
            )
            words = [[WORDS[(k + i) % 8] for i in range(len(v))] for k, v in enumerate(visual)]
            labels = np.linspace(-3, 3, count * columns).reshape(-1, 1, columns).astype("f4")
            if form == "humour":
                labels = (np.arange(count) % 2).reshape(-1, 1, 1)
            segments = [f"v{split[:2]}{k // 2}[{k}]" for k in range(count)]
            data[split] = []
            for k in range(count):
                spelt = [word.encode() for word in words[k]] if as_bytes else words[k]
                inner = [spelt, visual[k], acoustic[k]]
                if form != "mag":
                    inner = [np.arange(len(words[k])), *inner[1:], spelt]
                if form == "mmim":
                    inner += [len(visual[k]), len(acoustic[k])]
                segment = segments[k].encode() if as_bytes else segments[k]
                end = () if form == "humour" else (segment,)
                data[split].append((tuple(inner), labels[k], *end))
            truth[split] = {
                "ids": [f"{split}_{k}" for k in range(count)] if form == "humour" else segments,
                "videos": None if form == "humour" else [s.split("[")[0] for s in segments],
                "labels": labels[:, 0, 0],
                "text": [" ".join(each) for each in words],
                "audio": acoustic,
                "vision": visual,
            }
        return data, truth

    return make


@pytest.fixture(scope="session")
def assert_is():
    """Hold that a raw part is what its samples were before they were stored."""

    def check(part, truth):
        assert part.ids == truth["ids"] and part.videos == truth["videos"]
        assert np.array_equal(part.labels, truth["labels"])
        for role in truth.keys() - {"ids", "videos", "labels"}:
            feature = part.features[role]
            assert len(feature) == len(truth[role])
            for sample, value in enumerate(truth[role]):
                assert np.array_equal(_sample(feature, sample), value), (role, sample)

    return check


def _sample(feature, sample):
    """One sample without its padding, told from lengths or, if there are none, from zeros."""
    value = feature.values[sample]
    if feature.kind != "padded":
        return value
    real = np.flatnonzero(value.any(1))
    value = value[real[0] : real[-1] + 1]
    assert feature.lengths is None or feature.lengths[sample] == len(value)
    return value
