from dataclasses import replace

import pytest
import torch

from mindkit.config.spec import Data
from mindkit.data.choosing import as_sequences
from mindkit.data.prepare import prepare
from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError
from mindkit.kinds import Encoder


class Words(Encoder):
    accepts = ("text",)

    def __init__(self):
        super().__init__()
        self.seen = []

    def prepare(self, column, cache):
        self.seen.append((len(column), cache))
        return Column.of_tokens([[len(word) for word in text.split()] for text in column.values])

    def words_of_tokens(self, column):
        return Column.of_tokens([range(len(text.split())) for text in column.values])


class Steps(Encoder):
    accepts = ("sequence",)


def part(name, count):
    columns = {
        "text": Column.of_text(["so good"] * count),
        "audio": Column.of_sequences([torch.randn(3, 2) + 4 for _ in range(count)]),
        "vision": Column.of_vectors(torch.randn(count, 2)),
    }
    return Split([f"{name}{i}" for i in range(count)], columns, torch.zeros(count))


@pytest.fixture
def store():
    splits = {name: part(name, n) for name, n in (("train", 8), ("valid", 3), ("test", 2))}
    return Store("toy", splits, "regression").with_digest()


def test_encoders_prepare_each_split_once_after_standardising(store, tmp_path):
    words = Words()
    ready = prepare(store, {"text": words, "audio": Steps()}, Data(), tmp_path)
    assert words.seen == [(8, tmp_path), (3, tmp_path), (2, tmp_path)]
    assert ready.splits["test"].columns["text"].values.tolist() == [2, 4, 2, 4]
    assert ready.splits["train"].columns["audio"].values.mean().abs() < 1e-5


def test_only_the_encoders_modalities_are_kept(store):
    ready = prepare(store, {"audio": Steps()}, Data(), None)
    assert ready.modalities == ("audio",)
    assert ready.digest == store.digest


def test_modes_of_dropped_modalities_are_left_out(store):
    data = replace(Data(), standardize={"audio": "train", "vision": "train"})
    assert prepare(store, {"audio": Steps()}, data, None).modalities == ("audio",)


def test_a_missing_modality_is_named_with_the_way_out(store):
    with pytest.raises(DataError, match=r"no modality 'depth'.*--drop depth"):
        prepare(store, {"depth": Steps()}, Data(), None)


def test_an_encoder_for_another_kind_of_column_is_refused(store):
    with pytest.raises(
        DataError, match=r"encoders.vision: Steps takes sequence, but vision is a vector"
    ):
        prepare(store, {"vision": Steps()}, Data(), None)


def test_streams_are_aligned_to_the_tokens_after_standardising(store):
    texts = Column.of_text(["so very good"] * 8)
    train = replace(store.splits["train"], columns=store.splits["train"].columns | {"text": texts})
    store = replace(store, splits={"train": train})
    encoders = {"text": Words(), "audio": Steps()}
    plain = prepare(store, encoders, Data(), None).splits["train"].columns["audio"]
    data = replace(Data(), align="repeat")
    aligned = prepare(store, encoders, data, None).splits["train"].columns["audio"]
    assert torch.equal(aligned.values, plain.values)  # three words, three tokens, three steps


def test_a_vector_taken_as_one_step_is_aligned_to_every_token(store):
    texts = Column.of_text(["so very good"] * 8)
    train = replace(store.splits["train"], columns=store.splits["train"].columns | {"text": texts})
    data = Data(one_step=("vision",), align="repeat", standardize="none")
    store = as_sequences(replace(store, splits={"train": train}), data.one_step)
    found = prepare(store, {"text": Words(), "vision": Steps()}, data, None).splits["train"]
    frames = found.columns["vision"].values.view(8, 3, -1)  # three words, three tokens
    assert torch.equal(frames, train.columns["vision"].values[:, None].expand(frames.shape))


def test_words_are_needed_to_align_by(store):
    tokens = Column.of_tokens([[1, 2]] * 8)
    train = replace(store.splits["train"], columns=store.splits["train"].columns | {"text": tokens})
    encoders = {"text": Words(), "audio": Steps()}
    encoders["text"].accepts = ("tokens",)
    with pytest.raises(DataError, match="needs the words of text, which is a tokens column"):
        prepare(
            replace(store, splits={"train": train}), encoders, replace(Data(), align="first"), None
        )
