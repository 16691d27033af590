import pickle

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mindkit
from mindkit.data.formats import intent_folder
from mindkit.data.importing import import_data, load_imported
from mindkit.data.raw import Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError
from mindkit.kinds import Dataset

TABLES = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}
VIDEO, AUDIO = "video_data/video_feats.pkl", "audio_data/audio_feats.pkl"
OUT_OF_SCOPE = "label UNK, out of scope"


class Intents(Dataset):
    classes = ("Complain", "Ask for help")


class Scoped(Dataset):
    classes = ("Complain", "UNK")


ROWS = {  # season, episode, clip, text, label
    "train": [
        ("S04", "E01", "3", 'he said "no and left', "Complain"),
        ("S04", "E01", "12", "help me\u2026", "Ask for help"),
        ("S05", "E02", "7", 'it is "fine"', "Complain"),
    ],
    "valid": [("S04", "E03", "1", "why", "Complain"), ("S05", "E02", "8", "NA", "Ask for help")],
    "test": [("S06", "E01", "2", "oh", "Complain"), ("S06", "E01", "4", "", "Ask for help")],
}
DIALOGUES = {  # dialogue, utterance, text, label, speaker
    "train": [("0", "1", "hi", "Complain", "Amy"), ("0", "2", "what", "UNK", "Jonah")],
    "valid": [("3", "0", "no", "Complain", "Amy"), ("3", "1", "so", "Ask for help", "Amy")],
    "test": [("4", "0", "ah", "UNK", "Glenn"), ("4", "1", "go", "Complain", "Glenn")],
}
FIRST, SECOND = "{}_{}_{}", "dia{}_utt{}"


def keys(rows, pattern=FIRST):
    return {split: [pattern.format(*row) for row in found] for split, found in rows.items()}


def features(named, seed=0):
    """File -> key -> features as they are stored: lists of (1, 256), and tensors (n, 768)."""
    random = np.random.default_rng(seed)
    every = [key for found in named.values() for key in found]
    lengths = {key: int(random.integers(1, 6)) for key in every}
    return {
        VIDEO: {
            key: [random.normal(size=(1, 256)).astype("f4") for _ in range(lengths[key])]
            for key in every
        },
        AUDIO: {
            key: torch.from_numpy(random.normal(size=(2 * lengths[key], 768)).astype("f4"))
            for key in every
        },
    }


def write(folder, rows, header, files=None):
    for split, file in TABLES.items():
        lines = ["\t".join(row) for row in (header, *rows[split])]
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for file, content in (files or {}).items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(pickle.dumps(content))
    return folder


HEADER = ("season", "episode", "clip", "text", "label")
HEADER2 = ("Dialogue_id", "Utterance_id", "Text", "Label", "Speaker")


@pytest.fixture
def whole(tmp_path):
    """A folder of MIntRec with all features."""
    return write(tmp_path, ROWS, HEADER, features(keys(ROWS)))


def read(folder, dataset=Intents, **columns):
    return intent_folder.read(Source(folder), Request(dataset, columns))


def refused(folder, message, dataset=Intents, **columns):
    with pytest.raises(DataError, match=message):
        read(folder, dataset, **columns)


def test_rows_are_read_without_quotes_and_joined_with_their_features(whole):
    raw = read(whole)
    expected = features(keys(ROWS))
    assert raw.layout == "MIntRec, a row an utterance" and raw.aligned is False
    assert list(raw.parts) == ["train", "valid", "test"] and not raw.drops and not raw.notes
    for split, part in raw.parts.items():
        assert part.ids == keys(ROWS)[split]
        assert part.labels == [row[4] for row in ROWS[split]]
        assert part.features["text"].values == [row[3] for row in ROWS[split]]
        assert part.videos == ["_".join(row[:2]) for row in ROWS[split]]
        for key, vision, audio in zip(
            part.ids, part.features["vision"].values, part.features["audio"].values, strict=True
        ):
            assert np.array_equal(vision, np.concatenate(expected[VIDEO][key]))
            assert np.array_equal(audio, expected[AUDIO][key].numpy())


