"""Runs are compared by what differs: config with origins, environment, data."""

import json
import shutil

import pytest

import mindkit
from mindkit.errors import MindkitError
from mindkit.study.differences import differing, environment_differences, flat, in_words, same
from mindkit.study.folders import Setting


@pytest.fixture(scope="module")
def made(tiny_mosi, small_mind, tmp_path_factory):
    """Two finished runs that differ in their seed and a rate; nothing may change them."""
    out = tmp_path_factory.mktemp("made")
    same = {"data": str(tiny_mosi), "out": out, "device": "cpu"}
    first = mindkit.run("mind", "mosi", settings=small_mind, **same)
    changed = [*small_mind, "training.seed=1", "training.optimizer.rate=1e-4"]
    second = mindkit.run("mind", "mosi", settings=changed, **same)
    return first.runs[0].folder, second.runs[0].folder


def test_only_what_differs_is_there_with_value_and_origin(made):
    seed, rate = mindkit.diff_runs(*made)
    assert (seed.part, seed.path) == ("config", "training.seed")
    assert [one.value for one in seed.settings] == [3407, 1]
    assert [one.origin for one in seed.settings] == [
        "configs/training/default.yaml:6:3",
        "--set training.seed=1",
    ]
    assert (rate.path, [one.value for one in rate.settings]) == (
        "training.optimizer.rate",
        [3e-5, 1e-4],
    )


def test_a_run_does_not_differ_from_itself(made):
    assert mindkit.diff_runs(made[0], made[0]) == []


def test_environment_and_data_are_compared_too(made, tmp_path):
    other = shutil.copytree(made[0], tmp_path / "other")
    path = other / "environment.json"
    record = json.loads(path.read_text())
    digest = record["data"]["digest"]
    record["packages"]["torch"] = "1.0"
    record["plugins"]["mine.py"] = "abc"
    record["data"]["digest"] = "0" * 64
    path.write_text(json.dumps(record))
    found = mindkit.diff_runs(made[0], other)
    assert [(one.part, one.path) for one in found] == [
        ("environment", "packages.torch"),
        ("environment", "plugins.mine.py"),
        ("data", "data.digest"),
    ]
    assert [one.value for one in found[2].settings] == [digest, "0" * 64]
    assert found[1].settings == (None, Setting("abc"))


def test_a_run_that_does_not_say_was_made_alone():
    assert environment_differences([{"seeds_together": 1}, {}]) == []
    (found,) = environment_differences([{"seeds_together": 5}, {}])
    assert (found.part, found.path) == ("environment", "seeds_together")
    assert [one.value for one in found.settings] == [5, 1]


def test_a_path_that_one_of_three_lacks_differs():
    columns = [{"a": Setting(1), "b": Setting(2)}, {"a": Setting(1)}, {"a": Setting(1)}]
    (found,) = differing("config", columns)
    assert (found.path, found.settings) == ("b", (Setting(2), None, None))


def test_where_a_value_was_written_is_no_difference():
    assert differing("config", [{"a": Setting(1, "default")}, {"a": Setting(1, "--set a=1")}]) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, 2], [1, 2.0], True),
        ([1], [True], False),
        ([1], [1, 1], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_numbers_are_equal_by_value_and_kinds_are_kept_apart(one, other, expected):
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_nested_maps_become_dotted_paths_and_lists_stay_whole():
    assert flat({"a": {"b": [1, 2], "c": {}}, "d": None}) == {
        "a.b": Setting([1, 2]),
        "a.c": Setting({}),
        "d": Setting(None),
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [("mae", "mae"), (True, "true"), (None, "null"), (1e-5, "1e-05"), (["é"], '["é"]')],
)
def test_values_are_said_on_one_line(value, words):
    assert in_words(value) == words


def test_one_run_cannot_be_compared(made):
    with pytest.raises(MindkitError, match="name two or more to compare"):
        mindkit.diff_runs(made[0])


def test_a_folder_that_is_no_run_is_named(made, tmp_path):
    with pytest.raises(MindkitError, match="holds no run; `mindkit runs "):
        mindkit.diff_runs(made[0], tmp_path)
    with pytest.raises(MindkitError, match=r"no folder .*absent"):
        mindkit.diff_runs(made[0], tmp_path / "absent")
