import multiprocessing

import pytest
import torch

from mindkit.api import DataError
from mindkit_basics.encoders.caching import cached


def tensors():
    return {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([True, False])}


def never():
    raise AssertionError("made again")


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_made_once_is_read_again(tmp_path):
    assert equal(cached(tmp_path / "new", ("key", 1), tensors), tensors())
    assert equal(cached(tmp_path / "new", ("key", 1), never), tensors())


def test_another_key_is_made_anew_and_no_folder_keeps_nothing(tmp_path):
    cached(tmp_path, "key", tensors)
    for folder, key in ((tmp_path, "other"), (None, "key")):
        with pytest.raises(AssertionError, match="made again"):
            cached(folder, key, never)


@pytest.mark.parametrize("damage", [b"", b"\xff" * 9, "cut", "flipped"])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    cached(tmp_path, "key", tensors)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-3] ^= 1  # a number: the file is still well formed
    path.write_bytes({"cut": content[:-4], "flipped": content}.get(damage, damage))
    assert equal(cached(tmp_path, "key", tensors), tensors())
    assert equal(cached(tmp_path, "key", never), tensors())


def _make(folder, barrier):
    barrier.wait()
    for number in range(20):
        cached(folder, number, lambda number=number: {"x": torch.full((1000,), float(number))})


def test_two_processes_may_write_the_same_file(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    workers = [context.Process(target=_make, args=(tmp_path, barrier)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    for number in range(20):
        assert (cached(tmp_path, number, never)["x"] == number).all()
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors"}


def test_a_folder_that_cannot_be_written_to_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"file cannot be written to .* MINDKIT_HOME"):
        cached(tmp_path / "file", "key", tensors)
