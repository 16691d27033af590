import json
import shutil
import warnings

import numpy as np
import pytest
import torch

from mindkit.data.checking import sha256
from mindkit.data.formats import folder as own
from mindkit.data.formats.folder import read_folder, write_folder
from mindkit.data.raw import Request
from mindkit.data.source import Source
from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError
from mindkit.kinds import Dataset


def part(name, count):
    generator = torch.Generator().manual_seed(count)
    columns = {
        "text": Column.of_text([f"größe {i}" for i in range(count)], "words"),
        "text_bert": Column.of_tokens([[101, i + 1, 102] for i in range(count)], "ids"),
        "audio": Column.of_sequences(
            [torch.randn(i % 3 + 1, 2, generator=generator) for i in range(count)], "sound"
        ),
        "vision": Column.of_vectors(torch.randn(count, 3, generator=generator), "sight"),
    }
    ids = [f"{name}{i}" for i in range(count)]
    return Split(ids, columns, torch.arange(count) / 2, [f"video{i // 2}" for i in range(count)])


@pytest.fixture
def store():
    return Store(
        "toy",
        {name: part(name, n) for name, n in (("train", 5), ("valid", 3), ("test", 2))},
        "regression",
        label_range=(-3.0, 3.0),
        source="toy.npz",
        leaky={"vision": "so they say"},
        metrics=("mae", "corr"),
        layout="a layout",
        aligned=True,
        factors={"train": {"shared": torch.ones(5, 2)}},
    ).with_digest()


@pytest.fixture
def written(store, tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    write_folder(store, folder, {"notes": ["a note"], "drops": []})
    return folder


def test_a_store_comes_back_as_it_was(store, written):
    read = read_folder(written)
    assert read.with_digest().digest == read.digest == store.digest
    for name, split in store.splits.items():
        found = read.splits[name]
        assert (found.ids, found.videos) == (split.ids, split.videos)
        assert torch.equal(found.target, split.target)
        assert {c: k.kind for c, k in found.columns.items()} == {
            c: k.kind for c, k in split.columns.items()
        }
        assert found.columns["text"].values == split.columns["text"].values
        for column in ("text_bert", "audio", "vision"):
            assert torch.equal(found.columns[column].values, split.columns[column].values)
            assert found.columns[column].provenance == split.columns[column].provenance
    assert (read.metrics, read.layout, read.aligned) == (("mae", "corr"), "a layout", True)
    assert read.notes == ("a note",) and read.leaky == store.leaky
    assert torch.equal(read.factors["train"]["shared"], torch.ones(5, 2))


def test_blocks_are_mapped_and_writing_to_them_changes_no_file(written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = read_folder(written).splits["train"].columns["audio"].values
    values += 1
    again = read_folder(written, verify=True).splits["train"].columns["audio"].values
    assert torch.equal(values, again + 1)


def test_digests_are_taken_from_the_manifest(written, monkeypatch):
    monkeypatch.setattr("hashlib.sha256", None)
    column = read_folder(written).splits["train"].columns["audio"]
    assert len(column.digest()) == 64


def test_a_copy_elsewhere_is_the_same_data(store, written, tmp_path):
    shutil.copytree(written, tmp_path / "copy", copy_function=shutil.copyfile)
    assert read_folder(tmp_path / "copy").digest == store.digest


def edit(folder, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | changes), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 1}, "has format 1, but this version of mindkit reads format 2"),
        ({"files": {}}, "lists no file train/ids.json; import the data again"),
        ({"files": 3}, "is damaged"),
        ({"columns": {"audio": {}}}, "is damaged"),
        ({"samples": {"../x": 3}}, "lists no file ../x/ids.json"),
        ({"classes": None}, "is damaged"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(written, changes, message):
    edit(written, **changes)
    with pytest.raises(DataError, match=message):
        read_folder(written)


def test_a_manifest_that_lacks_something_is_refused(written):
    (written / "manifest.json").write_text('{"format": 2}')
    with pytest.raises(DataError, match=r"manifest.json lacks name, task, .*import the data again"):
        read_folder(written)


@pytest.mark.parametrize("content", ["{", "[" * 10**5, "[]", "\xff"])
def test_a_manifest_that_is_none_is_refused(written, content):
    (written / "manifest.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=r"manifest.json (cannot be read|has format None)"):
        read_folder(written)


def test_offsets_that_are_no_bounds_are_refused_even_if_the_manifest_fits(written):
    path = written / "train" / "audio.offsets.npy"
    offsets = np.load(path)
    offsets[1] = offsets[2] + 1
    np.save(path, offsets)
    files = json.loads((written / "manifest.json").read_text(encoding="utf-8"))["files"]
    files["train/audio.offsets.npy"]["sha256"] = sha256(path)
    edit(written, files=files)
    with pytest.raises(DataError, match="offsets of audio are no bounds"):
        read_folder(written)


def test_a_folder_is_recognised_and_read_as_any_other_layout(store, written):
    source = Source(written)
    assert own.recognises(source)
    raw = own.read(source, Request(Dataset))
    train = raw.parts["train"]
    assert (raw.format, raw.layout, raw.aligned) == ("folder", "a layout", True)
    assert train.ids == store.splits["train"].ids
    assert train.videos == store.splits["train"].videos
    kinds = {name: feature.kind for name, feature in train.features.items()}
    assert kinds == {"text": "text", "text_bert": "tokens", "audio": "ragged", "vision": "vector"}
    assert [len(steps) for steps in train.features["audio"].values] == [1, 2, 3, 1, 2]
    assert train.features["text_bert"].values[1].tolist() == [101, 2, 102]
