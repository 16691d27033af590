"""A saved run or study is made again elsewhere, and every difference from then is named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import mindkit
from mindkit.errors import DataError, MindkitError
from mindkit.study.reproduce import wanted_runs

PLUGIN = Path(__file__).parents[2] / "examples" / "my_losses.py"


@pytest.fixture(scope="module")
def data(tiny_mosi, tmp_path_factory):
    """A copy of the data that no other test reads."""
    return shutil.copy(tiny_mosi, tmp_path_factory.mktemp("data") / "tiny.npz")


@pytest.fixture(scope="module")
def study(data, small_mind, tmp_path_factory):
    """The folder of a study with two rows of one run each; nothing may change it."""
    return mindkit.ablate(
        "mind",
        "mosi",
        drop=["cyr"],
        seeds=1,
        data=str(data),
        settings=small_mind,
        out=tmp_path_factory.mktemp("made") / "runs",
        device="cpu",
    ).folder


@pytest.fixture(scope="module")
def saved(study):
    """The folder of the study's first run; nothing may change it."""
    record = json.loads((study / "study.json").read_text())
    return study.parent / record["rows"][0]["runs"][0]


@pytest.fixture
def copied(saved, tmp_path):
    """A copy of that run, to be changed."""
    return shutil.copytree(saved, tmp_path / "copied" / saved.name)


@pytest.fixture(scope="module")
def again(saved, tmp_path_factory):
    """The run made again: a folder where a finished reproduction lies."""
    out = tmp_path_factory.mktemp("again")
    return mindkit.reproduce(saved, out=out)


@pytest.fixture
def read_again(again, tmp_path):
    """Reproduce a changed copy of the saved run without training: its reproduction is there."""

    def call(run, **options):
        folder = again.rows[0].runs[0].folder
        shutil.copytree(folder, tmp_path / "out" / folder.name)
        return mindkit.reproduce(run, out=tmp_path / "out", **options)

    return call


def change(path, edit):
    record = json.loads(path.read_text())
    edit(record)
    path.write_text(json.dumps(record))


def only(reproduced):
    ((run,),) = (row.runs for row in reproduced.rows)
    return run


def named(differences):
    return [(one.part, one.path, *(s and s.value for s in one.settings)) for one in differences]


def test_a_run_made_again_here_is_the_same_to_the_bit(saved, again):
    run = only(again)
    assert again.reproduced
    assert again.rows[0].verdict == "identical"
    assert run.folder != saved
    assert run.folder.name == saved.name
    assert run.predictions == {"valid": 0.0, "test": 0.0}
    text = "predictions.csv"
    assert (run.folder / text).read_bytes() == (saved / text).read_bytes()
    first, second = mindkit.load_run(saved), mindkit.load_run(run.folder)
    assert (first.valid, first.test) == (second.valid, second.test)
    assert {(s.split, s.metric): (s.saved, s.again) for s in run.scores} == {
        (split, metric): (score, score)
        for split, scores in (("valid", first.valid), ("test", first.test))
        for metric, score in scores.items()
    }
    assert not run.read


def test_what_differs_is_told_without_training(saved, tmp_path):
    (wanted,) = wanted_runs(saved, out=tmp_path / "out")
    assert wanted.differences == ()
    assert wanted.job.device == "cpu"
    assert not (tmp_path / "out").exists()


def test_a_finished_reproduction_is_read_again_unless_made_afresh(copied, read_again):
    first = read_again(copied)
    folder = only(first).folder
    assert only(first).read
    before = (folder / "metrics.json").stat().st_mtime_ns
    second = mindkit.reproduce(copied, out=folder.parent, fresh=True)
    assert not only(second).read
    assert second.rows[0].verdict == "identical"
    assert (folder / "metrics.json").stat().st_mtime_ns > before


def test_the_saved_run_is_never_written_to(saved):
    with pytest.raises(MindkitError, match="is the run itself; choose another folder with --out"):
        mindkit.reproduce(saved, out=saved.parent)


def test_other_versions_devices_and_data_are_named(copied, tmp_path):
    def edit(record):
        record["packages"]["torch"] = "1.0"
        record["device"] = "cpu"
        record["threads"] = 64
        record["data"]["digest"] = "0" * 64

    now = json.loads((copied / "environment.json").read_text())
    change(copied / "environment.json", edit)
    (wanted,) = wanted_runs(copied, out=tmp_path / "out")
    assert named(wanted.differences) == [
        ("environment", "packages.torch", "1.0", now["packages"]["torch"]),
        ("environment", "threads", 64, now["threads"]),
        ("data", "data.digest", "0" * 64, now["data"]["digest"]),
    ]


