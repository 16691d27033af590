"""The order of the treatments, and who gets which; each one alone is tested beside its file."""

from dataclasses import replace

import pytest
import torch

from mindkit.config.spec import Data, Missing, Noise
from mindkit.data.store import Column, Split, Statistics, Store
from mindkit.data.transforms import transform, treatments
from mindkit.errors import DataError
from mindkit.kinds import Encoder


class Words(Encoder):
    accepts = ("text", "tokens")

    def unknown(self, kind):
        return ("?", ()) if kind == "text" else (100, (101,))


ENCODERS = {m: Encoder() for m in ("audio", "vision", "states")} | {"text": Words()}


def split(count, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 9, (count,), generator=generator).tolist()
    columns = {
        "text": Column.of_text(["so good"] * count),
        "audio": Column.of_sequences(
            [5 + 3 * torch.randn(n, 3, generator=generator) for n in lengths]
        ),
        "vision": Column.of_vectors(7 + torch.randn(count, 2, generator=generator)),
    }
    return Split([f"{seed}_{i}" for i in range(count)], columns, torch.zeros(count))


@pytest.fixture
def store():
    return Store("toy", {"train": split(40, 1), "valid": split(9, 2)}, "regression")


def values(store, part, modality):
    return store.splits[part].columns[modality].values


def done(store, **settings):
    return transform(store, replace(Data(), **settings), ENCODERS)


def test_by_default_features_are_standardised_by_the_training_split_and_text_is_left(store):
    scaled = done(store)
    for modality in ("audio", "vision"):
        raw = values(store, "train", modality)
        expected = (values(store, "valid", modality) - raw.mean(0)) / raw.std(0, correction=0)
        torch.testing.assert_close(values(scaled, "valid", modality), expected)
    assert values(scaled, "train", "text") == ["so good"] * 40


def test_text_that_is_features_is_standardised_where_it_is_named_only(store):
    states = Column.of_vectors(torch.arange(40.0).view(40, 1))
    train = replace(store.splits["train"], columns={"text": states})
    store = replace(store, splits={"train": train})
    assert torch.equal(values(done(store), "train", "text"), states.values)
    named = done(store, standardize={"text": "train"})
    assert values(named, "train", "text").std(correction=0) == pytest.approx(1)


def test_none_changes_nothing(store):
    assert values(done(store, standardize="none"), "train", "audio") is values(
        store, "train", "audio"
    )


def test_a_mode_by_modality_leaves_the_others_alone(store):
    scaled = done(store, standardize={"audio": "utterance"})
    assert values(scaled, "train", "vision") is values(store, "train", "vision")
    assert values(scaled, "train", "audio").mean().abs() < 1e-5


def test_statistics_are_those_of_the_steps_that_truncation_leaves(store):
    cut = done(store, truncate={"audio": 2}, standardize="none")
    raw = values(cut, "train", "audio")
    assert len(raw) == 80
    scaled = values(done(store, truncate=2), "valid", "audio")
    expected = (values(cut, "valid", "audio") - raw.mean(0)) / raw.std(0, correction=0)
    torch.testing.assert_close(scaled, expected)


@pytest.mark.parametrize(("steps", "used"), [(2, False), (8, True)])
def test_statistics_of_the_import_hold_until_a_step_is_cut_off(store, steps, used):
    known = Statistics(torch.full((3,), 50.0).double(), torch.ones(3).double())
    columns = store.splits["train"].columns
    written = columns | {"audio": columns["audio"].known_as("", known)}
    train = replace(store.splits["train"], columns=written)
    found = done(replace(store, splits=store.splits | {"train": train}), truncate=steps)
    assert (values(found, "valid", "audio") < -20).all() == used


def test_clipping_comes_after_standardising(store):
    clipped, scaled = (
        values(done(store, clip=1.0), "valid", "audio"),
        values(done(store), "valid", "audio"),
    )
    assert torch.equal(clipped, scaled.clamp(-1, 1))
    assert clipped.abs().max() == 1


def test_what_is_missing_stays_zero_whatever_the_noise(store):
    data = {"noise": Noise(0.5), "missing": Missing({"audio": 0.5})}
    perturbed, plain = (
        values(done(store, **data), "train", "audio"),
        values(done(store), "train", "audio"),
    )
    gone = (perturbed == 0).all(1)
    assert 0.3 < gone.float().mean() < 0.7
    assert (perturbed[~gone] != plain[~gone]).all()


def test_one_rate_is_for_every_modality_and_the_encoder_tells_what_an_unknown_word_is(store):
    perturbed = done(store, missing=Missing(1.0))
    assert set(values(perturbed, "valid", "text")) == {"? ?"}
    assert not values(perturbed, "valid", "audio").any()
    assert not values(perturbed, "valid", "vision").any()


def test_only_the_splits_that_are_named_are_perturbed(store):
    plain = done(store)
    found = done(store, noise=Noise(0.5, ("valid",)), missing=Missing(0.5, splits=("valid",)))
    assert torch.equal(values(found, "train", "audio"), values(plain, "train", "audio"))
    assert not torch.equal(values(found, "valid", "audio"), values(plain, "valid", "audio"))


def test_a_perturbation_does_not_depend_on_the_other_modalities(store):
    perturbed = done(store, noise=Noise(0.5), missing=Missing(0.5))
    alone = {
        name: replace(split, columns={"audio": split.columns["audio"]})
        for name, split in store.splits.items()
    }
    again = done(replace(store, splits=alone), noise=Noise(0.5), missing=Missing(0.5))
    assert torch.equal(values(again, "train", "audio"), values(perturbed, "train", "audio"))
    other = done(store, noise=Noise(0.5, seed=1), missing=Missing(0.5, seed=1))
    assert not torch.equal(values(other, "train", "audio"), values(perturbed, "train", "audio"))


def test_the_store_given_is_unchanged(store):
    before = {m: values(store, "train", m).clone() for m in ("audio", "vision")}
    done(store, truncate=3, clip=1.0, noise=Noise(0.5), missing=Missing(0.5))
    for modality, raw in before.items():
        assert torch.equal(values(store, "train", modality), raw)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"standardize": {"text": "train"}}, "data.standardize.text: text is a text column, which"),
        ({"clip": {"text": 3.0}}, "data.clip.text: .*no features; leave text out"),
        ({"noise": Noise({"text": 0.1})}, "data.noise.deviations.text: .*no features"),
        ({"truncate": {"text": 5}}, "data.truncate.text: .*no steps"),
        ({"truncate": {"vision": 5}}, "data.truncate.vision: vision is a vector column"),
        (
            {"standardize": "utterance"},
            "every vision sample into zeros.* data.standardize={audio: utterance, vision: train}",
        ),
    ],
)
def test_a_column_that_cannot_have_a_treatment_is_named(store, settings, words):
    with pytest.raises(DataError, match=words):
        treatments(replace(Data(), **settings), store.splits["train"].columns)


def test_what_is_off_for_a_modality_is_no_mistake(store):
    data = replace(
        Data(),
        standardize={"text": "none"},
        noise=Noise({"text": 0.0}),
        missing=Missing({"text": 0.0}),
    )
    plan = treatments(data, store.splits["train"].columns)
    assert not (plan.standardize or plan.noise or plan.missing)


def test_an_encoder_that_knows_no_unknown_word_cannot_lose_one(store):
    with pytest.raises(DataError, match="Encoder of text does not say what stands for a missing"):
        transform(store, replace(Data(), missing=Missing(0.3)), ENCODERS | {"text": Encoder()})
