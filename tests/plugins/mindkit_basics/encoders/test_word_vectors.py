import io
import zipfile

import numpy as np
import pytest
import torch

from mindkit.api import DataError
from mindkit_basics.encoders import word_vectors
from mindkit_basics.encoders.word_vectors import look_up, vector_width

WORDS = ["the", "so", "ein", "naïve", "so", ". . ."]
VECTORS = np.array([[k + 0.5, -k / 4, 1e-3] for k in range(6)], np.float32)


def lines(ending="\n", head=""):
    rows = zip(WORDS, VECTORS.tolist(), strict=True)
    text = "".join(f"{word} {' '.join(map(repr, row))}{ending}" for word, row in rows)
    return (head + text).encode()


def npz(path, **arrays):
    np.savez(path, **{"words": np.array(WORDS), "vectors": VECTORS} | arrays)


WRITERS = {
    "glove.txt": lambda path: path.write_bytes(lines()),
    "windows.txt": lambda path: path.write_bytes(lines("\r\n")),
    "word2vec.txt": lambda path: path.write_bytes(lines(" \n", "6 3\n")),
    "whole.npz": npz,
    "half.npz": lambda path: npz(path, vectors=VECTORS.astype(np.float16)),
}


@pytest.fixture(params=WRITERS)
def path(request, tmp_path):
    WRITERS[request.param](tmp_path / request.param)
    return tmp_path / request.param


def test_words_get_their_vectors_in_every_format(path):
    assert vector_width(path) == 3
    found = look_up(path, ["naïve", "so", "unheard", "the"])
    assert found["row"].tolist().count(-1) == 1
    assert found["row"][2] == -1
    vectors = found["vectors"][found["row"][[0, 1, 3]]]
    expected = torch.from_numpy(VECTORS[[3, 1, 0]])  # of two lines for "so", the first
    torch.testing.assert_close(vectors, expected, atol=1e-3 * (path.stem == "half"), rtol=1e-6)


def test_indices_count_vectors_from_0_in_every_format(path):
    found = look_up(path, [5, 0, 4])
    vectors = found["vectors"][found["row"]]
    expected = torch.from_numpy(VECTORS[[5, 0, 4]])
    torch.testing.assert_close(vectors, expected, atol=2e-3 * (path.stem == "half"), rtol=1e-6)


@pytest.mark.parametrize("index", [6, -2])
def test_an_index_that_is_not_there_is_refused(path, index):
    with pytest.raises(DataError, match=f"index {index} .* holds 6 vectors, 0 to 5"):
        look_up(path, [0, index])


def test_a_file_with_a_vector_for_no_word_is_refused(path):
    with pytest.raises(DataError, match="none of the 2 words, such as"):
        look_up(path, ["quux", "grault"])


def test_nothing_is_asked_of_an_empty_text(path):
    found = look_up(path, [])
    assert found["vectors"].shape == (0, 3)


def test_no_more_is_kept_than_is_asked_for(tmp_path):
    import tracemalloc

    path = tmp_path / "many.txt"
    row = " ".join(["0.125"] * 100)
    path.write_text("".join(f"word{number} {row}\n" for number in range(5000)))  # 3 MB
    tracemalloc.start()
    found = look_up(path, ["word7", "word4999"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found["vectors"] == 0.125).all()
    assert peak < 300_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"the 0.5 1\nso 0.5\nein 1 2\n", "line 2: 1 numbers behind a word, where 2 are expected"),
        (b"the 0.5 1\nso 0.5 o.5\n", "line 2: could not convert .*damaged"),
        (b"the 0.5 1\nso 0.5 nan\n", "line 2: a number is not finite"),
        (b"9 2\nthe 0.5 1\nso 0.5 1\n", "line 1 announces 9 vectors, but there are 2"),
        (b"the\t0.5\t1\n", "line 1: no word and numbers behind it"),
        (b"", "line 1: no word and numbers behind it"),
        (b"\x80\x04\x95 pickled", "line 1: could not convert"),
        (b"the 0.5 1\n" + b"x" * (1 << 20), "line 2: longer than any line of vectors"),
        (b"9" * 5000 + b" 2\n", "has a vector for none of"),
    ],
)
def test_a_damaged_text_is_refused_with_the_line(tmp_path, content, words):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        vector_width(path)
        look_up(path, ["so"])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"vectors": VECTORS[:5]}, "one word a vector is needed"),
        ({"words": np.arange(6)}, "one word a vector is needed"),
        ({"vectors": VECTORS.astype(int)}, "vectors are .* floating-point numbers"),
        ({"vectors": VECTORS[0]}, "vectors are .* floating-point numbers"),
        ({"vectors": np.full((6, 3), np.inf)}, "the vector of 'so' is not finite"),
        ({"words": np.array(WORDS, object)}, "damaged .*Object arrays"),
    ],
)
def test_an_archive_that_is_no_list_of_words_is_refused(tmp_path, arrays, words):
    npz(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=words):
        look_up(tmp_path / "bad.npz", ["so"])


def test_an_archive_without_words_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", vectors=VECTORS)
    with pytest.raises(DataError, match="`words` and `vectors` are needed"):
        look_up(tmp_path / "bad.npz", ["so"])


def test_an_archive_that_swells_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(word_vectors, "SPARE", 1000)
    np.savez_compressed(tmp_path / "bomb.npz", words=np.array(WORDS), vectors=np.zeros((6, 90_000)))
    with pytest.raises(DataError, match="would unpack to 4 MiB"):
        vector_width(tmp_path / "bomb.npz")


def test_a_mutated_archive_is_read_or_refused(tmp_path):
    npz(tmp_path / "good.npz")
    good = (tmp_path / "good.npz").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(good)
        for place in random.integers(len(good), size=random.integers(1, 4)):
            content[place] = random.integers(256)
        (tmp_path / "bad.npz").write_bytes(content)
        try:
            look_up(tmp_path / "bad.npz", ["so"])
        except DataError as error:
            assert "bad.npz" in str(error)


def test_a_huge_claim_in_a_header_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 300)}
    )
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("vectors.npy", header.getvalue())
    with pytest.raises(DataError, match="damaged"):
        vector_width(tmp_path / "bad.npz")


@pytest.mark.parametrize(("old", "new"), [(b"}", b" "), (b"<f4", b",3 "), (b"3), ", b"x), ")])
def test_a_damaged_header_is_refused(tmp_path, old, new):
    block = io.BytesIO()
    np.save(block, VECTORS)
    assert block.getvalue().count(old) == 1
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("vectors.npy", block.getvalue().replace(old, new))
    with pytest.raises(DataError, match=r"bad.npz is damaged"):
        vector_width(tmp_path / "bad.npz")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"there is no file '.*nowhere.txt'"):
        vector_width(tmp_path / "nowhere.txt")
