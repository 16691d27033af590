from dataclasses import replace

import numpy as np
import pytest
import torch

from mindkit.data.simulate import Recipe, Signal, simulate

RECIPE = Recipe(
    name="toy",
    splits={"train": 400, "valid": 30, "test": 50},
    videos={"train": 20, "valid": 3, "test": 4},
    signals={"audio": Signal(12), "vision": Signal(7, private=0.0)},
    shares={"shared": 0.7, "text": 0.4, "audio": 0.4, "vision": 0.0, "error": 0.1},
    phrases=(("bad",), ("fine",), ("good",)),
    fillers=("um", "the movie"),
    label_range=(-1.0, 1.0),
)


def explained(store, names):
    """Share of the label's variance that a linear function of the named factors explains."""
    factors = store.factors["train"]
    x = torch.cat([factors[name] for name in names], 1).numpy()
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    y = store.splits["train"].target.numpy()
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1 - residual.var() / y.var()


def test_the_same_seed_gives_the_same_data():
    assert simulate(RECIPE, 3).digest == simulate(RECIPE, 3).digest
    assert simulate(RECIPE, 3).digest != simulate(RECIPE, 4).digest


def test_simulated_data_say_so():
    store = simulate(RECIPE)
    assert store.simulated is True
    assert store.source == "simulated (seed 0)"


def test_labels_come_from_shared_and_label_bearing_private_factors_only():
    store = simulate(RECIPE)
    all_parts = ["shared", "private.text", "private.audio"]
    assert explained(store, all_parts) > 0.8
    assert 0.03 < explained(store, ["private.audio"]) < 0.4
    assert explained(store, ["private.vision", "noise.text", "noise.audio", "noise.vision"]) < 0.1


def test_factors_belong_to_the_samples_of_their_split():
    store = simulate(RECIPE)
    for name, split in store.splits.items():
        assert {len(values) for values in store.factors[name].values()} == {len(split)}


@pytest.mark.parametrize(("gain", "least", "most"), [(0.0, 0.0, 0.25), (3.0, 0.5, 1.0)])
def test_the_gain_of_a_private_factor_says_how_loud_it_is_in_its_modality(gain, least, most):
    store = simulate(replace(RECIPE, signals={"vision": Signal(7, private=gain)}))
    private = store.factors["train"]["private.vision"].numpy()
    strongest = np.abs(np.corrcoef(means(store, "vision").T, private.T)[:7, 7:]).max()
    assert least <= strongest <= most


def means(store, modality):
    column = store.splits["train"].columns[modality]
    sums = np.add.reduceat(column.values.numpy(), column.offsets[:-1].numpy(), axis=0)
    return sums / column.lengths.numpy()[:, None]


def test_sequences_have_one_step_a_word():
    split = simulate(RECIPE).splits["train"]
    words = [len(text.split()) for text in split.columns["text"].values]
    assert split.columns["audio"].lengths.tolist() == words
    assert split.columns["vision"].lengths.tolist() == words
    assert min(words) >= 2 and max(words) <= 50


def test_ids_are_unique_and_videos_stay_in_one_split():
    store = simulate(RECIPE)
    ids = [name for split in store.splits.values() for name in split.ids]
    assert len(set(ids)) == 480
    videos = [{name.split("_")[0] for name in s.ids} for s in store.splits.values()]
    assert [len(v) for v in videos] == [20, 3, 4]
    assert not set.intersection(*videos)


def test_regression_labels_keep_to_range_and_step():
    target = simulate(RECIPE).splits["train"].target
    assert target.dtype == torch.float32
    assert target.abs().max() <= 1
    assert torch.allclose(target / 0.2, (target / 0.2).round(), atol=1e-5)


def test_text_tells_the_label_in_words():
    split = simulate(RECIPE).splits["train"]
    texts = split.columns["text"].values
    good = split.target[[i for i, t in enumerate(texts) if "good" in t and "bad" not in t]]
    bad = split.target[[i for i, t in enumerate(texts) if "bad" in t and "good" not in t]]
    assert good.mean() > 0.2 > -0.2 > bad.mean()


def test_classes_are_integers_and_all_occur():
    recipe = replace(
        RECIPE, task="classification", classes=("a", "b", "c"), label_range=None, error=0.1
    )
    store = simulate(recipe)
    assert store.num_outputs == 3 and store.classes == ("a", "b", "c")
    target = store.splits["train"].target
    assert target.dtype == torch.int64
    assert target.bincount(minlength=3).min() > 30


@pytest.mark.parametrize("modality", ["audio", "vision"])
def test_the_sign_of_a_factor_survives_standardising_by_utterance(modality):
    from mindkit.data.standardising import standardised_by_utterance

    store = simulate(RECIPE)
    column = standardised_by_utterance(store.splits["train"].columns[modality])
    bounds = zip(column.offsets[:-1].tolist(), column.offsets[1:].tolist(), strict=True)
    slopes = np.stack(
        [
            (column.values[a:b] * torch.linspace(-1, 1, b - a)[:, None]).mean(0).numpy()
            for a, b in bounds
        ]
    )
    shared = store.factors["train"]["shared"].numpy()
    assert np.abs(np.corrcoef(slopes.T, shared.T)[: slopes.shape[1], -4:]).max() > 0.2
