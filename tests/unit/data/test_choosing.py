import pytest
import torch

from mindkit.data.choosing import choose_columns
from mindkit.data.leaks import refuse_leaks
from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError


@pytest.fixture
def store():
    columns = {
        "text": Column.of_text(["so good"] * 2),
        "text_bert": Column.of_tokens([[101, 7, 102]] * 2),
        "vision": Column.of_vectors(torch.ones(2, 2)),
        "vision_raw": Column.of_vectors(torch.zeros(2, 3)),
    }
    splits = {name: Split([f"{name}0", f"{name}1"], columns, torch.zeros(2)) for name in "ab"}
    splits = {"train": splits["a"], "test": splits["b"]}
    leaky = {"vision": "was trained with the labels"}
    return Store("toy", splits, "regression", leaky=leaky).with_digest()


def test_a_modality_is_fed_from_the_column_that_is_named(store):
    chosen = choose_columns(store, {"text": "text_bert"})
    assert chosen.splits["test"].columns["text"].kind == "tokens"
    assert chosen.splits["test"].columns["vision"] is store.splits["test"].columns["vision"]
    assert chosen.digest == store.digest
    assert choose_columns(store, {}) == store


def test_a_column_that_is_not_there_is_named_with_the_nearest(store):
    with pytest.raises(
        DataError,
        match=r"data.columns.text: toy .* no column 'text_bart'; did you mean 'text_bert'\?",
    ):
        choose_columns(store, {"text": "text_bart"})


def test_the_leak_guard_looks_at_the_column_that_is_used(store):
    with pytest.raises(DataError, match=r"audio .*leaks labels"):
        refuse_leaks(choose_columns(store, {"audio": "vision"}), ["audio"], allow=False)
    honest = choose_columns(store, {"vision": "vision_raw"})
    assert refuse_leaks(honest, ["text", "vision"], allow=False) == []
