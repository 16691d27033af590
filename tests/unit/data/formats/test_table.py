import numpy as np
import pytest
import torch

from mindkit.data.converting import convert
from mindkit.data.formats import table
from mindkit.data.formats.folder import read_folder
from mindkit.data.raw import Request
from mindkit.data.source import Source
from mindkit.errors import DataError
from mindkit.kinds import Dataset

N = 9


class Sentiment(Dataset):
    label_range = (-3.0, 3.0)


class Intent(Dataset):
    task = "classification"
    num_outputs = 3
    classes = ("Ask", "Agree", "Joke")


@pytest.fixture
def arrays():
    return {
        "id": np.array([f"v{i}" for i in range(N)]),
        "label": np.linspace(-3, 3, N).astype(np.float32),
        "split": np.array(["train"] * 5 + ["valid"] * 2 + ["test"] * 2),
        "audio": np.arange(N * 2.0).reshape(N, 2),
    }


def read(folder, arrays, dataset=Sentiment, *, file="toy.npz", nan="auto", **asked):
    """The table `file` of `folder`, written from `arrays`, as a store."""
    if file.endswith(".npz"):
        np.savez(folder / file, **arrays)
    request = Request(dataset, **asked)
    made = folder / f"made_{len(list(folder.iterdir()))}"
    made.mkdir()
    convert(table.read(Source(folder / file), request), dataset, "toy", made, nan=nan)
    return read_folder(made)


def refused(message, folder, arrays, *arguments, **options):
    with pytest.raises(DataError, match=message):
        read(folder, arrays, *arguments, **options)


def test_rows_go_to_their_split_in_order(tmp_path, arrays):
    store = read(tmp_path, arrays)
    assert store.splits["valid"].ids == ["v5", "v6"]
    assert torch.equal(
        store.splits["test"].columns["audio"].values, torch.tensor([[14.0, 15], [16, 17]])
    )
    assert torch.equal(store.splits["train"].target, torch.from_numpy(arrays["label"][:5]))
    assert store.source == "toy.npz" and len(store.digest) == 64


def test_rows_without_a_split_are_left_out_and_counted(tmp_path, arrays):
    arrays["split"][0] = ""
    arrays["label"][0] = np.nan
    store = read(tmp_path, arrays)
    assert len(store.splits["train"]) == 4
    assert "1 of 9 rows have no 'split' and are left out" in store.notes


def test_usual_names_of_splits_are_understood(tmp_path, arrays):
    arrays["split"][5:7] = "dev"
    assert len(read(tmp_path, arrays).splits["valid"]) == 2


def test_values_of_the_split_column_may_be_named(tmp_path, arrays):
    arrays["split"] = np.array([0] * 5 + [1] * 2 + [2] * 2)
    store = read(tmp_path, arrays, splits={"train": "0", "valid": ("1",), "test": ("2",)})
    assert len(store.splits["train"]) == 5


def test_padded_sequences_lose_zero_steps_at_both_ends_only(tmp_path, arrays):
    padded = np.zeros((N, 6, 2), np.float32)
    padded[:, 2:5] = 1
    padded[:, 3] = 0
    padded[8] = 0
    arrays["audio"] = padded
    store = read(tmp_path, arrays)
    column = store.splits["train"].columns["audio"]
    assert column.lengths.tolist() == [3] * 5
    assert column.values[:3].tolist() == [[1, 1], [0, 0], [1, 1]]
    assert store.splits["test"].columns["audio"].lengths.tolist() == [3, 1]


def ragged(arrays):
    lengths = np.array([1, 2, 3, 0, 2, 1, 1, 2, 2])
    arrays["offsets"] = np.concatenate([[0], lengths.cumsum()])
    arrays["audio"] = np.arange(14 * 2.0).reshape(14, 2) + 1
    arrays["words"] = np.array([f"w{i}" for i in range(14)])
    return arrays


def test_ragged_arrays_are_cut_by_their_offsets(tmp_path, arrays):
    store = read(tmp_path, ragged(arrays))
    train = store.splits["train"].columns
    assert train["text"].values == ["w0", "w1 w2", "w3 w4 w5", "", "w6 w7"]
    assert train["audio"].lengths.tolist() == [1, 2, 3, 1, 2]
    assert train["audio"].take(torch.tensor([3])).values.tolist() == [[0, 0]]
    assert train["audio"].take(torch.tensor([4])).values.tolist() == [[13, 14], [15, 16]]
    test = store.splits["test"].columns["audio"]
    assert test.values[:, 0].tolist() == [21, 23, 25, 27]


