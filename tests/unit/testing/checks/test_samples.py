"""Values that depend on padding, on batch mates or on the order of samples are found."""

import pytest
import torch

from mindkit.kinds import Criterion, Encoder
from mindkit.testing.contracts import Case


class Careless(Encoder):
    """Plain mean over time, then over the batch. Shapes: x (B, L, F), mask (B, L) -> (B, F)."""

    def forward(self, x, mask):
        return x.mean(1) + x.mean((0, 1))


class Dividing(Encoder):
    """Mean over real steps. Shapes: x (B, L, F), mask (B, L) -> (B, F)."""

    def forward(self, x, mask):
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def test_padding_that_matters_is_found(breaks):
    breaks("ignores_padding", "encoders", "careless", Careless, "three padded steps")
    Case("ignores_padding", "encoders", "dividing", Dividing)()


def test_batch_mates_that_matter_are_found(breaks):
    breaks("ignores_batch_mates", "encoders", "careless", Careless, "sample 0 alone differs")
    Case("ignores_batch_mates", "encoders", "dividing", Dividing)()


def test_a_division_by_the_length_of_an_empty_sample_is_found(breaks):
    breaks("survives_an_empty_sample", "encoders", "dividing", Dividing, "not finite")


class Neighbours(Criterion):
    """Mean square between each sample and the next. Shapes: a (B, D), b (B, D) -> ()."""

    def forward(self, a, b):
        return (a - b.roll(-1, 0)).square().mean()


class Drawn(Criterion):
    """Mean square between each sample and a random one. Shapes: a (B, D), b (B, D) -> ()."""

    ordered = True

    def forward(self, a, b):
        return (a - b[torch.randperm(len(b))]).square().mean()


class Kept(Criterion):
    """Distance to what each sample was when last seen. Shapes: x (B, D) -> ()."""

    def __init__(self, x_dim: int, num_samples: int) -> None:
        super().__init__()
        self.register_buffer("last", torch.zeros(num_samples, x_dim))

    def rows(self, index):
        return index

    def forward(self, x, *, index):
        rows = self.rows(index)
        value = (x - 2 * self.last[rows]).square().mean()
        if self.training:
            self.last[rows] = x.detach()
        return value


class KeptByPlace(Kept):
    """Distance to what stood in each sample's place before. Shapes: x (B, D) -> ()."""

    def rows(self, index):
        return index.sort().values


def ignores_the_order(component):
    Case("ignores_the_order", "criteria", "made", component)()


@pytest.mark.parametrize("component", [Neighbours, KeptByPlace])
def test_a_value_that_depends_on_the_order_is_found(component):
    with pytest.raises(AssertionError, match="samples in another order change the value by"):
        ignores_the_order(component)


def test_what_is_kept_by_the_index_of_the_sample_goes_with_it():
    ignores_the_order(Kept)


def test_an_order_that_is_meant_is_declared():
    ignores_the_order(Drawn)
    ignores_the_order(type("Declared", (Neighbours,), {"ordered": True}))


def test_a_declaration_of_what_is_not_so_is_found():
    with pytest.raises(AssertionError, match="no order changes the value; remove it"):
        ignores_the_order(type("Declared", (Kept,), {"ordered": True}))
