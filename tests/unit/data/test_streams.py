import numpy as np
import pytest

from mindkit.data import streams
from mindkit.data.raw import Feature
from mindkit.data.streams import common_window, stream_of, window_of
from mindkit.errors import DataError


@pytest.fixture(params=[1, 1 << 22], ids=["a sample a piece", "one piece"])
def piece(request, monkeypatch):
    """The size of a piece, which must make no difference."""
    monkeypatch.setattr(streams, "PIECE", request.param)


def whole(stream):
    """Values, samples and lengths of a stream, put together."""
    values, samples = zip(*stream.pieces(), strict=True)
    lengths = None if stream.lengths is None else stream.lengths.tolist()
    together = np.concatenate(values)
    assert together.shape == stream.shape
    return together.tolist(), np.concatenate(samples).tolist(), lengths


def padded(*lengths, leading=False):
    """Four steps a sample, of which so many are 1, 2, …, and ten more in each further sample."""
    values = np.zeros((len(lengths), 4, 1))
    for sample, length in enumerate(lengths):
        first = 4 - length if leading else 0
        values[sample, first : first + length, 0] = np.arange(1, length + 1) + 10 * sample
    return values


@pytest.mark.parametrize("leading", [False, True])
def test_padded_sequences_lose_their_padding(piece, leading):
    stream = stream_of(Feature("padded", padded(2, 4, 1, leading=leading)), "audio")
    values = [[1], [2], [11], [12], [13], [14], [21]]
    assert whole(stream) == (values, [0, 0, 1, 1, 1, 1, 2], [2, 4, 1])
    assert stream.kind == "sequence" and stream.side == ("leading" if leading else "trailing")


def test_lengths_of_the_file_keep_zero_steps(piece):
    feature = Feature("padded", padded(1, 2), np.array([3, 2]))
    assert whole(stream_of(feature, "audio"))[0] == [[1], [0], [0], [11], [12]]


def test_a_padded_sample_of_zeros_has_one_step(piece):
    assert whole(stream_of(Feature("padded", padded(1, 0)), "audio")) == (
        [[1], [0]],
        [0, 1],
        [1, 1],
    )


def test_ragged_sequences_follow_each_other(piece):
    samples = [np.full((2, 1), 1.0), np.zeros((0, 1)), np.full((1, 1), 3.0)]
    stream = stream_of(Feature("ragged", samples), "audio")
    assert whole(stream) == ([[1], [1], [0], [3]], [0, 0, 1, 2], [2, 1, 1])


def test_tokens_follow_each_other_and_an_empty_sample_gets_padding(piece):
    samples = [np.array([5, 6]), np.array([], np.int64), np.array([7])]
    stream = stream_of(Feature("tokens", samples), "text")
    assert whole(stream) == ([5, 6, 0, 7], [0, 0, 1, 2], [2, 1, 1])
    assert stream.kind == "tokens" and stream.shape == (4,)


def test_vectors_stay_as_they_are(piece):
    stream = stream_of(Feature("vector", np.array([[1, 2], [0, 0]])), "audio")
    assert whole(stream) == ([[1, 2], [0, 0]], [0, 1], None)


def test_a_common_window_holds_the_steps_of_all():
    audio, vision = padded(2, 0, 4), padded(1, 0, 1)
    vision[2] = np.roll(vision[2], 2)
    found = common_window([window_of(Feature("padded", v), "x") for v in (audio, vision)])
    assert found.first.tolist() == [0, 0, 0] and found.last.tolist() == [2, 1, 4]
    assert found.filled.tolist() == [True, False, True]


def test_samples_of_zeros_do_not_widen_a_common_window():
    audio = padded(0)
    vision = np.roll(padded(2), 2, axis=1)
    found = common_window([window_of(Feature("padded", v), "x") for v in (audio, vision)])
    assert (found.first.tolist(), found.last.tolist()) == ([2], [4])


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("padded", np.zeros((2, 3)), r"audio has shape \(2, 3\); 3 axes are needed"),
        ("padded", np.zeros((2, 3, 0)), r"shape \(2, 3, 0\), which holds no feature"),
        ("vector", np.zeros((2, 3), complex), "audio is complex128; numbers or text are needed"),
        ("ragged", [np.zeros((1, 2)), np.zeros((1, 3))], "audio is 3 wide in sample 1, but 2 bef"),
        ("ragged", [np.zeros((1, 2)), [1]], "audio, sample 1 is list; numbers or text are needed"),
        ("tokens", [np.zeros(2)], "audio, sample 0 is float64; whole numbers are needed"),
    ],
)
def test_what_is_no_feature_is_refused(kind, values, message):
    with pytest.raises(DataError, match=message):
        stream_of(Feature(kind, values), "audio")
