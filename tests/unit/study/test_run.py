import math
from pathlib import Path

import pytest

from mindkit.config.load import load_spec, spec_hash
from mindkit.study.run import Results, with_seed
from mindkit.train.run import RunResult


def a_run(seed, mae, stamps=()):
    scores = {"mae": mae}
    return RunResult(
        Path("runs"),
        "mind",
        "mosi",
        seed,
        {"mae": 2 * mae},
        scores,
        {},
        0,
        1,
        1,
        1.0,
        stamps,
        (),
        {},
    )


@pytest.fixture
def results():
    return Results("mind", (a_run(1, 1.0, ("one",)), a_run(2, 2.0, ("one", "two")), a_run(3, 6.0)))


def test_the_mean_is_over_the_seeds_by_split(results):
    assert (results.mean("mae"), results.mean("mae", "valid")) == (3.0, 6.0)
    assert results.test == {"mae": 3.0}


def test_the_deviation_is_that_of_a_sample(results):
    assert results.deviation("mae") == pytest.approx(math.sqrt(7))  # (4 + 1 + 9) / 2
    assert results.deviation("mae", "valid") == pytest.approx(2 * math.sqrt(7))


def test_a_single_run_has_no_deviation():
    assert math.isnan(Results("mind", (a_run(1, 1.0),)).deviation("mae"))


def test_every_stamp_is_said_once(results):
    assert results.stamps == ("one", "two")


def test_results_are_a_sequence_of_their_runs(results):
    assert [run.seed for run in results] == [1, 2, 3]
    assert len(results) == 3


def test_another_seed_changes_nothing_but_the_seed_and_its_origin(registries):
    spec = load_spec(registries, "mind", dataset="mosi")
    other = with_seed(spec, 9)
    assert other.training.seed == other.resolved["training"]["seed"] == 9
    assert other.origins["training.seed"] == "--seeds, counted from 3407"
    assert spec.training.seed == spec.resolved["training"]["seed"] == 3407
    assert spec_hash(other) != spec_hash(spec)
    assert with_seed(other, 3407) == spec


def test_the_seed_it_has_already_changes_nothing(registries):
    spec = load_spec(registries, "mind", dataset="mosi", settings=["training.seed=5"])
    assert with_seed(spec, 5).origins["training.seed"] == "--set training.seed=5"
