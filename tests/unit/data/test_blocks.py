import hashlib
import io
import json

import numpy as np
import pytest
import torch

from mindkit.data.blocks import BlockWriter
from mindkit.data.store import Column


@pytest.fixture
def writer(tmp_path):
    return BlockWriter(tmp_path)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (123456, 1)])
@pytest.mark.parametrize("dtype", ["<f4", "<i8"])
def test_a_file_is_to_the_byte_what_numpy_writes(writer, shape, dtype):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    writer.pieces("a.npy", values.dtype, shape, [values[:2], values[2:2], values[2:]])
    expected = io.BytesIO()
    np.save(expected, values)
    content = (writer.folder / "a.npy").read_bytes()
    assert content == expected.getvalue()
    told = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert writer.files == {"a.npy": told}


def test_rows_that_are_missing_are_noticed(writer):
    with pytest.raises(AssertionError, match="2 rows came, 3 were announced"):
        writer.pieces("a.npy", np.dtype("<f4"), (3,), [np.zeros(2, "<f4")])


def test_a_column_has_the_digest_that_the_store_computes(writer):
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    lengths = np.array([1, 3, 2])
    digest = writer.column("train", "audio", "sequence", lengths, (6, 2), [values[:1], values[1:]])
    column = Column("sequence", torch.from_numpy(values), torch.tensor([0, 1, 4, 6]))
    assert digest == column.digest()
    assert np.load(writer.folder / "train" / "audio.offsets.npy").tolist() == [0, 1, 4, 6]


def test_tokens_and_text_have_the_digest_that_the_store_computes(writer):
    tokens = Column.of_tokens([[1, 2], [3]])
    lengths, values = np.array([2, 1]), np.array([1, 2, 3])
    assert writer.column("train", "ids", "tokens", lengths, (3,), [values]) == tokens.digest()
    text = Column.of_text(["größe", ""])
    assert writer.text("train", "text", ["größe", ""]) == text.digest()
    written = (writer.folder / "train" / "text.json").read_text(encoding="utf-8")
    assert json.loads(written) == ["größe", ""] and "größe" in written
