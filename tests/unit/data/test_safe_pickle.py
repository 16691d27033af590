import gc
import gzip
import pickle
import tracemalloc
from collections import OrderedDict, defaultdict

import numpy as np
import pytest

from mindkit.data.safe_pickle import read_pickle
from mindkit.errors import DataError

PLAIN = {
    "none and truth": [None, True, False],
    "integers": [0, 1, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63, -(2**80), 10**700],
    "rows of integers": [*range(300), *range(65000, 66000), *range(-500, 0)],
    "floats": [0.0, -0.0, 1.5, -2e300, 5e-324, float("inf")],
    "a row of floats": [number / 7 for number in range(5000)],
    "short rows of floats": [[0.5] * length for length in range(40)],
    "floats and others in turn": [1.5, "G", 2.5, 71, 3.5, None] * 30,
    "texts": ["", "a", "größe", "情感", "\U0001f600", "\ud800", "x" * 255, "y" * 300, "\\u12\n"],
    "words": [f"word{number % 50}" for number in range(3000)],
    "bytes": [b"", b"a\xff\n", b"x" * 300, b"y" * 10_000, (b"z" * 10_000,)],
    "byte arrays": [bytearray(b""), bytearray(b"a\xff"), bytearray(b"y" * 10_000)],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),))],
    "dicts": {"a": {1: [2.5], (1, "b"): None}, b"c": {}, 1.5: "d", frozenset({1}): 1},
    "a large dict": {f"clip{number}": number / 3 for number in range(3000)},
    "sets": [set(), {1, 2}, {"a", ("b", 1)}, frozenset(), frozenset({1.5})],
    "an ordered dict": OrderedDict(b=1, a=[2]),
    "dicts with defaults": [
        defaultdict(factory, {"a": factory()}) for factory in (list, dict, set, int, str, float)
    ],
    "complex, slice, range": [1 - 2j, slice(1, None, 2), range(0, 10, 3)],
}
ARRAYS = {
    "small": np.arange(6, dtype=np.float32).reshape(2, 3),
    "large": np.arange(30_000, dtype=np.float64).reshape(100, 30, 10),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "large and transposed": np.arange(30_000.0).reshape(300, 100).T,
    "strides of neither order": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "every second": np.arange(20)[::2],
    "no axes": np.array(5),
    "nothing": np.zeros((0, 3)),
    "big-endian": np.arange(6, dtype=">i4").reshape(2, 3),
    "big-endian text": np.array(["a", "größe"], dtype=">U5"),
    "texts": np.array([["a", "größe"], ["\U0001f600", ""]]),
    "byte strings": np.array([b"a", b"bcd\x00e"]),
    "truth": np.array([True, False, True]),
    "objects": np.array([[1, "a"], [None, [2.5]]], dtype=object),
    "objects by columns": np.asfortranarray(np.array([[1, "a", 2], [None, 3, "b"]], object)),
    **{dtype: np.arange(3).astype(dtype) for dtype in "bBhHiIlLqQefdFD"},
}
SCALARS = [
    np.float32(1.5),
    np.float64(-2),
    np.int64(2**60),
    np.uint8(255),
    np.bool_(True),
    np.complex64(1j),
    np.str_("größe"),
    np.bytes_(b"a"),
]
CLEAN = {**PLAIN, **ARRAYS, "scalars": SCALARS, "dtypes": [np.dtype("f4"), np.dtype("U3")]}


def ragged():
    values = np.empty(3, dtype=object)
    values[:] = [np.zeros((length, 2)) for length in (2, 2, 2)]
    return values


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", CLEAN)
def test_plain_data_are_what_pickle_makes_of_them(unpickled, same, name, protocol):
    content = pickle.dumps({"value": CLEAN[name]}, protocol)
    assert same(unpickled(content), pickle.loads(content))


@pytest.mark.parametrize("protocol", range(4))
def test_arrays_of_numpy_1_are_read(unpickled, same, protocol):
    content = pickle.dumps([*ARRAYS.values(), *SCALARS], protocol)
    renamed = content.replace(b"numpy._core.", b"numpy.core.")
    assert renamed != content and same(unpickled(renamed), pickle.loads(content))


@pytest.mark.parametrize("protocol", (4, 5))
def test_arrays_of_numpy_1_are_read_where_names_are_counted(unpickled, same, protocol):
    content = pickle.dumps(np.arange(3.0), protocol)
    for module in (b"multiarray", b"numeric"):
        old, new = b"numpy._core." + module, b"numpy.core." + module
        content = content.replace(bytes([0x8C, len(old)]) + old, bytes([0x8C, len(new)]) + new)
    frame = int.from_bytes(content[3:11], "little") - 1
    assert b"numpy.core" in content
    assert same(unpickled(content[:3] + frame.to_bytes(8, "little") + content[11:]), np.arange(3.0))


@pytest.mark.parametrize("protocol", range(6))
def test_an_array_of_arrays_keeps_them_apart(unpickled, same, protocol):
    read = unpickled(pickle.dumps(ragged(), protocol))
    assert read.shape == (3,) and same(read, ragged())


