import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mindkit
from mindkit.data.formats import humour_folder
from mindkit.data.importing import import_data, load_imported
from mindkit.data.raw import Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError
from mindkit.kinds import Dataset

FOLDS = {"train": [11, 4, 7, 30], "dev": [2, 9], "test": [5, 8]}
IDS = [key for ids in FOLDS.values() for key in ids]
WORDS = ["<unk>", "and", "that", "is", "when", "the", "duck", "walked", "in"]
LANGUAGE = {1: "word_embedding_indexes_sdk.pkl", 2: "language_sdk.pkl"}
AUDIO, VISION = "covarep_features_sdk.pkl", "openface_features_sdk.pkl"
LABELS = "humor_label_sdk.pkl"


def contents(version, seed=0, widths=(81, None)):
    """File -> what is in it, laid out as the authors of UR-FUNNY document it."""
    random = np.random.default_rng(seed)
    wide = widths[1] or {1: 75, 2: 371}[version]
    made = {AUDIO: {}, VISION: {}, LANGUAGE[version]: {}, LABELS: {}}
    for key in IDS:
        n = int(random.integers(1, 7))
        indexes = random.integers(0, len(WORDS), n).tolist()
        for file, width in ((AUDIO, widths[0]), (VISION, wide)):
            made[file][key] = {
                "punchline_features": random.normal(size=(n, width)),
                "context_features": [random.normal(size=(2, width))],
            }
        made[LANGUAGE[version]][key] = {
            "punchline_embedding_indexes": indexes,
            "context_embedding_indexes": [[1, 2], [3]],
        }
        if version == 2:
            made[LANGUAGE[version]][key] |= {
                "punchline_sentence": " ".join(WORDS[i] for i in indexes),
                "context_sentences": ["so it was", "and then"],
                "punchline_intervals": [[0.0, 0.5]] * n,
                "context_intervals": [[[0.0, 0.5]] * 3, [[0.5, 1.0]] * 2],
            }
        made[LABELS][key] = int(random.integers(0, 2))
    made["data_folds.pkl"] = copy.deepcopy(FOLDS)
    made["word_embedding_list.pkl"] = random.normal(size=(len(WORDS), 300)).tolist()
    if version == 1:
        made["word_list.pkl"] = list(WORDS)
    return made


def write(folder, made, protocol=4):
    for file, content in made.items():
        (folder / file).write_bytes(pickle.dumps(content, protocol))
    return folder


def read(folder, **columns):
    return humour_folder.read(Source(folder), Request(Dataset, columns))


def refused(folder, message, **columns):
    with pytest.raises(DataError, match=message):
        read(folder, **columns)


def as_lists(made):
    """The same with features as lists of lists of numbers."""
    made = copy.deepcopy(made)
    for file in (AUDIO, VISION):
        for entry in made[file].values():
            entry["punchline_features"] = entry["punchline_features"].tolist()
    return made


def as_text_keys(made):
    """The same with ids as strings in the folds and one file, and as numpy integers in another."""
    made = copy.deepcopy(made)
    made["data_folds.pkl"] = {name: [str(key) for key in ids] for name, ids in FOLDS.items()}
    made[AUDIO] = {str(key): entry for key, entry in made[AUDIO].items()}
    made[LABELS] = {np.int64(key): np.array([[label]]) for key, label in made[LABELS].items()}
    return made


def as_arrays(made):
    """The same with ids, indexes and the GloVe list as arrays."""
    made = copy.deepcopy(made)
    made["data_folds.pkl"] = {name: np.array(ids) for name, ids in FOLDS.items()}
    made["word_embedding_list.pkl"] = np.array(made["word_embedding_list.pkl"])
    language = next(made[file] for file in LANGUAGE.values() if file in made)
    for entry in language.values():
        entry["punchline_embedding_indexes"] = np.array(entry["punchline_embedding_indexes"])
    return made


