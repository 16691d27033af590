"""Values, gradients and state that break the contract are found."""

import pytest
import torch
from torch import nn

from mindkit.kinds import Criterion
from mindkit.testing.contracts import Case


@pytest.mark.parametrize(
    ("check", "forward", "message"),
    [
        ("keeps_its_shapes_line", lambda self, a, b: (a - b).mean(1), r"promises \[\(\)\], got"),
        (
            "stays_finite",
            lambda self, a, b: (a - a.mean(0)).square().sum().sqrt() + b.mean(),
            "not finite",
        ),
        ("stays_finite", lambda self, a, b: (a / b.std(0)).mean(), "'constant': True"),
        ("gives_gradients", lambda self, a, b: (a - b.detach()).mean(), "input 'b' gets no grad"),
        ("gives_gradients", lambda self, a, b: a.mean() + b.sign().mean(), "input 'b' gets no g"),
        ("leaves_inputs_alone", lambda self, a, b: a.mul_(2).mean() + b.mean(), "into its input"),
        (
            "agrees_across_precisions",
            lambda self, a, b: (a + 1e4).square().mean() - (b + 1e4).square().mean(),
            "torch.float32 is off by",
        ),
        (
            "agrees_across_precisions",
            lambda self, a, b: (a - b).float().mean(),
            "torch.float64 in, torch.float32 out",
        ),
    ],
)
def test_a_faulty_computation_is_found(check, forward, message, breaks, criterion):
    breaks(check, "criteria", "made", criterion(forward), message)


def test_no_gradient_on_purpose_is_declared(criterion):
    forward = lambda self, a, b: (a - b.detach()).mean()  # noqa: E731
    declared = criterion(forward, no_gradient=("b",))
    Case("gives_gradients", "criteria", "made", declared)()


class Forgetful(Criterion):
    """Mean of a projection. Shapes: a (B, D) -> ()."""

    def __init__(self, a_dim: int) -> None:
        super().__init__()
        self.kept = nn.Parameter(torch.randn(a_dim))
        self.unused = nn.Parameter(torch.randn(a_dim))
        self.lost = torch.randn(a_dim)

    def forward(self, a):
        return (a @ self.kept).mean() + (a @ self.lost).mean()


def test_a_parameter_without_gradient_is_found(breaks):
    breaks("gives_gradients", "criteria", "x", Forgetful, "parameter 'unused' gets no gradient")


def test_state_outside_the_state_dict_is_found(breaks):
    breaks("restores_its_state", "criteria", "x", Forgetful, "state_dict does not restore")


def test_random_numbers_that_no_seed_rules_are_found(breaks, criterion):
    own = torch.Generator().manual_seed(0)

    def forward(self, a, b):
        return (a - b).mean() + torch.rand((), generator=own)

    breaks("repeats_with_one_seed", "criteria", "x", criterion(forward), "two runs with one seed")


class Valued(Criterion):
    """Mean distance to the label. Shapes: prediction (B, C), target (B) -> ()."""

    def __init__(self, task: str) -> None:
        super().__init__()

    def forward(self, prediction, target):
        return torch.where(target == 2, torch.nan, prediction[:, 0]).mean()


def test_a_loss_that_fails_on_classes_is_found(breaks):
    breaks("fits_classes", "criteria", "valued", Valued, "not finite with integer labels")
