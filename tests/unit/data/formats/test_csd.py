import builtins
import weakref

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mindkit
from mindkit.data.formats import csd
from mindkit.data.formats.csd_sequence import CsdSequence
from mindkit.data.importing import import_data, load_imported
from mindkit.data.raw import Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError
from mindkit.kinds import Dataset

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install mindkit[csd]")

FOLDS = {"aa": "train", "bb": "train", "cc": "valid", "dd": "test"}


def write(folder, name, root, entries):
    """Write key -> (features, intervals) as one computational sequence of the SDK."""
    with h5py.File(folder / f"{name}.csd", "w") as file:
        file.create_dataset(f"{root}/metadata/root name", data=np.array([f'"{root}"'], "S"))
        file.create_group(f"{root}/data")
        for key, (features, intervals) in entries.items():
            file.create_dataset(f"{root}/data/{key}/features", data=features)
            file.create_dataset(f"{root}/data/{key}/intervals", data=intervals)


def spans(random, count, end, gaps=False):
    """Intervals that follow each other up to `end` seconds, with gaps between some."""
    cuts = np.sort(random.uniform(0, end, 2 * count if gaps else count + 1))
    return cuts.reshape(-1, 2) if gaps else np.stack([cuts[:-1], cuts[1:]], 1)


def sequences(seed=0, videos=tuple(FOLDS), columns=7):
    """Role -> key -> features and intervals: some words are pauses, some lie in no frame."""
    random = np.random.default_rng(seed)
    made = {role: {} for role in ("words", "audio", "vision", "label")}
    for video in videos:
        words = random.choice(["so", "we", "saw", "films", "sp"], (12, 1)).astype("S32")
        words[3] = b"good"
        made["words"][video] = words, spans(random, 12, 10)
        made["audio"][video] = random.normal(size=(90, 5)).astype("f4"), spans(random, 90, 10)
        vision = random.normal(size=(14, 4)).astype("f8")
        made["vision"][video] = vision, spans(random, 14, 10, gaps=True)
        labels = random.uniform(-3, 3, (3, columns)).astype("f4")
        made["label"][video] = labels, spans(random, 3, 10, gaps=True)
    return made


def written(folder, made, names=None):
    names = {
        "words": ("CMU_MOSI_TimestampedWords", "words"),
        "audio": ("CMU_MOSI_COVAREP", "COVAREP"),
        "vision": ("CMU_MOSI_Visual_Facet_41", "FACET_4.1"),
        "label": ("CMU_MOSI_Opinion_Labels", "Opinion Segment Labels"),
        **(names or {}),
    }
    for role, entries in made.items():
        write(folder, *names[role], entries)
    return folder


def read(folder, folds=FOLDS, **columns):
    return csd.read(Source(folder), Request(Dataset, columns, {}, folds))


def refused(folder, message, folds=FOLDS, **columns):
    with pytest.raises(DataError, match=message):
        read(folder, folds, **columns)


def reference(made, video):
    """The rule of the SDK, written out with a loop over every word and every entry of a stream."""
    samples = {}
    words, word_spans = made["words"][video]
    for number, (label_start, label_end) in enumerate(made["label"][video][1]):
        texts, steps = [], {"audio": [], "vision": []}
        for word, (start, end) in zip(words[:, 0], word_spans, strict=True):
            if end - start < 1e-5 or word == b"sp":
                continue
            if min(end, label_end) - max(start, label_start) < 1e-5:
                continue
            texts.append(word.decode())
            for role, means in steps.items():
                inside = []
                for value, (first, last) in zip(*made[role][video], strict=True):
                    clipped = max(first, start), min(last, end)
                    if clipped[1] - clipped[0] >= 1e-5:
                        inside.append([0 if not np.isfinite(x) else float(x) for x in value])
                width = made[role][video][0].shape[1]
                means.append(
                    [sum(row[d] for row in inside) / len(inside) for d in range(width)]
                    if inside
                    else [0.0] * width
                )
        if texts:
            samples[f"{video}[{number}]"] = (" ".join(texts), steps)
    return samples


