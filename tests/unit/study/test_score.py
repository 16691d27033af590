"""Saved predictions are scored again by every metric, and what disagrees is named."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error, recall_score

import mindkit
from mindkit.errors import DataError, MindkitError
from mindkit.train.metrics import METRICS


@pytest.fixture(scope="module")
def finished(tiny_tables, small_mind, tmp_path_factory):
    """The folders of a finished run on MOSI and on MIntRec; nothing may change them."""
    out = tmp_path_factory.mktemp("runs")

    def run(dataset):
        data = str(tiny_tables(dataset))
        results = mindkit.run(
            "mind", dataset, data=data, settings=small_mind, out=out, device="cpu"
        )
        return results.runs[0].folder

    return {dataset: run(dataset) for dataset in ("mosi", "mintrec")}


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the run on MOSI, to be changed."""
    return shutil.copytree(finished["mosi"], tmp_path / "copied")


def columns(folder, split):
    """The rows of one split of predictions.csv, column by column, as text."""
    with (folder / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return {name: [row[name] for row in rows] for name in rows[0]}


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_regression_scores_are_those_of_other_libraries(finished, split):
    (scores,) = mindkit.score(finished["mosi"])
    text = columns(finished["mosi"], split)
    y, p = (np.array(text[name], "f4").astype("f8") for name in ("truth", "prediction"))
    found, kept = scores.values[split], y != 0
    assert kept.any()
    expected = {
        "mae": mean_absolute_error(y, p),
        "corr": pearsonr(y, p).statistic,
        "acc2_has0": accuracy_score(y >= 0, p >= 0),
        "acc2_non0": accuracy_score(y[kept] > 0, p[kept] > 0),
        "acc2_non0_ge": accuracy_score(y[kept] >= 0, p[kept] >= 0),
        "acc2_pos": accuracy_score(y > 0, p > 0),
        "f1_non0": f1_score(y[kept] > 0, p[kept] > 0, average="weighted"),
        "acc7": accuracy_score(*(np.rint(np.clip(v, -3, 3)).astype(int) for v in (y, p))),
        "sims_mae": mean_absolute_error(np.clip(y, -1, 1), np.clip(p, -1, 1)),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_classification_scores_are_those_of_other_libraries(finished, split):
    (scores,) = mindkit.score(finished["mintrec"])
    text = columns(finished["mintrec"], split)
    logits = np.array([v for k, v in text.items() if k.startswith("score_")], "f4").T.astype("f8")
    y, p = np.array(text["truth"], int), logits.argmax(1)
    classes = np.arange(logits.shape[1])
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    macro = {"labels": classes, "average": "macro", "zero_division": 0}
    expected = {
        "accuracy": accuracy_score(y, p),
        "f1_macro": f1_score(y, p, **macro),
        "recall_macro": recall_score(y, p, **macro),
        "cross_entropy": log_loss(y, chances, labels=classes),
    }
    found = scores.values[split]
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("dataset", "task"), [("mosi", "regression"), ("mintrec", "classification")]
)
def test_every_metric_of_the_task_is_there_and_none_of_the_other(finished, dataset, task):
    (scores,) = mindkit.score(finished[dataset])
    assert scores.task == task
    fitting = {name for name, metric in METRICS.items() if metric.task == task}
    assert {split: set(values) for split, values in scores.values.items()} == {
        "valid": fitting,
        "test": fitting,
    }
    assert scores.samples == {"valid": 8, "test": 8}


@pytest.mark.parametrize("dataset", ["mosi", "mintrec"])
def test_what_the_run_reported_agrees(finished, dataset):
    (scores,) = mindkit.score(finished[dataset])
    run = mindkit.load_run(finished[dataset])
    assert scores.disagreements == ()
    assert {name: scores.values["test"][name] for name in run.test} == run.test
    assert (scores.method, scores.dataset, scores.seed) == ("mind", dataset, 3407)


def test_several_runs_are_scored_in_the_order_given(finished):
    folders = [finished["mintrec"], finished["mosi"]]
    assert [scores.folder for scores in mindkit.score(*folders)] == folders


def test_a_split_and_metrics_can_be_chosen(finished):
    (scores,) = mindkit.score(finished["mosi"], split="test", metrics=["acc2_pos", "mae"])
    assert list(scores.values) == ["test"]
    assert list(scores.values["test"]) == ["acc2_pos", "mae"]


def test_a_changed_prediction_disagrees_even_in_what_is_not_shown(copied):
    path = copied / "predictions.csv"
    lines = path.read_text().splitlines()
    cells = lines[1].split(",")
    assert cells[1] == "valid"
    cells[3] = "2.5"
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]))
    (scores,) = mindkit.score(copied, split="test", metrics=["acc7"])
    told = [line for line in scores.disagreements if line.startswith("valid mae is ")]
    (value,) = mindkit.score(copied, metrics=["mae"])
    assert told == [
        f"valid mae is {mindkit.load_run(copied).valid['mae']:.6g} in metrics.json, but "
        f"{value.values['valid']['mae']:.6g} from predictions.csv"
    ]
    assert not any(line.startswith("test") for line in scores.disagreements)


