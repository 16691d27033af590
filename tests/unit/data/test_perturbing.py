import pytest
import torch

from mindkit.config.spec import Data, Missing, Noise
from mindkit.data.perturbing import generator, missing, noisy, stamps
from mindkit.data.store import Column


def draws(*names, seed=1111):
    return generator(seed, *(names or ("missing", "audio", "train")))


def steps(lengths, width=2):
    return Column.of_sequences([torch.ones(n, width) for n in lengths])


def gone(column):
    return (column.values == 0).all(1)


def test_steps_go_missing_each_by_itself_at_the_rate():
    hidden = missing(steps([50] * 400), 0.3, "step", draws())
    lost = gone(hidden)
    assert lost.float().mean() == pytest.approx(0.3, abs=0.01)  # 3 deviations of 20000 draws
    assert ((hidden.values == 0) | (hidden.values == 1)).all()
    by_sample = lost.view(400, 50).float().mean(1)
    assert by_sample.min() > 0 and by_sample.max() < 1


def test_a_sample_goes_missing_as_a_whole():
    lost = gone(missing(steps([7] * 2000), 0.25, "sample", draws())).view(2000, 7)
    assert (lost.all(1) == lost.any(1)).all()
    assert lost.any(1).float().mean() == pytest.approx(0.25, abs=0.03)


def test_a_vector_is_one_step():
    column = Column.of_vectors(torch.ones(4000, 3))
    assert gone(missing(column, 0.5, "step", draws())).float().mean() == pytest.approx(
        0.5, abs=0.03
    )


def test_tokens_become_the_unknown_one_but_for_those_that_are_spared():
    column = Column.of_tokens([[101, 7, 8, 102], [101, 102]])
    hidden = missing(column, 1.0, "step", draws(), 100, (101, 102))
    assert hidden.values.tolist() == [101, 100, 100, 102, 101, 102]
    assert missing(column, 1.0, "step", draws(), -1).values.tolist() == [-1] * 6


def test_words_become_the_unknown_one_in_their_place():
    column = Column.of_text(["so  very good", "", "no"])
    assert missing(column, 1.0, "step", draws(), "?").values == ["? ? ?", "", "?"]
    assert missing(column, 0.0, "step", draws(), "?").values == ["so  very good", "", "no"]
    some = missing(Column.of_text(["a b c d e f g h"]), 0.5, "step", draws(), "?").values[0].split()
    assert len(some) == 8
    assert 0 < some.count("?") < 8


def test_a_higher_rate_takes_out_what_a_lower_one_does_and_more():
    low, high = (gone(missing(steps([30] * 20), rate, "step", draws())) for rate in (0.2, 0.5))
    assert (low & ~high).sum() == 0
    assert low.sum() < high.sum()


def test_noise_has_the_deviation_asked_for():
    column = Column.of_vectors(torch.full((5000, 4), 3.0))
    noise = noisy(column, 0.5, draws("noise")).values - 3
    assert noise.std() == pytest.approx(0.5, abs=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert (column.values == 3).all()


def test_equal_seeds_draw_the_same_and_all_else_draws_something_else():
    drawn = [
        torch.rand(3, generator=draws(*names, seed=seed)).tolist()
        for seed, names in (
            (1, ("missing", "audio", "train")),
            (2, ("missing", "audio", "train")),
            (1, ("missing", "vision", "train")),
            (1, ("missing", "audio", "valid")),
            (1, ("noise", "audio", "train")),
        )
    ]
    again = torch.rand(3, generator=draws("missing", "audio", "train", seed=1)).tolist()
    assert again == drawn[0]
    assert len({tuple(numbers) for numbers in drawn}) == 5


def test_the_draws_of_a_seed_are_the_same_in_every_process():
    # Written down once: a hash that is salted anew by each process would not give it.
    assert generator(1111, "missing", "text", "test").initial_seed() == 60141483748781550


def test_a_perturbed_run_is_stamped():
    assert stamps(Data()) == []
    data = Data(
        noise=Noise({"audio": 0.5, "vision": 0.0}, ("test",)), missing=Missing(0.3, "sample")
    )
    assert stamps(data) == [
        "PERTURBED DATA: noise 0.5 audio in test; not comparable with any published number",
        "PERTURBED DATA: missing 0.3 in train, valid, test; not comparable with any published "
        "number",
    ]