def equal_to_reference(raw, made):
    for split, part in raw.parts.items():
        expected = {}
        for video in (v for v in made["label"] if FOLDS.get(v) == split):
            expected |= reference(made, video)
        assert part.ids == list(expected)
        texts, steps = zip(*expected.values(), strict=True)
        assert list(part.features["text"].values) == list(texts)
        for role in ("audio", "vision"):
            for got, want in zip(part.features[role].values, steps, strict=True):
                assert np.allclose(got, want[role], atol=1e-6)
    return True


@pytest.mark.parametrize("seed", range(5))
def test_words_and_labels_are_aligned_as_a_loop_over_all_entries_does(tmp_path, seed):
    made = sequences(seed)
    raw = read(written(tmp_path, made))
    assert set(raw.parts) == {"train", "valid", "test"} and raw.aligned
    assert equal_to_reference(raw, made)


def test_entries_that_overlap_each_other_and_stand_in_any_order_are_averaged_alike(tmp_path):
    made = sequences()
    random = np.random.default_rng(1)
    starts = random.uniform(0, 10, 40)
    for video in FOLDS:
        values = random.normal(size=(40, 5))
        made["audio"][video] = values, np.stack([starts, starts + random.uniform(0, 3, 40)], 1)
    assert equal_to_reference(read(written(tmp_path, made)), made)


def test_words_stand_in_the_order_of_time(tmp_path):
    made = sequences(videos=("aa",))
    words = np.array([[b"three"], [b"one"], [b"two"]])
    made["words"]["aa"] = words, np.array([[2.0, 3], [0, 1], [1, 2]])
    made["label"]["aa"] = np.ones((1, 1)), np.array([[0.0, 10]])
    part = read(written(tmp_path, made)).parts["train"]
    assert part.features["text"].values == ["one two three"]


def one_video(words, labels, audio):
    """Sequences of the video aa: intervals of words, labels and frames, frame t being worth t."""
    return {
        "words": {"aa": (np.array([[b"w%d" % i] for i in range(len(words))]), np.array(words))},
        "label": {"aa": (np.arange(len(labels), dtype="f4").reshape(-1, 1), np.array(labels))},
        "audio": {"aa": (np.arange(len(audio), dtype="f4").reshape(-1, 1), np.array(audio))},
    }


def test_a_frame_counts_as_a_whole_however_little_of_it_is_in_the_word(tmp_path):
    made = one_video([[0, 1.0]], [[0, 1.0]], [[0, 0.9], [0.9, 5.0], [5.0, 6.0]])
    values = read(written(tmp_path, made)).parts["train"].features["audio"].values
    assert values[0].tolist() == [[0.5]]


def test_a_frame_that_only_touches_a_word_is_no_part_of_it(tmp_path):
    made = one_video([[0, 1.0], [1.0, 2.0]], [[0, 2.0]], [[0, 1.0], [1.0 - 1e-9, 2.0]])
    values = read(written(tmp_path, made)).parts["train"].features["audio"].values
    assert values[0].tolist() == [[0.0], [1.0]]


def test_words_of_no_length_are_left_out(tmp_path):
    made = one_video([[0, 1.0], [1.0, 1.0 + 9e-6], [1.5, 2.0]], [[0, 2.0]], [[0, 2.0]])
    assert read(written(tmp_path, made)).parts["train"].features["text"].values == ["w0 w2"]


def test_words_and_frames_of_no_finite_time_are_left_out(tmp_path):
    nan, inf = np.nan, np.inf
    made = one_video([[0, 1.0], [nan, 2.0], [inf, inf]], [[0, 9.0]], [[0, 1.0], [nan, 1.0]])
    features = read(written(tmp_path, made)).parts["train"].features
    assert features["text"].values == ["w0"]
    assert features["audio"].values[0].tolist() == [[0.0]]


def test_a_word_on_the_border_of_two_labels_belongs_to_both(tmp_path):
    made = one_video([[0, 1.0], [1.0, 3.0]], [[0, 2.0], [2.0, 4.0]], [[0, 4.0]])
    part = read(written(tmp_path, made)).parts["train"]
    assert part.ids == ["aa[0]", "aa[1]"]
    assert part.features["text"].values == ["w0 w1", "w1"]