def test_empty_texts_are_noted(tmp_path, arrays):
    assert "text: 1 texts are empty, first row 3 (id v3)" in read(tmp_path, ragged(arrays)).notes


def test_offsets_that_fall_are_refused(tmp_path, arrays):
    arrays = ragged(arrays)
    arrays["offsets"][2] = 7
    refused("'offsets' must be 10 integers that start at 0 and never fall", tmp_path, arrays)


def test_class_names_become_numbers(tmp_path, arrays):
    arrays["label"] = np.array(["Joke", "Ask", "Agree"] * 3)
    store = read(tmp_path, arrays, Intent)
    assert store.splits["train"].target.tolist() == [2, 0, 1, 2, 0]
    assert store.splits["train"].target.dtype == torch.int64


def test_class_numbers_are_taken_as_they_are(tmp_path, arrays):
    arrays["label"] = np.array([[2], [0], [1]] * 3, dtype=np.int8)
    assert read(tmp_path, arrays, Intent).splits["valid"].target.tolist() == [1, 2]


def test_nan_is_refused_with_array_row_id_count_and_way_out(tmp_path, arrays):
    arrays["audio"][3, 1] = np.nan
    arrays["audio"][4] = -np.inf
    refused(
        r"3 values in 2 samples of array 'audio' are NaN or infinite, first at row 3 \(id v3\); "
        r".*--nan zero",
        tmp_path,
        arrays,
    )


def test_nan_may_be_set_to_zero_and_is_counted(tmp_path, arrays):
    arrays["audio"][3] = [np.nan, np.inf]
    store = read(tmp_path, arrays, nan="zero")
    assert store.splits["train"].columns["audio"].values[3].tolist() == [0, 0]
    assert any(note.startswith("2 values in 1 samples of array 'audio'") for note in store.notes)


def test_values_too_large_for_float32_count_as_infinite(tmp_path, arrays):
    arrays["audio"][0, 0] = 1e300
    refused("1 values in 1 samples of array 'audio'", tmp_path, arrays)


def test_nan_in_a_padded_sequence_names_its_sample(tmp_path, arrays):
    arrays["audio"] = np.ones((N, 3, 2))
    arrays["audio"][6, 1, 0] = np.nan
    refused(r"first at row 6 \(id v6\)", tmp_path, arrays)


def test_nan_in_a_ragged_sequence_names_its_sample(tmp_path, arrays):
    arrays = ragged(arrays)
    arrays["audio"][9, 0] = np.nan
    refused(r"first at row 6 \(id v6\)", tmp_path, arrays)


def test_labels_out_of_range_are_refused(tmp_path, arrays):
    arrays["label"][2] = 4
    refused(r"label 4 at row 2 \(id v2\) is outside \[-3, 3\] \(1 labels", tmp_path, arrays)


def test_nan_labels_are_refused(tmp_path, arrays):
    arrays["label"][2] = np.nan
    refused(r"label at row 2 \(id v2\) is nan .*empty split to leave them out", tmp_path, arrays)


def test_classes_out_of_range_are_refused(tmp_path, arrays):
    arrays["label"] = np.array([0, 1, 2, 3, 0, 0, 0, 0, 0])
    refused("label 3 at row 3 .* is no class from 0 to 2", tmp_path, arrays, Intent)


def test_half_a_class_is_refused(tmp_path, arrays):
    arrays["label"] = np.full(N, 0.5)
    refused("label 0.5 at row 0 .* is no class", tmp_path, arrays, Intent)


def test_an_unknown_class_is_named_with_the_nearest(tmp_path, arrays):
    arrays["label"] = np.array(["Jok"] * N)
    refused("label 'Jok' at row 0 .* is no class; did you mean 'Joke'", tmp_path, arrays, Intent)


def test_several_numbers_a_label_are_refused(tmp_path, arrays):
    arrays["label"] = np.zeros((N, 7))
    refused(r"\(label\) is float64 \(9, 7\); one number a row", tmp_path, arrays)


def test_labels_that_are_words_are_refused_for_regression(tmp_path, arrays):
    arrays["label"] = np.array(["good"] * N)
    refused(
        r"'label' holds 'good' in row 0 \(id v0\), which is no number \(9 of 9", tmp_path, arrays
    )


def test_arrays_of_another_length_are_refused(tmp_path, arrays):
    arrays["audio"] = arrays["audio"][:-1]
    refused("array 'audio' has 8 rows, but 'label' has 9", tmp_path, arrays)


def test_an_empty_split_is_refused_with_the_counts(tmp_path, arrays):
    arrays["split"][5:7] = "test"
    refused(r"the valid split is empty .*train 5, valid 0, test 4", tmp_path, arrays)