def as_arrays(files):
    return {VIDEO: {k: np.concatenate(v) for k, v in files[VIDEO].items()}, AUDIO: files[AUDIO]}


def as_deep_arrays(files):
    return {VIDEO: {k: np.stack(v) for k, v in files[VIDEO].items()}, AUDIO: files[AUDIO]}


def as_numpy(files):
    return {VIDEO: files[VIDEO], AUDIO: {k: v.numpy() for k, v in files[AUDIO].items()}}


def as_byte_keys(files):
    return {file: {k.encode(): v for k, v in found.items()} for file, found in files.items()}


@pytest.mark.parametrize("guise", [as_arrays, as_deep_arrays, as_numpy, as_byte_keys])
def test_features_are_read_in_every_guise(tmp_path, guise):
    files = features(keys(ROWS))
    part = read(write(tmp_path, ROWS, HEADER, guise(files))).parts["train"]
    for row, key in enumerate(part.ids):
        vision, audio = (part.features[m].values[row] for m in ("vision", "audio"))
        assert np.array_equal(vision, np.concatenate(files[VIDEO][key]))
        assert np.array_equal(audio, files[AUDIO][key].numpy())


def test_features_that_torch_saved_are_read(whole):
    expected = features(keys(ROWS))[AUDIO]
    torch.save(expected, whole / AUDIO)
    part = read(whole).parts["valid"]
    assert np.array_equal(part.features["audio"].values[0], expected[part.ids[0]].numpy())


@pytest.mark.parametrize(
    "header",
    [
        ("Season", "EPISODE", "Clip", "Text", "Label"),
        (" season", "episode_id", "clip_id", "text ", "label"),
        ("\ufeffseason", "episode", "clip", "text", "label"),
    ],
)
def test_names_of_columns_vary(tmp_path, header):
    folder = write(tmp_path, ROWS, header)
    assert intent_folder.recognises(Source(folder))
    assert read(folder).parts["train"].ids == keys(ROWS)["train"]


def test_a_folder_with_text_alone_is_read(tmp_path):
    raw = read(write(tmp_path, ROWS, HEADER))
    assert list(raw.parts["test"].features) == ["text"] and raw.aligned is None
    assert raw.notes == [
        "there is no pickle of audio features, so there is no audio",
        "there is no pickle of video features, so there is no vision",
    ]


@pytest.mark.parametrize("name", ["video_feats.pkl", "feats/video_feats.pkl"])
def test_features_may_stand_in_the_folder_or_one_below(tmp_path, name):
    folder = write(tmp_path, ROWS, HEADER, {name: features(keys(ROWS))[VIDEO]})
    assert read(folder).roles["vision"] == name


def test_features_of_another_name_are_found_in_their_own_folder(tmp_path):
    folder = write(
        tmp_path, ROWS, HEADER, {"video_data/swin_feats.pkl": features(keys(ROWS))[VIDEO]}
    )
    assert read(folder).roles["vision"] == "video_data/swin_feats.pkl"


def test_two_files_of_features_are_refused_and_can_be_chosen(tmp_path):
    video = features(keys(ROWS))[VIDEO]
    other = {key: np.ones((2, 3)) for key in video}
    files = {"video_data/a.pkl": video, "video_data/b.pkl": other}
    folder = write(tmp_path, ROWS, HEADER, files)
    refused(folder, r"2 pickles of video features: .*--column vision=video_data/a.pkl")
    part = read(folder, vision="video_data/b.pkl").parts["train"]
    assert part.features["vision"].values[0].shape == (2, 3)
    refused(
        folder, "no file 'video_data/c.pkl'; did you mean 'video_data/", vision="video_data/c.pkl"
    )


def test_features_can_be_left_out_unread(whole):
    (whole / AUDIO).write_bytes(b"damaged")
    raw = read(whole, audio="")
    assert list(raw.parts["train"].features) == ["text", "vision"] and not raw.notes


