"""Predictions come back from their file as they were made."""

import numpy as np
import pytest

import mindkit
from mindkit.errors import DataError, MindkitError
from mindkit.study.predictions import read_predictions
from mindkit.train.metrics import compute

REGRESSION = """\
id,split,truth,prediction,stamp
"a, 1",valid,-3.0,0.25,SIMULATED
b,test,1.2000000476837158,1.5,SIMULATED
c,test,0.0,-0.5,SIMULATED
"""
CLASSES = """\
id,split,truth,score_Complain,score_Ask for help
a,valid,0,1.5,-1.5
b,test,1,0.25,0.75
"""


@pytest.fixture
def read(tmp_path):
    """Read a file with these words in it."""

    def call(text):
        (tmp_path / "predictions.csv").write_text(text, encoding="utf-8")
        return read_predictions(tmp_path)

    return call


def test_numbers_come_in_the_precision_they_were_predicted_in(read):
    found = read(REGRESSION)
    assert list(found) == ["valid", "test"]
    assert found["valid"].ids == ("a, 1",)
    assert found["test"].ids == ("b", "c")
    assert found["test"].truth.dtype == found["test"].scores.dtype == np.float32
    assert found["test"].truth.tolist() == [np.float32(1.2), 0.0]
    assert found["test"].scores.tolist() == [1.5, -0.5]
    assert found["test"].classes == ()


def test_classes_have_a_score_each_and_a_number_as_truth(read):
    found = read(CLASSES)
    assert found["test"].classes == ("Complain", "Ask for help")
    assert found["test"].truth.dtype == np.int64
    assert found["test"].truth.tolist() == [1]
    assert found["test"].scores.dtype == np.float32
    assert found["test"].scores.tolist() == [[0.25, 0.75]]


@pytest.mark.parametrize("dataset", ["mosi", "mintrec"])
def test_the_scores_of_a_run_come_out_the_same_from_its_predictions(
    dataset, tiny_tables, small_mind, tmp_path
):
    data = str(tiny_tables(dataset))
    results = mindkit.run(
        "mind", dataset, data=data, settings=small_mind, out=tmp_path, device="cpu"
    )
    (run,) = results
    found = read_predictions(run.folder)
    for split, scores in (("valid", run.valid), ("test", run.test)):
        assert len(found[split].ids) == 8
        assert compute(scores, found[split].scores, found[split].truth) == scores


def test_a_folder_without_the_file_is_an_error_with_the_way_out(tmp_path):
    with pytest.raises(MindkitError, match=r"holds no predictions\.csv.*--resume"):
        read_predictions(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"predictions\.csv:1: no column id, split, truth, prediction among"),
        (REGRESSION.replace("prediction", "guess"), "no column prediction among: id, split, truth"),
        (REGRESSION.splitlines()[0], r"predictions\.csv: no samples"),
        (REGRESSION + "d,test\n", r"predictions\.csv:5: 2 cells where the header has 5"),
        (REGRESSION.replace("1.5", "x"), r"predictions\.csv:3: could not convert .* 'x'"),
        (REGRESSION.replace("-3.0", "nan"), r"predictions\.csv:2: truth nan is not finite"),
        (CLASSES.replace("test,1", "test,2"), r":3: truth 2 is no class number below 2"),
        (CLASSES.replace("test,1", "test,0.5"), r":3: truth 0\.5 is no class number"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(read, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert str(caught.value).endswith("--fresh runs it again")