def as_dicts(made):
    """The same with the lists of words and vectors as dicts by index."""
    made = copy.deepcopy(made)
    for file in ("word_embedding_list.pkl", "word_list.pkl"):
        if file in made:
            made[file] = dict(enumerate(made[file]))
    return made


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("guise", [dict, as_lists, as_text_keys, as_arrays, as_dicts])
def test_punchlines_are_read_in_every_guise(tmp_path, version, protocol, guise):
    made = contents(version)
    raw = read(write(tmp_path, guise(made), protocol))
    assert raw.layout == f"UR-FUNNY version {version}, punchlines, word-aligned" and raw.aligned
    assert list(raw.parts) == ["train", "valid", "test"] and not raw.drops
    for part, ids in zip(raw.parts.values(), FOLDS.values(), strict=True):
        assert part.ids == [str(key) for key in ids]
        assert part.labels.tolist() == [made[LABELS][key] for key in ids]
        assert part.labels.dtype == np.int64
        for role, file in (("audio", AUDIO), ("vision", VISION)):
            for got, key in zip(part.features[role].values, ids, strict=True):
                assert np.array_equal(got, made[file][key]["punchline_features"])
        for number, key in enumerate(ids):
            indexes = made[LANGUAGE[version]][key]["punchline_embedding_indexes"]
            assert part.features["text_glove"].values[number].tolist() == indexes
            expected = " ".join(WORDS[i] for i in indexes)
            assert part.features["text"].values[number] == expected


@pytest.mark.parametrize(("version", "context"), [(1, "and that is"), (2, "so it was and then")])
def test_the_context_is_a_column_of_text(tmp_path, version, context):
    feature = read(write(tmp_path, contents(version))).parts["test"].features["context"]
    assert feature.kind == "text" and feature.values == [context, context]


def test_without_the_word_list_text_is_the_vectors_of_the_words_and_a_note_says_so(tmp_path):
    made = contents(1)
    del made["word_list.pkl"]
    raw = read(write(tmp_path, made))
    feature = raw.parts["valid"].features["text"]
    vectors = np.array(made["word_embedding_list.pkl"])
    for got, key in zip(feature.values, FOLDS["dev"], strict=True):
        indexes = made[LANGUAGE[1]][key]["punchline_embedding_indexes"]
        assert np.array_equal(got, vectors[indexes])
    assert feature.kind == "ragged" and len(feature.values[:1]) == 1
    assert "context" not in raw.parts["valid"].features
    assert any("the words are not known: `text` is their GloVe vectors" in n for n in raw.notes)


def test_without_words_and_vectors_there_are_only_indices(tmp_path):
    made = contents(1)
    del made["word_list.pkl"], made["word_embedding_list.pkl"]
    raw = read(write(tmp_path, made))
    assert list(raw.parts["train"].features) == ["text_glove", "audio", "vision"]
    assert any("so there is no `text`" in note for note in raw.notes)


@pytest.mark.parametrize("file", [AUDIO, VISION])
def test_a_modality_without_a_file_is_left_out_and_a_note_says_so(tmp_path, file):
    made = contents(2)
    del made[file]
    raw = read(write(tmp_path, made))
    role = "audio" if file == AUDIO else "vision"
    assert role not in raw.parts["train"].features
    assert raw.notes == [f"{file} is not there, so there is no {role}"]


def test_features_alone_can_be_read(tmp_path):
    made = contents(1)
    del made[LANGUAGE[1]]
    raw = read(write(tmp_path, made))
    assert list(raw.parts["train"].features) == ["audio", "vision"]
    assert any("is not there, so there is no text" in note for note in raw.notes)


def test_labels_alone_are_refused(tmp_path):
    made = contents(2)
    refused(
        write(tmp_path, {file: made[file] for file in (LABELS, "data_folds.pkl")}),
        "but neither words nor features; put covarep_features_sdk.pkl",
    )


@pytest.mark.parametrize("file", [AUDIO, VISION, LANGUAGE[2]])
def test_punchlines_of_uneven_length_are_dropped_and_counted_by_split(tmp_path, file):
    made = contents(2)
    for key in (4, 30, 9):
        entry = made[file][key]
        name = "punchline_embedding_indexes" if file == LANGUAGE[2] else "punchline_features"
        entry[name] = [*entry[name], entry[name][0]]
    raw = read(write(tmp_path, made))
    reason = "different numbers of steps in audio, vision, words of the punchline"
    assert [(d.split, d.count, d.reason) for d in raw.drops] == [
        ("train", 2, reason),
        ("valid", 1, reason),
    ]
    assert raw.parts["train"].ids == ["11", "7"] and raw.parts["valid"].ids == ["2"]


def test_items_that_a_file_lacks_are_dropped_and_counted(tmp_path):
    made = contents(2)
    del made[VISION][7], made[LABELS][2]
    raw = read(write(tmp_path, made))
    assert [(d.split, d.count, d.reason) for d in raw.drops] == [
        ("train", 1, f"not in {VISION}"),
        ("valid", 1, f"not in {LABELS}"),
    ]


def test_files_that_lack_most_items_are_refused(tmp_path):
    made = contents(2)
    made[AUDIO] = {key + 100: entry for key, entry in made[AUDIO].items()}
    refused(write(tmp_path, made), f"{AUDIO} lacks 8 of the 8 items of data_folds.pkl; versions")


