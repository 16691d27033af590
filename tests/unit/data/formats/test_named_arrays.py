import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

from mindkit.data.formats.named_arrays import read_table
from mindkit.errors import DataError


def text(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def test_cells_that_look_like_missing_values_stay_text(tmp_path):
    table = read_table(text(tmp_path, "a.csv", "id,text\n1,NA\n2,null\n3,\n"))
    assert table.array("text") == ["NA", "null", ""]


def test_csv_quotes_may_hold_separators_and_line_breaks(tmp_path):
    table = read_table(text(tmp_path, "a.csv", 'id,text\n1,"so, ""good""\nreally"\n'))
    assert table.array("text") == ['so, "good"\nreally']


def test_a_tsv_has_no_quoting(tmp_path):
    table = read_table(text(tmp_path, "a.tsv", 'id\ttext\n1\t"oh\n2\tno" he said\n'))
    assert table.array("text") == ['"oh', 'no" he said']


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert read_table(text(tmp_path, "a.csv", "id,x\n1,2\n", "utf-8-sig")).names == ("id", "x")


def test_numbered_columns_are_offered_together(tmp_path):
    table = read_table(text(tmp_path, "a.csv", "audio_1,audio_0,clip_2\n2,1,9\n4,3,9\n"))
    assert np.array_equal(table.array("audio"), [[1, 2], [3, 4]])
    assert "clip" not in table.names


def test_a_cell_that_is_no_number_is_named(tmp_path):
    table = read_table(text(tmp_path, "a.csv", "audio_0\n1\nloud\n"))
    with pytest.raises(
        DataError, match=r"'audio_0' holds 'loud' in row 1.*\(1 of 2 cells are none\)"
    ):
        table.array("audio")


def test_npz_arrays_are_read_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones((2, 3)), id=np.array(["a", "b"]))
    table = read_table(tmp_path / "a.npz")
    assert table.array("audio").shape == (2, 3)
    assert table.strings("id") == ["a", "b"]


def test_byte_strings_and_integers_serve_as_strings(tmp_path):
    np.savez(tmp_path / "a.npz", b=np.array([b"x", b"y"]), i=np.array([1, 2]))
    table = read_table(tmp_path / "a.npz")
    assert table.strings("b") == ["x", "y"] and table.strings("i") == ["1", "2"]


def refused(path, message, name=None):
    with pytest.raises(DataError, match=message):
        table = read_table(path)
        if name:
            table.strings(name)


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path):
    text(tmp_path, "mosi_utterance.npz", "")
    refused(tmp_path / "mosi_utterances.npz", "no file .*did you mean 'mosi_utterance.npz'")


def test_a_missing_folder_is_named(tmp_path):
    refused(tmp_path / "nowhere" / "a.npz", "there is no folder '.*nowhere'")


def test_a_missing_array_is_answered_with_the_nearest_name(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones(2))
    refused(tmp_path / "a.npz", "no array or column 'audoi'; did you mean 'audio'", "audoi")


def test_object_arrays_are_refused_with_a_plain_explanation(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.array([[1], [1, 2]], dtype=object))
    refused(tmp_path / "a.npz", "'audio' holds Python objects.*runs whatever code", "audio")


def test_a_pickle_that_calls_itself_npz_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(pickle.dumps({"audio": 1}))
    refused(tmp_path / "a.npz", "a.npz is no .npz archive")


def test_a_single_array_that_calls_itself_npz_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(2))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    refused(tmp_path / "a.npz", "a.npz is no .npz archive")


def test_a_truncated_archive_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones(1000))
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    refused(tmp_path / "b.npz", "b.npz is no .npz archive")


def test_a_damaged_array_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones(1000), label=np.zeros(3))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[500] ^= 255
    (tmp_path / "a.npz").write_bytes(content)
    refused(tmp_path / "a.npz", "array 'audio' is damaged", "audio")


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(tmp_path / "a.npz", "'readme.txt' is no array", "readme.txt")


def test_an_unknown_suffix_is_refused(tmp_path):
    refused(text(tmp_path, "a.xlsx", ""), "cannot read '.xlsx'; known: .npz, .csv, .tsv")


def test_another_encoding_is_refused(tmp_path):
    refused(
        text(tmp_path, "a.csv", "id\ngroß\n", "latin-1"), "a.csv is not UTF-8 .*save it as UTF-8"
    )


def test_a_row_of_another_length_is_named(tmp_path):
    refused(text(tmp_path, "a.csv", "id,x\n1,2\n1,2,3\n"), "row 1 has 3 cells, the header has 2")


def test_columns_of_one_name_are_refused(tmp_path):
    refused(text(tmp_path, "a.csv", "x,x\n1,2\n"), "two columns are called 'x'")


def test_an_empty_table_is_refused(tmp_path):
    refused(text(tmp_path, "a.csv", ""), "a.csv is empty; a header")


def test_a_quote_without_end_is_refused(tmp_path):
    refused(text(tmp_path, "a.csv", 'id\n"never closed\n'), "cannot be read as a table")


def with_header(path, shape, dtype="<f4", data=b""):
    """An archive with an array whose header says what it likes."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    head = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("audio.npy", content)
    return path


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((10**12, 74), "<f4"), ((2**62, 2**62), "<f4"), ((-1,), "<f4"), ((3,), "<U100000000")],
)
def test_an_array_that_claims_more_than_there_is_takes_no_memory(tmp_path, shape, dtype):
    path = with_header(tmp_path / "a.npz", shape, dtype, b"1234")
    refused(path, "array 'audio' claims .*, but there are 4; write it again", "audio")


def test_an_array_made_to_fill_the_memory_is_refused_unread(tmp_path):
    path = tmp_path / "a.npz"
    size = 2**28 + 4
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("audio.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (size // 4,)}
        )
        for _ in range(4):
            file.write(bytes(size // 4))
    tracemalloc.start()
    refused(path, f"claims {size} bytes out of .*, as only a file made to fill the memory", "audio")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_an_archive_of_a_damaged_directory_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones(2))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place : place + 4] = b"none"
    (tmp_path / "a.npz").write_bytes(content)
    refused(tmp_path / "a.npz", "a.npz is (no|a damaged) .npz archive")


def test_a_link_to_a_table_is_followed(tmp_path):
    np.savez(tmp_path / "a.npz", audio=np.ones(2))
    (tmp_path / "b.npz").symlink_to(tmp_path / "a.npz")
    assert read_table(tmp_path / "b.npz").array("audio").shape == (2,)