def test_a_run_of_another_device_is_not_held_to_the_cpu(copied, tmp_path):
    change(copied / "environment.json", lambda record: record.update(device="NVIDIA H100"))
    assert wanted_runs(copied, out=tmp_path)[0].job.device is None
    assert wanted_runs(copied, out=tmp_path, device="cpu")[0].job.device == "cpu"


def test_changed_data_are_told_by_their_digest(saved, data, tmp_path):
    with np.load(data) as archive:
        arrays = dict(archive)
    arrays["label"] = np.linspace(-3, 3, 40, dtype="f4")
    np.savez(tmp_path / "tiny.npz", **arrays)
    (wanted,) = wanted_runs(saved, out=tmp_path / "out", data=str(tmp_path / "tiny.npz"))
    (difference,) = wanted.differences
    assert (difference.part, difference.path) == ("data", "data.digest")


def test_data_that_moved_are_told_where_they_are(copied, data, read_again, tmp_path, monkeypatch):
    config = copied / "config.yaml"
    text = config.read_text()
    assert str(data) in text
    config.write_text(text.replace(f"path: {data}", "path: tiny.npz"))
    digest = mindkit.load_run(copied).data["digest"][:12]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"was run on tiny\.npz, digest {digest}.*--data PATH"):
        wanted_runs(copied)
    (wanted,) = wanted_runs(copied, data=str(data))
    assert [one.part for one in wanted.differences] == ["config"]  # the name's hash: it was edited
    monkeypatch.chdir(data.parent)
    assert wanted_runs(copied, out=tmp_path)[0].job.spec.data.path == "tiny.npz"


def test_an_imported_copy_that_is_gone_is_never_simulated_instead(copied, data, own_home):
    config = copied / "config.yaml"
    config.write_text(config.read_text().replace(f"path: {data}", "path: null"))
    with pytest.raises(
        DataError, match=r"on the imported 'mosi' .*`mindkit data import mosi PATH`"
    ):
        wanted_runs(copied)


def test_an_edited_config_is_told_by_the_name_of_its_folder(copied, tmp_path):
    config = copied / "config.yaml"
    config.write_text(config.read_text().replace("rate: 3.0e-05", "rate: 3.0e-03"))
    (wanted,) = wanted_runs(copied, out=tmp_path / "out")
    ((part, path, then, now),) = named(wanted.differences)
    assert (part, path, then) == ("config", "hash in the folder's name", copied.name[-8:])
    assert now == wanted.job.folder.name[-8:] != then
    reproduced = mindkit.reproduce(copied, out=tmp_path / "out")
    assert not reproduced.reproduced
    assert reproduced.rows[0].verdict == "different"
    assert 0 < only(reproduced).predictions["test"] < np.inf


def test_a_value_that_this_version_adds_is_named(copied, tmp_path):
    config = copied / "config.yaml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("  accumulate:")))
    (wanted,) = wanted_runs(copied, out=tmp_path / "out")
    assert named(wanted.differences) == [("config", "training.accumulate", None, 1)]


@pytest.mark.parametrize(
    ("by", "tolerance", "verdict"),
    [(5e-4, 1e-3, "within tolerance"), (0.1, 1e-3, "different"), (0.1, 0.2, "within tolerance")],
)
def test_scores_may_be_apart_by_the_tolerance(copied, read_again, by, tolerance, verdict):
    change(copied / "metrics.json", lambda r: r["test"].update(mae=r["test"]["mae"] + by))
    reproduced = read_again(copied, tolerance=tolerance)
    assert reproduced.rows[0].verdict == verdict
    assert reproduced.reproduced is (verdict != "different")
    assert reproduced.tolerance == tolerance


def test_a_changed_prediction_is_seen_where_no_score_is(copied, read_again):
    path = copied / "predictions.csv"
    *lines, last = path.read_text().splitlines()
    cells = last.split(",")
    value = np.float32(cells[3])
    cells[3] = repr(float(value + np.float32(0.25)))
    path.write_text("\n".join([*lines, ",".join(cells)]) + "\n")
    reproduced = read_again(copied)
    assert reproduced.rows[0].verdict == "within tolerance"
    assert only(reproduced).predictions == {"valid": 0.0, "test": pytest.approx(0.25, rel=1e-6)}


def test_other_samples_are_infinitely_far(copied, read_again):
    path = copied / "predictions.csv"
    path.write_text(path.read_text().replace("clip_39,", "clip_40,"))
    assert only(read_again(copied)).predictions == {"valid": 0.0, "test": np.inf}


