import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindkit.data.formats import triple_file
from mindkit.data.raw import Drop, Raw
from mindkit.data.source import Source
from mindkit.errors import DataError

VARIETIES = {
    "as published": {},
    "names and words as bytes": {"as_bytes": True},
    "with word ids": {"form": "misa"},
    "seven labels": {"columns": 7},
}
DIFFER = "words, visual and acoustic differ in length"


def as_dict(lists):
    return {"train": lists["train"], "dev": lists["valid"], "test": lists["test"]}


@pytest.fixture
def data(triple_data):
    return as_dict(triple_data("mag")[0])


@pytest.fixture
def read(held, asks, tmp_path):
    """Read what a pickle would hold: read(data, label=…)."""
    return lambda data, **columns: triple_file.read(
        held(tmp_path / "mosi.pkl", data), asks(**columns)
    )


def changed(item, **parts):
    """A triple with other words, visual, acoustic, label or segment."""
    (words, visual, acoustic), label, segment = item
    held = {"words": words, "visual": visual, "acoustic": acoustic, "label": label}
    held = {**held, "segment": segment, **parts}
    inner = (held["words"], held["visual"], held["acoustic"])
    return inner, held["label"], held["segment"]


@pytest.mark.parametrize("old", [False, True], ids=["numpy 2", "numpy 1"])
@pytest.mark.parametrize("variety", VARIETIES)
def test_every_variety_reads_as_what_was_stored(
    variety, old, triple_data, write_pickle, tmp_path, asks, assert_is, recognised_by
):
    lists, truth = triple_data(**{"form": "mag", **VARIETIES[variety]})
    path = write_pickle(tmp_path / "mosi.pkl", as_dict(lists), old=old)
    raw = triple_file.read(Source(path), asks())
    assert list(raw.parts) == ["train", "valid", "test"]
    for split, part in raw.parts.items():
        assert_is(part, truth[split])
    assert recognised_by(path) == ["triple_file"]


def test_features_are_the_arrays_of_the_file_and_no_copies(data, read):
    found = read(data).parts["train"].features["audio"].values
    for steps, item in zip(found, data["train"], strict=True):
        assert np.shares_memory(steps, item[0][2])


def test_layout_and_roles_say_what_was_recognised(data, read):
    raw = read({**data, "made": 2019})
    assert raw.layout == "triples, aligned by words, words as text" and raw.aligned is True
    assert raw.roles == {
        "label": "label",
        "id": "segment",
        "text": "words",
        "audio": "acoustic",
        "vision": "visual",
    }
    assert raw.unused == ["made"] and raw.notes == []
    kinds = [feature.kind for feature in raw.parts["test"].features.values()]
    assert kinds == ["text", "ragged", "ragged"]


def test_samples_whose_lengths_differ_are_dropped_and_counted(data, read):
    data["dev"][2] = changed(data["dev"][2], visual=data["dev"][2][0][1].repeat(2, 0))
    data["test"][0] = changed(data["test"][0], words=[])
    raw = read(data)
    assert raw.drops == [Drop("valid", 1, DIFFER), Drop("test", 1, DIFFER)]
    valid = raw.parts["valid"]
    assert [place[:6] for place in valid.places] == ["item 0", "item 1", "item 3"]
    assert len(valid) == len(valid.labels) == len(valid.videos) == 3
    assert np.array_equal(valid.features["vision"].values[2], data["dev"][3][0][1])


@pytest.mark.parametrize("nothing", [np.zeros((0, 5), "f4"), np.zeros(0), []])
def test_a_sample_in_which_nothing_is_heard_is_kept(data, read, nothing):
    data["train"][1] = changed(data["train"][1], acoustic=nothing)
    raw = read(data)
    assert not raw.drops and raw.parts["train"].features["audio"].values[1].shape == (0, 5)


def test_a_file_in_which_most_differ_is_kept_as_unaligned(data, read):
    for split, items in data.items():
        data[split] = [changed(i, acoustic=np.concatenate([i[0][2]] * 2)) for i in items]
    raw = read(data)
    assert raw.aligned is False and not raw.drops and len(raw.parts["train"]) == 8
    assert raw.layout == "triples, unaligned, words as text"
    assert raw.notes == [f"{DIFFER} in most samples, so that all are kept, as unaligned"]


def test_a_split_in_which_all_differ_is_refused(data, read):
    data["dev"] = [changed(item, words=["so"] * 9) for item in data["dev"]]
    with pytest.raises(DataError, match=f"mosi.pkl: valid has no sample left, since {DIFFER}"):
        read(data)


def test_a_column_of_seven_labels_can_be_chosen(triple_data, read):
    data = as_dict(triple_data("mag", columns=7)[0])
    raw = read(data)
    assert raw.notes == ["the label is 'sentiment', one of the seven numbers of MOSEI's labels"]
    assert "sentiment" not in raw.unused and "fear" in raw.unused
    labels = read(data, label="sad").parts["test"].labels
    assert labels.tolist() == [item[1][0, 2] for item in data["test"]]


def test_labels_may_be_plain_numbers_or_lists(data, read):
    for split, items in data.items():
        data[split] = [changed(i, label=k if k % 2 else [[k]]) for k, i in enumerate(items)]
    assert read(data).parts["valid"].labels.tolist() == [0, 1, 2, 3]


