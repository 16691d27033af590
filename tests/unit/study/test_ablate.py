"""The full method against itself without a part, over seeds, on tiny data."""

import statistics

import pytest

import mindkit
from mindkit.config.load import load_spec
from mindkit.errors import ConfigError, MindkitError
from mindkit.study.ablate import _label

DROPS = ["cyr", "audio"]
TERMS = ("np", "info", "cons", "diff", "recon", "cyr")


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
    assert [row.name for row in ablation.rows] == ["mind (full)", "w/o cyr", "w/o audio"]
    assert ablation.baseline == "mind (full)"


def test_every_row_has_the_same_seeds(ablation):
    assert [[run.seed for run in row] for row in ablation.rows] == [[3407, 3408]] * 3


def test_scores_are_the_mean_and_sample_deviation_over_the_seeds(ablation):
    for results in ablation.rows:
        first, second = (run.test["mae"] for run in results)
        assert first != second
        assert results.mean("mae") == pytest.approx((first + second) / 2, rel=1e-12)
        expected = statistics.stdev([first, second])  # ddof 1
        assert results.deviation("mae") == pytest.approx(expected, rel=1e-12)
        assert expected == pytest.approx(abs(first - second) / 2**0.5, rel=1e-12)


def test_the_change_is_that_of_the_means(ablation):
    without, full = ablation.row("w/o cyr"), ablation.row("mind (full)")
    assert ablation.change("w/o cyr", "mae") == without.mean("mae") - full.mean("mae") != 0


def test_rows_say_what_they_left_out_and_have_fewer_parameters(ablation):
    full, *others = ablation.rows
    assert full.runs[0].dropped == ()
    for name, results in zip(DROPS, others, strict=True):
        assert f"{name}: dropped (--drop {name})" in results.runs[0].dropped
        assert results.runs[0].parameters < full.runs[0].parameters


def test_finished_runs_are_read_and_not_repeated(ablate, ablation):
    files = [run.folder / "metrics.json" for results in ablation.rows for run in results]
    before = [file.stat().st_mtime_ns for file in files]
    assert ablate() == ablation
    assert [file.stat().st_mtime_ns for file in files] == before


def test_what_every_row_goes_without_is_left_out_of_the_full_method_too(ablate):
    ablation = ablate(drop=["cyr"], without=["vision"], seeds=1)
    assert "vision: dropped (--drop vision)" in ablation.rows[0].runs[0].dropped
    assert {"vision: dropped (--drop vision)", "cyr: dropped (--drop cyr)"} <= set(
        ablation.row("w/o cyr").runs[0].dropped
    )


def test_the_deviation_of_a_single_seed_is_not_a_number(ablate):
    deviation = ablate(drop=["cyr"], seeds=1).rows[0].deviation("mae")
    assert deviation != deviation


def test_nothing_is_trained_when_one_of_the_drops_is_unknown(ablate, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'cyr'"):
        ablate(drop=["np", "cyrr"], out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_drop_is_an_error_with_an_example(ablate):
    with pytest.raises(MindkitError, match="--drop cyr"):
        ablate(drop=[])


def test_a_named_ablation_bears_its_own_name_and_a_part_is_without(registries):
    full = load_spec(registries, "mind", dataset="mosi")
    labels = [_label(name, full) for name in ("cyr", "noise", "text", "only_task")]
    assert labels == ["w/o cyr", "w/o noise", "w/o text", "only_task"]


TABLE_2 = [
    ("mind (full)", ""),
    ("w/o vision", "role of modality"),
    ("w/o audio", "role of modality"),
    ("w/o text", "role of modality"),
    ("w/o invariant", "role of disentanglement"),
    ("w/o specific", "role of disentanglement"),
    ("non_disentangled", "role of disentanglement"),
    ("w/o info", "role of constraint"),
    ("w/o cons", "role of constraint"),
    ("w/o diff", "role of constraint"),
    ("w/o recon", "role of constraint"),
    ("w/o cyr", "role of constraint"),
    ("w/o np", "role of constraint"),
    ("only_task", "role of constraint"),
]


@pytest.fixture
def planned(monkeypatch):
    """Return the plan of an ablation that is not made."""
    monkeypatch.setattr("mindkit.study.ablate.make", lambda plan, registries, where: plan)

    def call(method="mind", **arguments):
        return mindkit.ablate(method, "mosi", **arguments)

    return call


def test_the_table_is_the_papers_table_2_row_by_row(planned):
    rows = planned(table=True).rows
    assert [(row.name, row.group) for row in rows] == TABLE_2


def test_a_modality_no_row_has_makes_no_row_of_the_table_and_it_is_said(planned):
    plan = planned(table=True, without=["vision"])
    assert [row.name for row in plan.rows] == [n for n, _ in TABLE_2 if n != "w/o vision"]
    assert plan.notes == ("No row without vision: no row has it (--without vision).",)


def test_a_method_without_a_table_gets_every_part(planned):
    names = [row.name for row in planned("misa", table=True).rows]
    modalities, stages = ["text", "audio", "vision"], ["invariant", "specific"]
    parts = [*modalities, *stages, "sim", "diff", "recon"]
    assert sorted(names) == sorted(["misa (full)", *(f"w/o {part}" for part in parts)])


def test_leave_one_out_drops_each_term_but_those_of_the_prediction(planned):
    rows = planned(grid=["leave-one-out"]).rows[1:]
    assert {tuple(term.name for term in row.spec.method.terms) for row in rows} == {
        tuple(
            term for term in ("task", "np", "info", "cons", "diff", "recon", "cyr") if term != out
        )
        for out in ("np", "info", "cons", "diff", "recon", "cyr")
    }


def test_add_one_in_keeps_one_term_beside_the_task(planned):
    rows = planned(grid=["add-one-in"]).rows[1:]
    terms = {row.name: [term.name for term in row.spec.method.terms] for row in rows}
    assert terms.pop("no other term") == ["task"]
    assert terms == {f"only {term}": ["task", term] for term in TERMS}


def test_a_row_asked_for_twice_is_made_once(planned):
    rows = planned(table=True, drop=["cyr"], grid=["leave-one-out"]).rows
    assert len(rows) == len({row.name for row in rows}) == 14


def test_another_row_can_be_the_baseline_and_a_wrong_one_is_told_the_nearest(planned):
    assert planned(drop=["cyr"], baseline="w/o cyr").baseline == "w/o cyr"
    with pytest.raises(MindkitError, match=r"--baseline w/o cyrr: .* did you mean 'w/o cyr'"):
        planned(drop=["cyr"], baseline="w/o cyrr")
