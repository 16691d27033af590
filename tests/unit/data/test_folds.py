from pathlib import Path

import numpy as np
import pytest

from mindkit.data.folds import read_folds, refuse_other_folds
from mindkit.data.raw import Part, Raw
from mindkit.errors import DataError

FOLDS = {"a": "train", "b": "valid"}


def table(folder, *rows):
    (folder / "folds.csv").write_text("\n".join(["video_id,split", *rows]))
    return folder / "folds.csv"


def test_folds_are_read_from_a_table_by_their_usual_names(tmp_path):
    assert read_folds(table(tmp_path, "a,train", "b,dev", "a,train")) == FOLDS


def test_a_fold_of_another_name_is_refused(tmp_path):
    with pytest.raises(DataError, match="split 'tain' in row 1 is none; did you mean 'train'"):
        read_folds(table(tmp_path, "a,train", "b,tain"))


def test_a_video_in_two_folds_is_refused(tmp_path):
    with pytest.raises(DataError, match="video 'a' is in train, and in row 1 in test"):
        read_folds(table(tmp_path, "a,train", "a,test"))


def test_a_table_without_folds_is_refused(tmp_path):
    (tmp_path / "folds.csv").write_text("video,split\n")
    with pytest.raises(DataError, match="no array or column 'video_id'; did you mean 'video'"):
        read_folds(tmp_path / "folds.csv")


def test_columns_of_different_lengths_are_refused(tmp_path):
    np.savez(tmp_path / "folds.npz", video_id=np.array(["a"]), split=np.array(["train", "test"]))
    with pytest.raises(DataError, match=r"folds.npz has 1 videos, but 2 splits"):
        read_folds(tmp_path / "folds.npz")


def raw(videos):
    parts = {s: Part(list(v), np.zeros(len(v)), {}, v) for s, v in videos.items()}
    return Raw("pickle", "a pickle", [Path("toy.pkl")], parts)


def test_splits_that_are_those_of_the_folds_are_taken():
    refuse_other_folds(raw({"train": ["a", "a"], "valid": ["b"]}), FOLDS)


@pytest.mark.parametrize(
    ("videos", "where"),
    [({"test": ["b"]}, "the folds have it in valid"), ({"test": ["c"]}, "no spl")],
)
def test_other_splits_than_those_of_the_folds_are_refused(videos, where):
    with pytest.raises(DataError, match=f"is in test, but .*{where}"):
        refuse_other_folds(raw(videos), FOLDS)


def test_folds_cannot_be_held_against_samples_of_unknown_videos():
    unknown = Raw("pickle", "", [Path("toy.pkl")], {"train": Part(["a"], np.zeros(1), {})})
    with pytest.raises(DataError, match="does not say from which videos its samples are"):
        refuse_other_folds(unknown, FOLDS)
