import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from mindkit.errors import DataError

base = torch.arange(24.0).reshape(4, 6)
NOT_TORCH = r"a zip file, but not one of torch\.save"
TENSORS = {
    "plain": torch.arange(3.0),
    "view with an offset and a stride": base[1:3, 1::2],
    "transposed": base.t(),
    "no axes": torch.tensor(5),
    "nothing": torch.zeros(0, 3),
    "large": torch.arange(4000.0).reshape(40, 100),
    "truth": torch.tensor([True, False]),
    "complex": torch.tensor([1j, 2]),
    **{
        str(dtype): torch.arange(-2, 3).to(dtype)
        for dtype in (torch.float64, torch.float16, torch.int64, torch.int32, torch.int16)
    },
    "int8": torch.arange(-2, 3, dtype=torch.int8),
    "uint8": torch.arange(3, dtype=torch.uint8),
}


def saved(value, *, zipped=True):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def rezipped(content, change, **options):
    """The members of a zip file again, `change(name, content)` instead of each."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", **options) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return file.getvalue()


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("name", TENSORS)
def test_tensors_in_a_pickle_become_arrays(unpickled, same, name, protocol):
    read = unpickled(pickle.dumps({"a": [TENSORS[name]] * 2}, protocol), torch=True)
    assert same(read, {"a": [TENSORS[name].numpy()] * 2})


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", TENSORS)
def test_files_of_torch_save_become_arrays(unpickled, same, name, zipped):
    read = unpickled(saved({"a": TENSORS[name], "b": [1, "x"]}, zipped=zipped), torch=True)
    assert same(read, {"a": TENSORS[name].numpy(), "b": [1, "x"]})


@pytest.mark.parametrize("zipped", [False, True])
def test_tensors_of_one_storage_are_read(unpickled, same, zipped):
    read = unpickled(saved([base[0], base[1:]], zipped=zipped), torch=True)
    assert same(read, [base[0].numpy(), base[1:].numpy()])


def test_bfloat16_becomes_float32(unpickled, same):
    values = torch.tensor([1.5, -2.25, 1e30], dtype=torch.bfloat16)
    assert same(unpickled(saved(values), torch=True), values.float().numpy())


def test_tensors_of_a_big_endian_machine_are_turned(unpickled, same):
    values = np.arange(5.0, dtype=np.float32)
    members = {"byteorder": b"big", "data/0": values.astype(">f4").tobytes()}

    def change(name, member):
        return members.get(name.partition("/")[2], member)

    content = rezipped(saved(torch.from_numpy(values)), change)
    assert same(unpickled(content, torch=True), values)


def test_tensors_of_the_first_torch_are_read(unpickled, same):
    storage = saved(torch.arange(6.0).untyped_storage(), zipped=False).replace(
        b"torch.storage\nUntypedStorage", b"torch\nFloatStorage"
    )
    storage = storage.replace(b"K\x18N", b"K\x06N").replace(
        b"a.\x18" + bytes(7), b"a.\x06" + bytes(7)
    )
    load = b"ctorch.storage\n_load_from_bytes\nB" + len(storage).to_bytes(4, "little") + storage
    content = b"\x80\x03ctorch._utils\n_rebuild_tensor\n(" + load + b"\x85R"
    content += b"K\x01(K\x02K\x02tK\x02K\x01\x86tR."
    assert same(unpickled(content, torch=True), np.array([[1, 2], [3, 4]], np.float32))


def test_large_tensors_stay_in_the_file_and_are_read_only(unpickled):
    for content in (pickle.dumps(TENSORS["large"], 4), saved(TENSORS["large"])):
        array = unpickled(content, torch=True)
        assert array.sum() == TENSORS["large"].sum() and not array.flags.writeable
        while isinstance(array, np.ndarray):
            array = array.base
        assert isinstance(array, memoryview)


@pytest.mark.parametrize("zipped", [False, True])
def test_without_torch_the_file_is_called_a_torch_file(unpickled, zipped):
    with pytest.raises(DataError, match=r"x\.pkl is a torch file; .* save `tensor\.numpy"):
        unpickled(saved(TENSORS["plain"], zipped=zipped))


def test_without_torch_a_tensor_in_a_pickle_is_refused(unpickled):
    with pytest.raises(DataError, match=r"torch\._utils\._rebuild_tensor_v2, of torch; .*save"):
        unpickled(pickle.dumps([TENSORS["plain"]]))


def test_a_module_is_refused(unpickled):
    with pytest.raises(DataError, match=r"asks for torch\.nn\.modules\.linear\.Linear"):
        unpickled(saved(torch.nn.Linear(2, 2)), torch=True)


def test_an_expanded_tensor_is_refused(unpickled):
    with pytest.raises(DataError, match=r"repeats the 1 numbers it holds; save `tensor\.contig"):
        unpickled(saved(torch.zeros(1).expand(1_000_000)), torch=True)


@pytest.mark.parametrize(
    "part, forged",
    [
        (b"K\x01K\x03\x86", b"K\x01K\x7f\x86"),  # the strides of (3, 3): one row beyond the last
        (b"K\x03K\x03\x86", b"K\x03K\x7f\x86"),  # the shape
        (b"QK\x00", b"QK\x05"),  # the offset
        (b"K\x03K\x03\x86", b"K\x03J\xff\xff\xff\xff\x86"),
        (b"cpu", b"c" * 3 + b"X\x00\x00\x00\x00"),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(unpickled, part, forged):
    content = saved(torch.arange(9.0).reshape(3, 3).t())
    assert unpickled(content, torch=True).shape == (3, 3)

    def change(name, member):
        if not name.endswith("data.pkl"):
            return member
        assert part in member
        return member.replace(part, forged)

    with pytest.raises(DataError):
        unpickled(rezipped(content, change), torch=True)


@pytest.mark.parametrize("change", [lambda b: b[:-4], lambda b: b + bytes(4), lambda b: b""])
def test_a_storage_of_another_length_is_refused(unpickled, change):
    forged = rezipped(
        saved(torch.arange(9.0)), lambda name, b: change(b) if name.endswith("data/0") else b
    )
    with pytest.raises(DataError, match=r"x\.pkl, byte \d+: a torch tensor lacks bytes"):
        unpickled(forged, torch=True)


def test_a_compressed_member_is_refused(unpickled):
    bomb = rezipped(
        saved(torch.zeros(100_000)), lambda name, b: b, compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(DataError, match=NOT_TORCH):
        unpickled(bomb, torch=True)


def test_another_zip_file_is_refused(unpickled):
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    with pytest.raises(DataError, match=NOT_TORCH):
        unpickled(file.getvalue(), torch=True)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_zip_file_cut_short_is_refused(unpickled, share):
    content = saved(torch.zeros(100))
    with pytest.raises(DataError, match="a damaged zip file; the file was cut short"):
        unpickled(content[: int(share * len(content))], torch=True)


def test_a_zip_file_whose_members_lie_beyond_it_is_refused(unpickled):
    content = saved(torch.zeros(3))
    at = content.index(b"PK\x01\x02") + 42  # where the first member begins
    for place in (b"\xff\xff\xff\x7f", b"\x04\x00\x00\x00"):
        with pytest.raises(DataError, match=r"damaged zip|not one of torch\.save"):
            unpickled(content[:at] + place + content[at + 4 :], torch=True)


@pytest.mark.parametrize("zipped", [False, True])
def test_truth_values_other_than_0_and_1_are_refused(unpickled, zipped):
    content = saved(torch.tensor([True, True, True, False, True]), zipped=zipped)
    assert content.count(b"\1\1\1\0\1") == 1
    with pytest.raises(DataError, match="true and false has other values"):
        unpickled(content.replace(b"\1\1\1\0\1", b"\1\1\2\0\1"), torch=True)


def test_a_legacy_file_cut_short_or_grown_is_refused(unpickled):
    content = saved(torch.zeros(3), zipped=False)
    with pytest.raises(DataError, match="a torch tensor lacks bytes"):
        unpickled(content[:-1], torch=True)
    with pytest.raises(DataError, match="bytes follow the last torch tensor"):
        unpickled(content + b"a", torch=True)


def test_a_storage_of_two_sizes_is_refused(unpickled):
    content = saved([base[0], base[1]], zipped=False)
    assert content.count(b"K\x18N") == 2
    with pytest.raises(DataError, match="a torch storage has two sizes"):
        unpickled(content.replace(b"K\x18N", b"M\xff\xffN", 1), torch=True)


def test_many_tensors_of_one_stream_are_refused(unpickled):
    load = b"ctorch.storage\n_load_from_bytes\n"
    content = saved(torch.zeros(500).untyped_storage(), zipped=False)
    head = b"\x80\x04B" + len(content).to_bytes(4, "little") + content + b"q\x000](("
    again = b"".join(load + b"h\x00\x85R0" for _ in range(200))
    with pytest.raises(DataError, match="unpacks to far more than it holds"):
        unpickled(head + again + b"te.", torch=True)
