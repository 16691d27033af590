import json
import math

import pytest

from mindkit.api import MindkitError
from mindkit_trackers.jsonl import Jsonl


def follow(folder, *epochs, loss=1.0):
    tracker = Jsonl()
    tracker.start(folder, {})
    for epoch in epochs:
        tracker.log({"epoch": epoch, "losses": {"total": loss}})
    return tracker


def records(folder):
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_each_epoch_is_one_line_that_is_on_disk_at_once(tmp_path):
    tracker = follow(tmp_path, 0)
    assert records(tmp_path) == [{"epoch": 0, "losses": {"total": 1.0}}]
    tracker.log({"epoch": 1, "valid": {"mae": 0.5}})
    assert [record["epoch"] for record in records(tmp_path)] == [0, 1]


def test_numbers_that_are_not_finite_become_null(tmp_path):
    tracker = follow(tmp_path)
    tracker.log({"epoch": 0, "valid": {"corr": math.nan}, "rates": [math.inf, 1.0]})
    assert records(tmp_path) == [{"epoch": 0, "valid": {"corr": None}, "rates": [None, 1.0]}]


def test_resuming_takes_out_the_records_from_the_resumed_epoch_on(tmp_path):
    follow(tmp_path, 0, 1, 2, 3)
    follow(tmp_path, 2, 3, loss=2.0)
    epochs = [(record["epoch"], record["losses"]["total"]) for record in records(tmp_path)]
    assert epochs == [(0, 1.0), (1, 1.0), (2, 2.0), (3, 2.0)]


def test_resuming_after_the_last_epoch_keeps_all(tmp_path):
    follow(tmp_path, 0, 1)
    follow(tmp_path, 2)
    assert [record["epoch"] for record in records(tmp_path)] == [0, 1, 2]


def test_a_last_line_that_was_cut_off_is_dropped(tmp_path):
    follow(tmp_path, 0, 1)
    path = tmp_path / "history.jsonl"
    path.write_text(path.read_text()[:-9])
    follow(tmp_path, 1)
    assert [record["epoch"] for record in records(tmp_path)] == [0, 1]


def test_a_broken_line_in_the_middle_is_an_error_that_names_it(tmp_path):
    (tmp_path / "history.jsonl").write_text('{"epoch": 0}\n{"epo\n{"epoch": 2}\n')
    with pytest.raises(MindkitError, match=r"history\.jsonl:2: not a JSON object"):
        follow(tmp_path)


def test_nothing_but_the_history_is_left_behind(tmp_path):
    follow(tmp_path, 0, 1)
    follow(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]
