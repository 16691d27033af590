"""Whole runs made side by side, in float32."""

import json
import os
import signal

import pytest

from mindkit.kinds import Tracker
from mindkit.study.run import with_seed
from mindkit.train.loop import Interrupted
from mindkit.train.run import run_spec
from mindkit.train.together import run_together


class History(Tracker):
    """Keeps what it is told, but for the time."""

    def __init__(self, during=lambda record: None):
        self.epochs, self.during, self.closed = [], during, False

    def progress(self, record):
        self.during(record)

    def log(self, record):
        self.epochs.append({name: one for name, one in record.items() if name != "seconds"})

    def close(self):
        self.closed = True


@pytest.fixture
def padded(tiny):
    """Specs of two seeds whose batches have one shape."""

    def make(*settings):
        spec = tiny("data.pad_to=6", "training.epochs=3", *settings)
        return [with_seed(spec, seed) for seed in (5, 6)]

    return make


def test_runs_made_together_are_those_made_alone(padded, registries, tmp_path):
    singles = [run_spec(s, registries, out=tmp_path / "a", device="cpu") for s in padded()]
    found = run_together(padded(), registries, out=tmp_path / "b", device="cpu", always=True)
    for spec, one, alone in zip(padded(), found, singles, strict=True):
        assert one.folder.name == alone.folder.name
        assert (one.epoch, one.epochs) == (alone.epoch, alone.epochs)
        assert one.test == pytest.approx(alone.test, abs=1e-4)
        files = {path.name for path in alone.folder.iterdir()}
        assert {path.name for path in one.folder.iterdir()} == files
        environment = json.loads((one.folder / "environment.json").read_text())
        assert environment["seeds_together"] == 2
        assert run_spec(spec, registries, out=tmp_path / "b", device="cpu").test == one.test


def test_interrupted_runs_go_on_together(padded, registries, tmp_path):
    whole = run_together(padded(), registries, out=tmp_path / "a", device="cpu", always=True)

    def interrupt(record):
        if (record["epoch"], record["step"]) == (1, 2):
            os.kill(os.getpid(), signal.SIGINT)

    specs = padded("training.log_every=1")
    arguments = {"out": tmp_path / "b", "device": "cpu", "always": True}
    follower = History(interrupt)
    with pytest.raises(Interrupted):
        run_together(specs, registries, trackers=[[follower], []], **arguments)
    assert follower.closed
    histories = [[History()], [History()]]
    resumed = run_together(specs, registries, resume=True, trackers=histories, **arguments)
    for one, expected, (history,) in zip(resumed, whole, histories, strict=True):
        assert [record["epoch"] for record in history.epochs] == [1, 2]
        assert one.test == pytest.approx(expected.test, rel=1e-6)


def test_a_finished_run_is_read_and_one_left_is_no_company(padded, registries, tmp_path):
    first, second = padded()
    run_spec(first, registries, out=tmp_path, device="cpu")
    assert run_together([first, second], registries, out=tmp_path, always=True) is None
    done = run_spec(second, registries, out=tmp_path, device="cpu")
    three = [first, second, *(with_seed(first, seed) for seed in (7, 8))]
    made = run_together(three, registries, out=tmp_path, device="cpu", always=True)
    assert made[1].seconds == done.seconds
    assert [one.seed for one in made] == [5, 6, 7, 8]


def test_a_tracker_that_fails_stops_its_seed_alone(padded, registries, tmp_path):
    def fail(record):
        raise OSError("the disk is full")

    found = run_together(
        padded("training.log_every=1"),
        registries,
        out=tmp_path,
        device="cpu",
        always=True,
        trackers=[[], [History(fail)]],
    )
    assert found[0].test["mae"] > 0
    assert isinstance(found[1], OSError)
