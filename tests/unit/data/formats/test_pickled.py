import numpy as np
import pytest

from mindkit.data.formats.pickled import Steps, as_integers, as_steps, by_key, described, text_of
from mindkit.errors import DataError

VALUES = np.arange(6, dtype="f4").reshape(3, 2)


def objects(values):
    array = np.empty(len(values), object)
    array[:] = list(values)
    return array


@pytest.mark.parametrize(
    "guise",
    [
        VALUES,
        VALUES.tolist(),
        tuple(map(tuple, VALUES.tolist())),
        list(VALUES),
        [row[None] for row in VALUES],
        VALUES[:, None],
        objects(VALUES),
        VALUES.astype("i4"),
    ],
    ids=["array", "lists", "tuples", "rows", "(1, F) each", "(n, 1, F)", "objects", "integers"],
)
def test_steps_are_read_in_every_guise(guise):
    assert np.array_equal(as_steps(guise, "here"), VALUES)


def test_an_array_is_not_copied():
    assert as_steps(VALUES, "here") is VALUES


@pytest.mark.parametrize("empty", [[], (), np.zeros((0, 5)), np.zeros(0)])
def test_no_step_has_no_width(empty):
    assert as_steps(empty, "here").shape == (0, 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "here is a NoneType; numbers"),
        ("text", "here is 'text'; numbers"),
        ({"a": 1}, "here is a dict of 1"),
        (5, "here is 5; numbers"),
        (np.float32(5), "here is a float32"),
        (np.ones(()), r"here has shape \(\)"),
        (np.ones(3), r"here has shape \(3,\)"),
        (np.ones((3, 0)), r"here has shape \(3, 0\)"),
        (np.ones((3, 2, 2)), r"here has shape \(3, 2, 2\)"),
        ([[1, 2], [3]], "here is a list of 2"),
        ([["a", "b"]], "here is a list of 1"),
        ([[{}]], "here is a list of 1"),
        ([[10**400]], "here is a list of 1"),
        (np.array([["a"]]), r"here is an array <U1 \(1, 1\)"),
    ],
)
def test_what_is_no_steps_is_described(value, message):
    with pytest.raises(DataError, match=message):
        as_steps(value, "here")


def test_lists_that_claim_endless_numbers_are_not_followed():
    value = [0.0] * 1000
    for _ in range(9):
        value = [value] * 1000
    with pytest.raises(DataError, match="here is a list of 1000"):
        as_steps(value, "here")
    with pytest.raises(DataError, match="here is a list of 1000000"):
        as_steps([[0.0] * 1000] * 1_000_000, "here")


def test_a_list_that_holds_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(DataError, match="here is a list of 1"):
        as_steps(value, "here")


def test_samples_without_a_step_have_the_width_of_the_others():
    steps = Steps([[], VALUES, VALUES.tolist()], ["a", "b", "c"])
    assert [part.shape for part in steps] == [(0, 2), (3, 2), (3, 2)]
    assert len(steps) == 3 and [len(part) for part in steps[1:]] == [3, 3]


def test_samples_of_another_width_are_named():
    with pytest.raises(DataError, match="c is 3 wide, but others are 2"):
        Steps([VALUES, [], np.ones((1, 3))], ["a", "b", "c"])


def test_samples_that_all_lack_a_step_are_refused():
    with pytest.raises(DataError, match="a has no step, and no other sample of 2 has one"):
        Steps([[], []], ["a", "b"])


@pytest.mark.parametrize("value", [[0, 7], (0, 7), np.array([0, 7], "i2"), [0.0, 7.0]])
def test_whole_numbers_are_read_in_every_guise(value):
    found = as_integers(value, "here")
    assert found.tolist() == [0, 7] and found.dtype == np.int64


@pytest.mark.parametrize("value", [[0.5], [-1], [np.nan], [np.inf]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(DataError, match=r"here holds \[.*\]; whole numbers from 0 on"):
        as_integers(value, "here")


@pytest.mark.parametrize("value", [7, None, "7", np.array(7)])
def test_a_list_of_whole_numbers_is_needed(value):
    with pytest.raises(DataError, match=r"here is .*; a list or an array is needed"):
        as_integers(value, "here")


def test_keys_are_strings_whatever_they_were():
    assert by_key({1: "a", b"two": "b", np.int64(3): "c"}, "f") == {"1": "a", "two": "b", "3": "c"}


def test_two_keys_that_read_alike_are_refused():
    with pytest.raises(DataError, match="f has two entries for one sample"):
        by_key({1: "a", "1": "b"}, "f")


@pytest.mark.parametrize("value", [[], {}, None, np.ones(2)])
def test_a_dict_by_sample_is_needed(value):
    with pytest.raises(DataError, match=r"f holds .*; a dict with an entry for each sample"):
        by_key(value, "f")


def test_long_text_is_cut_in_descriptions():
    assert len(described("x" * 1000)) == 40


def test_bytes_are_read_as_utf8():
    assert text_of("größe".encode()) == "größe" and text_of(b"\xff") == "\ufffd"