def test_a_label_without_a_word_is_dropped_and_keeps_its_number(tmp_path):
    made = one_video([[0, 1.0], [5.0, 6.0]], [[0, 1.0], [2.0, 3.0], [5.0, 6.0]], [[0, 9.0]])
    raw = read(written(tmp_path, made))
    assert raw.parts["train"].ids == ["aa[0]", "aa[2]"]
    assert raw.parts["train"].labels.tolist() == [0, 2]
    assert [(d.split, d.count, d.reason) for d in raw.drops] == [("train", 1, csd.NO_WORD)]


def test_pauses_leave_with_their_frames(tmp_path):
    made = one_video([[0, 1.0], [1.0, 2.0], [2.0, 3.0]], [[0, 3.0]], [[0, 1.0], [1, 2.0], [2, 3.0]])
    made["words"]["aa"][0][1] = b"sp"
    part = read(written(tmp_path, made)).parts["train"]
    assert part.features["text"].values == ["w0 w2"]
    assert part.features["audio"].values[0].tolist() == [[0.0], [2.0]]


def test_words_without_a_frame_are_zeros_and_counted(tmp_path):
    made = one_video([[0, 1.0], [7.0, 8.0]], [[0, 9.0]], [[6.0, 6.5], [0, 1.0]])
    raw = read(written(tmp_path, made))
    assert raw.parts["train"].features["audio"].values[0].tolist() == [[1.0], [0.0]]
    assert "1 of 2 words have no entry in CMU_MOSI_COVAREP, and are 0 there" in raw.notes


def test_infinities_count_as_zero_in_means_and_are_counted(tmp_path):
    made = sequences()
    made["audio"]["aa"][0][:, 2] = -np.inf
    made["audio"]["bb"][0][5, 1] = np.nan
    raw = read(written(tmp_path, made))
    assert equal_to_reference(raw, made)
    assert "91 values of CMU_MOSI_COVAREP are NaN or infinite, and count as 0 in the means" in (
        raw.notes
    )


@pytest.mark.parametrize("columns", [1, 7])
def test_the_label_is_the_first_column(tmp_path, columns):
    made = sequences(columns=columns)
    part = read(written(tmp_path, made)).parts["valid"]
    rows = [int(key[3:-1]) for key in part.ids]
    assert np.array_equal(part.labels, made["label"]["cc"][0][rows, 0])


def test_samples_go_to_the_split_of_their_video(tmp_path):
    raw = read(written(tmp_path, sequences()))
    assert {s: set(p.videos) for s, p in raw.parts.items()} == {
        "train": {"aa", "bb"},
        "valid": {"cc"},
        "test": {"dd"},
    }


def test_videos_in_no_fold_are_dropped_with_all_their_labels(tmp_path):
    raw = read(written(tmp_path, sequences()), {"aa": "train", "cc": "valid", "dd": "test"})
    assert [(d.split, d.count, d.reason) for d in raw.drops][:1] == [
        ("", 3, "the video is in no fold")
    ]


def test_videos_missing_from_a_sequence_are_dropped_with_all_their_labels(tmp_path):
    made = sequences()
    del made["vision"]["bb"]
    raw = read(written(tmp_path, made))
    assert set(raw.parts["train"].videos) == {"aa"}
    reason = "CMU_MOSI_Visual_Facet_41.csd lacks the video"
    assert ("train", 3, reason) in [(d.split, d.count, d.reason) for d in raw.drops]


def test_videos_without_labels_are_counted(tmp_path):
    made = sequences()
    del made["label"]["bb"]
    assert (
        "1 keys of CMU_MOSI_TimestampedWords have no label" in read(written(tmp_path, made)).notes
    )


def test_without_folds_the_message_says_how_to_name_them(tmp_path):
    refused(written(tmp_path, sequences()), "name them with --folds", folds={})