def test_plugin_files_are_loaded_again_and_their_code_is_compared(data, small_mind, tmp_path):
    plugin = shutil.copy(PLUGIN, tmp_path / "mine.py")
    run = mindkit.run(
        "mind",
        "mosi",
        data=str(data),
        settings=small_mind,
        plugins=[str(plugin)],
        out=tmp_path / "runs",
        device="cpu",
    ).runs[0]
    (wanted,) = wanted_runs(run.folder)
    assert (wanted.differences, wanted.job.plugins) == ((), (str(plugin),))
    moved = tmp_path / "elsewhere" / "mine.py"
    moved.parent.mkdir()
    plugin.rename(moved)
    with pytest.raises(MindkitError, match=r"with the plugin .*mine\.py \(SHA-256 .*--plugin FILE"):
        wanted_runs(run.folder)
    (wanted,) = wanted_runs(run.folder, plugins=[str(moved)])
    assert (wanted.differences, wanted.job.plugins) == ((), (str(moved),))
    moved.write_text(f"{PLUGIN.read_text()}\n")
    (wanted,) = wanted_runs(run.folder, plugins=[str(moved)])
    assert [(one.part, one.path) for one in wanted.differences] == [
        ("environment", f"plugins.{plugin}")
    ]


def test_a_run_that_fails_now_is_said_with_its_error(copied, small_mind, tmp_path):
    config = copied / "config.yaml"
    (model,) = [one.partition("=")[2] for one in small_mind if one.startswith("encoders.text.m")]
    config.write_text(config.read_text().replace(model, str(tmp_path / "no_bert")))
    reproduced = mindkit.reproduce(copied, out=tmp_path / "out")
    assert reproduced.rows[0].verdict == "not made"
    assert not reproduced.reproduced
    assert "no_bert" in only(reproduced).error


@pytest.mark.parametrize("name", ["", "study.json"])
def test_every_run_of_a_study_is_made_again(study, again, tmp_path, name):
    folder = only(again).folder
    shutil.copytree(folder, tmp_path / "out" / folder.name)  # one of the two spares its training
    reproduced = mindkit.reproduce(study / name, out=tmp_path / "out")
    record = json.loads((study / "study.json").read_text())
    assert [row.name for row in reproduced.rows] == [row["name"] for row in record["rows"]]
    assert [row.verdict for row in reproduced.rows] == ["identical", "identical"]
    assert [[run.saved.name for run in row.runs] for row in reproduced.rows] == [
        row["runs"] for row in record["rows"]
    ]
    assert [run.read for row in reproduced.rows for run in row.runs] == [True, False]
    assert reproduced.reproduced


def test_a_missing_run_is_named_and_the_others_are_made(study, again, saved, tmp_path):
    out = shutil.copytree(study.parent, tmp_path / "runs")
    record = json.loads((study / "study.json").read_text())
    gone = out / record["rows"][1]["runs"][0]
    shutil.rmtree(gone)
    folder = only(again).folder
    shutil.copytree(folder, tmp_path / "out" / folder.name)
    reproduced = mindkit.reproduce(out / study.name, out=tmp_path / "out")
    assert [row.verdict for row in reproduced.rows] == ["identical", "not made"]
    assert f"no folder {gone}" in reproduced.rows[1].runs[0].error
    assert not reproduced.reproduced


def test_constants_and_linear_models_of_a_study_are_made_again(data, small_mind, tmp_path):
    settings = [one for one in small_mind if not one.startswith("encoders.text.model")]
    made = mindkit.compare(
        ["mind"],
        "mosi",
        seeds=1,
        data=str(data),
        settings=[
            *settings,
            "data.columns={text: audio}",
            "encoders.text={type: transformer, layers: 1, heads: 2}",
        ],
        without=["vision"],
        out=tmp_path / "runs",
        device="cpu",
    )
    reproduced = mindkit.reproduce(made.folder, out=tmp_path / "out")
    beside = {row.name: row.verdict for row in reproduced.rows}
    assert beside["constant"] == "identical"
    assert set(beside.values()) == {"identical"}
    assert len(beside) == len(made.rows) > 3
    (constant,) = next(row.runs for row in reproduced.rows if row.name == "constant")
    assert constant.folder.parent == tmp_path / "out"
    with pytest.raises(MindkitError, match="are made again with the study that has them"):
        mindkit.reproduce(constant.saved)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"study\.json is damaged"),
        ("{}", r"does not list rows and their runs \(KeyError: 'rows'\)"),
        ('{"rows": [{"name": "a"}]}', r"KeyError: 'runs'"),
        ('{"rows": []}', "lists no runs"),
    ],
)
def test_a_manifest_that_lists_no_runs_is_an_error(tmp_path, text, message):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(MindkitError, match=message):
        mindkit.reproduce(tmp_path)


def test_an_unfinished_run_cannot_be_reproduced(copied):
    (copied / "metrics.json").unlink()
    with pytest.raises(MindkitError, match="holds no finished run"):
        mindkit.reproduce(copied)


def test_a_trial_of_a_search_is_not_reproduced_with_its_test_split(copied):
    change(copied / "metrics.json", lambda record: record.update(test={}))
    with pytest.raises(MindkitError, match="is a trial of a search, whose test split was not"):
        mindkit.reproduce(copied)
