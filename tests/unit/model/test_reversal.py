import pytest
import torch

from mindkit.model.reversal import reversal_strength, reverse_gradient


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0.0, 0.0), (0.05, 0.2449187), (0.10, 0.4621172), (0.25, 0.8482836), (0.5, 0.9866143)],
)
def test_dann_meets_its_reference_values(progress, expected):
    assert reversal_strength(progress, "dann") == pytest.approx(expected, abs=5e-8)


def test_constant_is_the_strength_at_all_times():
    assert reversal_strength(0.0, "constant", 0.8) == reversal_strength(1.0, "constant", 0.8) == 0.8


def test_linear_rises_in_proportion_to_progress():
    assert reversal_strength(0.3, "linear", 2.0) == pytest.approx(0.6)


def test_strength_multiplies_dann():
    assert reversal_strength(0.25, "dann", 2.0) == pytest.approx(2 * 0.8482836, abs=1e-7)


def test_a_horizon_finishes_the_schedule_early_and_then_holds():
    assert reversal_strength(0.1, "linear", horizon=0.2) == pytest.approx(0.5)
    assert reversal_strength(0.9, "linear", horizon=0.2) == 1.0


def test_delayed_dann_waits_and_then_is_dann_over_the_rest():
    assert reversal_strength(0.4, "delayed_dann", delay=0.4) == 0
    middle = reversal_strength(0.7, "delayed_dann", delay=0.4)
    assert middle == pytest.approx(0.9866143, abs=5e-8)


@pytest.mark.parametrize(
    ("horizon", "delay", "given"), [(0.0, 0.0, "horizon=0.0"), (1.0, 1.0, "delay=1.0")]
)
def test_a_schedule_that_cannot_run_is_refused(horizon, delay, given):
    with pytest.raises(ValueError, match=f"horizon must be above 0 and delay in .*{given}"):
        reversal_strength(0.5, "delayed_dann", 1.0, horizon, delay)


def test_reversal_keeps_the_value_and_turns_and_scales_the_gradient():
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    y = reverse_gradient(x, 0.5)
    y.square().sum().backward()
    assert torch.equal(y, x)
    assert torch.equal(x.grad, -0.5 * 2 * x)
