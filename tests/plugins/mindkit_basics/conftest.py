import pytest
import torch


@pytest.fixture
def x():
    """Five samples of width 3, the published reference input."""
    rows = [[1, 0, 2], [0, 1, -1], [1, 1, 0], [2, -1, 1], [-1, 2, 0.5]]
    return torch.tensor(rows, dtype=torch.float64)


@pytest.fixture
def y():
    """What goes with `x`, row by row."""
    rows = [[1, 2, 0], [0, 1, 1], [-1, 0, 2], [1, 1, -1], [0.5, -2, 1]]
    return torch.tensor(rows, dtype=torch.float64)