def test_an_unknown_split_is_refused(tmp_path, arrays):
    arrays["split"][3] = "tain"
    refused("'tain' in row 3 .*did you mean 'train'.*--split", tmp_path, arrays)


def test_an_unknown_name_for_a_split_is_refused(tmp_path, arrays):
    refused("no split 'vald'; did you mean 'valid'", tmp_path, arrays, splits={"vald": ("1",)})


def test_repeated_ids_are_refused(tmp_path, arrays):
    arrays["id"][4] = "v1"
    refused(r"id 'v1' occurs 2 times in column 'id' \(1 ids are repeated\)", tmp_path, arrays)


def test_ids_are_row_numbers_where_there_are_none(tmp_path, arrays):
    del arrays["id"]
    store = read(tmp_path, arrays)
    assert store.splits["valid"].ids == ["row5", "row6"]
    assert "no id column: ids are row numbers, counted from 0" in store.notes


def test_features_of_an_odd_shape_are_refused(tmp_path, arrays):
    arrays["audio"] = np.zeros(N)
    refused(r"'audio' \(audio\) has shape \(9,\); \(N, F\) vectors", tmp_path, arrays)


def test_features_that_are_no_numbers_are_refused(tmp_path, arrays):
    arrays["audio"] = np.zeros((N, 2), complex)
    refused("'audio' .* is complex128; numbers or text", tmp_path, arrays)


def test_an_unusual_number_of_samples_is_noted(tmp_path, arrays):
    class Usual(Sentiment):
        splits = {"train": 6, "valid": 2, "test": 2}  # noqa: RUF012

    assert "5/2/2 samples, where 6/2/2 are usual" in read(tmp_path, arrays, Usual).notes


def test_a_csv_gives_what_the_same_npz_gives(tmp_path, arrays):
    arrays["text"] = np.array([f"so {i}" for i in range(N)])
    rows = ["id,label,split,text,audio_0,audio_1"]
    for i in range(N):
        cells = [arrays["id"][i], repr(float(arrays["label"][i])), arrays["split"][i]]
        rows.append(",".join(map(str, [*cells, arrays["text"][i], *arrays["audio"][i]])))
    (tmp_path / "toy.csv").write_text("\n".join(rows))
    store = read(tmp_path, {}, file="toy.csv")
    assert store.digest == read(tmp_path, arrays).digest


@pytest.mark.parametrize("shape", [(9,), (9, 2, 3, 4)])
def test_an_array_of_another_shape_is_told_the_shapes_there_are(tmp_path, arrays, shape):
    arrays["audio"] = np.ones(shape, np.float32)
    refused(
        r"array 'audio' \(audio\) has shape .*; \(N, F\) vectors, \(N, L, F\) sequences",
        tmp_path,
        arrays,
    )


def test_an_array_without_width_is_refused(tmp_path, arrays):
    arrays["audio"] = np.ones((9, 0), np.float32)
    refused(r"'audio' \(audio\) has shape \(9, 0\), which holds no feature", tmp_path, arrays)


class Scored(Sentiment):
    columns = {"label": "score", "split": "part", "id": ""}  # noqa: RUF012
    split_cells = {"train": ("0", "1"), "valid": ("2",), "test": ("3",)}  # noqa: RUF012


def test_the_data_sets_own_names_and_cells_come_before_the_obvious_ones(tmp_path, arrays):
    arrays["score"] = np.arange(N) / 10
    arrays["part"] = np.array(list("001123323"))
    store = read(tmp_path, arrays, Scored)
    assert [len(store.splits[s]) for s in ("train", "valid", "test")] == [4, 2, 3]
    assert store.splits["train"].target.tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    assert store.splits["train"].ids == ["row0", "row1", "row2", "row3"]


def test_the_users_names_and_cells_come_before_the_data_sets_own(tmp_path, arrays):
    arrays["score"] = arrays["part"] = np.zeros(N)
    said = {"label": "label", "split": "split", "id": "id"}
    cells = {"train": ("train",), "valid": ("valid", "test"), "test": ("test",)}
    with pytest.raises(DataError, match="'test' cannot stand for two splits"):
        read(tmp_path, arrays, Scored, columns=said, splits=cells)
    store = read(tmp_path, arrays, Scored, columns=said)
    assert store.splits["valid"].ids == ["v5", "v6"]


def test_a_data_sets_own_names_are_passed_over_where_a_table_has_others(tmp_path, arrays):
    assert read(tmp_path, arrays, Scored).split_column == "split"


