import os
import subprocess
import sys

import pytest

from mindkit.data.converted import cache_key, digest_of, locked
from mindkit.errors import DataError
from mindkit.kinds import Dataset


class Toy(Dataset):
    pass


class Ranged(Dataset):
    label_range = (-3.0, 3.0)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.pkl").write_bytes(b"1")
    return tmp_path / "data"


def test_a_file_is_told_by_its_content(folder):
    file = folder / "deep" / "a.pkl"
    key = cache_key(file, Toy, [])
    os.utime(file, (0, 0))
    assert cache_key(file, Toy, []) == key
    file.write_bytes(b"2")
    assert cache_key(file, Toy, []) != key


def test_a_folder_is_told_by_the_times_of_all_below_it(folder):
    key = cache_key(folder, Toy, [])
    assert cache_key(folder, Toy, []) == key
    os.utime(folder / "deep" / "a.pkl", (0, 0))
    assert cache_key(folder, Toy, []) != key


def test_another_request_or_data_set_is_another_key(folder):
    keys = {
        cache_key(folder, Toy, []),
        cache_key(folder, Toy, [{"text": "words"}]),
        cache_key(folder, Ranged, []),
    }
    assert len(keys) == 3


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a.pkl cannot be read"):
        cache_key(tmp_path / "a.pkl", Toy, [])


def test_several_files_have_one_digest_whatever_their_order():
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})
    assert digest_of({"a": "1", "b": "2"}) != digest_of({"a": "2", "b": "1"})


TRY = """
import fcntl, sys
with open(sys.argv[1], "wb") as file:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


def test_one_process_at_a_time_holds_the_lock(tmp_path):
    attempt = [sys.executable, "-c", TRY, str(tmp_path / "data-x.lock")]
    with locked(tmp_path / "data-x"):
        held = subprocess.run(attempt, stderr=subprocess.DEVNULL, check=False)
    assert held.returncode != 0
    assert subprocess.run(attempt, check=False).returncode == 0


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataError, match=r"cannot be written to .* MINDKIT_HOME"),
        locked(tmp_path / "file" / "data-x"),
    ):
        pass