def test_folds_of_another_data_set_are_refused(tmp_path):
    message = "no sample is left .12 samples: the video is in no fold.; check"
    refused(written(tmp_path, sequences()), message, folds={"xx": "train"})


@pytest.mark.parametrize(
    ("role", "file", "root"),
    [
        ("words", "CMU_MOSEI_TimestampedWords", "words"),
        ("words", "x", "words"),
        ("label", "CMU_MOSEI_Labels", "All Labels"),
        ("label", "CMU_MOSEI_LabelsSentiment", "Sentiment Labels"),
        ("label", "x", "Opinion Segment Labels"),
        ("vision", "CMU_MOSI_VisualFacet_4.1", "FACET_4.1"),
        ("vision", "CMU_MOSI_Visual_OpenFace_2", "OpenFace_2"),
        ("vision", "CMU_MOSEI_VisualFacet42", "FACET 4.2"),
        ("audio", "CMU_MOSEI_COVAREP", "COAVAREP"),
        ("audio", "x", "COAVAREP"),
        ("audio", "CMU_MOSI_openSMILE_IS09", "OpenSMILE"),
    ],
)
def test_roles_are_told_by_the_names_in_use(tmp_path, role, file, root):
    raw = read(written(tmp_path, sequences(), {role: (file, root)}))
    assert raw.roles[{"words": "text"}.get(role, role)] == file
    assert not raw.unused


def test_what_plays_no_role_is_unused(tmp_path):
    made = sequences()
    folder = written(tmp_path, made)
    write(folder, "CMU_MOSI_TimestampedPhones", "phoneme", made["words"])
    write(folder, "CMU_MOSI_TimestampedWordVectors", "glove_vectors", made["audio"])
    write(folder, "CMU_MOSEI_LabelsEmotions", "Emotion Labels", made["label"])
    assert read(folder).unused == [
        "CMU_MOSEI_LabelsEmotions",
        "CMU_MOSI_TimestampedPhones",
        "CMU_MOSI_TimestampedWordVectors",
    ]


def test_two_sequences_for_one_role_are_refused_and_can_be_chosen(tmp_path):
    made = sequences()
    folder = written(tmp_path, made)
    write(folder, "CMU_MOSI_Visual_Facet_42", "FACET_4.2", made["audio"])
    refused(
        folder, "Facet_41.csd and .*Facet_42.csd could each be vision; choose one with --column"
    )
    raw = read(folder, vision="CMU_MOSI_Visual_Facet_42")
    assert raw.parts["test"].features["vision"].values[0].shape[1] == 5
    assert raw.parts["test"].features["vision"].provenance == "FACET_4.2, mean over the word"
    assert read(folder, vision="FACET_4.1").roles["vision"] == "CMU_MOSI_Visual_Facet_41"


def test_a_role_can_be_left_out(tmp_path):
    raw = read(written(tmp_path, sequences()), audio="")
    assert list(raw.parts["train"].features) == ["text", "vision"]
    assert raw.unused == ["CMU_MOSI_COVAREP"]


def test_vectors_of_words_can_stand_beside_the_words(tmp_path):
    made = sequences()
    folder = written(tmp_path, made)
    vectors = {
        video: (np.arange(len(s) * 3.0).reshape(-1, 3), s)
        for video, (_, s) in made["words"].items()
    }
    write(folder, "CMU_MOSI_TimestampedWordVectors", "glove_vectors", vectors)
    part = read(folder, text_states="glove_vectors").parts["train"]
    assert [len(v) for v in part.features["text_states"].values] == [
        len(text.split()) for text in part.features["text"].values
    ]


def test_vectors_of_words_are_the_text_where_there_are_no_words(tmp_path):
    made = sequences()
    vectors = {
        video: (np.arange(len(s) * 3.0).reshape(-1, 3), s)
        for video, (_, s) in made["words"].items()
    }
    named = {"words": ("CMU_MOSI_TimestampedWordVectors", "glove_vectors")}
    raw = read(written(tmp_path, made | {"words": vectors}, named))
    feature = raw.parts["valid"].features["text"]
    assert feature.kind == "ragged" and feature.values[0].shape[1] == 3
    assert any("`text` is CMU_MOSI_TimestampedWordVectors; pauses cannot" in n for n in raw.notes)