def test_other_columns_can_serve_as_text_and_label(tmp_path):
    rows = {split: [(*row, "other", "Complain") for row in found] for split, found in ROWS.items()}
    folder = write(tmp_path, rows, (*HEADER, "lower", "binary"))
    assert read(folder).unused == ["lower", "binary"]
    part = read(folder, text="lower", label="binary").parts["valid"]
    assert part.features["text"].values == ["other"] * 2 and part.labels == ["Complain"] * 2
    refused(folder, "no array or column 'lwoer'; did you mean 'lower'", text="lwoer")
    refused(folder, "no column 'visoin'; did you mean 'vision'", visoin="")


def test_text_can_be_left_out(whole):
    assert list(read(whole, text="").parts["train"].features) == ["audio", "vision"]


def test_rows_without_features_are_dropped_and_counted(tmp_path):
    files = features(keys(ROWS))
    del files[VIDEO]["S04_E01_12"], files[AUDIO]["S06_E01_4"]
    raw = read(write(tmp_path, ROWS, HEADER, files))
    assert [(d.split, d.count, d.reason) for d in raw.drops] == [
        ("train", 1, f"not in {VIDEO}"),
        ("test", 1, f"not in {AUDIO}"),
    ]
    assert raw.parts["train"].places == ["row 0 of train.tsv", "row 2 of train.tsv"]


def test_features_of_other_samples_are_refused(tmp_path):
    files = features(keys(ROWS))
    files[VIDEO] = {f"other_{key}": value for key, value in files[VIDEO].items()}
    refused(
        write(tmp_path, ROWS, HEADER, files),
        f"7 of 7 utterances are not in {VIDEO}; take tables and features from one copy",
    )


def second(folder):
    return write(folder, DIALOGUES, HEADER2, features(keys(DIALOGUES, SECOND)))


def test_the_second_version_names_dialogues_and_utterances(tmp_path):
    raw = read(second(tmp_path))
    assert raw.layout == "MIntRec2.0, a row an utterance"
    assert raw.parts["valid"].ids == ["dia3_utt0", "dia3_utt1"]
    assert raw.parts["valid"].videos == ["dia3", "dia3"]
    assert raw.unused == ["Speaker"]


def test_what_is_out_of_scope_is_dropped_and_counted(tmp_path):
    raw = read(second(tmp_path))
    assert raw.parts["train"].labels == ["Complain"] and raw.parts["test"].ids == ["dia4_utt1"]
    assert [(d.split, d.count, d.reason) for d in raw.drops] == [
        ("train", 1, OUT_OF_SCOPE),
        ("test", 1, OUT_OF_SCOPE),
    ]


@pytest.mark.parametrize("dataset", [Scoped, Dataset])
def test_what_is_out_of_scope_is_kept_where_the_data_set_takes_it(tmp_path, dataset):
    raw = read(second(tmp_path), dataset)
    assert raw.parts["train"].labels == ["Complain", "UNK"] and not raw.drops


def test_a_folder_of_nothing_in_scope_is_refused(tmp_path):
    rows = {s: [(*row[:3], "UNK", row[4]) for row in found] for s, found in DIALOGUES.items()}
    refused(write(tmp_path, rows, HEADER2), "all 6 rows are UNK, out of scope.*in-scope or total")


def test_the_folder_above_the_scopes_is_recognised_and_refused(tmp_path):
    for scope in ("in-scope", "total"):
        (tmp_path / scope).mkdir()
        second(tmp_path / scope)
    assert intent_folder.recognises(Source(tmp_path))
    refused(tmp_path, "MIntRec2.0 by scope; name one of its folders: in-scope, total")


def test_other_folders_of_three_tables_are_not_recognised(tmp_path):
    write(tmp_path, ROWS, ("show", "episode", "clip", "text", "label"))
    assert not intent_folder.recognises(Source(tmp_path))
    (tmp_path / "dev.tsv").unlink()
    write(tmp_path, ROWS, HEADER)
    assert intent_folder.recognises(Source(tmp_path))
    assert not intent_folder.recognises(Source(tmp_path / "train.tsv"))
    (tmp_path / "dev.tsv").unlink()
    assert not intent_folder.recognises(Source(tmp_path))


