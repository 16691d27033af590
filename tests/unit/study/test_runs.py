"""Runs are listed with what became of them, filtered, sorted and grouped; and compared."""

import json
import math
import shutil
import statistics

import pytest

import mindkit
from mindkit.errors import ConfigError, MindkitError


@pytest.fixture(scope="module")
def made(tiny_mosi, small_mind, tmp_path_factory):
    """Three finished runs: two seeds of MInD and one without cyr; nothing may change them."""
    out = tmp_path_factory.mktemp("made") / "runs"
    same = {"data": str(tiny_mosi), "settings": small_mind, "out": out, "device": "cpu"}
    full = mindkit.run("mind", "mosi", seeds=2, **same)
    without = mindkit.run("mind", "mosi", drop=["cyr"], **same)
    return [*full.runs, *without.runs]


@pytest.fixture
def out(made, tmp_path):
    """A copy of their folder, to be changed."""
    return shutil.copytree(made[0].folder.parent, tmp_path / "runs")


def names(found):
    return [run.folder.name for run in found]


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_finished_run_is_listed_with_what_it_reported(made):
    found = {run.folder: run for run in mindkit.runs(made[0].folder.parent)}
    assert set(found) == {run.folder for run in made}
    for run in made:
        listed = found[run.folder]
        assert listed.status == "finished"
        assert (listed.method, listed.dataset, listed.seed) == ("mind", "mosi", run.seed)
        assert (listed.valid, listed.test) == (run.valid, run.test)
        assert listed.selection == ("mae", run.selection["value"])
        assert (listed.dropped, listed.stamps) == (run.dropped, run.stamps)
        assert (listed.parameters, listed.seconds) == (run.parameters, run.seconds)
        written = (run.folder / "metrics.json").stat().st_mtime
        assert listed.when.timestamp() == pytest.approx(written, abs=1e-3)


def test_one_run_and_several_folders_can_be_named_and_none_comes_twice(made):
    first, second = made[0].folder, made[1].folder
    assert [run.folder for run in mindkit.runs(first)] == [first]
    assert [run.folder for run in mindkit.runs(second, first, second)] == [second, first]


def test_without_a_folder_it_is_runs(made, monkeypatch):
    monkeypatch.chdir(made[0].folder.parent.parent)
    assert len(mindkit.runs()) == 3


def test_an_interrupted_run_is_known_by_its_config(made, out):
    folder = out / made[2].folder.name
    (folder / "metrics.json").unlink()
    (run,) = mindkit.runs(out, status="interrupted")
    assert (run.folder, run.method, run.dataset, run.seed) == (folder, "mind", "mosi", 3407)
    assert run.dropped == made[2].dropped
    assert (run.test, run.selection, run.seconds) == ({}, None, None)


def test_a_run_that_failed_before_it_had_a_config_is_known_by_its_name(out):
    folder = out / "self_mm-mosei-12-0123abcd"
    folder.mkdir()
    (folder / "error.txt").write_text("no memory\n")
    (run,) = mindkit.runs(out, status="failed")
    assert (run.method, run.dataset, run.seed, run.error) == ("self_mm", "mosei", 12, "no memory")
    assert run.settings == {}


@pytest.mark.parametrize("text", ["{", "{}", '{"valid": []}'])
def test_a_damaged_run_does_not_hide_the_others(made, out, text):
    (out / made[0].folder.name / "metrics.json").write_text(text)
    found = mindkit.runs(out)
    assert sorted(run.status for run in found) == ["damaged", "finished", "finished"]
    (run,) = [run for run in found if run.status == "damaged"]
    assert "metrics.json is damaged" in run.error
    assert len(mindkit.runs(out, where=["training.seed=3408"])) == 1


def test_a_score_that_was_undefined_is_not_a_number(made, out):
    path = out / made[0].folder.name / "metrics.json"
    record = json.loads(path.read_text())
    record["test"]["corr"] = None
    path.write_text(json.dumps(record))
    assert math.isnan(mindkit.runs(path.parent)[0].test["corr"])


def test_methods_and_data_sets_can_be_chosen(out):
    assert len(mindkit.runs(out, method="mind", dataset="mosi")) == 3
    with pytest.raises(MindkitError, match=r"no run here of the method 'mnd'; did you mean 'mind'"):
        mindkit.runs(out, method="mnd")
    with pytest.raises(MindkitError, match="no run here of the dataset 'urfunny'; known: mosi"):
        mindkit.runs(out, dataset="urfunny")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["training.seed=3407"], [0, 2]),
        (["training.seed=3407", "terms.cyr.weight=0.1"], [0]),
        (["terms.cyr.type=cyclic"], [0, 1]),
        (["training.optimizer.rate=3e-5"], [0, 1, 2]),
        (["terms.task.weight=1"], [0, 1, 2]),
        (["data.simulate=1"], []),
        (["data.simulate=true"], [0, 1, 2]),
        (["training.clip.norm=null"], [0, 1, 2]),
        (["training.optimizer.betas=[0.9, 0.999]"], [0, 1, 2]),
        (["terms.cons.inputs[0]=[invariant.$m, invariant.$n]"], [0, 1, 2]),
        (["training.seed=1"], []),
    ],
)
def test_settings_choose_runs_by_value(made, lines, expected):
    found = mindkit.runs(made[0].folder.parent, where=lines)
    assert sorted(names(found)) == sorted(made[number].folder.name for number in expected)


