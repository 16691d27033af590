import numpy as np
import pytest

from mindkit.data.examining import scanning
from mindkit.data.examining.scanning import scan, steps_of
from mindkit.data.raw import Feature
from mindkit.errors import DataError

N, L, F = 40, 6, 3


@pytest.fixture
def samples():
    """N arrays (n, F) of 1 to L steps that are nowhere zero."""
    random = np.random.default_rng(0)
    lengths = random.integers(1, L + 1, N)
    return [random.uniform(1, 2, (n, F)).astype("f4") * (-1) ** n for n in lengths.tolist()]


def padded(samples, side):
    values = np.zeros((len(samples), L, F), np.float32)
    for row, steps in zip(values, samples, strict=True):
        row[slice(0, len(steps)) if side == "trailing" else slice(L - len(steps), L)] = steps
    return values


@pytest.fixture(params=["trailing", "leading", "ragged"])
def feature(request, samples):
    if request.param == "ragged":
        return Feature("ragged", samples)
    return Feature("padded", padded(samples, request.param))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(scanning, "BLOCK", 3 * L * F * 4)


def test_lengths_and_ranges_are_those_of_the_real_steps(feature, samples):
    found = scan(feature)
    assert found.lengths.tolist() == [len(steps) for steps in samples]
    np.testing.assert_array_equal(found.low, np.concatenate(samples).min(0))
    np.testing.assert_array_equal(found.high, np.concatenate(samples).max(0))
    assert found.dtype == "float32" and not found.bad.any() and not found.blank.any()


def test_the_side_of_the_padding_is_told(samples):
    assert scan(Feature("padded", padded(samples, "trailing"))).sides == {"trailing"}
    assert scan(Feature("padded", padded(samples, "leading"))).sides == {"leading"}
    mixed = np.concatenate([padded(samples, "leading"), padded(samples, "trailing")])
    assert scan(Feature("padded", mixed)).sides == {"leading", "trailing"}
    assert scan(Feature("padded", np.ones((4, L, F)))).sides == set()


def test_equal_samples_have_equal_keys_however_they_are_padded(samples):
    keys = [scan(Feature("padded", padded(samples, side))).keys for side in ("leading", "trailing")]
    np.testing.assert_array_equal(keys[0], keys[1])
    assert len(set(keys[0].tolist())) == N


def test_values_that_are_not_finite_are_counted_by_sample_and_left_out_of_ranges(samples):
    samples[4][0] = [np.nan, -np.inf, 1.5]
    samples[9][0, 0] = np.inf
    found = scan(Feature("ragged", samples))
    assert (found.nan.sum(), found.infinite.sum()) == (1, 2)
    assert np.flatnonzero(found.bad).tolist() == [4, 9] and found.infinite[4] == 1
    rest = np.concatenate(samples)
    np.testing.assert_array_equal(found.low, np.where(np.isfinite(rest), rest, np.inf).min(0))
    np.testing.assert_array_equal(found.high, np.where(np.isfinite(rest), rest, -np.inf).max(0))


def test_numbers_too_large_for_float32_count_as_infinite():
    values = np.ones((5, F))
    values[3, 1] = 1e300
    found = scan(Feature("vector", values))
    assert found.infinite.tolist() == [0, 0, 0, 1, 0] and found.high[1] == 1


def test_half_precision_is_read_as_it_is():
    values = np.ones((5, F), np.float16)
    values[2] = np.inf
    found = scan(Feature("vector", values))
    assert found.infinite.tolist() == [0, 0, F, 0, 0] and found.dtype == "float16"


def test_a_padded_sample_of_zeros_has_no_step_unless_the_file_says_so(samples):
    values = padded(samples, "trailing")
    values[7] = 0
    assert scan(Feature("padded", values)).lengths[7] == 0
    lengths = np.array([len(steps) for steps in samples])
    lengths[7] = 2
    found = scan(Feature("padded", values, lengths))
    assert found.lengths[7] == 2 and np.flatnonzero(found.blank).tolist() == [7]


def test_a_length_of_zero_is_no_step(samples):
    lengths = np.array([len(steps) for steps in samples])
    lengths[3] = 0
    samples[3] = samples[3][:0]
    assert scan(Feature("padded", padded(samples, "trailing"), lengths)).lengths[3] == 0
    assert scan(Feature("ragged", samples)).lengths[3] == 0


def test_text_has_words_and_tokens_have_ids():
    text = scan(Feature("text", ["so good", "", "  ", "so good"]))
    assert text.lengths.tolist() == [2, 0, 0, 2] and text.blank.tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert text.keys[0] == text.keys[3] != text.keys[1]
    tokens = scan(Feature("tokens", [np.array([5, 9]), np.array([], int), np.array([2])]))
    assert tokens.lengths.tolist() == [2, 0, 1] and (tokens.low, tokens.high) == ([2], [9])


def test_big_endian_numbers_and_whole_numbers_are_understood():
    for dtype in (">f4", ">f8", "i2", "u1", "?"):
        found = scan(Feature("vector", np.ones((4, F), dtype)))
        assert found.low.tolist() == found.high.tolist() == [1] * F and not found.bad.any()


def test_the_steps_of_one_sample_are_given_back(feature, samples):
    for sample in (0, N - 1):
        np.testing.assert_array_equal(steps_of(feature, sample), samples[sample])


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (Feature("padded", np.ones((4, 3)), array="audio"), "array 'audio' is float64 (4, 3)"),
        (Feature("vector", np.array([["a"], ["b"]]), array="v"), "array 'v' is <U1 (2, 1)"),
        (Feature("ragged", [np.ones((2, 3)), np.ones(3)], array="v"), "sample 1 of 'v' is float64"),
        (Feature("ragged", [np.ones((2, 3)), np.ones((2, 4))]), "is 4 wide, but those before it"),
        (Feature("ragged", [np.ones((2, 0))]), "sample 0 of '' is float64 (2, 0)"),
        (Feature("vector", np.ones((4, 0))), "numbers (N, F) are needed"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_with_its_shape(feature, message):
    with pytest.raises(DataError) as error:
        scan(feature)
    assert message in str(error.value)


def test_no_samples_are_no_fault():
    assert len(scan(Feature("ragged", [])).lengths) == 0
    assert len(scan(Feature("padded", np.zeros((0, L, F)))).lengths) == 0
