import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindkit.data.formats import mmsa
from mindkit.data.raw import Raw
from mindkit.data.source import Source
from mindkit.errors import DataError

VARIETIES = {
    "as published": {},
    "aligned": {"aligned": True},
    "padded in front": {"front": True},
    "ids as floats": {"floats": True},
    "lengths as lists": {"lists": True},
    "names as bytes": {"as_bytes": True},
    "labels (N, 1)": {"column": (1,)},
    "labels (N, 1, 1)": {"column": (1, 1)},
}


@pytest.fixture
def data(mmsa_data):
    return mmsa_data()[0]


@pytest.fixture
def read(held, asks, tmp_path):
    """Read what a pickle would hold: read(data, label=…)."""

    def call(data, dataset=None, **columns):
        asked = asks(dataset, **columns) if dataset else asks(**columns)
        return mmsa.read(held(tmp_path / "mosi.pkl", data), asked)

    return call


@pytest.mark.parametrize("old", [False, True], ids=["numpy 2", "numpy 1"])
@pytest.mark.parametrize("variety", VARIETIES)
def test_every_variety_reads_as_what_was_stored(
    variety, old, mmsa_data, write_pickle, tmp_path, asks, assert_is, recognised_by
):
    data, truth = mmsa_data(**VARIETIES[variety])
    path = write_pickle(tmp_path / "a.pkl", data, old=old)
    raw = mmsa.read(Source(path), asks())
    assert list(raw.parts) == ["train", "valid", "test"]
    for split, part in raw.parts.items():
        assert_is(part, truth[split])
    assert recognised_by(path) == ["mmsa"]


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_pickle_reads_alike(
    protocol, mmsa_data, write_pickle, tmp_path, asks, assert_is
):
    data, truth = mmsa_data()
    raw = mmsa.read(Source(write_pickle(tmp_path / "a.pkl", data, protocol)), asks())
    assert_is(raw.parts["test"], truth["test"])


def test_features_are_the_arrays_of_the_file_and_no_copies(data, read):
    raw = read(data)
    for name in ("audio", "vision"):
        assert raw.parts["train"].features[name].values is data["train"][name]
    assert raw.parts["train"].features["text_states"].values is data["train"]["text"]


def test_the_layout_says_what_was_recognised(data, read, mmsa_data):
    assert (
        read(data).layout
        == "MMSA pickle, unaligned, text as raw text and BERT ids and stored vectors"
    )
    assert read(mmsa_data(aligned=True)[0]).layout.startswith("MMSA pickle, aligned, text as raw")


def test_files_with_lengths_or_several_time_axes_are_unaligned(data, read, mmsa_data):
    assert read(data).aligned is False
    aligned = mmsa_data(aligned=True)[0]
    assert read(aligned).aligned is True
    lengths = copy.deepcopy(aligned)
    for part in lengths.values():
        part["audio_lengths"] = [3] * len(part["id"])
    assert read(lengths).aligned is False
    for part in aligned.values():
        part["audio"] = part["audio"][:, :-1]
    assert read(aligned).aligned is False


def test_columns_have_the_roles_of_the_layout(data, read):
    raw = read(data)
    assert raw.roles == {
        "text": "raw_text",
        "label": "regression_labels",
        "id": "id",
        "audio": "audio",
        "vision": "vision",
        "text_bert": "text_bert",
        "text_states": "text",
    }
    assert raw.unused == ["annotations", "classification_labels"]
    kinds = {role: feature.kind for role, feature in raw.parts["valid"].features.items()}
    assert kinds == {
        "text": "text",
        "audio": "padded",
        "vision": "padded",
        "text_bert": "tokens",
        "text_states": "padded",
    }


def test_without_raw_text_the_stored_vectors_are_the_text(data, read):
    for part in data.values():
        del part["raw_text"]
    raw = read(data)
    assert raw.roles["text"] == "text" and "text_states" not in raw.roles
    assert raw.parts["train"].features["text"].values is data["train"]["text"]


def test_with_ids_alone_the_ids_are_the_text(data, read):
    for part in data.values():
        del part["raw_text"], part["text"]
    raw = read(data)
    assert raw.parts["train"].features["text"].kind == "tokens" and "text_bert" not in raw.roles