def test_protocol_2_of_python_2_is_read_as_latin_1(unpickled, same):
    values = np.arange(3, dtype="<f4").tobytes()
    head = (
        b"\x80\x02}q\x00(U\x02idq\x01U\x04caf\xe9U\x04longT\x05\x00\x00\x00h\xe9llo"
        b"U\x01n\x8a\x05\x00\x00\x00\x00\x01X\x01\x00\x00\x00uX\x02\x00\x00\x00\xc3\xa9"
        b"U\x03setc__builtin__\nset\n](K\x01K\x02e\x85R"
        b"U\x01xcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x03\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x0c"
    )
    assert same(
        unpickled(head + values + b"tbu."),
        {
            "id": "café",
            "long": "héllo",
            "n": 2**32,
            "u": "é",
            "set": {1, 2},
            "x": np.arange(3, dtype=np.float32),
        },
    )


def test_protocol_0_of_python_2_is_read_as_latin_1(unpickled, same):
    content = (
        b"(dp0\nS'it\\'s'\np1\nS\"caf\\xe9\\n\\t\\\\\"\np2\nsS'n'\nL12L\nsS'yes'\nI01\nsS'f'\nF1.5\n"
        b"sS'u'\nV\\u60c5\nsS'x'\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        b"(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n(S'i2'\nI0\nI1\ntR"
        b"(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x01\\x00\\n\\x00'\ntbs."
    )
    read = unpickled(content)
    expected = {"it's": "café\n\t\\", "n": 12, "yes": True, "f": 1.5, "u": "情"}
    assert same(read, {**expected, "x": np.array([1, 10], np.int16)})


def test_large_values_of_python_2_stay_in_the_file(unpickled):
    values = np.arange(2000, dtype="<f8")
    head = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01M\xd0\x07\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x80\x3e\x00\x00"
    )
    read = unpickled(head + values.tobytes() + b"tb.")
    assert isinstance(read.base.base, memoryview) and np.array_equal(read, values)


@pytest.mark.parametrize("protocol", range(3, 6))
def test_memory_does_not_grow_with_the_arrays_of_the_file(tmp_path, protocol):
    array = np.arange(6_250_000.0)  # 50 MB
    with open(tmp_path / "x.pkl", "wb") as file:
        pickle.dump({"audio": array, "label": [1.0]}, file, protocol)
    tracemalloc.start()
    read = read_pickle(tmp_path / "x.pkl")
    assert read["audio"][-1] == array[-1] and read["audio"].sum() == array.sum()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_arrays_outlive_the_file_they_are_read_from(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps([np.arange(1000.0)]))
    array = read_pickle(path)[0]
    path.unlink()
    gc.collect()
    assert array.sum() == 499_500


@pytest.mark.parametrize("length", [3, 3000])
def test_arrays_are_read_only(unpickled, length):
    array = unpickled(pickle.dumps(np.zeros(length)))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_what_is_shared_stays_shared(unpickled):
    shared, array = [1], np.arange(3)
    first, second, third, fourth = unpickled(pickle.dumps([shared, shared, array, array]))
    assert first is second and third is fourth


def test_a_list_may_hold_itself(unpickled):
    loop = [1]
    loop.append(loop)
    read = unpickled(pickle.dumps(loop))
    assert read[0] == 1 and read[1] is read


@pytest.mark.parametrize("opening, inner", [(b"]", 0), (b"}N", None), (b")", 0)])
def test_nesting_may_be_deep(unpickled, opening, inner):
    depth = 100_000
    closing = {b"]": b"a", b"}N": b"s", b")": b"\x85"}[opening]
    content = (
        b")" + closing * depth if opening == b")" else opening * depth + b"N" + closing * depth
    )
    value = unpickled(b"\x80\x02" + content + b".")
    found = 0
    while value:
        value, found = value[inner], found + 1
    assert found == depth


def test_lists_that_repeat_each_other_cost_what_they_take_in_the_file(unpickled):
    value = unpickled(b"\x80\x02]" + b"q\x000](h\x00h\x00e" * 60 + b".")
    for _ in range(60):
        assert value[0] is value[1]
        value = value[0]


@pytest.mark.parametrize("put", [b"r\xff\xff\xff\xff", b"p999999999999\n"])
def test_a_far_place_in_the_memo_costs_nothing(unpickled, put):
    tracemalloc.start()
    assert unpickled(b"\x80\x02K\x07" + put + b".") == 7
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_number_that_cannot_be_written_out_is_refused(unpickled):
    with pytest.raises(DataError, match="a whole number of 2077 bytes, more than 1024"):
        unpickled(pickle.dumps(10**5000, 4))


def test_zeros_and_line_ends_after_the_pickle_are_let_be(unpickled):
    assert unpickled(pickle.dumps(1) + bytes(100) + b"\r\n") == 1


def test_a_second_object_in_the_file_is_not_passed_over(unpickled):
    with pytest.raises(DataError, match=r"ends at byte 5, but 5 more follow.*one object a file"):
        unpickled(pickle.dumps(1) * 2)


OTHERS = {
    "is empty": b"",
    "is a zip file": b"PK\x03\x04" + bytes(30),
    "is a gzip file; unpack it first": gzip.compress(pickle.dumps(1)),
    "is an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(100),
    "is a numpy file": b"\x93NUMPY\x01\x00",
    "is a web page": b"<!DOCTYPE html><html>",
    "is a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\n",
    "looks like a text file": b"id,label\na,1\n",
}


@pytest.mark.parametrize("message", OTHERS)
def test_a_file_that_is_no_pickle_is_called_what_it_is(unpickled, message):
    with pytest.raises(DataError, match=rf"x\.pkl.* {message}"):
        unpickled(OTHERS[message])


def test_a_folder_and_nothing_are_no_pickles(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_pickle(tmp_path)
    with pytest.raises(DataError, match="is no file"):
        read_pickle(tmp_path / "missing.pkl")
