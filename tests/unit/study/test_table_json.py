"""A table comes back from JSON as it was."""

import json
import math
from dataclasses import replace

import pytest

from mindkit.errors import MindkitError
from mindkit.study.table_json import from_json, read_table, to_json


def test_a_table_comes_back_as_it_was(study_table):
    table = replace(study_table, rows=study_table.rows[:2])
    table = replace(table, rows=tuple(without_nan(row) for row in table.rows))
    assert from_json(to_json(table)) == table


def without_nan(row):
    """A row that equals itself."""
    known = {m: replace(c, p_seeds=0.5) for m, c in row.comparisons.items()}
    return replace(row, comparisons=known)


def test_what_is_not_a_number_is_null_and_comes_back(study_table):
    values = json.loads(to_json(study_table), parse_constant=pytest.fail)
    assert values["rows"][2]["summaries"]["f1_non0"]["mean"] is None
    again = from_json(to_json(study_table))
    assert math.isnan(again.row("[odd] *row*").summaries["f1_non0"].mean)
    assert math.isnan(again.row("third").comparisons["mae"].p_seeds)
    assert to_json(again) == to_json(study_table)


@pytest.mark.parametrize("effect", [math.inf, -math.inf])
def test_infinities_come_back(study_table, effect):
    row = study_table.row("third")
    comparison = replace(row.comparisons["mae"], effect=effect)
    table = replace(study_table, rows=(replace(row, comparisons={"mae": comparison}),))
    json.loads(to_json(table), parse_constant=pytest.fail)
    assert from_json(to_json(table)).rows[0].comparisons["mae"].effect == effect


def test_failures_come_back(study_table):
    again = from_json(to_json(study_table)).row("lost")
    assert again.failures == study_table.row("lost").failures
    assert again.parameters is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"provenance": {"facts": {}}}', "null"])
def test_another_file_is_an_error_that_says_which_would_do(tmp_path, text):
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(MindkitError, match=r"holds no table of a study; give the table\.json"):
        read_table(tmp_path / "table.json")


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MindkitError, match=r"no file .*table\.json"):
        read_table(tmp_path / "table.json")
