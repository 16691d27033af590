import pytest
import torch

from mindkit.data.standardising import BLOCK, standardised, standardised_by_utterance, statistics_of
from mindkit.data.store import Column, Statistics


def ragged(lengths, width=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    samples = [5 + 3 * torch.randn(n, width, generator=generator) for n in lengths]
    for steps in samples:
        steps[:, -1] = 0.1
    return Column.of_sequences(samples)


def samples(column):
    return column.values.split(column.lengths.tolist())


def test_statistics_are_those_of_all_real_steps():
    column = ragged([2, 7, 4])
    statistics = statistics_of(column)
    exact = column.values[:, :2].double()
    torch.testing.assert_close(statistics.mean[:2], exact.mean(0))
    torch.testing.assert_close(statistics.deviation[:2], exact.std(0, correction=0))


def test_it_does_not_depend_on_the_blocks_it_is_computed_in():
    column = ragged([BLOCK - 1, 2, 3 * BLOCK, 1, 5])
    exact = column.values.double()
    statistics = statistics_of(column)
    torch.testing.assert_close(statistics.mean, exact.mean(0))
    torch.testing.assert_close(statistics.deviation[:2], exact.std(0, correction=0)[:2])
    by_sample = samples(standardised_by_utterance(column))
    for raw, mine in zip(samples(column), by_sample, strict=True):
        raw = raw[:, :2].double()
        expected = (raw - raw.mean(0)) / (raw.std(0, correction=0) + 1e-6)
        torch.testing.assert_close(mine[:, :2].double(), expected, atol=1e-6, rtol=1e-5)


def test_another_column_is_scaled_by_the_training_split():
    train, valid = ragged([9, 5], seed=1), ragged([3, 2], seed=2)
    raw = train.values[:, :2].double()
    expected = (valid.values[:, :2] - raw.mean(0)) / raw.std(0, correction=0)
    found = standardised(valid, statistics_of(train))
    assert found.values.dtype == torch.float32
    torch.testing.assert_close(found.values[:, :2], expected.float())
    assert torch.equal(found.offsets, valid.offsets)


def test_vectors_are_scaled_too():
    column = Column.of_vectors(torch.tensor([[1.0], [3.0]]))
    assert standardised(column, statistics_of(column)).values.tolist() == [[-1.0], [1.0]]


def test_a_feature_that_never_varies_becomes_zero():
    column = ragged([4, 6])
    assert (standardised(column, statistics_of(column)).values[:, 2] == 0).all()
    assert standardised_by_utterance(column).values[:, 2].abs().max() < 1e-6


@pytest.mark.parametrize(
    "change", [standardised_by_utterance, lambda c: standardised(c, statistics_of(c))]
)
def test_the_column_given_is_unchanged(change):
    column = ragged([4, 6])
    before = column.values.clone()
    change(column)
    assert torch.equal(column.values, before)


def test_statistics_written_down_at_import_are_taken_as_they_are():
    column = ragged([4, 6])
    known = Statistics(torch.zeros(3).double(), torch.tensor([1.0, 2.0, 0.0]).double())
    written = column.known_as("", known)
    assert statistics_of(written) is known
    scaled = standardised(written, statistics_of(written))
    expected = column.values * torch.tensor([1.0, 0.5, 0.0])
    torch.testing.assert_close(scaled.values, expected)
    assert scaled.statistics is None
