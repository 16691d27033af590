"""A study over tiny runs: what is planned, what fails, and what is written down."""

import json
from dataclasses import replace

import pytest

from mindkit.config.load import load_spec
from mindkit.errors import MindkitError
from mindkit.study.executors import InProcess
from mindkit.study.jobs import Worker
from mindkit.study.study import Plan, Row, Where, make


@pytest.fixture(scope="module")
def spec(registries, tiny_mosi, small_mind):
    def call(*settings):
        return load_spec(
            registries,
            "mind",
            dataset="mosi",
            data=str(tiny_mosi),
            settings=[*small_mind, *settings],
        )

    return call


@pytest.fixture
def study(registries, tmp_path):
    """Make a study of `rows` with two seeds each, unless told otherwise."""

    def call(rows, seeds=2, told=None, **changes):
        plan = Plan("trial", "A trial", tuple(rows), rows[0].name, seeds, **changes)
        tell = (lambda *event: None) if told is None else lambda *event: told.append(event)
        where = Where(InProcess(Worker()), tmp_path, device="cpu", tell=tell)
        return make(plan, registries, where)

    return call


BAD_HEADS = "encoders.audio={type: transformer, layers: 1, heads: 3}"  # 3 heads of 16


def test_a_row_that_fails_is_shown_with_its_error_and_the_rest_is_made(study, spec):
    rows = [Row("good", spec()), Row("bad", spec(BAD_HEADS)), Row("wide", spec("width=32"))]
    made = study(rows)
    assert [len(row) for row in made.rows] == [2, 0, 2]
    assert [failure.seed for failure in made.row("bad").failures] == [3407, 3408]
    for failure in made.row("bad").failures:
        assert "heads must divide the width 16, got 3" in failure.error
        assert "heads must divide" in (failure.folder / "error.txt").read_text()


def test_a_failure_that_is_mended_leaves_no_trace(study, spec, monkeypatch):
    broken = []

    def once(*arguments, **options):
        if not broken:
            broken.append(1)
            raise OSError("the disk is full")
        return real(*arguments, **options)

    from mindkit.study import jobs

    real = jobs.run_spec
    monkeypatch.setattr(jobs, "run_spec", once)
    rows = [Row("one", spec())]
    first = study(rows)
    assert [f.error for f in first.rows[0].failures] == ["OSError: the disk is full"]
    assert len(first.rows[0].runs) == 1
    again = study(rows)
    assert again.rows[0].failures == () and len(again.rows[0].runs) == 2
    assert not any((run.folder / "error.txt").exists() for run in again.rows[0])
    assert json.loads((again.folder / "study.json").read_text())["failed"] == {}


def test_the_manifest_names_every_run_before_the_first_is_made(study, spec, monkeypatch, tmp_path):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("mindkit.study.jobs.run_spec", stop)
    with pytest.raises(KeyboardInterrupt):
        study([Row("one", spec())])
    (manifest,) = tmp_path.glob("trial-*/study.json")
    (row,) = json.loads(manifest.read_text())["rows"]
    assert [name.rpartition("-")[0] for name in row["runs"]] == ["mind-mosi-3407", "mind-mosi-3408"]


def test_the_folder_says_which_runs_belong_to_which_row(study, spec, tmp_path):
    made = study(
        [Row("one", spec(), "a heading"), Row("two", spec("width=32"))], notes=("A note.",)
    )
    manifest = json.loads((made.folder / "study.json").read_text())
    assert [row["name"] for row in manifest["rows"]] == ["one", "two"]
    assert manifest["rows"][0]["group"] == made.groups["one"] == "a heading"
    for row, done in zip(manifest["rows"], made.rows, strict=True):
        assert [tmp_path / name for name in row["runs"]] == [run.folder for run in done]
    assert (manifest["baseline"], manifest["seeds"], manifest["notes"]) == ("one", 2, ["A note."])
    assert made.folder.parent == tmp_path


def test_more_seeds_go_on_in_the_same_folder_and_repeat_nothing(study, spec):
    rows = [Row("one", spec())]
    first = study(rows, seeds=1)
    written = (first.rows[0].runs[0].folder / "metrics.json").stat().st_mtime_ns
    second = study(rows, seeds=2)
    assert second.folder == first.folder
    assert [run.seed for run in second.rows[0]] == [3407, 3408]
    assert (first.rows[0].runs[0].folder / "metrics.json").stat().st_mtime_ns == written


def test_everything_that_happens_is_told(study, spec):
    told = []
    study([Row("one", spec()), Row("bad", spec(BAD_HEADS))], seeds=1, told=told)
    events = [(job.label, state) for job, state, _ in told]
    assert events == [
        ("one, seed 3407", "started"),
        ("one, seed 3407", "finished"),
        ("bad, seed 3407", "started"),
        ("bad, seed 3407", "failed"),
    ]


def test_two_rows_of_one_name_are_refused(spec):
    with pytest.raises(MindkitError, match="'one' is asked for twice"):
        Plan("trial", "", (Row("one", spec()), Row("one", spec("width=32"))), "one", 1)


def test_a_row_that_is_not_there_is_told_the_nearest(study, spec):
    made = study([Row("one", spec())], seeds=1)
    with pytest.raises(MindkitError, match="no row 'on'; did you mean 'one'"):
        made.row("on")


def test_the_change_is_against_the_baseline(study, spec):
    made = study([Row("one", spec()), Row("two", spec("width=32"))], seeds=1)
    other = replace(made, baseline="two")
    assert made.change("two", "mae") == -other.change("one", "mae") != 0
