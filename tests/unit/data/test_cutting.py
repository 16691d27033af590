import torch

from mindkit.data.cutting import clipped, truncated
from mindkit.data.store import Column


def samples(column):
    return [part.tolist() for part in column.values.split(column.lengths.tolist())]


def test_truncation_slices_each_sample_from_its_start():
    column = Column.of_sequences([torch.arange(float(n)).view(n, 1) for n in (1, 4, 3)])
    assert samples(truncated(column, 3)) == [[[0]], [[0], [1], [2]], [[0], [1], [2]]]
    assert samples(truncated(column, 1)) == [[[0]], [[0]], [[0]]]


def test_what_is_short_enough_is_left_as_it_is():
    column = Column.of_sequences([torch.ones(2, 1), torch.ones(3, 1)])
    assert truncated(column, 3) is column


def test_clipping_limits_values_on_both_sides_and_writes_into_nothing():
    column = Column.of_vectors(torch.tensor([[-7.0, 0.5, 3.0]]))
    assert clipped(column, 2.5).values.tolist() == [[-2.5, 0.5, 2.5]]
    assert column.values.tolist() == [[-7.0, 0.5, 3.0]]
