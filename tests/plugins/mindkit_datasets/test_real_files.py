from pathlib import Path

import numpy as np
import pytest
import torch

from mindkit.data.doctor import check_data
from mindkit.data.importing import import_data, load_imported, load_path
from mindkit.data.leaks import refuse_leaks
from mindkit.errors import DataError
from mindkit.kinds import Dataset
from mindkit.registry import Registries
from mindkit_datasets.meld import Meld
from mindkit_datasets.meld_sentiment import MeldSentiment
from mindkit_datasets.mintrec import Mintrec
from mindkit_datasets.mintrec_binary import MintrecBinary
from mindkit_datasets.mosei import Mosei
from mindkit_datasets.mosi import Mosi
from mindkit_datasets.mustard import Mustard

FOLDER = Path(__file__).parents[4] / "shared" / "data"
SPLITS = ("train", "valid", "test")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path / "home"))


def real(name):
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"needs the real file ../shared/data/{name}")
    return path


@pytest.fixture(scope="module")
def mosi(tmp_path_factory):
    registries = Registries()
    registries.datasets.add("mosi", Mosi)
    home = tmp_path_factory.mktemp("home")
    import_data("mosi", real("mosi_utterance.npz"), home=home, registries=registries)
    return load_imported("mosi", home)


def sizes(store):
    return tuple(len(store.splits[name]) for name in SPLITS)


def test_mosi_imports_with_its_official_folds(mosi):
    assert sizes(mosi) == (1284, 229, 686)
    columns = mosi.splits["train"].columns
    assert columns["text"].kind == "text"
    assert (columns["audio"].kind, columns["audio"].width) == ("vector", 73)
    assert (columns["vision"].kind, columns["vision"].width) == ("vector", 100)
    assert mosi.splits["test"].target.mean().item() == pytest.approx(-0.317, abs=1e-3)


def test_mosi_vision_is_refused_under_the_official_split_with_the_reason(mosi):
    with pytest.raises(DataError, match=r"array 'vision' of mosi_utterance.npz.*558 of the 686"):
        refuse_leaks(mosi, ["text", "audio", "vision"], allow=False)
    assert refuse_leaks(mosi, ["text", "audio"], allow=False) == []


def test_mosi_text_cnn_is_refused_as_text_under_the_official_split():
    path = real("mosi_utterance.npz")
    store = load_path(path, Mosi, "mosi", columns={"text": "text_cnn"})
    with pytest.raises(DataError, match=r"array 'text_cnn' of mosi_utterance.npz"):
        refuse_leaks(store, ["text"], allow=False)


def test_mosi_vision_may_be_used_under_the_clean_split():
    path = real("mosi_utterance.npz")
    store = load_path(path, Mosi, "mosi", columns={"split": "split_clean"})
    assert sizes(store) == (403, 140, 209)
    assert refuse_leaks(store, ["text", "audio", "vision"], allow=False) == []


def test_mosi_under_the_split_of_the_features_lacks_a_validation_split():
    path = real("mosi_utterance.npz")
    with pytest.raises(DataError, match="valid split is empty under column 'split_bclstm'"):
        load_path(path, Mosi, "mosi", columns={"split": "split_bclstm"})


def test_mosi_sequences_are_word_aligned():
    store = load_path(real("mosi_valid_sequences.npz"), Mosi, "mosi")
    assert sizes(store) == (156, 26, 47)
    columns = store.splits["train"].columns
    assert (columns["audio"].width, columns["vision"].width) == (74, 47)
    words = [len(text.split()) for text in columns["text"].values]
    assert columns["audio"].lengths.tolist() == words == columns["vision"].lengths.tolist()
    assert store.aligned is True


@pytest.mark.parametrize("modality", ["audio", "vision"])
def test_mosi_sequences_are_those_of_the_file(modality):
    store = load_path(real("mosi_valid_sequences.npz"), Mosi, "mosi")
    with np.load(real("mosi_valid_sequences.npz"), allow_pickle=False) as archive:
        arrays = dict(archive)
    for split in SPLITS:
        rows = np.flatnonzero(arrays["split"] == split)
        bounds = arrays["offsets"]
        expected = np.concatenate([arrays[modality][bounds[r] : bounds[r + 1]] for r in rows])
        assert np.array_equal(store.splits[split].columns[modality].values.numpy(), expected)
        assert store.splits[split].ids == arrays["id"][rows].tolist()
        assert store.splits[split].videos == arrays["video_id"][rows].tolist()


class Reviews(Dataset):
    """ICT-MMMO, whose reviews have one to five stars."""

    label_range = (1.0, 5.0)


@pytest.fixture
def reviews():
    with np.load(real("mmmo_sequences.npz"), allow_pickle=False) as archive:
        return load_path(real("mmmo_sequences.npz"), Reviews, "reviews"), dict(archive)