@pytest.mark.parametrize(("width", "what"), [(768, "BERT states"), (300, "GloVe vectors"), (5, "")])
def test_stored_text_is_named_by_its_width(data, read, width, what):
    for part in data.values():
        part["text"] = np.ones((len(part["id"]), 6, width), "f4")
    raw = read(data)
    assert raw.parts["train"].features["text_states"].provenance == what
    assert (what or "stored vectors") in raw.layout


def test_states_are_as_long_as_their_tokens(data, read):
    data["train"]["text_bert"][0] = [[7, 8, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [0] * 6]
    raw = read(data)
    assert raw.parts["train"].features["text_states"].lengths[0] == 2
    for part in data.values():
        part["text_bert"] = part["text_bert"][:, :, :-1]
    assert read(data).parts["train"].features["text_states"].lengths is None


def test_masked_tokens_are_left_out_wherever_they_are(data, read):
    data["train"]["text_bert"][0] = [[9, 8, 7, 6, 5, 0], [0, 1, 1, 0, 1, 0], [0] * 6]
    tokens = read(data).parts["train"].features["text_bert"].values
    assert tokens[0].tolist() == [8, 7, 5] and tokens[0].dtype == np.int64
    assert [t.tolist() for t in tokens[:1]] == [[8, 7, 5]]


def test_unimodal_labels_of_sims_are_columns(data, read):
    for part in data.values():
        part["regression_labels_T"] = part["regression_labels"] / 2
        part["regression_labels_A"] = part["regression_labels"].tolist()
        part["regression_labels_V"] = part["regression_labels"].reshape(-1, 1)
    part = read(data).parts["train"]
    found = [part.features[f"label_{m}"] for m in ("text", "audio", "vision")]
    assert [f.kind for f in found] == ["vector"] * 3
    for feature, factor in zip(found, (0.5, 1, 1), strict=True):
        assert np.array_equal(feature.values, part.labels[:, None] * factor)


def test_classes_are_the_label_of_classification(data, read, humour):
    labels = read(data, humour).parts["train"].labels
    assert np.array_equal(labels, data["train"]["classification_labels"])


def test_sentiment_is_never_taken_from_classes_unasked(data, read):
    for part in data.values():
        del part["regression_labels"]
    with pytest.raises(DataError, match=r"no array serves as the label.*--column label=NAME"):
        read(data)
    raw = read(data, label="classification_labels")
    assert raw.parts["train"].labels.max() == 2


def test_names_of_classes_may_be_the_label(data, read):
    labels = read(data, label="annotations").parts["train"].labels
    assert labels == data["train"]["annotations"]


def test_an_array_takes_the_role_it_is_given_and_leaves_its_own(data, read):
    raw = read(data, text="text_bert", audio="", glove="text")
    assert raw.roles["text"] == "text_bert" and raw.roles["glove"] == "text"
    assert set(raw.parts["train"].features) == {"text", "vision", "glove"}
    assert {"audio", "raw_text"} <= set(raw.unused)


def test_ids_may_be_left_out(data, read):
    raw = read(data, id="")
    assert raw.parts["valid"].ids == ["valid_0", "valid_1", "valid_2", "valid_3"]
    assert raw.parts["valid"].videos is None and "no ids" in raw.notes[0]


def test_what_stands_beside_the_splits_is_unused(data, read):
    for part in data.values():
        part["mode"] = ["train"] * len(part["id"])
        part["align"] = False
    raw = read({**data, "config": {"a": 1}})
    assert {"mode", "align", "config"} <= set(raw.unused)


def test_splits_may_have_other_names(data, read):
    renamed = {"train": data["train"], "dev": data["valid"], b"test": data["test"]}
    assert list(read(renamed).parts) == ["train", "valid", "test"]


def test_lengths_of_zero_and_of_more_than_there_is_are_handed_on(data, read):
    data["train"]["audio_lengths"] = np.full((8, 1), 0.0)
    data["train"]["vision_lengths"] = [99] * 8
    part = read(data).parts["train"]
    assert part.features["audio"].lengths.tolist() == [0] * 8
    assert part.features["vision"].lengths.tolist() == [99] * 8


def vectors(data):
    for part in data.values():
        part["audio"] = part["audio"][:, 0]


def test_vectors_are_taken_too(data, read):
    vectors(data)
    assert read(data).parts["train"].features["audio"].kind == "vector"


FAULTS = {
    "a split is missing": (lambda d: d.pop("test"), "there is no test.*train, valid and test"),
    "a split is no dict": (lambda d: d.update(test=[1]), "test is a list of 1"),
    "a split twice": (lambda d: d.update(dev={}), "two of .*dev are one split"),
    "a split is empty": (lambda d: d["valid"].update(regression_labels=[]), "valid, .* is empty"),
    "no labels in a split": (
        lambda d: d["valid"].pop("regression_labels"),
        "valid has no array 'regression_labels', but another split has",
    ),
    "labels of odd shape": (
        lambda d: d["train"].update(regression_labels=np.ones((8, 2))),
        r"train, regression_labels has shape \(8, 2\); one label",
    ),
    "a label is no number": (
        lambda d: d["train"].update(regression_labels=[1.0] * 7 + [None]),
        "train, regression_labels, item 7 is a NoneType; one number",
    ),
    "other numbers of samples": (
        lambda d: d["valid"].update(audio=d["valid"]["audio"][1:]),
        "valid, audio has 3 samples, but there are 4 labels",
    ),
    "a list where an array should be": (
        lambda d: d["train"].update(audio=list(d["train"]["audio"])),
        r"train, audio is a list of 8; an array \(N, L, F\)",
    ),
    "a number where an array should be": (
        lambda d: d["train"].update(audio=5),
        "train, audio is 5; a list or an array",
    ),
    "four axes": (
        lambda d: d["train"].update(audio=d["train"]["audio"][..., None]),
        "train, audio has shape",
    ),
    "no step": (
        lambda d: d["train"].update(audio=d["train"]["audio"][:, :0]),
        r"shape \(8, 0, 5\)",
    ),
    "other widths": (
        lambda d: d["test"].update(audio=d["test"]["audio"][:, :, :4]),
        r"test, audio holds features 4 wide \(padded\), but in train features 5 wide",
    ),
    "an array in some splits": (lambda d: d["test"].pop("audio"), "test has no array 'audio'"),
    "numbers among the words": (
        lambda d: d["train"].update(raw_text=["a"] * 7 + [3]),
        "train, raw_text is a list of 8",
    ),
    "ids that are no ids": (
        lambda d: d["train"].update(id=[None] * 8),
        "train, item 0, id is a NoneType; a string",
    ),
    "lengths that are none": (
        lambda d: d["train"].update(audio_lengths=np.full(8, np.nan)),
        "train, audio_lengths must be 8 numbers of steps, from 0 on",
    ),
    "too few lengths": (
        lambda d: d["train"].update(audio_lengths=[1]),
        "train, audio_lengths has 1 samples",
    ),
    "token ids of another shape": (
        lambda d: d["train"].update(text_bert=np.ones((8, 2, 6))),
        r"\(N, 3, L\) of token ids",
    ),
    "token ids that are no ids": (
        lambda d: d["train"].update(text_bert=np.full((8, 3, 6), 0.5)),
        "train, text_bert, item 0 holds 0.5, which is no token id",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_together_is_named_with_its_place(fault, data, read):
    damage, message = FAULTS[fault]
    damage(data)
    with pytest.raises(DataError, match=f"mosi.pkl: .*{message}"):
        read(data)


ASKED = {
    "an array that is not there": ({"audio": "audoi"}, "no array 'audoi'.*did you mean 'audio'"),
    "a role that is almost one": ({"visoin": "vision"}, "no role 'visoin'.*mean 'vision'"),
    "splits": ({"split": "annotations"}, "mosi.pkl has its own splits"),
    "no label": ({"label": ""}, "no array serves as the label; say which of raw_text, id"),
    "features as the label": ({"label": "audio"}, r"audio has shape .*--column label=NAME"),
    "features as the id": (
        {"id": "audio"},
        "train, item 0, audio is a list of 45; a string is needed",
    ),
    "no column": (
        dict.fromkeys(("text", "audio", "vision", "text_bert", "text_states"), ""),
        "no array is recognised as text, audio or vision",
    ),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_cannot_be_had_is_said_with_what_would_do(asked, data, read):
    columns, message = ASKED[asked]
    with pytest.raises(DataError, match=message):
        read(data, **columns)


@pytest.fixture
def folder(data, write_pickle, tmp_path):
    """Write pickles into one folder: folder(main=data, …)."""

    def write(**pickles):
        for name, content in pickles.items():
            write_pickle(tmp_path / "own" / f"{name}.pkl", content)
        return tmp_path / "own"

    return write


def only(data, *names):
    return {s: {n: p[n] for n in names} for s, p in data.items()}


def test_features_of_a_folder_replace_those_of_its_main_pickle(
    folder, mmsa_data, asks, assert_is, recognised_by
):
    data, truth = mmsa_data(aligned=True)
    other, others = mmsa_data(front=True)
    words = only(other, "text", "text_bert", "id")
    path = folder(mosi=data, a=only(other, "audio", "audio_lengths"), z=words)
    raw = mmsa.read(Source(path), asks())
    for split, part in raw.parts.items():
        assert_is(part, {**truth[split], "audio": others[split]["audio"]})
        assert np.array_equal(part.features["text_bert"].values[0], others[split]["text_bert"][0])
    assert raw.aligned is False
    assert raw.parts["train"].features["audio"].array == "a.pkl: audio"
    assert [file.name for file in raw.files] == ["own", "a.pkl", "mosi.pkl", "z.pkl"]
    assert raw.notes == ["audio from a.pkl", "text, text_bert from z.pkl"]
    assert recognised_by(path) == ["mmsa"]


def test_lengths_of_replaced_features_are_replaced_too(folder, data, asks):
    path = folder(mosi=data, a=only(data, "audio", "vision"), v=only(data, "raw_text"))
    raw = mmsa.read(Source(path), asks())
    assert raw.parts["train"].features["audio"].lengths is None
    assert "v.pkl is not used: it holds none of" in raw.notes[1]


def test_a_folder_of_extracted_files_each_with_labels_is_joined(folder, data, asks):
    def labelled(name):
        return only(data, "id", "regression_labels", name)

    raw = mmsa.read(Source(folder(a=labelled("audio"), v=labelled("vision"))), asks())
    assert set(raw.parts["train"].features) == {"audio", "vision"}


def test_a_folder_of_one_pickle_is_read_as_that(folder, data, asks):
    assert len(mmsa.read(Source(folder(mosi=data)), asks()).parts["train"]) == 8


def test_two_whole_pickles_in_a_folder_are_not_chosen_between(folder, data, mmsa_data, asks):
    path = folder(aligned_50=mmsa_data(aligned=True)[0], unaligned_50=data)
    with pytest.raises(DataError, match=r"aligned_50.pkl and unaligned_50.pkl.*name the one"):
        mmsa.read(Source(path), asks())


def test_two_replacements_of_one_feature_are_refused(folder, data, asks):
    path = folder(mosi=data, a=only(data, "audio"), b=only(data, "audio"))
    with pytest.raises(DataError, match=r"both a.pkl and b.pkl hold 'audio'; keep one"):
        mmsa.read(Source(path), asks())


def test_features_of_other_samples_are_refused(folder, data, asks):
    other = only(data, "audio", "id")
    other["valid"]["id"] = other["valid"]["id"][::-1]
    with pytest.raises(DataError, match=r"a.pkl: valid has other ids, or another order.*mosi.pkl"):
        mmsa.read(Source(folder(mosi=data, a=other)), asks())
    short = only(data, "audio")
    short["test"]["audio"] = short["test"]["audio"][1:]
    with pytest.raises(
        DataError, match=r"a.pkl: test, audio has 4 samples, but there are 5 labels"
    ):
        mmsa.read(Source(folder(mosi=data, a=short)), asks())


@settings(max_examples=150, deadline=None)
@given(chosen=st.data())
def test_damaged_files_are_refused_or_read(
    chosen, mmsa_data, mutated, held, asks, tmp_path_factory
):
    data, _ = mmsa_data()
    for _ in range(chosen.draw(st.integers(1, 2))):
        data = mutated(data, lambda options: chosen.draw(st.sampled_from(options)))
    source = held(tmp_path_factory.getbasetemp() / "mosi.pkl", data)
    try:
        if not mmsa.recognises(source):
            return
        raw = mmsa.read(source, asks())
    except DataError:
        return
    assert isinstance(raw, Raw)
    for part in raw.parts.values():
        assert len(part.ids) == len(part.labels) == len(part.places)
        for feature in part.features.values():
            assert len(list(feature.values)) == len(part)
