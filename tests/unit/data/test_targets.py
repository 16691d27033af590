from pathlib import Path
from typing import ClassVar

import pytest

from mindkit.data.raw import Feature, Part, Raw
from mindkit.data.targets import labels_of, read_targets
from mindkit.errors import DataError
from mindkit.kinds import Dataset


class Groups(Dataset):
    task = "classification"
    num_outputs = 2
    classes = ("plain", "funny")
    label_names: ClassVar = {"pun": "funny", "remark": "plain"}


def raw(labels):
    ids = [f"t{number}" for number in range(len(labels))]
    text = {"text": Feature("text", ["word"] * len(labels))}
    parts = {split: Part([f"{split}{i}" for i in ids], labels, text) for split in ("valid", "test")}
    return Raw("table", "", [Path("toy.csv")], {"train": Part(ids, labels, text), **parts})


def test_other_names_of_a_class_stand_for_it_and_its_own_name_stays():
    whole = raw(["pun", "remark", "funny"])
    assert read_targets(whole, labels_of(whole), Groups).tolist() == [1, 0, 1] * 3


def test_a_name_that_stands_for_no_class_is_refused_as_it_was_written():
    whole = raw(["pun", "punn"])
    with pytest.raises(DataError, match=r"label 'punn' at sample 1 of train .* is no class"):
        read_targets(whole, labels_of(whole), Groups)
