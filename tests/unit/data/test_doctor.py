import hashlib
import io
import json
import os
import pickle
import time
from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindkit.data.doctor import Origin, check_data, examine
from mindkit.data.examining.origin import file_facts, guess
from mindkit.data.importing import import_data
from mindkit.data.library import simulate_data
from mindkit.data.raw import Drop, Feature, Part, Raw
from mindkit.data.store import Column, Split, Store
from mindkit.errors import MindkitError
from mindkit.kinds import Dataset
from mindkit.registry import Registries

SIZES = {"train": 6, "valid": 4, "test": 4}


class Clips(Dataset):
    label_range = (-3.0, 3.0)
    splits: ClassVar = SIZES
    counts: ClassVar = {"by words": {"train": 5, "valid": 4, "test": 4}}
    features: ClassVar = {"audio": {3: "three of COVAREP"}, "vision": {2: "two of Facet"}}


class Jokes(Dataset):
    task = "classification"
    num_outputs = 2
    classes = ("plain", "funny")
    splits: ClassVar = {"train": 60, "valid": 4, "test": 4}


KNOWN = {"clips": Clips, "jokes": Jokes}


def part(split, count, seed):
    """Samples of 1 to 4 steps; words, audio and vision have equally many."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 5, count).tolist()
    return Part(
        ids=[f"{split}_{row}" for row in range(count)],
        labels=np.linspace(-3, 3, count),
        features={
            "text": Feature("text", [" ".join(random.choice(list("abcdef"), n)) for n in lengths]),
            "audio": Feature("ragged", [random.normal(size=(n, 3)) for n in lengths], array="COV"),
            "vision": Feature("ragged", [random.normal(size=(n, 2)) for n in lengths]),
        },
        videos=[f"{split}{row // 2}" for row in range(count)],
        places=[f"item {row} of {split}" for row in range(count)],
    )


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "clips.pkl").write_bytes(b"as if it were a pickle")
    parts = {split: part(split, count, seed) for seed, (split, count) in enumerate(SIZES.items())}
    return Raw("mmsa", "dict by split", [tmp_path / "clips.pkl"], parts)


def spoil(raw, split, **changes):
    """Change fields, or columns, of one split."""
    fields = {name: value for name, value in changes.items() if name in Part.__dataclass_fields__}
    columns = {name: value for name, value in changes.items() if name not in fields}
    old = raw.parts[split]
    raw.parts[split] = replace(old, **fields, features={**old.features, **columns})


def look(raw, name="clips", known=KNOWN):
    """Examine as the data set `name`, or as what the data tell to be."""
    files, guessed = file_facts(raw.files, known), ""
    if not name:
        name, guessed = guess(raw, files, known)
    return examine(raw, known, Origin(name, guessed, files))


def findings(raw, level, name="clips"):
    return [(f.where, f.what) for f in look(raw, name).of(level)]


def one(raw, level, name="clips"):
    (found,) = look(raw, name).of(level)
    return found


def test_clean_data_have_no_finding(raw):
    result = look(raw)
    assert result.findings == () and result.usable


def test_facts_of_the_splits_are_counts_zeros_range_and_rounded_labels(raw):
    spoil(raw, "train", labels=np.array([-2.6, -0.5, 0, 0, 0.4, 1.5]))
    train = look(raw).facts.splits["train"]
    assert (train.samples, train.zero_labels, train.videos) == (6, 2, 3)
    assert train.label_range == (-2.6, 1.5)
    assert train.labels == {"-3": 1, "0": 4, "2": 1}  # -0.5 and 1.5 are rounded half to even


def test_facts_of_a_column_are_kind_shape_width_lengths_and_provenance(raw):
    facts = look(raw).facts
    audio, text, lengths = facts.columns["audio"], facts.columns["text"], []
    for one_part in raw.parts.values():
        lengths += [len(steps) for steps in one_part.features["audio"].values]
    assert (audio.kind, audio.array, audio.width, audio.dtype) == ("ragged", "COV", 3, "float64")
    assert audio.shapes["train"] == (6, None, 3)
    assert audio.lengths == text.lengths == (min(lengths), np.median(lengths), max(lengths))
    assert audio.provenance == "three of COVAREP" and text.width is None
    assert facts.same_steps == 1.0


def test_a_padded_column_has_its_shape_and_side(raw):
    values = np.zeros((6, 5, 3), "f4")
    values[:, 3:] = 1
    spoil(raw, "train", audio=Feature("padded", values))
    audio = look(raw).facts.columns["audio"]
    assert audio.padding == "leading" and audio.shapes["train"] == (6, 5, 3)


def test_everything_is_plain_json(raw):
    spoil(raw, "train", labels=np.full(6, np.nan))
    text = json.dumps(look(raw).as_dict(), allow_nan=False)
    assert json.loads(text)["facts"]["files"][0]["size"] == 22


def test_the_hash_of_a_published_file_is_recognised_and_names_the_data_set(raw):
    digest = look(raw).facts.files[0].sha256

    class Published(Clips):
        known_files: ClassVar = {digest: "the aligned file"}

    facts = look(raw, "", {**KNOWN, "published": Published}).facts
    assert facts.files[0].known == "published: the aligned file"
    assert (facts.dataset, facts.guessed) == ("published", "the SHA-256 of clips.pkl")


def test_a_data_set_is_told_by_its_numbers_of_samples_or_by_its_classes(raw):
    assert look(raw, "").facts.guessed == "its 6/4/4 samples"
    for split, count in SIZES.items():
        spoil(raw, split, labels=["funny", "plain"] * (count // 2))
    facts = look(raw, "").facts
    assert (facts.dataset, facts.guessed) == ("jokes", "the names of its classes")
    assert facts.splits["train"].labels == {"plain": 3, "funny": 3}
    assert facts.splits["train"].zero_labels is None


def test_classes_of_several_data_sets_are_of_the_one_that_has_no_others(raw):
    class Humour(Jokes):
        classes = ("plain", "funny", "ironic")

    for split, p in raw.parts.items():
        spoil(raw, split, labels=["plain", "funny"] * (len(p) // 2))
    assert look(raw, "", {"humour": Humour, "jokes": Jokes}).facts.dataset == "jokes"
    spoil(raw, "test", labels=["plain", "ironic"] * 2)
    assert look(raw, "", {"humour": Humour, "jokes": Jokes}).facts.dataset == "humour"


def test_other_names_of_a_class_are_counted_as_the_class(raw):
    class Groups(Jokes):
        label_names: ClassVar = {"pun": "funny", "remark": "plain"}

    for split, p in raw.parts.items():
        spoil(raw, split, labels=["pun", "remark"] * (len(p) // 2))
    result = look(raw, "groups", {"groups": Groups})
    assert result.facts.splits["test"].labels == {"plain": 2, "funny": 2}
    assert result.of("fault") == ()
    spoil(raw, "test", labels=["pun", "remark", "funny", "punn"])
    (found,) = look(raw, "groups", {"groups": Groups}).of("fault")
    assert "1 label of no class" in found.what


def test_data_that_may_be_several_sets_are_examined_as_none(raw):
    facts = look(raw, "", {**KNOWN, "others": Clips}).facts
    assert (facts.dataset, facts.guessed) == ("", "")


def test_nan_and_infinities_are_counted_with_their_place(raw):
    values = [np.ones((2, 3)) + row for row in range(6)]
    values[1][0, :2], values[4][1, 1] = np.nan, -np.inf
    spoil(raw, "train", audio=Feature("ragged", values))
    found = one(raw, "warning")
    assert found.where == "audio"
    assert found.what == (
        "2 NaN and 1 infinite value in 2 samples, first item 1 of train (id train_1)"
    )
    assert "sets them to 0" in found.action


def test_nan_in_a_table_is_a_fault_that_names_the_option(raw):
    raw.format = "table"
    values = np.ones((6, 3))
    values[2, 2] = np.nan
    spoil(raw, "train", audio=Feature("vector", values))
    assert "--nan zero" in one(raw, "fault").action


def test_samples_without_steps_and_samples_of_zeros_are_told_apart(raw):
    values = [np.ones((2, 3)) * row for row in range(6)]
    values[3] = np.ones((0, 3))
    spoil(raw, "train", audio=Feature("ragged", values))
    assert findings(raw, "warning") == [
        ("audio", "no step in 1 sample, first item 3 of train (id train_3)"),
        ("audio", "nothing but zeros in 1 sample, first item 0 of train (id train_0)"),
    ]


def test_empty_texts_are_found(raw):
    spoil(raw, "test", text=Feature("text", ["a", " ", "b", ""]))
    assert findings(raw, "warning")[0] == (
        "text",
        "no word in 2 samples, first item 1 of test (id test_1)",
    )


def test_text_that_utf_8_cannot_write_is_a_fault(raw):
    spoil(raw, "test", text=Feature("text", ["a", "\udc80", "b", "c"], array="words"))
    assert one(raw, "fault").what.startswith("sample 1 of 'words' is no text that UTF-8 can write")


def test_features_that_never_change_are_named(raw):
    for each in raw.parts.values():
        for steps in each.features["audio"].values:
            steps[:, 1] = 7
    assert findings(raw, "note") == [("audio", "1 of 3 features never change: number 1")]
    assert look(raw).facts.columns["audio"].constant == (1,)


def test_an_unusual_width_is_told_with_the_usual_ones(raw):
    for split, count in SIZES.items():
        random = np.random.default_rng(count)
        spoil(raw, split, vision=Feature("vector", random.normal(size=(count, 9))))
    ((where, what),) = findings(raw, "note")
    assert where == "vision" and what == "9 features are none of the usual (2: two of Facet)"


def test_a_column_that_one_split_lacks_or_has_wider_is_found(raw):
    del raw.parts["test"].features["vision"]
    spoil(raw, "valid", audio=Feature("vector", np.eye(4)))
    assert findings(raw, "warning") == [("vision", "the split test has no such column")]
    ((where, what),) = findings(raw, "fault")
    assert where == "audio" and "different features: 3 in train, 4 in valid" in what


def test_labels_outside_the_range_are_a_fault(raw):
    spoil(raw, "valid", labels=np.array([0, 4, 3, -3.5]))
    found = one(raw, "fault")
    assert found.where == "labels of valid"
    assert found.what == ("2 labels outside [-3, 3]; first 4.0 at item 1 of valid (id valid_1)")


def test_labels_that_are_no_number_or_no_class_are_a_fault(raw):
    spoil(raw, "valid", labels=["good", "bad", "bad", "good"])
    assert "in names, where numbers are needed" in one(raw, "fault").what
    spoil(raw, "valid", labels=np.array([0.0, np.nan, 1, 1]))
    assert "1 label NaN or infinite" in one(raw, "fault").what
    spoil(raw, "valid", labels=np.array([0, 1, 2, 0.5]))
    spoil(raw, "train", labels=["funy", "plain", "funny"] * 2)
    spoil(raw, "test", labels=[0, 1, 1, 0])
    told = [what for _, what in findings(raw, "fault", "jokes")]
    assert "2 labels of no class; did you mean 'funny'?; first funy at" in told[0]
    assert "2 labels of no class from 0 to 1; first 2.0 at item 2" in told[1]


def test_classes_whose_names_are_numbers_are_told_by_name(raw):
    class Digits(Jokes):
        classes = ("10", "20")

    for split, count in SIZES.items():
        spoil(raw, split, labels=["10", "20"] * (count // 2))
    result = look(raw, "digits", {"digits": Digits})
    assert result.facts.splits["valid"].labels == {"10": 2, "20": 2} and result.usable


def test_a_class_without_a_sample_to_learn_from_is_found(raw):
    for split, count in SIZES.items():
        spoil(raw, split, labels=np.zeros(count) if split == "train" else np.arange(count) % 2)
    assert ("train", "no sample of class funny") in findings(raw, "warning", "jokes")


def test_ids_that_occur_twice_are_a_fault_in_tables_and_numbered_elsewhere(raw):
    spoil(raw, "valid", ids=["a", "train_5", "b", "a"])
    assert "#2" in one(raw, "warning").action
    raw.format = "table"
    found = one(raw, "fault")
    assert found.what == (
        "2 repeated ids; first 'train_5', item 5 of train (id train_5) of train and "
        "item 1 of valid (id train_5) of valid"
    )


def test_a_recording_under_two_ids_is_found_and_said_to_be_in_two_splits(raw):
    features = raw.parts["train"].features
    other = raw.parts["test"].features
    for name in ("audio", "vision"):
        other[name].values[2] = features[name].values[3].copy()
    told = dict(findings(raw, "warning"))["samples"]
    assert told.startswith("1 sample with the audio, vision of another under another id")
    assert "train_3" in told and "test_2" in told and "1 time in another split" in told


def test_equal_first_and_middle_steps_alone_are_no_repetition(raw):
    features, other = raw.parts["train"].features, raw.parts["test"].features
    for name in ("audio", "vision"):
        features[name].values[3] = np.ones((4, features[name].values[3].shape[1]))
        other[name].values[2] = features[name].values[3].copy()
        other[name].values[2][3] = 5
    assert "samples" not in dict(findings(raw, "warning"))


def test_repeated_text_with_the_same_label_is_a_note(raw):
    spoil(raw, "train", text=Feature("text", ["so good", "b", "c", "d", "e", "f"]))
    spoil(raw, "test", text=Feature("text", ["so good", "x", "y", "z"]))
    ((where, what),) = findings(raw, "note")
    assert where == "samples" and "most often 'so good' with -3 (2 times); 1 sample of test" in what


def test_videos_in_two_splits_are_named(raw):
    class Anything(Clips):
        splits: ClassVar = {}

    spoil(raw, "test", videos=["train0", "t", "train2", "t"])
    (found,) = look(raw, "anything", {"anything": Anything}).of("warning")
    assert found.where == "train and test"
    assert found.what == "2 videos in both: train0, train2"
    assert "--folds" in found.action


def test_videos_in_two_splits_of_published_folds_are_a_note(raw):
    spoil(raw, "test", videos=["train0", "t", "t", "t"])
    raw.parts["train"] = part("train", 60, 0)
    for split, p in raw.parts.items():
        spoil(raw, split, labels=[0, 1] * (len(p) // 2))
    notes = dict(findings(raw, "note", "jokes"))
    assert notes["train and test"] == "1 video in both: train0"


def test_videos_outside_their_official_fold_are_named(raw):
    class Folded(Clips):
        @classmethod
        def folds(cls):
            return {"train0": "train", "train1": "valid", "valid0": "valid"}

    (found,) = look(raw, "folded", {"folded": Folded}).of("warning")
    assert found.where == "train"
    assert found.what == "1 video of another official fold; 'train1' is valid"


def test_an_empty_split_is_a_fault_and_rows_of_no_split_a_note(raw):
    raw.parts[""] = raw.parts.pop("valid")
    result = look(raw)
    assert result.of("fault")[0].what == "the valid split is empty"
    assert "4 samples of no split" in [f.what for f in result.of("note")]


def test_known_copies_are_told_by_their_counts_and_others_are_a_warning(raw):
    raw.parts["train"] = part("train", 5, 0)
    assert look(raw).facts.counts == "the copy by words"
    assert one(raw, "note").what == "5/4/4 samples are those of the copy by words; 6/4/4 are usual"
    raw.parts["train"] = part("train", 3, 0)
    assert (
        one(raw, "warning").what
        == "3/4/4 samples, where 6/4/4 are usual; 5/4/4 has the copy by words"
    )


def test_a_known_leak_is_a_fault_under_its_split_column_only(raw):
    digest = look(raw).facts.files[0].sha256

    class Leaky(Clips):
        known_leaks: ClassVar = {digest: {"split": {"COV": "it was trained on the labels"}}}

    known = {"leaky": Leaky}
    raw.roles = {"split": "split", "audio": "COV", "vision": "vision"}
    result = look(raw, "", known)
    assert result.facts.leaky == {"audio": "it was trained on the labels"}
    assert "--drop audio" in result.of("fault")[0].action and not result.usable
    raw.roles["split"] = "other_split"
    assert look(raw, "", known).usable


def test_drops_notes_and_unused_arrays_are_passed_on(raw):
    raw.drops, raw.notes = [Drop("train", 3, "lengths differ")], ["pauses were removed"]
    raw.unused = ["annotations"]
    assert findings(raw, "note") == [
        ("train", "3 samples left out: lengths differ"),
        ("clips.pkl", "pauses were removed"),
        ("clips.pkl", "becomes no column: annotations"),
    ]


def test_steps_that_do_not_match_the_words_lower_the_share(raw):
    steps = raw.parts["test"].features["vision"].values
    steps[0] = np.ones((9, 2))
    assert look(raw).facts.same_steps == pytest.approx(13 / 14)


def test_faults_come_before_warnings_and_warnings_before_notes(raw):
    raw.notes = ["a note"]
    spoil(raw, "valid", labels=np.array([0, 4, 3, -3]))
    spoil(raw, "test", text=Feature("text", ["a", "", "b", "c"]))
    levels = [found.level for found in look(raw).findings]
    assert levels == sorted(levels, key=["fault", "warning", "note"].index)
    assert set(levels) == {"fault", "warning", "note"}


@pytest.fixture
def registries():
    found = Registries()
    for name, dataset in KNOWN.items():
        found.datasets.add(name, dataset)
    return found


@pytest.fixture
def check(registries, tmp_path):
    def call(target, **options):
        return check_data(target, home=tmp_path / "home", registries=registries, **options)

    return call


@pytest.fixture
def table(tmp_path):
    """A table of the sizes of `Clips`, with every cell of the text different."""
    splits = [split for split, count in SIZES.items() for _ in range(count)]
    count = len(splits)
    arrays = {
        "id": [f"clip{row}" for row in range(count)],
        "split": splits,
        "label": np.linspace(-3, 3, count),
        "text": [f"word {row}" for row in range(count)],
        "audio": np.random.default_rng(0).normal(size=(count, 3)),
    }

    def write(**changes):
        path = tmp_path / "clips.npz"
        np.savez(path, **{**arrays, **changes})
        return path

    return write


def test_a_table_is_read_and_told_by_its_numbers(check, table):
    result = check(table())
    assert result.usable and not result.findings
    facts = result.facts
    assert (facts.format, facts.dataset, facts.guessed) == ("table", "clips", "its 6/4/4 samples")
    assert facts.columns["audio"].shapes["train"] == (6, 3)


def test_columns_that_only_one_data_set_knows_are_found_by_it(check, table, registries):
    class Scored(Clips):
        columns: ClassVar = {"label": "score"}

    registries.datasets.add("scored", Scored)
    path = table(score=np.linspace(-3, 3, 14))
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "label"}
    np.savez(path, **arrays)
    facts = check(path).facts
    assert facts.dataset == "scored"
    assert facts.guessed == "its columns and its numbers of samples"


def test_a_data_set_can_be_named_and_must_be_known(check, table):
    assert "of no class" in check(table(), dataset="jokes").of("fault")[0].what
    with pytest.raises(MindkitError, match="did you mean 'clips'"):
        check(table(), dataset="clipz")


def test_options_reach_the_reader(check, table):
    path = table(fold=["2"] * 3 + ["3"] * 3 + ["1"] * 4 + ["0"] * 4)
    options = {"columns": {"split": "fold"}, "dataset": "clips"}
    result = check(path, splits={"train": ["2", "3"], "valid": "1", "test": "0"}, **options)
    assert {split: facts.samples for split, facts in result.facts.splits.items()} == SIZES


def test_folds_by_video_can_be_named(check, table, tmp_path):
    path = table(video_id=[f"v{row // 2}" for row in range(14)])
    lines = [f"v{row // 2},{split}" for row, split in enumerate(["train"] * 8 + ["test"] * 6)]
    lines[6] = lines[7] = "v3,valid"
    (tmp_path / "folds.csv").write_text("\n".join(["video_id,split", *dict.fromkeys(lines)]))
    result = check(path, columns={"split": ""}, folds=tmp_path / "folds.csv", dataset="clips")
    found = {split: facts.videos for split, facts in result.facts.splits.items()}
    assert found == {"train": 3, "valid": 1, "test": 3}
    assert "splits of its own" in check(path, folds=tmp_path / "folds.csv").findings[0].what


def test_what_cannot_be_read_is_a_fault_with_its_hash(check, tmp_path):
    path = tmp_path / "clips.npz"
    path.write_bytes(b"no archive")
    result = check(path)
    assert not result.usable and "no .npz archive" in result.findings[0].what
    assert result.facts.files[0].sha256 == hashlib.sha256(b"no archive").hexdigest()


def test_a_missing_path_is_a_fault_with_the_nearest_name(check, table):
    path = table()
    result = check(path.with_name("clip.npz"))
    assert "did you mean 'clips.npz'" in result.findings[0].what


def test_an_import_is_examined_by_its_name_with_every_file_checked(
    check, table, registries, tmp_path
):
    values = np.random.default_rng(0).normal(size=(14, 3))
    values[2] = np.nan
    path = table(audio=values, more=np.ones(14))
    place = {"home": tmp_path / "home", "registries": registries}
    folder = import_data("clips", path, nan="zero", leaky={"audio": "it was tuned"}, **place)
    result = check("clips")
    facts = result.facts
    assert (facts.dataset, facts.guessed, facts.imported["from"]) == (
        "clips",
        "its manifest",
        "clips.npz",
    )
    assert facts.imported["SHA-256 of the source"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.leaky == {"audio": "it was tuned"}
    notes = [found.what for found in result.of("note")]
    assert "not used: more" in notes and any("are set to 0" in note for note in notes)
    block = folder / "test" / "audio.npy"
    content = bytearray(block.read_bytes())
    content[-1] ^= 1
    before = block.stat()
    block.write_bytes(content)
    os.utime(block, ns=(before.st_atime_ns, before.st_mtime_ns))
    fault = check("clips").of("fault")[0]
    assert "test/audio.npy" in fault.what and "import the data again" in fault.what


def test_a_name_that_is_not_imported_is_a_fault_that_says_how(check):
    assert "mindkit data import clips PATH" in check("clips").findings[0].what


def test_a_simulated_folder_is_said_to_be_simulated(registries, check, tmp_path):
    class Made(Clips):
        def simulate(self, seed=0):
            column = Column.of_vectors(torch.randn(2, 3, generator=torch.manual_seed(seed)))
            splits = {
                name: Split([f"{name}{row}" for row in (0, 1)], {"audio": column}, torch.zeros(2))
                for name in SIZES
            }
            return Store("made", splits, "regression", simulated=True).with_digest()

    registries.datasets.add("made", Made)
    folder = simulate_data("made", tmp_path / "made", registries=registries)
    facts = check(folder).facts
    assert facts.imported["simulated"] == "yes" and facts.format == "folder"


def test_two_thousand_clips_take_about_a_second(check, tmp_path):
    random = np.random.default_rng(0)
    lengths = random.integers(1, 50, 2199)
    arrays = {}
    for name, width in (("audio", 74), ("vision", 47)):
        values = random.normal(size=(2199, 50, width)).astype("f4")
        values[np.arange(50) >= lengths[:, None]] = 0
        arrays[name] = values
    split = ["train"] * 1284 + ["valid"] * 229 + ["test"] * 686
    np.savez(tmp_path / "large.npz", label=random.normal(size=2199), split=split, **arrays)
    began = time.process_time()
    assert check(tmp_path / "large.npz").facts.columns["audio"].padding == "trailing"
    assert time.process_time() - began < 4  # processor time; a busy machine is given room


@cache
def sound_file(name):
    """The bytes of a small sound pickle of three splits, or of a small archive."""
    if name == "clips.npz":
        splits = [split for split, count in SIZES.items() for _ in range(count)]
        archive = io.BytesIO()
        np.savez(archive, label=np.zeros(14), split=splits, audio=np.ones((14, 3)))
        return archive.getvalue()
    parts = {}
    for split, count in SIZES.items():
        random = np.random.default_rng(count)
        parts[split] = {
            "raw_text": [f"word {row}" for row in range(count)],
            "id": [f"{split}$_${row}" for row in range(count)],
            "audio": random.normal(size=(count, 4, 3)).astype("f4"),
            "vision": random.normal(size=(count, 4, 2)).astype("f4"),
            "regression_labels": np.linspace(-3, 3, count),
        }
    return pickle.dumps(parts)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), name=st.sampled_from(["clips.pkl", "clips.npz"]))
def test_a_damaged_file_is_examined_or_said_to_be_damaged(data, name, tmp_path, registries):
    content = bytearray(sound_file(name))
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        place = data.draw(st.integers(0, len(content) - 1), "place")
        content[place] = data.draw(st.integers(0, 255), "byte")
    (tmp_path / name).write_bytes(content)
    result = check_data(tmp_path / name, home=tmp_path, registries=registries)
    json.dumps(result.as_dict(), allow_nan=False)
    assert result.facts.columns or not result.usable


def test_a_signalling_nan_is_counted_like_any_other(raw):
    odd = np.full((1, 3), np.float32(1))
    odd.view(np.uint32)[0, 0] = 0x7F800001  # which warns when it is compared or cast
    steps = [odd, *raw.parts["train"].features["audio"].values[1:]]
    spoil(raw, "train", audio=Feature("ragged", steps))
    (finding,) = [one for one in look(raw).findings if "NaN" in one.what]
    assert finding.where == "audio" and "1 " in finding.what
