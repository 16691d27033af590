import os

import pytest

from mindkit.data import checking
from mindkit.data.blocks import BlockWriter
from mindkit.data.checking import check_files, stamp_files
from mindkit.errors import DataError


@pytest.fixture
def writer(tmp_path):
    made = BlockWriter(tmp_path / "data")
    made.folder.mkdir()
    made.json("a.json", [1])
    made.json("train/b.json", [2])
    return made


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files whose hash is taken."""
    names = []
    honest = checking.sha256
    monkeypatch.setattr(checking, "sha256", lambda path: names.append(path.name) or honest(path))
    return names


def check(writer, everything=False):
    check_files(writer.folder, writer.files, everything)


def change(path, keep_time):
    """Change a byte of a file, and not its size."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    later = before.st_mtime_ns + (0 if keep_time else 1)
    os.utime(path, ns=(before.st_atime_ns, later))


def test_files_are_hashed_once_and_then_known_by_size_and_time(writer, hashed):
    check(writer)
    assert hashed == ["a.json", "b.json"]
    check(writer)
    assert len(hashed) == 2


def test_files_that_were_just_written_need_no_hash(writer, hashed):
    stamp_files(writer.folder, writer.files)
    check(writer)
    assert hashed == []


def test_a_file_with_another_time_alone_is_hashed_again(writer, hashed):
    stamp_files(writer.folder, writer.files)
    os.utime(writer.folder / "a.json")
    check(writer)
    check(writer)
    assert hashed == ["a.json"]


def test_a_changed_byte_is_found(writer):
    stamp_files(writer.folder, writer.files)
    change(writer.folder / "train" / "b.json", keep_time=False)
    with pytest.raises(DataError, match=r"has changed since it was written: train/b.json is not"):
        check(writer)


def test_a_changed_byte_behind_an_old_time_is_found_when_everything_is_checked(writer):
    stamp_files(writer.folder, writer.files)
    change(writer.folder / "a.json", keep_time=True)
    check(writer)
    with pytest.raises(DataError, match=r"a.json is not the file"):
        check(writer, everything=True)


def test_another_manifest_makes_the_stamps_worthless(writer):
    stamp_files(writer.folder, writer.files)
    writer.files["a.json"]["sha256"] = "0" * 64
    with pytest.raises(DataError, match=r"a.json is not the file"):
        check(writer)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 10**5, "é"])
def test_stamps_that_cannot_be_read_are_taken_as_none(writer, hashed, content):
    (writer.folder / "checked.json").write_bytes(content.encode("latin-1"))
    check(writer)
    assert hashed == ["a.json", "b.json"]


def test_stamps_that_cannot_be_written_do_no_harm(writer, hashed):
    (writer.folder / "checked.json").mkdir()
    check(writer)
    check(writer)
    assert hashed == ["a.json", "b.json"] * 2


def test_a_missing_file_is_the_systems_error(writer):
    (writer.folder / "a.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.json"):
        check(writer)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b/c", "..", "train/../a.json"])
def test_a_manifest_cannot_name_files_elsewhere(writer, name):
    writer.files[name] = writer.files["a.json"]
    with pytest.raises(DataError, match="which is none of its own"):
        check(writer)


def test_what_is_no_file_is_refused(writer):
    (writer.folder / "a.json").unlink()
    os.mkfifo(writer.folder / "a.json")
    with pytest.raises(DataError, match="is no file"):
        check(writer)
