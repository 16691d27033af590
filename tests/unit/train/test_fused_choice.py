"""What cannot be trained side by side, what is not worth it, and what is said of either."""

import copy
import logging
import random
import re
from dataclasses import replace

import pytest
import torch

import mindkit.train.fused_choice as choice
from mindkit.kinds import Criterion
from mindkit.train.fused import Seat
from mindkit.train.fused_random import Stream


@pytest.fixture
def component(registries):
    """Register a criterion as `odd` for one test."""

    def register(forward):
        made = type("Odd", (Criterion,), {"forward": forward})
        with registries.registering("test"):
            registries.criteria.add("odd", made)

    yield register
    registries.criteria.discard("test")


ODD = ["terms.diff={type: odd, inputs: [[invariant.text]]}"]


@pytest.mark.parametrize("case", ["mind", "mind over time", "misa", "lmf"])
def test_a_config_that_can_be_fused_has_no_obstacle(fitting, case):
    assert choice.obstacle(fitting(case, 0, "one")) is None


@pytest.mark.parametrize(
    ("case", "settings", "words"),
    [
        ("mind over time", ["data.pad_to=null"], "batches of audio differ in length; data.pad_to"),
        (
            "mind over time",
            ["encoders.vision={type: recurrent, cell: gru}"],
            r"graph.encoders.vision.* is recurrent \(GRU\)",
        ),
        (
            "mind",
            ["terms.diff={type: club, goal: minimize, inputs: [[invariant.$m, specific.$m]]}"],
            "term 'diff' has an optimiser step of its own",
        ),
        ("self_mm", [], r"\(UnimodalLabels\) keeps something from epoch to epoch"),
    ],
)
def test_an_obstacle_is_named(fitting, case, settings, words):
    assert re.search(words, choice.obstacle(fitting(case, 0, "one", settings)))


def test_bfloat16_is_an_obstacle(fitting):
    one = fitting("lmf", 0, "one")
    one.device = replace(one.device, bfloat16=True)
    assert "bfloat16 rounds too coarsely" in choice.obstacle(one)


def gain(fitting, *settings):
    return choice.gain([Seat(fitting("mind", k, "trial", settings), Stream()) for k in (0, 1)])


def test_random_numbers_drawn_in_another_way_are_refused(fitting, component):
    component(lambda self, a: (a * torch.empty_like(a).uniform_()).mean())
    assert re.search(r"a step together fails \(.*random", gain(fitting, *ODD))


def test_a_choice_by_value_is_refused(fitting, component):
    component(lambda self, a: a.mean() if a.sum() > 0 else -a.mean())
    assert "a step together fails (" in gain(fitting, *ODD)


def test_random_numbers_of_python_are_refused(fitting, component):
    component(lambda self, a: a.mean() * random.random())
    assert gain(fitting, *ODD) == "a step together gives other numbers than one of each seed"


def test_a_trial_moves_neither_weights_nor_random_numbers(fitting):
    seats = [Seat(fitting("mind", seed, "trial"), Stream()) for seed in (0, 1)]
    before = [(copy.deepcopy(seat.fitting.model.state_dict()), Stream()) for seat in seats]
    for (_, kept), seat in zip(before, seats, strict=True):
        kept.state = copy.deepcopy(seat.stream.state)
    assert choice.gain(seats) > 0
    for (weights, kept), seat in zip(before, seats, strict=True):
        assert kept.equals(seat.stream)
        assert seat.fitting.running.step == 0
        for name, tensor in seat.fitting.model.state_dict().items():
            assert torch.equal(tensor, weights[name])


@pytest.mark.parametrize(
    ("times", "always", "together", "words"),
    [
        (1.5, False, True, "2 seeds together: a step is 1.50 times as fast"),
        (0.8, False, False, "2 seeds one after another: a step of all together is 0.80 times"),
        (0.8, True, True, "2 seeds together: a step is 0.80 times as fast"),
        ("it fails", True, False, "2 seeds one after another: it fails"),
    ],
)
def test_what_is_chosen_is_said(fitting, monkeypatch, caplog, times, always, together, words):
    monkeypatch.setattr(choice, "gain", lambda seats: times)
    seats = [Seat(fitting("lmf", seed, "chosen"), Stream()) for seed in (0, 1)]
    with caplog.at_level(logging.INFO, "mindkit"):
        assert choice.worthwhile(seats, always) is together
    assert words in caplog.text
