import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindkit.data.formats import cmu_tensors
from mindkit.data.raw import Drop, Raw
from mindkit.data.source import Source
from mindkit.errors import DataError

VARIETIES = {
    "aligned": {},
    "unaligned": {"aligned": False},
    "padded behind": {"front": False},
    "ids as strings": {"ids": "strings"},
    "no ids": {"ids": None},
}


@pytest.fixture
def data(cmu_data):
    return cmu_data()[0]


@pytest.fixture
def read(held, asks, tmp_path):
    """Read what a pickle would hold: read(data, label=…)."""

    def call(data, *dataset, file="mosi_data.pkl", **columns):
        return cmu_tensors.read(held(tmp_path / file, data), asks(*dataset, **columns))

    return call


@pytest.mark.parametrize("old", [False, True], ids=["numpy 2", "numpy 1"])
@pytest.mark.parametrize("variety", VARIETIES)
def test_every_variety_reads_as_what_was_stored(
    variety, old, cmu_data, write_pickle, tmp_path, asks, assert_is, recognised_by
):
    data, truth = cmu_data(**VARIETIES[variety])
    path = write_pickle(tmp_path / "mosi_data.pkl", data, old=old)
    raw = cmu_tensors.read(Source(path), asks())
    assert list(raw.parts) == ["train", "valid", "test"]
    for split, part in raw.parts.items():
        assert_is(part, truth[split])
    assert recognised_by(path) == ["cmu_tensors"]


def test_features_are_the_arrays_of_the_file_and_no_copies(data, read):
    part = read(data).parts["train"]
    for name in ("text", "audio", "vision"):
        assert part.features[name].values is data["train"][name]


def test_layout_and_alignment_are_told_from_the_time_axes(data, read, cmu_data):
    raw = read(data)
    assert raw.layout == "CMU tensors, aligned" and raw.aligned is True
    assert raw.roles == {n: n for n in ("text", "audio", "vision", "id")} | {"label": "labels"}
    assert raw.unused == []
    raw = read(cmu_data(aligned=False)[0])
    assert raw.layout == "CMU tensors, unaligned" and raw.aligned is False
    assert read(data, text="", audio="").aligned is None


@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (-1, 1, 1)])
def test_labels_may_have_axes_of_one(data, read, shape):
    for part in data.values():
        part["labels"] = part["labels"].reshape(shape)
    assert read(data).parts["train"].labels.tolist() == data["train"]["labels"].reshape(-1).tolist()


def test_clips_that_repeat_are_videos_and_times_make_them_ids(data, read):
    for part in data.values():
        videos = [f"talk{k // 2}".encode() for k in range(len(part["labels"]))]
        part["id"] = np.array([[v, b"%d" % k, b"9.5"] for k, v in enumerate(videos)])
    part = read(data).parts["valid"]
    assert part.ids == ["talk0_0_9.5", "talk0_1_9.5", "talk1_2_9.5", "talk1_3_9.5"]
    assert part.videos == ["talk0", "talk0", "talk1", "talk1"]


def test_ids_may_mix_strings_and_numbers(data, read):
    for split, part in data.items():
        rows = [[f"{split}x{k}", 0.5, 1.5] for k in range(len(part["labels"]))]
        part["id"] = np.array(rows, dtype=object)
    part = read(data).parts["valid"]
    assert part.ids == ["validx0", "validx1", "validx2", "validx3"] and part.videos is None


@pytest.mark.parametrize("number", range(4))
def test_an_emotion_of_iemocap_is_a_label_of_two_classes(cmu_data, read, humour, number):
    data, truth = cmu_data(emotions=True)
    raw = read(data, humour, label=cmu_tensors.EMOTIONS[number])
    for split, part in raw.parts.items():
        assert np.array_equal(part.labels, truth[split]["labels"][:, number])
    assert raw.roles["label"] == cmu_tensors.EMOTIONS[number] and raw.unused == []


def test_iemocap_asks_which_emotion(cmu_data, read, humour):
    data, _ = cmu_data(emotions=True)
    with pytest.raises(DataError, match=r"neutral, happy, sad, angry .*--column label=happy"):
        read(data, humour)
    with pytest.raises(DataError, match=r"no array 'hapy' .*did you mean 'happy'"):
        read(data, humour, label="hapy")


def test_emotions_that_are_not_one_hot_are_refused(cmu_data, read):
    data, _ = cmu_data(emotions=True)
    data["valid"]["labels"] = np.ones_like(data["valid"]["labels"])
    with pytest.raises(DataError, match=r"valid, labels must be one-hot \(N, 4, 2\)"):
        read(data, label="sad")


def test_there_is_no_emotion_in_a_file_of_sentiment(data, read):
    with pytest.raises(DataError, match="no array 'happy'"):
        read(data, label="happy")


