import pytest
import torch

from mindkit.data.store import Column, Split, Store
from mindkit.data.transforms import standardise
from mindkit.errors import DataError


def split(count, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 9, (count,), generator=generator).tolist()
    audio = [5 + 3 * torch.randn(n, 3, generator=generator) for n in lengths]
    for steps in audio:
        steps[:, 2] = 0.1
    columns = {
        "text": Column.of_text(["good"] * count),
        "audio": Column.of_sequences(audio),
        "vision": Column.of_vectors(7 + torch.randn(count, 2, generator=generator)),
    }
    return Split([f"{seed}_{i}" for i in range(count)], columns, torch.zeros(count))


@pytest.fixture
def store():
    return Store("toy", {"train": split(40, 1), "valid": split(9, 2)}, "regression")


def values(store, part, modality):
    return store.splits[part].columns[modality].values


def test_train_statistics_come_from_the_real_steps_of_the_training_split(store):
    scaled = standardise(store, "train")
    raw = values(store, "train", "audio")[:, :2]
    mean, deviation = raw.mean(0), raw.std(0, correction=0)
    for part in ("train", "valid"):
        expected = (values(store, part, "audio")[:, :2] - mean) / deviation
        assert torch.allclose(values(scaled, part, "audio")[:, :2], expected, atol=1e-5)
    assert values(scaled, "train", "vision").mean().abs() < 1e-5


@pytest.mark.parametrize("mode", ["train", {"audio": "utterance"}])
def test_constant_columns_become_zero(store, mode):
    assert (values(standardise(store, mode), "valid", "audio")[:, 2] == 0).all()


def test_utterance_statistics_come_from_each_samples_own_steps(store):
    scaled = standardise(store, {"audio": "utterance"})
    for row in range(9):
        raw = store.splits["valid"].columns["audio"].take(torch.tensor([row])).values
        mine = scaled.splits["valid"].columns["audio"].take(torch.tensor([row])).values
        expected = (raw - raw.mean(0)) / (raw.std(0, correction=0) + 1e-6)
        assert torch.allclose(mine[:, :2], expected[:, :2], atol=1e-4)


def test_modes_by_modality_leave_the_others_alone(store):
    scaled = standardise(store, {"audio": "train"})
    assert torch.equal(values(scaled, "train", "vision"), values(store, "train", "vision"))


def test_none_changes_nothing(store):
    assert torch.equal(
        values(standardise(store, "none"), "train", "audio"), values(store, "train", "audio")
    )


def test_text_is_never_touched(store):
    assert standardise(store, "train").splits["train"].columns["text"].values == ["good"] * 40


def test_the_store_given_is_unchanged(store):
    before = values(store, "train", "audio").clone()
    standardise(store, "train")
    assert torch.equal(values(store, "train", "audio"), before)


def test_utterance_is_refused_for_one_vector_a_sample(store):
    with pytest.raises(DataError, match=r"'vision'.*one vector a sample; set it to train or none"):
        standardise(store, "utterance")


def test_an_unknown_mode_is_named_with_the_nearest(store):
    with pytest.raises(DataError, match=r"no mode 'utterances'; did you mean 'utterance'\?"):
        standardise(store, {"audio": "utterances"})


def test_an_unknown_modality_is_named_with_the_nearest(store):
    with pytest.raises(DataError, match=r"no modality 'vison'; did you mean 'vision'\?"):
        standardise(store, {"vison": "train"})


def test_text_cannot_be_standardised(store):
    with pytest.raises(DataError, match="a text column has no features; set it to none"):
        standardise(store, {"text": "train"})