def test_a_table_of_other_columns_is_named(whole):
    (whole / "dev.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    refused(whole, "dev.tsv has the columns a, b; season, episode, clip, text, label or")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones((2, 7)), f"{AUDIO}: S05_E02_7 is 7 wide, but others are 768"),
        (np.ones(5), rf"{AUDIO}: S05_E02_7 has shape \(5,\)"),
        ("x", f"{AUDIO}: S05_E02_7 is 'x'; numbers"),
        (None, f"{AUDIO}: S05_E02_7 is a NoneType"),
    ],
)
def test_features_that_are_no_steps_are_named(tmp_path, value, message):
    files = features(keys(ROWS))
    files[AUDIO]["S05_E02_7"] = value
    refused(write(tmp_path, ROWS, HEADER, files), message)


def test_a_pickle_that_is_no_dict_is_refused(tmp_path):
    files = {AUDIO: [np.ones((2, 768))]}
    refused(
        write(tmp_path, ROWS, HEADER, files), f"{AUDIO} holds a list of 1; a dict with an entry"
    )


def test_an_import_holds_the_very_numbers(whole, registries):
    files = features(keys(ROWS))
    import_data("mintrec", whole, home=whole / "home", registries=registries)
    store = load_imported("mintrec", whole / "home")
    classes = registries.datasets.get("mintrec").classes
    for split, rows in ROWS.items():
        part = store.splits[split]
        assert part.ids == keys(ROWS)[split]
        assert part.columns["text"].values == [row[3] for row in rows]
        assert [classes[number] for number in part.target] == [row[4] for row in rows]
        batch = part.batch(torch.arange(len(rows)), ["audio", "vision"])
        for row, key in enumerate(part.ids):
            vision = np.concatenate(files[VIDEO][key])
            for role, expected in (("vision", vision), ("audio", files[AUDIO][key].numpy())):
                values, mask = batch.features[role][row], batch.masks[role][row]
                assert np.array_equal(values[mask].numpy(), expected)
                assert mask.sum() == len(expected) and not values[~mask].any()


def test_a_run_trains_on_the_folder(whole, small_mind, own_home):
    results = mindkit.run(
        "mind", "mintrec", data=str(whole), settings=small_mind, out=whole / "runs", device="cpu"
    )
    assert 0 <= results.test["f1_macro"] <= 1


ODD = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=2), st.just([]), st.just({}),
    st.just([np.ones((1, 3)), np.ones((1, 2))]), st.just(np.ones((2, 3, 4))),
    st.just([torch.ones(1, 256)]), st.just(torch.ones(3, dtype=torch.int64)),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), file=st.sampled_from([VIDEO, AUDIO]), odd=ODD, whole=st.booleans())
def test_odd_features_are_read_or_refused(tmp_path_factory, data, file, odd, whole):
    files = features(keys(ROWS))
    if whole:
        files[file] = odd
    else:
        files[file][data.draw(st.sampled_from(sorted(files[file])))] = odd
    folder = write(tmp_path_factory.mktemp("odd"), ROWS, HEADER, files)
    try:
        assert isinstance(read(folder), Raw)
    except DataError as error:
        assert str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(places=st.lists(st.integers(0, 2000), min_size=1, max_size=6), byte=st.integers(0, 255))
def test_a_mutated_table_is_read_or_refused(tmp_path_factory, places, byte):
    folder = write(tmp_path_factory.mktemp("mutated"), ROWS, HEADER)
    content = bytearray((folder / "train.tsv").read_bytes())
    for place in places:
        content[place % len(content)] = byte
    (folder / "train.tsv").write_bytes(content)
    try:
        intent_folder.recognises(Source(folder))
        assert isinstance(read(folder), Raw)
    except DataError as error:
        assert str(error)