def test_two_classes_may_be_called_minus_one_and_one(data, read, humour):
    for part in data.values():
        part["labels"] = np.where(part["labels"] < 0, -1, 1)
    raw = read(data, humour)
    assert raw.parts["train"].labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert "labels -1 and 1 are classes 0 and 1" in raw.notes
    assert read(data).parts["train"].labels.min() == -1  # sentiment stays as it is


@pytest.mark.parametrize("file", ["mosi_raw.pkl", "humor.pkl", "sarcasm.pkl"])
def test_multibench_leaves_out_items_without_text_and_what_precedes_it(cmu_data, read, file):
    data, truth = cmu_data()
    train = data["train"]
    train["text"] = train["text"].copy()
    train["text"][2] = 0
    train["vision"][1, 0] = 7  # before the first word
    raw = read(data, file=file)
    part = raw.parts["train"]
    kept = [0, 1, 3, 4, 5, 6, 7]
    assert raw.drops == [Drop("train", 1, "text is zero at all steps")]
    assert part.ids == [truth["train"]["ids"][k] for k in kept]
    assert part.places[2] == "item 3 of train" and len(part.videos) == 7
    assert np.array_equal(part.labels, truth["train"]["labels"][kept])
    for name in ("text", "audio", "vision"):
        for found, k in zip(part.features[name].values, kept, strict=True):
            assert np.array_equal(found, truth["train"][name][k])
            assert np.shares_memory(found, train[name])
    assert raw.layout == "MultiBench's CMU tensors, aligned" and "MultiBench" in raw.notes[-1]


def test_multibench_keeps_modalities_together(cmu_data, read):
    data, truth = cmu_data()
    for part in data.values():
        for row in part["audio"]:
            row[-1] = 0  # a real step in which nothing is heard
    part = read(data, file="humor.pkl").parts["test"]
    lengths = [len(one) for one in truth["test"]["text"]]
    assert [len(one) for one in part.features["audio"].values] == lengths


def test_other_files_keep_items_without_text(data, read):
    data["train"]["text"] = data["train"]["text"] * 0
    raw = read(data)
    assert len(raw.parts["train"]) == 8 and not raw.drops


def test_multibench_drops_do_not_depend_on_the_modalities_in_use(data, read):
    data["train"]["text"] = data["train"]["text"].copy()
    data["train"]["text"][2] = 0
    raw = read(data, file="humor.pkl", text="")
    assert len(raw.parts["train"]) == 7 and "text" not in raw.parts["train"].features


def test_multibench_files_without_any_text_are_refused(data, read):
    data["valid"]["text"] = data["valid"]["text"] * 0
    with pytest.raises(DataError, match=r"valid, text is zero in all samples"):
        read(data, file="humor.pkl")


FAULTS = {
    "a split is missing": (lambda d: d.pop("valid"), "there is no valid"),
    "no labels in a split": (lambda d: d["test"].pop("labels"), "test has no array 'labels'"),
    "labels of odd shape": (
        lambda d: d["train"].update(labels=np.ones((8, 7))),
        r"train, labels has shape \(8, 7\); one label a sample",
    ),
    "other numbers of samples": (
        lambda d: d["test"].update(vision=d["test"]["vision"][:2]),
        "test, vision has 2 samples, but there are 5 labels",
    ),
    "other widths": (
        lambda d: d["test"].update(vision=d["test"]["vision"][:, :, :2]),
        "test, vision holds features 2 wide",
    ),
    "an id of four parts": (
        lambda d: d["train"].update(id=np.full((8, 4), "a")),
        "train, item 0, id is a list of 4; a string",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_together_is_named_with_its_place(fault, data, read):
    damage, message = FAULTS[fault]
    damage(data)
    with pytest.raises(DataError, match=f"mosi_data.pkl: .*{message}"):
        read(data)


@settings(max_examples=150, deadline=None)
@given(chosen=st.data())
def test_damaged_files_are_refused_or_read(chosen, cmu_data, mutated, held, asks, tmp_path_factory):
    data, _ = cmu_data(emotions=chosen.draw(st.booleans()))
    for _ in range(chosen.draw(st.integers(1, 2))):
        data = mutated(data, lambda options: chosen.draw(st.sampled_from(options)))
    file = chosen.draw(st.sampled_from(["mosi_data.pkl", "humor.pkl"]))
    source = held(tmp_path_factory.getbasetemp() / file, data)
    columns = chosen.draw(st.sampled_from([{}, {"label": "sad"}]))
    try:
        if not cmu_tensors.recognises(source):
            return
        raw = cmu_tensors.read(source, asks(**columns))
    except DataError:
        return
    assert isinstance(raw, Raw)
    for part in raw.parts.values():
        assert len(part.ids) == len(part.labels) == len(part.places)
        for feature in part.features.values():
            assert len(list(feature.values)) == len(part)