def test_several_cells_may_stand_for_one_split(tmp_path, arrays):
    arrays["split"] = np.array(list("000112233"))
    cells = {"train": ("0", "1"), "valid": ("2",), "test": ("3",)}
    assert len(read(tmp_path, arrays, splits=cells).splits["train"]) == 5


def test_a_split_that_is_not_named_keeps_its_usual_cells(tmp_path, arrays):
    usual = [len(read(tmp_path, arrays).splits[s]) for s in ("train", "valid", "test")]
    arrays["split"] = np.array(["tuning" if s == "valid" else s for s in arrays["split"]])
    store = read(tmp_path, arrays, splits={"valid": ("tuning",)})
    assert [len(store.splits[s]) for s in ("train", "valid", "test")] == usual


def test_videos_are_read_from_their_column(tmp_path, arrays):
    arrays["video_id"] = np.array([f"film{i // 3}" for i in range(N)])
    store = read(tmp_path, arrays)
    assert store.splits["valid"].videos == ["film1", "film2"]


def test_an_id_of_video_and_clip_leaves_the_video_known(tmp_path, arrays):
    del arrays["id"]
    arrays["video_id"] = np.array([f"film{i // 3}" for i in range(N)])
    arrays["clip"] = np.arange(N)
    split = read(tmp_path, arrays).splits["test"]
    assert split.ids == ["film2_7", "film2_8"] and split.videos == ["film2", "film2"]


FOLDS = {"film0": "train", "film1": "valid", "film2": "test"}


def test_without_a_column_of_splits_videos_go_where_the_folds_say(tmp_path, arrays):
    del arrays["split"]
    arrays["video_id"] = np.array([f"film{i // 2}" for i in range(N)])
    store = read(tmp_path, arrays, folds=FOLDS)
    assert store.splits["valid"].ids == ["v2", "v3"] and store.split_column == "folds"
    assert any("in that of its video ('video_id'), by the folds" in n for n in store.notes)
    left_out = "3 of 9 rows are left out: their 2 videos are in no fold, first 'film3'"
    assert left_out in store.notes


def test_a_column_of_splits_comes_before_the_folds(tmp_path, arrays):
    arrays["video_id"] = np.array(["film2"] * N)
    assert len(read(tmp_path, arrays, folds=FOLDS).splits["train"]) == 5


def test_folds_that_leave_a_split_empty_are_refused(tmp_path, arrays):
    del arrays["split"]
    arrays["video_id"] = np.array(["film0"] * N)
    refused(r"the valid split is empty \(train 9, valid 0", tmp_path, arrays, folds=FOLDS)


def test_folds_help_nothing_without_videos(tmp_path, arrays):
    del arrays["split"]
    refused("no column is recognised as the split", tmp_path, arrays, folds=FOLDS)


def test_a_modality_of_some_rows_is_left_out_unless_it_is_asked_for(tmp_path, arrays):
    arrays["text"] = np.ones((4, 3, 2))
    arrays["text_rows"] = np.arange(4)
    store = read(tmp_path, arrays)
    assert store.modalities == ("audio",)
    assert "'text' covers 4 of 9 rows only ('text_rows'), so text is left out" in store.notes
    refused("'text' has 4 rows, but 'label' has 9", tmp_path, arrays, columns={"text": "text"})


def test_where_only_some_rows_have_any_modality_nothing_can_be_learnt(tmp_path, arrays):
    arrays["audio"], arrays["audio_rows"] = arrays["audio"][:4], np.arange(4)
    refused("'audio' covers 4 of 9 rows .* no modality remains", tmp_path, arrays)


def test_word_aligned_steps_are_said_to_be_aligned(tmp_path, arrays):
    assert read(tmp_path, ragged(dict(arrays))).aligned is True
    assert read(tmp_path, arrays).aligned is None


def test_classes_whose_names_are_numbers_are_told_by_name(tmp_path, arrays):
    class Stars(Intent):
        classes = ("3", "2", "1")

    arrays["label"] = np.array(["1", "2", "3"] * 3)
    assert read(tmp_path, arrays, Stars).splits["valid"].target.tolist() == [0, 2]


def test_a_label_that_is_one_value_is_refused(tmp_path, arrays):
    arrays["label"] = np.array(3.0)
    refused("'label' is one value; one a row is needed", tmp_path, arrays)


def test_columns_that_form_an_array_are_not_called_unused(tmp_path):
    rows = [f"{split},{i},1,2,3" for i, split in enumerate(["train", "valid", "test"])]
    (tmp_path / "toy.csv").write_text("\n".join(["split,label,audio_0,audio_1,x_0", *rows]))
    assert "not used: x_0" in read(tmp_path, {}, file="toy.csv").notes