def test_mmmo_leaves_out_the_text_of_some_videos_and_says_so(reviews):
    store, _ = reviews
    assert sizes(store) == (220, 40, 80)
    assert store.modalities == ("audio", "vision")
    told = "'text' covers 120 of 340 rows only ('text_rows'), so text is left out"
    assert told in store.notes


@pytest.mark.parametrize("modality", ["audio", "vision"])
def test_mmmo_padding_is_cut_at_either_end(reviews, modality):
    store, arrays = reviews
    rows = np.flatnonzero(arrays["split"] == "train")
    expected, lengths = [], []
    for steps in arrays[modality][rows]:
        real_rows = np.flatnonzero(steps.any(axis=1))
        cut = steps[real_rows[0] : real_rows[-1] + 1] if len(real_rows) else steps[:1]
        expected.append(cut)
        lengths.append(len(cut))
    column = store.splits["train"].columns[modality]
    assert column.lengths.tolist() == lengths
    assert np.array_equal(column.values.numpy(), np.concatenate(expected))
    assert min(lengths) < 20


@pytest.mark.parametrize(
    ("name", "dataset", "expected"),
    [
        ("mosi_clips.csv", Mosi, (1284, 229, 686)),
        ("mosei_text.csv", Mosei, (16274, 1861, 4653)),
        ("mintrec_text.csv", Mintrec, (1334, 445, 445)),
        ("mintrec_text.csv", MintrecBinary, (1334, 445, 445)),
        ("meld_text.csv", Meld, (9989, 1109, 2610)),
        ("meld_text.csv", MeldSentiment, (9989, 1109, 2610)),
    ],
)
def test_transcripts_are_read_from_csv(name, dataset, expected):
    store = load_path(real(name), dataset, "x")
    assert sizes(store) == expected
    assert store.modalities == ("text",)


def test_labels_of_another_range_are_refused():
    with pytest.raises(DataError, match=r"is outside \[-3, 3\]"):
        load_path(real("mmmo_sequences.npz"), Mosi, "mosi", columns={"text": ""})


def counts(store, name):
    targets = torch.cat([split.target for split in store.splits.values()])
    return int((targets == store.classes.index(name)).sum())


def test_the_two_groups_of_mintrec_are_those_that_its_intents_map_to():
    path = real("mintrec_text.csv")
    told = load_path(path, MintrecBinary, "mintrec_binary")
    mapped = load_path(path, MintrecBinary, "mintrec_binary", columns={"label": "label"})
    assert counts(told, "Emotion") == counts(mapped, "Emotion") == 1246
    for name, split in told.splits.items():
        assert split.target.tolist() == mapped.splits[name].target.tolist()


def test_emotions_and_sentiments_of_meld_are_counted_as_its_notes_do():
    path = real("meld_text.csv")
    emotions = load_path(path, Meld, "meld")
    assert (counts(emotions, "joy"), counts(emotions, "fear")) == (2308, 358)
    videos = [set(split.videos) for split in emotions.splits.values()]
    assert [len(several) for several in videos] == [1038, 114, 280]
    assert not videos[0] & videos[1] and not videos[0] & videos[2]
    sentiments = load_path(path, MeldSentiment, "meld_sentiment")
    assert [counts(sentiments, name) for name in MeldSentiment.classes] == [6436, 3088, 4184]


def test_mustard_has_its_folds_and_what_was_said_before():
    store = load_path(real("mustard_text.csv"), Mustard, "mustard")
    assert sizes(store) == (414, 138, 138)
    assert counts(store, "sarcastic") == 345
    assert store.modalities == ("text", "context")
    assert " || " in store.splits["train"].columns["context"].values[0]


def test_another_fold_of_mustard_is_asked_for_by_its_cells():
    path = real("mustard_text.csv")
    cells = {"train": ["0", "3", "4"], "valid": ["2"], "test": ["1"]}
    first, other = (load_path(path, Mustard, "mustard", splits=c) for c in (None, cells))
    assert first.splits["valid"].ids == other.splits["test"].ids


@pytest.mark.parametrize(("name", "dataset"), [("mosi_clips.csv", Mosi), ("mosei_text.csv", Mosei)])
def test_official_folds_by_video_are_the_splits_of_the_tables(name, dataset):
    told = load_path(real(name), dataset, "x")
    by_video = load_path(real(name), dataset, "x", columns={"split": ""})
    for split in SPLITS:
        assert told.splits[split].ids == by_video.splits[split].ids


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mosi_utterance.npz", "mosi"),
        ("mintrec_text.csv", "mintrec"),
        ("meld_text.csv", "meld_sentiment"),
        ("mustard_text.csv", "mustard"),
    ],
)
def test_the_doctor_tells_which_data_set_a_table_is(file, name, registries):
    facts = check_data(real(file), registries=registries).facts
    assert (facts.dataset, facts.counts) == (name, "the usual copy")
