"""Seeds trained side by side against the single run of each, in float64."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from mindkit.errors import TrainingError
from mindkit.kinds import Tracker
from mindkit.train.fused import Seat, fit_together
from mindkit.train.fused_random import Stream
from mindkit.train.loop import Interrupted, fit

METHODS = ["mind", "mind over time", "misa", "lmf"]
SHORT = ["training.optimizer.rate=3e-2", "training.epochs=8"]


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
def single(fitting):
    """Train one seed by itself; return what it selects, and what it leaves."""

    def train(*arguments):
        one = fitting(*arguments)
        one.trackers = [History()]
        return fit(one), one

    return train


@pytest.fixture
def seat(fitting):
    """Make one seed that is to be trained among others."""

    def make(*arguments):
        one = fitting(*arguments)
        one.trackers = [History()]
        return Seat(one, Stream())

    return make


def same_numbers(seat, expected):
    """Losses, scores, decisions and rates of every epoch, and the selected weights."""
    told, its = (one.trackers[0].epochs for one in (seat.fitting, expected))
    assert len(told) == len(its)
    for mine, theirs in zip(told, its, strict=True):
        for name in ("losses", "valid"):
            assert mine[name] == pytest.approx(theirs[name], rel=1e-8, abs=1e-10)
        assert mine["decision"] == theirs["decision"]
        assert mine["rate"] == theirs["rate"]
    weights = expected.model.state_dict()
    for name, tensor in seat.fitting.model.state_dict().items():
        assert torch.allclose(tensor, weights[name], rtol=1e-8, atol=1e-10), name


@pytest.mark.parametrize("case", METHODS)
def test_seeds_together_are_the_single_runs(single, seat, case):
    singles = [single(case, seed, "apart") for seed in range(3)]
    seats = [seat(case, seed, "together") for seed in range(3)]
    found = fit_together(seats)
    for (fitted, expected), mine, one in zip(singles, found, seats, strict=True):
        assert mine == replace(fitted, best=pytest.approx(fitted.best, rel=1e-8))
        same_numbers(one, expected)


def test_one_seed_rolls_back_and_stops_while_others_go_on(single, seat):
    found = [single("lmf", seed, "apart", SHORT) for seed in range(4)]
    ends = [fitted.epochs for fitted, _ in found]
    decisions = [[e["decision"] for e in one.trackers[0].epochs] for _, one in found]
    assert len(set(ends)) > 1 and any("rollback" in of_one for of_one in decisions)
    seats = [seat("lmf", seed, "together", SHORT) for seed in range(4)]
    assert [fitted.epochs for fitted in fit_together(seats)] == ends
    for one, (_, expected) in zip(seats, found, strict=True):
        same_numbers(one, expected)


@pytest.mark.parametrize("accumulate", ["2", "{batches: 2, gradients: sum}"])
def test_gradients_of_several_batches_are_added_up(single, seat, accumulate):
    settings = [f"training.accumulate={accumulate}", "training.clip.norm=0.1"]
    _, expected = single("lmf", 1, "apart", settings)
    seats = [seat("lmf", seed, "together", settings) for seed in (0, 1)]
    fit_together(seats)
    same_numbers(seats[1], expected)


@pytest.mark.parametrize(
    ("settings", "buffer"),
    [
        (["terms.info.type=mine"], "log_mean"),
        (["terms.info.negatives=bank", "terms.info.memory=20"], "negatives.queue"),
    ],
)
def test_buffers_that_a_step_moves_are_each_seeds_own(single, seat, settings, buffer):
    _, expected = single("mind", 1, "apart", settings)
    assert expected.model.state_dict()[f"objective.terms.info.groups.0.components.0.{buffer}"].any()
    seats = [seat("mind", seed, "together", settings) for seed in (0, 1)]
    fit_together(seats)
    same_numbers(seats[1], expected)


def test_an_interrupted_seed_behind_the_others_is_waited_for(single, seat):
    """As after a kill at the end of an epoch: seed 0 has saved the second, seed 1 the first."""
    _, expected = single("lmf", 1, "apart")

    def stop_after(epoch):
        def during(record):
            if record["epoch"] == epoch:
                os.kill(os.getpid(), signal.SIGINT)

        return during

    for seed, epoch in ((0, 2), (1, 1)):
        behind = seat("lmf", seed, "together", ["training.log_every=1"]).fitting
        behind.trackers = [History(stop_after(epoch))]
        with pytest.raises(Interrupted):
            fit(behind)
    seats = [seat("lmf", seed, "together") for seed in (0, 1)]
    assert [one.fitting.running.epoch for one in seats] == [2, 1]
    fit_together(seats)
    assert seats[1].fitting.trackers[0].epochs[0]["epoch"] == 1
    for name, tensor in seats[1].fitting.model.state_dict().items():
        assert torch.allclose(tensor, expected.model.state_dict()[name], rtol=1e-8, atol=1e-10)


def test_a_signal_stops_all_seeds_and_each_goes_on_as_a_single_run(single, seat):
    singles = [single("mind", seed, "apart") for seed in (0, 1)]

    def interrupt(record):
        if (record["epoch"], record["step"]) == (1, 2):
            os.kill(os.getpid(), signal.SIGTERM)

    settings = ["training.log_every=1"]
    seats = [seat("mind", seed, "together", settings) for seed in (0, 1)]
    seats[0].fitting.trackers = [History(interrupt)]
    with pytest.raises(Interrupted, match=r"SIGTERM in epoch 2, step 2.*--resume"):
        fit_together(seats)
    for seed, (fitted, _) in enumerate(singles):
        resumed, one = single("mind", seed, "together", settings)
        assert one.trackers[0].epochs[0]["epoch"] == 1
        assert resumed == replace(fitted, best=pytest.approx(fitted.best, rel=1e-8))


def test_a_checkpoint_holds_one_seed_and_not_the_stack(seat, tmp_path):
    for out, count in (("one", 1), ("four", 4)):
        fit_together([seat("lmf", seed, out, ["training.epochs=1"]) for seed in range(count)])
    sizes = [(tmp_path / out / "0" / "epoch-0.pt").stat().st_size for out in ("one", "four")]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.02)


def test_a_loss_that_is_not_finite_stops_its_seed_alone(single, seat):
    _, expected = single("lmf", 0, "apart")
    seats = [seat("lmf", seed, "together") for seed in (0, 1, 2)]
    with torch.no_grad():
        next(seats[1].fitting.model.parameters()).fill_(torch.nan)
    found = fit_together(seats)
    assert isinstance(found[1], TrainingError) and "the loss is not finite" in str(found[1])
    assert not isinstance(found[2], Exception)
    same_numbers(seats[0], expected)
