import pytest

from mindkit.data.files import write_bytes, write_text, writing, writing_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_in_utf_8_and_leaves_no_temporary_file(tmp_path):
    write_text(tmp_path / "deep" / "a.txt", "größer")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "größer".encode()
    assert names(tmp_path / "deep") == ["a.txt"]


def test_a_file_is_replaced(tmp_path):
    write_bytes(tmp_path / "a", b"1")
    write_bytes(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"2"


def test_an_interrupted_write_keeps_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a", "old")
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_a_folder_appears_only_when_it_is_complete(tmp_path):
    with writing_folder(tmp_path / "set") as temporary:
        (temporary / "x").write_text("1")
        assert not (tmp_path / "set").exists()
    assert names(tmp_path) == ["set"] and names(tmp_path / "set") == ["x"]


def test_a_folder_is_replaced_whole(tmp_path):
    for name in ("x", "y"):
        with writing_folder(tmp_path / "set") as temporary:
            (temporary / name).write_text("1")
    assert names(tmp_path / "set") == ["y"] and names(tmp_path) == ["set"]


def test_an_interrupted_folder_keeps_the_old_one(tmp_path):
    with writing_folder(tmp_path / "set") as temporary:
        (temporary / "x").write_text("old")
    with pytest.raises(KeyboardInterrupt), writing_folder(tmp_path / "set") as temporary:
        (temporary / "x").write_text("new")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["set"] and (tmp_path / "set" / "x").read_text() == "old"


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    (tmp_path / ".set.0123456789ab.tmp").mkdir()
    with writing_folder(tmp_path / "set"):
        pass
    assert names(tmp_path) == ["set"]
