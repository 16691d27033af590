import numpy as np

from mindkit.data.recognising import outline


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