def test_a_changed_score_and_one_of_another_version_are_named(copied):
    test = mindkit.load_run(copied).test
    change(copied / "metrics.json", test=test | {"corr": None, "acc9": 0.5})
    (scores,) = mindkit.score(copied)
    assert scores.disagreements == (
        f"test corr is nan in metrics.json, but {test['corr']:.6g} from predictions.csv",
        "test acc9 is in metrics.json, but no metric here has that name",
    )


def test_a_score_that_is_undefined_in_both_agrees(copied):
    path = copied / "predictions.csv"
    header, *lines = path.read_text().splitlines()
    rows = [line.split(",") for line in lines]
    constant = [",".join([*row[:3], "0.5"]) for row in rows]
    path.write_text("\n".join([header, *constant]))
    change(copied / "metrics.json", valid={"corr": None}, test={"corr": None})
    with pytest.warns(UserWarning, match="corr is undefined"):
        (scores,) = mindkit.score(copied)
    assert math.isnan(scores.values["test"]["corr"])
    assert scores.disagreements == ()


def test_stamps_come_with_the_scores(copied):
    change(copied / "metrics.json", stamps=["LEAKY FEATURES: vision"])
    assert mindkit.score(copied)[0].stamps == ("LEAKY FEATURES: vision",)


def test_an_unknown_metric_is_told_the_near_one(finished):
    with pytest.raises(MindkitError, match="no metric named 'acc2_nno0'; did you mean 'acc2_non0'"):
        mindkit.score(finished["mosi"], metrics=["acc2_nno0"])


def test_a_metric_of_the_other_task_is_told_those_that_fit(finished):
    with pytest.raises(MindkitError, match=r"'mae' is for regression.*choose from: accuracy"):
        mindkit.score(finished["mintrec"], metrics=["mae"])


def test_a_split_that_is_not_saved_is_told_those_that_are(finished):
    with pytest.raises(MindkitError, match="no split 'train' is saved; choose from: valid, test"):
        mindkit.score(finished["mosi"], split="train")


def test_no_run_at_all_is_an_error():
    with pytest.raises(MindkitError, match="name at least one run's folder"):
        mindkit.score()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MindkitError, match=r"no folder .*absent; `mindkit runs` lists"):
        mindkit.score(tmp_path / "absent")


def test_a_folder_of_runs_is_told_how_to_list_them(finished):
    out = finished["mosi"].parent
    with pytest.raises(MindkitError, match=r"holds no run; `mindkit runs .*` lists those below it"):
        mindkit.score(out)


def test_an_interrupted_run_is_told_how_to_finish_it(copied):
    (copied / "metrics.json").unlink()
    with pytest.raises(MindkitError, match=r"holds no finished run.*mindkit run … --resume"):
        mindkit.score(copied)


def test_a_failed_run_says_why(copied):
    (copied / "metrics.json").unlink()
    (copied / "error.txt").write_text("the loss is not finite\n")
    with pytest.raises(MindkitError, match=r"holds a run that failed.*\nthe loss is not finite"):
        mindkit.score(copied)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"valid": 1}'])
def test_a_damaged_record_is_named_with_the_way_out(copied, text):
    (copied / "metrics.json").write_text(text)
    with pytest.raises(MindkitError, match=r"metrics\.json is damaged \(.*\); --fresh"):
        mindkit.score(copied)


def test_a_damaged_table_of_predictions_is_named_with_its_line(copied):
    path = copied / "predictions.csv"
    path.write_text(path.read_text().rpartition(",")[0])
    with pytest.raises(DataError, match=r"predictions\.csv:17: .*--fresh runs it again"):
        mindkit.score(copied)


def test_predictions_without_a_split_are_an_error(copied):
    path = copied / "predictions.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:9]))
    with pytest.raises(MindkitError, match="holds no samples of test; --fresh"):
        mindkit.score(copied)


def test_a_trial_that_was_not_scored_on_test_has_its_validation_scores(copied):
    path = copied / "predictions.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:9]))
    change(copied / "metrics.json", test={})
    (scores,) = mindkit.score(copied)
    assert (list(scores.values), scores.samples) == (["valid"], {"valid": 8})
    assert scores.disagreements == ()
    with pytest.raises(MindkitError, match="was not scored on test: it is a trial of a search"):
        mindkit.score(copied, split="test")
