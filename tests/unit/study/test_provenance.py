"""Where a table's numbers come from, in one line, and what its rows do not share."""

import json

import pytest

from mindkit.errors import MindkitError
from mindkit.study.provenance import Provenance, gather, read_environment

FOUND = {
    "stamps": [],
    "mindkit": "0.1.0",
    "commit": None,
    "python": "3.11.7",
    "platform": "Linux",
    "packages": {"torch": "2.10.0", "numpy": "2.4"},
    "device": "cpu",
    "precision": "float32",
    "threads": 2,
    "plugins": {"basics": None, "my.py": "ab" * 32},
    "data": {"digest": "12" * 32},
}


def test_an_environment_is_read_by_the_names_of_a_table(tmp_path):
    (tmp_path / "environment.json").write_text(json.dumps(FOUND))
    assert read_environment(tmp_path) == {
        "commit": "unknown",
        "data": "12" * 32,
        "device": "cpu",
        "precision": "float32",
        "mindkit": "0.1.0",
        "python": "3.11.7",
        "torch": "2.10.0",
        "numpy": "2.4",
        "plugin my.py": "ab" * 32,
    }


def test_a_folder_without_one_is_an_error_with_the_way_out(tmp_path):
    with pytest.raises(MindkitError, match=r"has no environment\.json; --fresh"):
        read_environment(tmp_path)


def test_rows_that_agree_have_nothing_to_say():
    one = {"commit": "a" * 40, "device": "cpu"}
    found = gather([("full", 1, one), ("full", 2, one), ("w/o cyr", 1, one)])
    assert found == Provenance({"commit": ("a" * 40,), "device": ("cpu",)}, (1, 2))


def test_each_fact_in_which_rows_differ_is_a_sentence():
    one, other = {"commit": "a" * 40, "device": "cpu"}, {"commit": "b" * 40, "device": "cpu"}
    found = gather([("full", 1, one), ("full", 2, other), ("w/o cyr", 1, other)])
    assert found.facts["commit"] == ("a" * 40, "b" * 40)
    expected = "Rows differ in commit: aaaaaaaaaa (full); bbbbbbbbbb (full, w/o cyr)."
    assert found.differences == (expected,)


@pytest.mark.parametrize(
    ("seeds", "words"),
    [((1,), "1"), ((1, 2), "1, 2"), ((1, 2, 3, 4), "1 to 4"), ((1, 2, 4), "1, 2, 4")],
)
def test_the_line_counts_seeds_and_shortens_hashes(seeds, words):
    found = Provenance(
        {"commit": ("a" * 40,), "data": ("b" * 64,), "device": ("cpu", "mps")}, seeds
    )
    line = f"seeds {words}, commit {'a' * 10}, data {'b' * 12}, device cpu or mps"
    assert found.line() == line