def test_a_setting_that_no_run_has_is_told_the_near_one(out):
    with pytest.raises(MindkitError, match=r"'training\.sed'; did you mean 'training\.seed'\?"):
        mindkit.runs(out, where=["training.sed=3407"])


def test_a_line_without_a_value_is_told_the_form(out):
    with pytest.raises(
        MindkitError, match=r"not of the form path=value, as in training\.seed=3407"
    ):
        mindkit.runs(out, where=["training.seed"])
    with pytest.raises(ConfigError, match=r"--where training\.seed=\["):
        mindkit.runs(out, where=["training.seed=["])


def test_scores_sort_the_best_first_and_runs_without_one_last(made, out):
    folders = [run.folder.name for run in made]
    scores = {"mae": (2.0, 1.0), "corr": (0.9, 0.1)}
    for number in (0, 1):
        path = out / folders[number] / "metrics.json"
        record = json.loads(path.read_text())
        record["test"] = {name: values[number] for name, values in scores.items()}
        record["valid"] = {name: -values[number] for name, values in scores.items()}
        record["selection"]["value"] = number
        path.write_text(json.dumps(record))
    (out / folders[2] / "metrics.json").unlink()
    orders = {"mae": (1, 0, 2), "valid.mae": (0, 1, 2), "corr": (0, 1, 2), "valid.corr": (1, 0, 2)}
    for column, order in (orders | {"selection": (0, 1, 2)}).items():
        assert names(mindkit.runs(out, sort=column)) == [folders[number] for number in order]


def test_facts_and_settings_sort_too(made, out):
    assert [run.seed for run in mindkit.runs(out, sort="seed")] == [3407, 3407, 3408]
    found = mindkit.runs(out, sort="terms.cyr.weight")
    assert found[-1].folder.name == made[2].folder.name
    whens = [run.when for run in mindkit.runs(out, sort="when")]
    assert whens == sorted(whens)


def test_a_column_that_there_is_not_is_told_the_near_one(out):
    with pytest.raises(MindkitError, match=r"'valid\.maee'; did you mean 'valid\.mae'\?"):
        mindkit.runs(out, sort="valid.maee")


def test_seeds_of_one_config_come_together_and_dropped_parts_are_another(made):
    groups = mindkit.group_runs(mindkit.runs(made[0].folder.parent))
    assert sorted(tuple(sorted(names(group.runs))) for group in groups) == sorted(
        [tuple(sorted(names(made[:2]))), (made[2].folder.name,)]
    )
    full, without = sorted(groups, key=lambda group: -len(group.runs))
    assert (full.apart, without.apart) == ((), ("without terms.cyr",))
    scores = [run.test["mae"] for run in made[:2]]
    assert full.mean("mae") == pytest.approx(statistics.fmean(scores), rel=1e-12)
    assert full.deviation("mae") == pytest.approx(statistics.stdev(scores), rel=1e-12)
    assert math.isnan(without.deviation("mae"))
    assert full.mean("mae", "valid") == pytest.approx(
        statistics.fmean(run.valid["mae"] for run in made[:2]), rel=1e-12
    )


def test_groups_say_the_settings_that_are_not_the_same(made, out):
    change(out / made[1].folder.name / "config.yaml", "rate: 3.0e-05", "rate: 2.0e-05")
    groups = mindkit.group_runs(mindkit.runs(out, where=["terms.cyr.weight=0.1"]))
    assert sorted(group.apart for group in groups) == [
        ("training.optimizer.rate=2e-05",),
        ("training.optimizer.rate=3e-05",),
    ]


def test_runs_on_other_data_are_another_group(made, out):
    path = out / made[1].folder.name / "metrics.json"
    change(path, f'"digest": "{made[1].data["digest"]}', f'"digest": "{"0" * 64}')
    groups = mindkit.group_runs(mindkit.runs(out, where=["terms.cyr.weight=0.1"]))
    assert sorted(group.apart for group in groups) == sorted(
        [("data.digest=000000000000",), (f"data.digest={made[0].data['digest'][:12]}",)]
    )


def test_unfinished_seeds_are_in_the_group_and_not_in_its_mean(made, out):
    (out / made[1].folder.name / "metrics.json").unlink()
    (group,) = mindkit.group_runs(mindkit.runs(out, where=["terms.cyr.weight=0.1"]))
    assert len(group.runs) == 2
    assert group.mean("mae") == made[0].test["mae"]


def test_a_trial_without_test_scores_is_listed_and_has_no_part_in_the_mean(made, out):
    path = out / made[1].folder.name / "metrics.json"
    record = json.loads(path.read_text()) | {"test": {}}
    path.write_text(json.dumps(record))
    (group,) = mindkit.group_runs(mindkit.runs(out, where=["terms.cyr.weight=0.1"]))
    assert [run.value("mae") for run in mindkit.runs(path.parent)] == [None]
    assert group.mean("mae") == made[0].test["mae"]
    assert len(group.scores("mae", "valid")) == 2


def test_what_failed_before_it_had_a_config_is_a_group_of_its_own(out):
    for name in ("a-mosi-1-00000000", "a-mosi-2-00000000"):
        (out / name).mkdir()
        (out / name / "error.txt").write_text("no memory")
    groups = mindkit.group_runs(mindkit.runs(out, status="failed"))
    assert [len(group.runs) for group in groups] == [1, 1]
    assert math.isnan(groups[0].mean("mae"))


def test_listing_reads_no_config_of_a_finished_run(made, out):
    for run in made:
        (out / run.folder.name / "config.yaml").write_text("{")
    assert len(mindkit.runs(out, method="mind", sort="mae")) == 3