def test_roles_may_be_changed_and_left_out(data, read):
    raw = read(data, text="", id="", audio="visual", vision="acoustic")
    part = raw.parts["valid"]
    assert list(part.features) == ["audio", "vision"]
    assert part.features["audio"].values.width == 4
    assert part.ids == ["valid_0", "valid_1", "valid_2", "valid_3"] and part.videos is None
    assert raw.unused == ["words", "segment"] and "no ids" in raw.notes[0]


ASKED = {
    "another array": ({"audio": "accoustic"}, "no array 'accoustic'.*mean 'acoustic'"),
    "features as the label": ({"label": "visual"}, "'visual' is no label; known: label"),
    "ids as features": ({"audio": "segment"}, "'segment' is no audio"),
    "an emotion": ({"label": "happy"}, "no array 'happy'"),
    "no column": ({"text": "", "audio": "", "vision": ""}, "no array is recognised as text"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_cannot_be_had_is_said_with_what_would_do(asked, data, read):
    columns, message = ASKED[asked]
    with pytest.raises(DataError, match=message):
        read(data, **columns)


def replace(split, item, **parts):
    def damage(data):
        data[split][item] = changed(data[split][item], **parts)

    return damage


FAULTS = {
    "a split is missing": (lambda d: d.pop("dev"), "valid is a NoneType; a list"),
    "a split is empty": (lambda d: d.update(test=[]), "test is a list of 0; a list of at least"),
    "a split is no list": (lambda d: d.update(test={1: 2}), "test is a dict of 1; a list"),
    "an item is no triple": (
        lambda d: d["train"].__setitem__(7, (1, 2, 3)),
        r"train, item 7 is a tuple of 3; \(\(words, visual, acoustic\), label, segment\)",
    ),
    "a word is no string": (
        replace("train", 7, words=["a", 3, "b"]),
        "train, item 7, words, word 1 is 3; a string",
    ),
    "words are one string": (replace("train", 7, words="so"), "train, item 7, words is 'so'"),
    "word ids in between": (
        replace("train", 7, words=np.arange(3)),
        "train, item 7 holds word ids alone.*item 0 words",
    ),
    "a label of two": (
        replace("train", 7, label=np.ones((1, 2))),
        r"train, item 7, label is an array float64 \(1, 2\); one number",
    ),
    "a label of seven in between": (
        replace("train", 7, label=np.ones((1, 7))),
        "item 7 holds words, a label of 7",
    ),
    "a label of words": (replace("test", 2, label="good"), "test, item 2, label is 'good'"),
    "a label of odd lists": (replace("test", 2, label=[[1], [1, 2]]), "test, item 2, label is a"),
    "no segment": (replace("train", 7, segment=None), "item 7 holds .*, no segment, but .*item 0"),
    "a segment that is none": (
        replace("train", 7, segment={}),
        "train, item 7, segment is a dict of 0; a string",
    ),
    "another width": (
        replace("train", 7, visual=np.ones((4, 3))),
        "train, item 7, visual is 3 wide, but others",
    ),
    "no width": (replace("train", 7, visual=np.ones(4)), r"train, item 7, visual has shape \(4,\)"),
    "no numbers": (
        replace("train", 7, acoustic=np.full((4, 5), "a")),
        "train, item 7, acoustic is an array <U1",
    ),
    "another width in a split": (
        lambda d: d.update(test=[changed(i, visual=i[0][1][:, :2]) for i in d["test"]]),
        "test, visual is 2 wide, but 4 in train",
    ),
    "no step in a split": (
        lambda d: d.update(test=[changed(i, visual=[]) for i in d["test"]]),
        "test, item 0, visual has no step, and no other",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_together_is_named_with_its_place(fault, data, read):
    damage, message = FAULTS[fault]
    data["train"][7] = changed(
        data["train"][7], words=list("abcd"), visual=np.ones((4, 4)), acoustic=np.ones((4, 5))
    )
    damage(data)
    with pytest.raises(DataError, match=f"mosi.pkl: .*{message}"):
        read(data)


def test_other_dicts_are_not_recognised(held, tmp_path):
    for data in ({}, [1], {"train": [1, 2]}, {"train": []}, {"train": [("a", 1)]}, {"x": [1]}):
        assert not triple_file.recognises(held(tmp_path / "a.pkl", data))


@settings(max_examples=150, deadline=None)
@given(chosen=st.data())
def test_damaged_files_are_refused_or_read(
    chosen, triple_data, mutated, held, asks, tmp_path_factory
):
    form = chosen.draw(st.sampled_from(["mag", "misa", "mmim", "humour"]))
    data = as_dict(triple_data(form)[0])
    for _ in range(chosen.draw(st.integers(1, 2))):
        data = mutated(data, lambda options: chosen.draw(st.sampled_from(options)))
    source = held(tmp_path_factory.getbasetemp() / "mosi.pkl", data)
    try:
        if not triple_file.recognises(source):
            return
        raw = triple_file.read(source, asks())
    except DataError:
        return
    assert isinstance(raw, Raw)
    for part in raw.parts.values():
        assert len(part.ids) == len(part.labels) == len(part.places)
        for feature in part.features.values():
            assert len(list(feature.values)) == len(part)
