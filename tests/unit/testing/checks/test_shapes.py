"""Shapes that are not as the docstring says, and rows that are not alone, are found."""

import pytest

from mindkit.kinds import Criterion
from mindkit.model.layers import Linear
from mindkit.testing.contracts import Case


def test_a_missing_shapes_line_is_found(breaks, criterion):
    component = criterion(lambda self, a, b: a.mean(), doc="Mean.")
    breaks("keeps_its_shapes_line", "criteria", "made", component, "has no readable line like")


def test_a_shape_that_depends_on_values_is_found(criterion):
    component = criterion(lambda self, a, b: a[a > 0].mean() + b.mean())
    with pytest.raises((AssertionError, NotImplementedError, RuntimeError)):
        Case("works_without_memory", "criteria", "x", component)()


class Mixed(Criterion):
    """Mean of a banked projection. Shapes: a (..., B, D) -> (...)."""

    batched = True

    def __init__(self, a_dim: int, copies: int) -> None:
        super().__init__()
        self.project = Linear(copies, a_dim, 1)

    def forward(self, a):
        values = self.project(a).mean((-1, -2))
        return values - values.mean()  # each row knows of the others


def test_rows_that_know_of_each_other_are_found(breaks):
    breaks("computes_rows_alone", "criteria", "mixed", Mixed, "differs alone by")


def test_a_batched_component_without_leading_axes_is_found(breaks, criterion):
    component = criterion(lambda self, a, b: (a - b).mean(), batched=True)
    breaks("keeps_its_shapes_line", "criteria", "x", component, "is batched but has no leading ax")