def test_punchlines_without_a_word_are_kept(tmp_path):
    made = contents(2)
    for file in (AUDIO, VISION):
        made[file][4]["punchline_features"] = []
    made[LANGUAGE[2]][4] |= {"punchline_embedding_indexes": [], "punchline_sentence": ""}
    features = read(write(tmp_path, made)).parts["train"].features
    assert [features[m].values[1].shape for m in ("audio", "vision")] == [(0, 81), (0, 371)]


def test_sentences_of_another_number_of_words_are_counted(tmp_path):
    made = contents(2)
    made[LANGUAGE[2]][4]["punchline_sentence"] += " again"
    assert read(write(tmp_path, made)).notes == [
        "1 sentences have another number of words, taken at blanks, than steps"
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_features_of_other_widths_are_read_by_the_file_of_words(tmp_path, version):
    raw = read(write(tmp_path, contents(version, widths=(5, 4))))
    assert f"version {version}" in raw.layout


def test_files_of_two_versions_are_refused(tmp_path):
    made = contents(2)
    made[VISION] = contents(1)[VISION]
    refused(
        write(tmp_path, made),
        "mixes versions: openface_features_sdk.pkl has the 75 columns of version 1, but language",
    )


def test_the_words_of_both_versions_are_told_apart_by_openface(tmp_path):
    folder = write(tmp_path, contents(1) | contents(2))
    assert "version 2" in read(folder).layout
    (folder / VISION).unlink()
    refused(folder, "of version 1 and language_sdk.pkl of version 2; keep only that")


def test_without_openface_and_words_the_version_is_not_told(tmp_path):
    made = contents(2)
    del made[VISION], made[LANGUAGE[2]]
    layout = read(write(tmp_path, made)).layout
    assert layout == "UR-FUNNY of unknown version, punchlines, word-aligned"


def test_columns_can_be_left_out(tmp_path):
    raw = read(write(tmp_path, contents(2)), vision="", context="", text_glove="")
    assert list(raw.parts["train"].features) == ["text", "audio"]
    assert not raw.notes


def test_columns_are_fixed_by_the_layout(tmp_path):
    folder = write(tmp_path, contents(2))
    refused(folder, "no column 'visoin'; did you mean 'vision'", visoin="")
    refused(folder, "'audio' of a UR-FUNNY folder stands in a file of its own", audio="x.pkl")


def test_roles_files_and_what_is_unused_are_told(tmp_path):
    raw = read(write(tmp_path, contents(1)))
    assert raw.roles["audio"] == f"{AUDIO}: punchline_features"
    assert raw.roles["split"] == "data_folds.pkl"
    assert raw.unused == [f"{AUDIO}: context_features", f"{VISION}: context_features"]
    assert {path.name for path in raw.files[1:]} == set(contents(1)) - {"word_embedding_list.pkl"}
    assert raw.files[0] == tmp_path
    assert raw.parts["train"].features["vision"].provenance == "OpenFace"


def change(made, file, value, *path):
    """Set what stands at the end of `path` in a file."""
    *before, last = path
    place = made[file]
    for step in before:
        place = place[step]
    place[last] = value


@pytest.mark.parametrize(
    ("file", "value", "path", "message"),
    [
        (LABELS, 0.5, (4,), r"the label of 4 holds \[0.5\]; whole numbers"),
        (LABELS, [0, 1], (4,), "the label of 4 is a list of 2; one number"),
        (LABELS, [[1.0], [1.0, 2.0]], (4,), "the label of 4 is a list of 1"),
        (LABELS, "1", (4,), "the label of 4 is a list of 1"),
        (LABELS, -1, (4,), r"the label of 4 holds \[-1\]; whole numbers"),
        ("data_folds.pkl", [4, 2], ("dev",), "names item 4 2 times; items must be in one fold"),
        ("data_folds.pkl", [], ("dev",), "fold 'dev' is empty"),
        ("data_folds.pkl", [1], ("tset",), "has a fold 'tset'; did you mean 'test'"),
        ("data_folds.pkl", 5, ("dev",), "data_folds.pkl: dev is 5"),
        (AUDIO, {}, (4,), "item 4 has no punchline_features"),
        (AUDIO, {"punchline_featuers": 1}, (4,), "did you mean 'punchline_featuers'"),
        (AUDIO, [], (4,), "item 4 is a list of 0; a dict with punchline_features"),
        (AUDIO, None, (4, "punchline_features"), "punchline_features of 4 is a NoneType"),
        (VISION, "s", (5, "punchline_features", 0), "punchline_features of 5 is a list of"),
        (LANGUAGE[2], 7, (5, "punchline_sentence"), "punchline_sentence of 5 is 7; text"),
        (LANGUAGE[2], [3], (5, "context_sentences"), "context_sentences of 5 is a list of 1"),
        (LANGUAGE[2], "x", (5, "punchline_embedding_indexes"), "embedding_indexes of 5 is 'x'"),
    ],
)
def test_what_is_not_laid_out_so_is_named(tmp_path, file, value, path, message):
    made = as_lists(contents(2))
    change(made, file, value, *path)
    refused(write(tmp_path, made), message)


@pytest.mark.parametrize("listed", ["word_list.pkl", "word_embedding_list.pkl"])
def test_a_list_that_is_too_short_is_refused(tmp_path, listed):
    made = contents(1)
    made[listed] = made[listed][:2]
    if listed == "word_embedding_list.pkl":
        del made["word_list.pkl"]
    refused(write(tmp_path, made), rf"names word \d, but {listed} has 2; take {listed} from")


def test_a_list_with_a_hole_is_refused(tmp_path):
    made = as_dicts(contents(1))
    made["word_list.pkl"][99] = made["word_list.pkl"].pop(3)
    refused(write(tmp_path, made), "word_list.pkl has no entry 3; all from 0 on are needed")


def test_the_folder_is_recognised_by_folds_and_labels(tmp_path):
    write(tmp_path, contents(2))
    assert humour_folder.recognises(Source(tmp_path))
    assert not humour_folder.recognises(Source(tmp_path / LABELS))
    (tmp_path / LABELS).unlink()
    assert not humour_folder.recognises(Source(tmp_path))


@pytest.mark.parametrize("version", [1, 2])
def test_an_import_holds_the_very_numbers(tmp_path, registries, version):
    made = contents(version)
    for key in FOLDS["train"][:1]:
        made[AUDIO][key]["punchline_features"][0, 5] = -np.inf
        made[VISION][key]["punchline_features"] = np.ones((9, {1: 75, 2: 371}[version]))
    folder = write(tmp_path, made)
    import_data("ur_funny", folder, home=tmp_path / "home", registries=registries)
    store = load_imported("ur_funny", tmp_path / "home")
    kept = {"train": FOLDS["train"][1:], "valid": FOLDS["dev"], "test": FOLDS["test"]}
    for split, ids in kept.items():
        batch = store.splits[split].batch(torch.arange(len(ids)), ["audio", "vision"])
        assert store.splits[split].ids == [str(key) for key in ids]
        assert store.splits[split].target.tolist() == [made[LABELS][key] for key in ids]
        for role, file in (("audio", AUDIO), ("vision", VISION)):
            for row, key in enumerate(ids):
                expected = made[file][key]["punchline_features"].astype("f4")
                values, mask = batch.features[role][row], batch.masks[role][row]
                assert np.array_equal(values[mask].numpy(), expected)
                assert mask.sum() == len(expected) and not values[~mask].any()


def test_a_run_trains_on_the_folder(tmp_path, small_mind, own_home):
    folder = write(tmp_path, contents(2))
    results = mindkit.run(
        "mind",
        "ur_funny",
        data=str(folder),
        settings=small_mind,
        out=tmp_path / "runs",
        device="cpu",
    )
    assert 0 <= results.test["accuracy"] <= 1


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=3),
    st.just([]), st.just({}), st.just([[1.0], [1.0, 2.0]]), st.just(np.ones((2, 3))),
    st.just(np.zeros((0, 81))), st.just({"punchline_features": 1}), st.just([[b"x"]]),
)  # fmt: skip


@st.composite
def places(draw, value):
    """A path into nested dicts and lists, at random."""
    path = []
    while isinstance(value, dict | list) and len(value):
        key = draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        path.append(key)
        value = value[key]
        if draw(st.booleans()):
            break
    return path


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), version=st.sampled_from([1, 2]))
def test_a_folder_with_an_odd_value_anywhere_is_read_or_refused(tmp_path_factory, data, version):
    made = as_lists(contents(version, widths=(3, 2)))
    file = data.draw(st.sampled_from(sorted(made)))
    path = data.draw(places(made[file]))
    if path and data.draw(st.booleans()):
        change(made, file, data.draw(ODD), *path)
    else:
        made[file] = data.draw(ODD)
    folder = write(tmp_path_factory.mktemp("odd"), made)
    try:
        assert isinstance(read(folder), Raw)
    except DataError as error:
        assert str(error)
