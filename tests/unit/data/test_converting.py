import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from mindkit.data import streams
from mindkit.data.converting import convert
from mindkit.data.formats.folder import read_folder
from mindkit.data.raw import Drop, Feature, Part, Raw
from mindkit.errors import DataError
from mindkit.kinds import Dataset

SIZES = {"train": 4, "valid": 2, "test": 2}


class Sentiment(Dataset):
    label_range = (-3.0, 3.0)
    metrics = ("mae",)
    splits = {"train": 6, "valid": 2, "test": 2}  # noqa: RUF012
    counts = {"by the SDK": {"train": 4, "valid": 2, "test": 2}}  # noqa: RUF012
    features = {"audio": {3: "COVAREP, three columns"}}  # noqa: RUF012


def sequences(count, width, steps=5, seed=0):
    """Values (N, L, F) and their lengths, padded at the end."""
    random = np.random.default_rng([seed, count, width])
    values, lengths = random.normal(1, 1, (count, steps, width)), random.integers(1, 6, count)
    values[np.arange(steps) >= lengths[:, None]] = 0
    return values, lengths


def part(split, count):
    features = {
        "text": Feature("text", [f"word {i}" for i in range(count)], array="raw_text"),
        "audio": Feature("padded", sequences(count, 3)[0], array="audio"),
        "vision": Feature("padded", sequences(count, 2)[0], None, "video", "Facet"),
    }
    ids = [f"{split}{i}" for i in range(count)]
    return Part(
        ids, np.linspace(-1, 1, count), features, places=[f"item {i}" for i in range(count)]
    )


@pytest.fixture
def raw(tmp_path):
    parts = {split: part(split, count) for split, count in SIZES.items()}
    return Raw("pickle", "a pickle, padded", [tmp_path / "toy.pkl"], parts)


def with_feature(raw, name, make):
    """`raw` with the column `name` of each split made from the split and its size."""
    parts = {
        split: replace(p, features={**p.features, name: make(split, len(p))})
        for split, p in raw.parts.items()
    }
    return replace(raw, parts=parts)


@pytest.fixture
def made(tmp_path):
    """Convert, and return the store that reads it."""

    def call(raw, dataset=Sentiment, **options):
        folder = tmp_path / f"made{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        convert(raw, dataset, "toy", folder, **options)
        store = read_folder(folder)
        assert store.digest == store.with_digest().digest
        for split in store.splits.values():
            for column in split.columns.values():
                assert column.digest() == replace(column).digest()
        return store, json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    return call


def steps_of(store, split, column):
    found = store.splits[split].columns[column]
    return [found.take(torch.tensor([i])).values.numpy() for i in range(len(found))]


@pytest.mark.parametrize("leading", [False, True])
def test_padding_goes_at_either_end_and_values_stay(raw, made, leading):
    def feature(split, count):
        values = sequences(count, 3)[0]
        return Feature("padded", values[:, ::-1] if leading else values)

    store, manifest = made(with_feature(raw, "audio", feature))
    assert manifest["columns"]["audio"]["padding"] == ("leading" if leading else "trailing")
    for split, count in SIZES.items():
        values, lengths = sequences(count, 3)
        for steps, sample, length in zip(
            steps_of(store, split, "audio"), values, lengths, strict=True
        ):
            expected = sample[:length][::-1] if leading else sample[:length]
            assert np.array_equal(steps, expected.astype(np.float32))


def test_aligned_modalities_keep_the_steps_that_any_of_them_has(raw, made):
    def feature(split, count):
        values = np.zeros((count, 5, 1))
        values[:, 2] = 1
        return Feature("padded", values)

    raw = with_feature(raw, "vision", feature)
    apart, _ = made(raw)
    assert apart.splits["train"].columns["vision"].lengths.tolist() == [1] * 4
    together, _ = made(replace(raw, aligned=True))
    lengths = [c.lengths.tolist() for c in list(together.splits["train"].columns.values())[1:]]
    assert lengths[0] == lengths[1] == np.maximum(sequences(4, 3)[1], 3).tolist()


def test_nan_and_infinities_of_a_pickle_become_0_and_are_counted(raw, made):
    raw.parts["valid"].features["audio"].values[1, 0] = [np.nan, -np.inf, 1]
    raw.parts["test"].features["audio"].values[0, 0, 0] = np.inf
    store, manifest = made(raw)
    assert steps_of(store, "valid", "audio")[1][0].tolist() == [0, 0, 1]
    assert manifest["columns"]["audio"]["not_finite"] == 3
    note = "3 values in 2 samples of array 'audio' were NaN or infinite and are set to 0, first at"
    assert f"{note} item 1 (id valid1)" in store.notes


