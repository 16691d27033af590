import pytest
import torch

from mindkit.config.spec import Data
from mindkit.data.choosing import as_sequences, choose_columns
from mindkit.data.leaks import refuse_leaks
from mindkit.data.store import Column, Split, Store
from mindkit.data.transforms import treatments
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


def test_vectors_become_sequences_of_one_step_with_the_same_values(store):
    changed = as_sequences(store, ["vision"])
    column = changed.splits["test"].columns["vision"]
    assert column.kind == "sequence" and column.lengths.tolist() == [1, 1]
    values, mask = column.gather(torch.tensor([1, 0]))
    assert values.tolist() == [[[1, 1]], [[1, 1]]] and mask.tolist() == [[True], [True]]
    assert changed.digest == store.digest
    assert store.splits["test"].columns["vision"].kind == "vector"


@pytest.mark.parametrize(
    ("name", "words"),
    [("visoin", "did you mean 'vision'"), ("text_bert", "text_bert is a tokens column")],
)
def test_only_vectors_become_sequences_of_one_step(store, name, words):
    with pytest.raises(DataError, match=f"data.one_step: .*{words}"):
        as_sequences(store, [name])


def test_one_step_cannot_be_standardised_by_itself(store):
    columns = as_sequences(store, ["vision"]).splits["train"].columns
    data = Data(standardize={"vision": "utterance"})
    with pytest.raises(DataError, match=r"turn every vision sample into zeros"):
        treatments(data, {"vision": columns["vision"]})
