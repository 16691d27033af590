"""Data of one's own: which task the labels tell, and a run on each kind."""

import csv
import random

import numpy as np
import pytest

import mindkit
from mindkit.data.importing import import_data, load_imported
from mindkit.errors import DataError
from mindkit_datasets.custom import Custom


def facts(labels):
    one = Custom.fitted(labels)
    return one.task, one.num_outputs, one.label_range, one.classes


def test_names_are_classes_in_alphabetical_order():
    assert facts(["no", "yes", "maybe"] * 3) == ("classification", 3, None, ("maybe", "no", "yes"))
    assert Custom.fitted(["no", "yes"] * 3).metrics[0] == "accuracy"


@pytest.mark.parametrize("labels", [[0, 1, 1], [0.0, 1.0], np.array([1, 0]), [True, False]])
def test_whole_numbers_from_0_without_a_gap_are_classes(labels):
    assert facts(list(labels)) == ("classification", 2, None, ("0", "1"))


@pytest.mark.parametrize(
    "labels",
    [
        [1, 2, 3],  # not from 0
        [0, 1, 3],  # with a gap
        [0, 1, 0.5],  # not whole
        [-1, 0, 1],  # negative
        list(range(21)),  # too many
        [0, 0, 0],  # one only
    ],
)
def test_other_numbers_are_a_scale_with_the_range_found(labels):
    assert facts(labels) == ("regression", 1, (min(labels), max(labels)), ())


def test_twenty_classes_may_go_by_their_numbers():
    assert facts(list(range(20)))[:2] == ("classification", 20)


def test_a_scale_of_both_signs_is_scored_as_sentiment_too():
    assert Custom.fitted([1.5, 2.5]).metrics == ("mae", "corr", "mse")
    assert "acc2_non0" in Custom.fitted([-1.5, 2.5]).metrics
    assert "acc2_non0" not in Custom.fitted([0, 2.5]).metrics


def test_numbers_that_are_not_finite_have_no_part_in_the_range():
    assert facts([1.0, float("nan"), float("inf"), 2.5])[2] == (1.0, 2.5)
    assert facts([float("nan")])[2] is None


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["1.5", "2.5", "n/a", "0.5"], "1 of 4 labels are no numbers, first 'n/a'"),
        (["yes", "no", "", "yes", "no", "no"], "1 of 6 labels are empty"),
        (["good film", "bad film", "dull"], "3 labels have 3 different names .'bad film', 'dull'"),
        (["yes"] * 5, "5 labels have 1 different names .'yes'"),
    ],
)
def test_labels_that_are_neither_classes_nor_a_scale_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        Custom.fitted(labels)


def test_the_data_set_itself_expects_nothing():
    assert (Custom.task, Custom.metrics, dict(Custom.splits)) == ("", (), {})
    assert Custom.fitted([1, 2]).__name__ == "Custom"


def table(path, label_of):
    """36 samples of words and three numbers, in the three splits."""
    draws = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "split", "text", "audio_0", "audio_1", "audio_2", "label"])
        for row in range(36):
            split = "train" if row < 20 else "valid" if row < 28 else "test"
            value = draws.uniform(-2, 2)
            word = "good" if value > 0 else "bad"
            audio = [value + draws.gauss(0, 1), draws.gauss(0, 1), 0.5 * value]
            rows.writerow([f"s{row}", split, f"it was {word}", *audio, label_of(value)])
    return path


@pytest.mark.parametrize(
    ("label_of", "metric", "range_of"),
    [
        (lambda value: round(value, 1), "mae", lambda low, high: -2 <= low < high <= 2),
        (lambda value: "pos" if value > 0 else "neg", "accuracy", None),
        (lambda value: int(value > 0), "accuracy", None),
    ],
    ids=["scale", "names", "numbers"],
)
def test_mind_trains_on_a_table_of_any_kind_of_labels(
    label_of, metric, range_of, small_mind, tmp_path, own_home
):
    path = table(tmp_path / "own.csv", label_of)
    import_data("custom", path)
    store = load_imported("custom")
    assert store.metrics[0] == metric
    if range_of:
        assert range_of(*store.label_range)
    for data in (None, str(path)):  # the imported copy, and the file itself
        settings = [s for s in small_mind if not s.startswith(("encoders.audio", "encoders.vis"))]
        settings += ["encoders.audio={type: vector}"]
        (run,) = mindkit.run(
            "mind",
            "custom",
            data=data,
            drop=["vision"],
            settings=settings,
            out=tmp_path / f"runs{data is None}",
            device="cpu",
        )
        assert run.selection["metric"] == metric and metric in run.test
        assert run.stamps == ()
