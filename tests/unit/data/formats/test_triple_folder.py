import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindkit.data.formats import triple_folder
from mindkit.data.raw import Raw
from mindkit.data.source import Source
from mindkit.errors import DataError

VARIETIES = {
    "MISA": {},
    "MMIM, with lengths": {"form": "mmim"},
    "UR-FUNNY": {"form": "humour"},
    "MOSEI, seven labels": {"columns": 7},
    "names and words as bytes": {"as_bytes": True},
    "words alone": {"form": "mag"},
}


@pytest.fixture
def folder(tmp_path, write_pickle):
    """Write the lists of triples as three pickles into one folder."""

    def write(lists, old=False):
        for split, file in triple_folder.FILES.items():
            write_pickle(tmp_path / "mosei" / file, lists[split], old=old)
        return tmp_path / "mosei"

    return write


@pytest.fixture
def read(folder, asks):
    return lambda lists, **columns: triple_folder.read(Source(folder(lists)), asks(**columns))


@pytest.mark.parametrize("old", [False, True], ids=["numpy 2", "numpy 1"])
@pytest.mark.parametrize("variety", VARIETIES)
def test_every_variety_reads_as_what_was_stored(
    variety, old, triple_data, folder, asks, assert_is, recognised_by
):
    lists, truth = triple_data(**VARIETIES[variety])
    path = folder(lists, old)
    raw = triple_folder.read(Source(path), asks())
    assert list(raw.parts) == ["train", "valid", "test"]
    for split, part in raw.parts.items():
        assert_is(part, truth[split])
    assert recognised_by(path) == ["triple_folder"]


def test_the_words_are_those_that_are_spelt_and_their_ids_are_unused(triple_data, read):
    raw = read(triple_data()[0])
    assert raw.roles["text"] == "actual_words" and raw.unused == ["words"]
    assert raw.layout == "triples, aligned by words, actual_words as text"
    assert [file.name for file in raw.files] == ["mosei", "train.pkl", "dev.pkl", "test.pkl"]
    provenance = raw.parts["train"].features["audio"].provenance
    assert provenance == "standardised within each utterance, as by MISA's authors"


def test_ids_of_a_private_vocabulary_are_no_text(triple_data, read):
    lists, _ = triple_data()
    for split, items in lists.items():
        lists[split] = [(inner[:3], label, segment) for inner, label, segment in items]
    raw = read(lists)
    assert list(raw.parts["train"].features) == ["audio", "vision"]
    assert raw.aligned and raw.layout == "triples, aligned by words, without words"
    assert raw.notes == ["no text: words are ids in a vocabulary that is not in the file"]


def test_streams_with_lengths_may_differ_and_are_cut_to_them(triple_data, read):
    lists, _ = triple_data("mmim")
    (words, visual, acoustic, spelt, *lengths), *rest = lists["train"][0]
    padded = np.concatenate([visual, np.zeros((3, 4), "f4")])
    lists["train"][0] = ((words, padded, acoustic, spelt, *lengths), *rest)
    raw = read(lists)
    assert raw.aligned is False and not raw.drops and not raw.notes
    assert np.array_equal(raw.parts["train"].features["vision"].values[0], visual)


def test_a_length_of_zero_counts_as_one_and_too_great_a_length_is_refused(triple_data, read):
    lists, _ = triple_data("mmim")
    (words, visual, acoustic, spelt, _, steps), *rest = lists["train"][0]
    lists["train"][0] = ((words, visual, acoustic, spelt, np.int64(0), steps), *rest)
    assert len(read(lists).parts["train"].features["vision"].values[0]) == 1
    lists["train"][0] = ((words, visual, acoustic, spelt, 99, steps), *rest)
    with pytest.raises(DataError, match=r"train, item 0, visual has \d steps, but its .* be 99"):
        read(lists)


def test_the_table_of_words_is_not_read_and_that_is_said(triple_data, folder, asks):
    path = folder(triple_data()[0])
    (path / "embedding_and_mapping.pt").write_bytes(b"no pickle at all")
    raw = triple_folder.read(Source(path), asks())
    assert raw.notes[-1].startswith("embedding_and_mapping.pt is not read")


def test_humour_has_labels_of_two_classes_and_no_ids(triple_data, folder, asks, humour):
    raw = triple_folder.read(Source(folder(triple_data("humour")[0])), asks(humour))
    labels = raw.parts["valid"].labels
    assert labels.dtype.kind == "i" and labels.tolist() == [0, 1, 0, 1]
    assert raw.notes == ["no ids: samples are numbered by split, from 0"]


def test_a_file_that_is_no_list_is_named(triple_data, read):
    lists, _ = triple_data()
    with pytest.raises(DataError, match=r"mosei: valid is a dict of 1; a list of at least one"):
        read({**lists, "valid": {"a": 1}})


@settings(max_examples=150, deadline=None)
@given(chosen=st.data())
def test_damaged_files_are_refused_or_read(
    chosen, triple_data, mutated, held, asks, tmp_path_factory
):
    form = chosen.draw(st.sampled_from(["mag", "misa", "mmim", "humour"]))
    data, _ = triple_data(form)
    for _ in range(chosen.draw(st.integers(1, 2))):
        data = mutated(data, lambda options: chosen.draw(st.sampled_from(options)))
    source = Source(tmp_path_factory.getbasetemp())
    for split, file in triple_folder.FILES.items():
        content = data.get(split) if isinstance(data, dict) else data
        source._read[source.file(file), False] = content
    try:
        raw = triple_folder.read(source, asks())
    except DataError:
        return
    assert isinstance(raw, Raw)
    for part in raw.parts.values():
        assert len(part.ids) == len(part.labels) == len(part.places)
        for feature in part.features.values():
            assert len(list(feature.values)) == len(part)