def test_nan_of_a_pickle_can_be_refused(raw, made):
    raw.parts["valid"].features["audio"].values[1, 0] = np.nan
    with pytest.raises(DataError, match=r"3 values in 1 samples of array 'audio' are NaN .*valid1"):
        made(raw, nan="error")


def test_a_step_of_nan_alone_is_real(raw, made):
    values = sequences(4, 3)[0]
    values[0, 4] = np.nan
    raw.parts["train"].features["audio"] = Feature("padded", values)
    store, _ = made(raw)
    assert store.splits["train"].columns["audio"].lengths[0] == 5


def test_another_way_with_nan_is_refused(raw, made):
    with pytest.raises(DataError, match="nan is 'zeros'; did you mean 'zero'"):
        made(raw, nan="zeros")


def test_samples_without_a_step_have_one_of_zeros_and_are_counted(raw, made):
    raw.parts["train"].features["audio"].values[2] = 0
    store, manifest = made(raw)
    assert steps_of(store, "train", "audio")[2].tolist() == [[0, 0, 0]]
    assert manifest["columns"]["audio"]["without_steps"] == 1
    told = "audio: 1 samples have no step that differs from 0, first item 2 (id train2)"
    assert told in store.notes


def test_statistics_are_those_of_the_real_steps_of_training(raw, made):
    store, _ = made(raw)
    values, lengths = sequences(4, 3)
    real = values[np.arange(5) < lengths[:, None]].astype(np.float32).astype(np.float64)
    statistics = store.splits["train"].columns["audio"].statistics
    assert statistics.mean.numpy() == pytest.approx(real.mean(0), rel=1e-12)
    assert statistics.deviation.numpy() == pytest.approx(real.std(0), rel=1e-12)
    assert statistics.mean.dtype == torch.float64
    assert store.splits["test"].columns["audio"].statistics is None


def test_tokens_and_vectors_of_any_number_are_kept(raw, made):
    raw = with_feature(
        raw,
        "text_bert",
        lambda s, n: Feature("tokens", [np.arange(i, dtype="i2") for i in range(n)]),
    )
    raw = with_feature(raw, "label_text", lambda s, n: Feature("vector", np.ones((n, 1), ">f8")))
    store, manifest = made(raw)
    columns = store.splits["train"].columns
    assert columns["text_bert"].values.tolist() == [0, 0, 0, 1, 0, 1, 2]
    assert columns["text_bert"].lengths.tolist() == [1, 1, 2, 3]
    assert (columns["label_text"].kind, columns["label_text"].width) == ("vector", 1)
    assert manifest["columns"]["text_bert"]["longest"] == 3


def test_provenance_says_what_features_are_and_where_they_stood(raw, made):
    _, manifest = made(raw)
    told = {name: facts["provenance"] for name, facts in manifest["columns"].items()}
    assert told == {
        "text": "array 'raw_text' of toy.pkl",
        "audio": "COVAREP, three columns (array 'audio' of toy.pkl)",
        "vision": "Facet (array 'video' of toy.pkl)",
    }


def test_the_manifest_tells_layout_drops_and_what_was_declared(raw, made):
    drops = [Drop("train", 3, "no steps")]
    raw = replace(raw, drops=drops, roles={"label": "y"}, aligned=False, unused=["annotations"])
    store, manifest = made(raw, facts={"sha256": "abc"})
    assert manifest["drops"] == [{"split": "train", "count": 3, "reason": "no steps"}]
    assert (manifest["reader"], manifest["sha256"]) == ("pickle", "abc")
    assert (store.layout, store.aligned, store.metrics) == ("a pickle, padded", False, ("mae",))
    assert "3 samples of train are left out: no steps" in store.notes
    assert "not used: annotations" in store.notes


def test_a_known_copy_is_named_by_its_numbers_of_samples(raw, made):
    store, _ = made(raw)
    assert "4/2/2 samples, where 6/2/2 are usual; so has the copy by the SDK" in store.notes


def test_videos_are_kept(raw, made):
    parts = {s: replace(p, videos=[f"{s}_video"] * len(p)) for s, p in raw.parts.items()}
    store, _ = made(replace(raw, parts=parts))
    assert store.splits["valid"].videos == ["valid_video"] * 2


def test_a_column_that_a_split_lacks_is_left_out_and_noted(raw, made):
    del raw.parts["train"].features["text"]
    store, _ = made(raw)
    assert store.modalities == ("audio", "vision")
    assert "text is left out: there is none in train" in store.notes


