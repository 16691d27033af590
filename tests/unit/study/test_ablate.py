"""The full method against itself without a part, over seeds, on tiny data."""

import statistics

import pytest

import mindkit
from mindkit.errors import ConfigError, MindkitError

DROPS = ["cyr", "audio"]


@pytest.fixture(scope="module")
def ablate(tiny_mosi, small_mind, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")

    def call(**changes):
        arguments = {"drop": DROPS, "seeds": 2, "out": out, "device": "cpu"}
        return mindkit.ablate(
            "mind", "mosi", data=str(tiny_mosi), settings=small_mind, **arguments | changes
        )

    return call


@pytest.fixture(scope="module")
def ablation(ablate):
    return ablate()


def test_the_full_method_comes_first_and_then_the_drops_as_asked(ablation):
    assert [row.name for row in ablation.rows()] == ["mind (full)", "w/o cyr", "w/o audio"]
    assert list(ablation.dropped) == DROPS


def test_every_row_has_the_same_seeds(ablation):
    assert [[run.seed for run in row] for row in ablation.rows()] == [[3407, 3408]] * 3


def test_scores_are_the_mean_and_sample_deviation_over_the_seeds(ablation):
    for results in ablation.rows():
        first, second = (run.test["mae"] for run in results)
        assert first != second
        assert results.mean("mae") == pytest.approx((first + second) / 2, rel=1e-12)
        expected = statistics.stdev([first, second])  # ddof 1
        assert results.deviation("mae") == pytest.approx(expected, rel=1e-12)
        assert expected == pytest.approx(abs(first - second) / 2**0.5, rel=1e-12)


def test_the_change_is_that_of_the_means(ablation):
    without, full = ablation.dropped["cyr"], ablation.full
    assert ablation.change("cyr", "mae") == without.mean("mae") - full.mean("mae") != 0


def test_rows_say_what_they_left_out_and_have_fewer_parameters(ablation):
    assert ablation.full.runs[0].dropped == ()
    for name, results in ablation.dropped.items():
        assert f"{name}: dropped (--drop {name})" in results.runs[0].dropped
        assert results.runs[0].parameters < ablation.full.runs[0].parameters


def test_finished_runs_are_read_and_not_repeated(ablate, ablation):
    files = [run.folder / "metrics.json" for results in ablation.rows() for run in results]
    before = [file.stat().st_mtime_ns for file in files]
    assert ablate() == ablation
    assert [file.stat().st_mtime_ns for file in files] == before


def test_what_every_row_goes_without_is_left_out_of_the_full_method_too(ablate):
    ablation = ablate(drop=["cyr"], without=["vision"], seeds=1)
    assert "vision: dropped (--drop vision)" in ablation.full.runs[0].dropped
    assert {"vision: dropped (--drop vision)", "cyr: dropped (--drop cyr)"} <= set(
        ablation.dropped["cyr"].runs[0].dropped
    )


def test_the_deviation_of_a_single_seed_is_not_a_number(ablate):
    deviation = ablate(drop=["cyr"], seeds=1).full.deviation("mae")
    assert deviation != deviation


def test_nothing_is_trained_when_one_of_the_drops_is_unknown(ablate, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'cyr'"):
        ablate(drop=["np", "cyrr"], out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_drop_is_an_error_with_an_example(ablate):
    with pytest.raises(MindkitError, match="--drop cyr"):
        ablate(drop=[])


def test_a_named_ablation_bears_its_own_name_and_a_part_is_without():
    from mindkit.config.load import load_spec
    from mindkit.hooks import load_plugins
    from mindkit.study.ablate import _label

    full = load_spec(load_plugins().registries, "mind", dataset="mosi")
    labels = [_label(name, "mind", full) for name in ("", "cyr", "noise", "text", "only_task")]
    assert labels == ["mind (full)", "w/o cyr", "w/o noise", "w/o text", "only_task"]
