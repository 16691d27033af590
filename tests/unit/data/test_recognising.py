import importlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from mindkit.data import formats
from mindkit.data.recognising import FORMATS, outline, recognise, titles
from mindkit.data.source import Source
from mindkit.errors import DataError


@pytest.mark.parametrize("name", FORMATS)
def test_every_reader_has_a_title_and_recognises_and_reads(name):
    module = importlib.import_module(FORMATS[name])
    assert module.TITLE and callable(module.recognises) and callable(module.read)


def test_every_reader_is_in_the_list():
    folder = Path(formats.__file__).parent
    readers = {p.stem for p in folder.glob("*.py") if "\nTITLE = " in p.read_text(encoding="utf-8")}
    assert readers == set(FORMATS) == {path.rpartition(".")[2] for path in FORMATS.values()}


def refused(path, *parts):
    with pytest.raises(DataError) as caught:
        recognise(Source(path))
    for part in (*parts, *titles()):
        assert part in str(caught.value)


def test_an_unknown_pickle_is_told_with_what_is_in_it_and_the_known_layouts(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"train": [1], "year": 2020}))
    refused(tmp_path / "a.pkl", "it holds a dict with train (list of 1), year (int); known are:")


def test_an_unknown_folder_is_told_with_its_files(tmp_path):
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    refused(tmp_path, "it holds a.txt, b.txt; known are:")


def test_an_empty_folder_is_told_to_be_empty(tmp_path):
    refused(tmp_path, "it holds no file")


def test_a_file_that_is_neither_a_table_nor_a_pickle_is_told_to_be_none(tmp_path):
    (tmp_path / "a.xlsx").write_text("hello")
    refused(tmp_path / "a.xlsx", "a.xlsx has no layout that is known; it is no pickle either")


def test_a_pickle_of_more_than_plain_data_is_refused_as_such(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(DataError, match="pathlib"):
        recognise(Source(tmp_path / "a.pkl"))


@pytest.mark.parametrize("name", ["a.npz", "A.CSV", "a.tsv"])
def test_a_table_is_told_by_its_name_and_not_opened(tmp_path, name):
    (tmp_path / name).write_text("anything")
    assert recognise(Source(tmp_path / name))[0] == "table"


def test_a_dict_is_outlined_by_its_keys_and_what_they_hold():
    data = {"train": {"id": 1}, "test": [1, 2], "audio": np.zeros((2, 3)), "year": 2020}
    assert outline(data) == (
        "a dict with train (dict of 1), test (list of 2), audio (array float64 (2, 3)), year (int)"
    )


def test_a_long_dict_is_cut():
    assert outline({str(key): key for key in range(30)}).endswith("7 (int) and 22 more")


def test_a_list_is_outlined_by_its_first_item():
    assert outline([(1, 2), 3]) == "a list of 2, the first tuple of 2"


def test_other_data_are_named_by_their_type():
    assert outline("x") == "str" and outline(np.zeros(3)) == "array float64 (3,)"