def test_without_a_common_column_nothing_can_be_learnt(raw, made):
    raw.parts["test"].features.clear()
    with pytest.raises(DataError, match=r"no text, audio or vision is there in every split"):
        made(raw)


def test_widths_must_be_alike_in_all_splits(raw, made):
    raw.parts["test"].features["audio"] = Feature("padded", np.ones((2, 5, 4)))
    with pytest.raises(DataError, match=r"width 4 in test, but a sequence of width 3 in train"):
        made(raw)


@pytest.mark.parametrize("name", ["../x", "a.b", "target", "1st", "größe"])
def test_a_column_that_could_be_no_file_is_refused(raw, made, name):
    raw = with_feature(raw, name, lambda s, n: Feature("vector", np.ones((n, 1))))
    with pytest.raises(DataError, match="cannot be the name of a column"):
        made(raw)


def test_an_empty_split_is_refused_with_what_was_left_out(raw, made):
    del raw.parts["valid"]
    raw.drops.append(Drop("valid", 2, "no audio"))
    with pytest.raises(
        DataError, match=r"valid split is empty \(train 4, valid 0, test 2; 2 of valid left out: no"
    ):
        made(raw)


def test_samples_of_no_split_are_left_out(raw, made):
    store, _ = made(replace(raw, parts={**raw.parts, "": part("none", 3)}))
    assert sum(len(split) for split in store.splits.values()) == 8


def test_repeated_ids_of_a_pickle_are_numbered_and_noted(raw, made):
    raw.parts["train"].ids[:] = ["a", "a#2", "a", "b"]
    raw.parts["test"].ids[:] = ["a", "b"]
    store, _ = made(raw)
    ids = [name for split in store.splits.values() for name in split.ids]
    assert len(set(ids)) == 8 and ids[:2] == ["a", "a#2"]
    assert any(
        note.startswith("2 ids occur more than once, first 'a' 3 times") for note in store.notes
    )


def test_text_that_utf_8_cannot_write_is_refused(raw, made):
    raw.parts["valid"].features["text"].values[1] = "half \ud83d"
    with pytest.raises(DataError, match=r"text of item 1 \(id valid1\) is no text that UTF-8"):
        made(raw)


def test_ids_that_utf_8_cannot_write_are_refused(raw, made):
    raw.parts["valid"].ids[1] = "\ud83d"
    with pytest.raises(DataError, match=r"id of .item 1 .*UTF-8"):
        made(raw)


def test_the_data_may_tell_what_the_data_set_is(raw, made):
    class Tones(Dataset):
        task = "classification"
        num_outputs = 2
        classes = ("high", "low")

    class Custom(Dataset):
        task = ""

        @classmethod
        def fitted(cls, labels):
            assert labels == ["low", "high"] * 4
            return Tones

    parts = {s: replace(p, labels=["low", "high"] * (len(p) // 2)) for s, p in raw.parts.items()}
    store, manifest = made(replace(raw, parts=parts), Custom)
    assert store.task == "classification" and manifest["classes"] == ["high", "low"]
    assert store.splits["test"].target.tolist() == [1, 0]


def test_an_array_that_is_known_to_leak_is_declared_for_its_column(raw, made):
    store, _ = made(raw, known_leaks={"video": "trained on labels"}, leaky={"text": "I say so"})
    assert store.leaky == {"vision": "trained on labels", "text": "I say so"}


def test_the_memory_of_a_conversion_goes_with_its_pieces(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "PIECE", 1 << 18)
    held = {split: np.ones((count * 250, 60, 80), "f4") for split, count in SIZES.items()}
    parts = {
        split: Part(
            [f"{split}{i}" for i in range(len(values))],
            np.zeros(len(values)),
            {"audio": Feature("padded", values)},
        )
        for split, values in held.items()
    }
    (tmp_path / "made").mkdir()
    tracemalloc.start()
    convert(replace(raw, parts=parts), Sentiment, "toy", tmp_path / "made")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * streams.PIECE < held["train"].nbytes / 4


def test_a_signalling_nan_becomes_0_like_any_other(raw, made):
    def odd(split, count):
        values = np.ones((count, 2))
        values.view(np.uint64)[0, 0] = 0x7FF0000000000001  # which warns when it is cast
        return Feature("vector", values)

    store, manifest = made(with_feature(raw, "vision", odd))
    values = store.splits["train"].columns["vision"].values
    assert values[0].tolist() == [0, 1]
    assert "NaN" in " ".join(manifest["notes"])