def test_words_and_labels_are_needed(tmp_path):
    made = sequences()
    labels = made.pop("label")
    refused(
        written(tmp_path, made), "no sequence is recognised as the label among .*--column label"
    )
    (tmp_path / "CMU_MOSI_TimestampedWords.csd").unlink()
    write(tmp_path, "CMU_MOSI_Labels", "l", labels)
    refused(tmp_path, "recognised as the text among CMU_MOSI_COVAREP.csd, .*--column text=NAME")


def test_misspelt_roles_and_names_are_answered_with_the_nearest(tmp_path):
    folder = written(tmp_path, sequences())
    refused(folder, "no role 'visoin' for a sequence; did you mean 'vision'", visoin="x")
    refused(
        folder, "called 'CMU_MOSI_COVARP'; did you mean 'CMU_MOSI_COVAREP'", audio="CMU_MOSI_COVARP"
    )


def test_words_may_be_strings_of_any_length_in_one_axis(tmp_path):
    made = sequences()
    expected = read(written(tmp_path, made)).parts["train"].features["text"].values
    strings = {
        video: (np.array([w.decode() for w in words[:, 0]], h5py.string_dtype()), s)
        for video, (words, s) in made["words"].items()
    }
    got = read(written(tmp_path, made | {"words": strings})).parts["train"].features["text"].values
    assert got == expected


def aligned_by_reference(made):
    """The sequences as the SDK writes them after alignment: keys video[k], one step a word."""
    done = {role: {} for role in made}
    for video in made["label"]:
        for key, (text, steps) in reference(made, video).items():
            number = int(key[len(video) + 1 : -1])
            words = np.array([[word] for word in text.split()], "S32")
            times = np.tile(made["label"][video][1][number], (len(words), 1))
            done["words"][key] = words, times
            done["label"][key] = made["label"][video][0][[number]], times[:1]
            for role in ("audio", "vision"):
                done[role][key] = np.array(steps[role], "f4"), times
    return done


def test_sequences_that_are_aligned_already_are_taken_as_they_are(tmp_path):
    made = sequences()
    raw = read(written(tmp_path, aligned_by_reference(made)))
    assert raw.layout == "CMU SDK sequences, aligned to labels already"
    assert equal_to_reference(raw, made)
    assert raw.parts["test"].videos == ["dd"] * len(raw.parts["test"])


def test_pauses_leave_aligned_sequences_too(tmp_path):
    done = aligned_by_reference(sequences())
    key = next(k for k, (words, _) in done["words"].items() if k[:2] == "aa" and len(words) > 1)
    done["words"][key][0][0] = b"sp"
    part = read(written(tmp_path, done)).parts["train"]
    row = part.ids.index(key)
    assert len(part.features["audio"].values[row]) == len(done["words"][key][0]) - 1
    assert np.array_equal(part.features["audio"].values[row], done["audio"][key][0][1:])


def test_segments_are_in_the_order_of_their_numbers(tmp_path):
    one = np.array([[0.0, 1.0]])
    keys = ["aa[10]", "aa[9]", "bb[0]"]
    made = {
        "words": {key: (np.array([[b"w"]]), one) for key in keys},
        "label": {key: (np.ones((1, 1)), one) for key in keys},
    }
    assert read(written(tmp_path, made)).parts["train"].ids == ["aa[9]", "aa[10]", "bb[0]"]


def test_aligned_segments_of_uneven_length_are_dropped_and_counted(tmp_path):
    done = aligned_by_reference(sequences())
    key = next(k for k in done["vision"] if k[:2] == "aa")
    values, times = done["vision"][key]
    done["vision"][key] = np.tile(values, (2, 1)), np.tile(times, (2, 1))
    raw = read(written(tmp_path, done))
    assert key not in raw.parts["train"].ids
    drops = [(d.split, d.count, d.reason) for d in raw.drops]
    assert drops == [("train", 1, "sequences have different numbers of steps")]


