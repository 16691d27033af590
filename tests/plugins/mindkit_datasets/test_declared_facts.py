"""What the data sets declare of themselves: facts that hold together."""

import re

import pytest

from mindkit.hooks import load_plugins
from mindkit.train.metrics import METRICS
from mindkit_datasets.meld import Meld
from mindkit_datasets.meld_sentiment import MeldSentiment
from mindkit_datasets.mintrec import Mintrec
from mindkit_datasets.mintrec2 import Mintrec2
from mindkit_datasets.mintrec_binary import MintrecBinary
from mindkit_datasets.mosei import Mosei
from mindkit_datasets.mosi import Mosi
from mindkit_datasets.mustard import Mustard
from mindkit_datasets.sims import Sims

SPLITS = {"train", "valid", "test"}
ENTRIES = [one for one in load_plugins().registries.datasets if one.plugin == "datasets"]
KNOWN = [pytest.param(one.load(), id=one.name) for one in ENTRIES if one.name != "custom"]


@pytest.mark.parametrize("dataset", KNOWN)
def test_metrics_are_known_and_for_the_task(dataset):
    assert dataset.metrics
    assert {METRICS[name].task for name in dataset.metrics} == {dataset.task}


@pytest.mark.parametrize("dataset", KNOWN)
def test_classes_go_with_outputs_and_other_names_with_classes(dataset):
    if dataset.task == "regression":
        assert (dataset.num_outputs, dataset.classes) == (1, ())
        assert dataset.label_range[0] == -dataset.label_range[1]
    else:
        assert dataset.num_outputs == len(set(dataset.classes)) and dataset.label_range is None
    assert set(dataset.label_names.values()) <= set(dataset.classes)


@pytest.mark.parametrize("dataset", KNOWN)
def test_every_copy_has_a_size_for_each_split_and_no_two_are_alike(dataset):
    copies = [dict(dataset.splits), *map(dict, dataset.counts.values())]
    assert all(set(sizes) == SPLITS for sizes in copies)
    assert len({tuple(sizes.values()) for sizes in copies}) == len(copies)


@pytest.mark.parametrize("dataset", KNOWN)
def test_known_files_are_told_by_a_sha256_in_small_letters(dataset):
    for digest in (*dataset.known_files, *dataset.known_leaks):
        assert re.fullmatch("[0-9a-f]{64}", digest)


def test_no_file_is_known_to_two_data_sets():
    digests = [d for entry in ENTRIES for d in entry.load().known_files]
    assert len(digests) == len(set(digests)) == 5


@pytest.mark.parametrize(
    ("dataset", "sizes"),
    [
        (Mosi, {"train": 52, "valid": 10, "test": 31}),
        (Mosei, {"train": 2244, "valid": 298, "test": 675}),
    ],
)
def test_folds_have_every_video_in_one_split(dataset, sizes):
    folds = dataset.folds()
    assert {split: list(folds.values()).count(split) for split in SPLITS} == sizes
    assert sum(sizes.values()) == len(folds)  # no video is in two lists


def test_a_data_set_without_official_folds_has_none():
    assert Sims.folds() == Meld.folds() == {}


def test_the_binary_task_of_mintrec_has_11_emotions_and_9_goals():
    names = MintrecBinary.label_names
    assert set(names) == set(Mintrec.classes)
    groups = list(names.values())
    assert (groups.count("Emotion"), groups.count("Goal")) == (11, 9)
    assert names["Care"] == "Emotion" and names["Comfort"] == "Goal"


def test_mintrec2_extends_the_intents_of_mintrec_by_ten():
    assert set(Mintrec.classes) < set(Mintrec2.classes)
    assert len(Mintrec2.classes) == 30 and list(Mintrec2.classes) == sorted(Mintrec2.classes)


def test_meld_has_one_table_for_two_tasks():
    assert dict(Meld.splits) == dict(MeldSentiment.splits)
    assert (Meld.columns["label"], MeldSentiment.columns["label"]) == ("emotion", "sentiment")


def test_each_of_the_five_folds_of_mustard_is_in_one_split():
    cells = [cell for several in Mustard.split_cells.values() for cell in several]
    assert sorted(cells) == list("01234")
    assert {s: 138 * len(c) for s, c in Mustard.split_cells.items()} == dict(Mustard.splits)
