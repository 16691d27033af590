"""Every estimator takes the place of MInD's by `--set` alone."""

import math

import pytest

LOWER = ["infonce", "mine", "nwj", "smile", "tuba"]
UPPER = ["club", "club_sample", "leave_one_out"]


@pytest.mark.parametrize("name", LOWER)
def test_a_lower_bound_trains_with_the_method(registries, one_backward, untrained, name):
    _, model, values = one_backward(registries, [f"terms.info.type={name}"])
    assert math.isfinite(values["info"])
    assert not untrained(model.objective.terms["info"])
    assert not model.objective.learners()


@pytest.mark.parametrize("name", UPPER)
def test_an_upper_bound_trains_in_a_step_of_its_own(registries, one_backward, name):
    settings = [f"terms.info.type={name}", "terms.info.goal=minimize"]
    _, model, values = one_backward(registries, settings)
    assert math.isfinite(values["info"])
    assert list(model.objective.learners()) == ["info"]