def test_aligned_values_that_are_not_finite_are_left_to_the_import(tmp_path):
    done = aligned_by_reference(sequences())
    key = next(k for k in done["audio"] if k[:2] == "aa")
    done["audio"][key][0][0, 0] = -np.inf
    part = read(written(tmp_path, done)).parts["train"]
    assert part.features["audio"].values[part.ids.index(key)][0, 0] == -np.inf


def test_a_mixture_of_aligned_and_other_sequences_is_refused(tmp_path):
    made = sequences()
    done = aligned_by_reference(made)
    refused(
        written(tmp_path, done | {"label": made["label"]}),
        "COVAREP.csd, .* is aligned to labels already, .* but CMU_MOSI_Opinion_Labels.csd is not",
    )


def test_arrays_of_one_video_at_most_are_held(tmp_path, monkeypatch):
    folder = written(tmp_path, sequences(videos=[f"v{i}" for i in range(8)]))
    stored, alive = [], []
    entries = CsdSequence.numbers

    def watched(self, key):
        alive.append({other for other, array in stored if array() is not None} - {key})
        values, intervals = entries(self, key)
        stored.append((key, weakref.ref(values)))
        return values, intervals

    monkeypatch.setattr(CsdSequence, "numbers", watched)
    assert len(read(folder, {f"v{i}": "train" for i in range(8)}).parts["train"]) > 8
    assert len(alive) == 24 and not any(alive)


def imported(folder, registries):
    """Import the folder as MOSI with the folds of the tests, and return the imported folder."""
    rows = "".join(f"{video},{split}\n" for video, split in FOLDS.items())
    (folder / "folds.csv").write_text("video_id,split\n" + rows, encoding="utf-8")
    home = folder / "home"
    return import_data("mosi", folder, folds=folder / "folds.csv", home=home, registries=registries)


def test_an_import_holds_the_very_numbers(tmp_path, registries):
    made = sequences()
    imported(written(tmp_path, made), registries)
    store = load_imported("mosi", tmp_path / "home")
    for split in ("train", "valid", "test"):
        part, expected = store.splits[split], {}
        for video in (v for v in FOLDS if FOLDS[v] == split):
            expected |= reference(made, video)
        assert part.ids == list(expected)
        batch = part.batch(torch.arange(len(part)), ["audio", "vision"])
        for row, (text, steps) in enumerate(expected.values()):
            assert part.columns["text"].values[row] == text
            for role, values in steps.items():
                mask = batch.masks[role][row]
                got = batch.features[role][row]
                assert np.allclose(got[mask].numpy(), values, atol=1e-6)
                assert mask.sum() == len(values) and not got[~mask].any()


def test_a_run_trains_on_the_folder(tmp_path, registries, small_mind, own_home):
    results = mindkit.run(
        "mind",
        "mosi",
        data=str(imported(written(tmp_path, sequences()), registries)),
        settings=[*small_mind, "training.drop_last=false"],
        out=tmp_path / "runs",
        device="cpu",
    )
    assert results.test["mae"] > 0


def test_a_folder_or_file_is_recognised_by_the_suffix(tmp_path):
    folder = written(tmp_path, sequences())
    assert csd.recognises(Source(folder))
    assert csd.recognises(Source(folder / "CMU_MOSI_COVAREP.csd"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.npz").touch()
    assert not csd.recognises(Source(other)) and not csd.recognises(Source(other / "a.npz"))


def test_a_sequence_alone_is_refused_with_the_next_action(tmp_path):
    folder = written(tmp_path, sequences())
    refused(folder / "CMU_MOSI_COVAREP.csd", "is one sequence; name the folder that holds it")


def test_without_h5py_the_message_says_what_to_install(tmp_path, monkeypatch):
    folder = written(tmp_path, sequences())
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    refused(folder, r'pip install "mindkit\[csd\]"')


def test_a_damaged_file_is_named(tmp_path):
    folder = written(tmp_path, sequences())
    path = folder / "CMU_MOSI_COVAREP.csd"
    path.write_bytes(path.read_bytes()[:3000])
    refused(folder, "CMU_MOSI_COVAREP.csd is damaged .*copy it anew")
    path.write_bytes(b"no HDF5 at all")
    refused(folder, "CMU_MOSI_COVAREP.csd is damaged")


def replaced(folder, path, **dataset):
    with h5py.File(folder / "CMU_MOSI_COVAREP.csd", "a") as file:
        del file[path]
        if dataset:
            file.create_dataset(path, **dataset)


@pytest.mark.parametrize(
    ("path", "dataset", "message"),
    [
        ("COVAREP/data", {}, "COVAREP.csd: no 'data' where a sequence"),
        ("COVAREP/data/aa/features", {}, "no 'features' where"),
        ("COVAREP/data/aa/features", {"data": np.ones(())}, "are float64; numbers are needed"),
        ("COVAREP/data/aa/features", {"data": np.ones((90, 0))}, r"shape \(90, 0\), so no column"),
        ("COVAREP/data/aa/features", {"data": np.full((90, 1), b"x")}, "numbers are needed"),
        ("COVAREP/data/aa/features", {"data": np.ones((80, 5))}, "but there are 80 features"),
        ("COVAREP/data/aa/intervals", {"data": np.ones((90, 3))}, r"float64 \(90, 3\)"),
        ("COVAREP/data/aa", {"data": np.ones(3)}, "no 'features' where"),
    ],
)
def test_what_is_not_laid_out_as_a_sequence_is_named(tmp_path, path, dataset, message):
    folder = written(tmp_path, sequences())
    replaced(folder, path, **dataset)
    refused(folder, message)


def test_words_that_are_not_one_string_an_interval_are_refused(tmp_path):
    made = sequences()
    words, times = made["words"]["aa"]
    made["words"]["aa"] = np.tile(words, (1, 2)), times
    refused(written(tmp_path, made), r"\(12, 2\); one string for each of 12 intervals")


def test_an_array_that_claims_more_than_any_video_has_is_not_read(tmp_path):
    folder = written(tmp_path, sequences())
    replaced(folder, "COVAREP/data/aa/features", shape=(10**12, 74), dtype="f4", chunks=(100, 74))
    refused(folder, "claims 296000000000000 bytes, which no video has")


def test_words_that_claim_one_long_string_many_times_are_not_read(tmp_path):
    made = one_video([[0, 1.0]] * 40_000, [[0, 1.0]], [[0, 1.0]])
    made["words"]["aa"] = np.full((40_000, 1), b"x" * 500), made["words"]["aa"][1]
    refused(written(tmp_path, made), "'aa' has more than 100000 words")


@pytest.mark.parametrize("link", ["soft", "external", "storage"])
def test_links_to_elsewhere_are_refused(tmp_path, link):
    folder = written(tmp_path, sequences())
    (tmp_path / "secret").write_bytes(bytes(90 * 5 * 4))
    with h5py.File(folder / "CMU_MOSI_COVAREP.csd", "a") as file:
        group = file["COVAREP/data/aa"]
        del group["features"]
        if link == "soft":
            group["features"] = h5py.SoftLink("/COVAREP/data/bb/features")
        elif link == "external":
            group["features"] = h5py.ExternalLink("other.csd", "/x")
        else:
            group.create_dataset(
                "features", (90, 5), "f4", external=[(str(tmp_path / "secret"), 0, 1800)]
            )
    refused(folder, "'features' of 'aa' is no array of this file|'features' is a link")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), role=st.sampled_from(["COVAREP", "TimestampedWords"]))
def test_a_mutated_file_is_read_or_refused(tmp_path_factory, seed, role):
    folder = written(tmp_path_factory.mktemp("mutated"), sequences(videos=("aa", "cc")))
    path = folder / f"CMU_MOSI_{role}.csd"
    content = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(content), random.integers(1, 20)):
        content[place] = random.integers(256)
    path.write_bytes(content[: random.integers(1, len(content) + 1)] if seed % 4 == 0 else content)
    try:
        assert isinstance(read(folder), Raw)
    except DataError as error:
        assert str(error)
