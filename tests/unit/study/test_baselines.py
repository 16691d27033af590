"""The rows that a method has to beat, against scikit-learn used by hand."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.preprocessing import StandardScaler

from mindkit.config.load import load_spec
from mindkit.data.library import open_store
from mindkit.data.store import Column
from mindkit.study.baselines import baselines, vectors
from mindkit.study.predictions import read_predictions
from mindkit.study.published import published


@pytest.fixture(scope="module")
def spec(registries, tiny_tables, small_mind):
    def call(dataset, *drop):
        data = str(tiny_tables(dataset))
        return load_spec(
            registries, "mind", dataset=dataset, data=data, settings=small_mind, drop=drop
        )

    return call


@pytest.fixture(scope="module")
def rows(spec, registries, tmp_path_factory):
    """The rows of MOSI without text, by name: no text model is needed."""
    found = baselines(spec("mosi", "text"), registries, tmp_path_factory.mktemp("runs"))
    return {row.name: row for row in found}


def test_the_constant_is_the_median_of_train(rows, spec, registries):
    store = open_store(spec("mosi").data, registries)
    target = {name: split.target.double().numpy() for name, split in store.splits.items()}
    (run,) = rows["constant"]
    expected = np.abs(target["test"] - np.median(target["train"])).mean()
    assert run.test["mae"] == pytest.approx(expected, abs=1e-6)
    assert np.isnan(run.test["corr"])
    assert (run.parameters, run.epochs, run.dropped) == (1, 0, ())


def features(column):
    """Mean and deviation of each sample, one at a time."""
    samples = [
        column.values[a:b].double()
        for a, b in zip(column.offsets[:-1], column.offsets[1:], strict=True)
    ]
    return np.array([np.concatenate([s.mean(0), s.std(0, correction=0)]) for s in samples])


def test_the_linear_row_is_ridge_on_means_and_deviations(rows, spec, registries):
    store = open_store(spec("mosi").data, registries)
    x = {
        name: np.concatenate([features(split.columns[m]) for m in ("audio", "vision")], axis=1)
        for name, split in store.splits.items()
    }
    target = store.splits["train"].target.numpy()
    scaler = StandardScaler().fit(x["train"])
    model = RidgeCV(np.logspace(-2, 6, 33)).fit(scaler.transform(x["train"]), target)
    (run,) = rows["linear, audio + vision"]
    saved = read_predictions(run.folder)["test"].scores
    np.testing.assert_allclose(saved, model.predict(scaler.transform(x["test"])), atol=1e-4)
    assert run.parameters == x["train"].shape[1] + 1


def test_text_is_read_by_the_encoder_of_the_config_and_has_a_row_alone(
    spec, registries, tmp_path, tiny_bert, monkeypatch
):
    configured = tmp_path / "configs"
    configured.mkdir()
    text = f"text: {{type: bert, model: {tiny_bert}, tune: none}}\n"
    (configured / "baselines.yaml").write_text(text)
    monkeypatch.setattr("mindkit.study.baselines.config_root", lambda: configured)
    found = baselines(spec("mosi"), registries, tmp_path / "runs")
    assert [row.name for row in found] == [
        "constant",
        "linear, text",
        "linear, text + audio + vision",
    ]
    assert found[1].runs[0].parameters == 32 + 1


def test_classes_are_predicted_by_logistic_regression(spec, registries, tmp_path):
    found = {r.name: r for r in baselines(spec("meld", "text"), registries, tmp_path)}
    store = open_store(spec("meld").data, registries)
    target = store.splits["train"].target.numpy()
    (constant,) = found["constant"]
    truth = store.splits["test"].target.numpy()
    assert constant.test["accuracy"] == (truth == np.bincount(target).argmax()).mean()
    x = {
        name: np.concatenate([features(split.columns[m]) for m in ("audio", "vision")], axis=1)
        for name, split in store.splits.items()
    }
    scaler = StandardScaler().fit(x["train"])
    model = LogisticRegression(C=0.01, max_iter=2000).fit(scaler.transform(x["train"]), target)
    saved = read_predictions(found["linear, audio + vision"].runs[0].folder)["test"].scores
    expected = model.predict_log_proba(scaler.transform(x["test"]))
    assert saved.shape == (len(truth), store.num_outputs)
    np.testing.assert_allclose(saved[:, model.classes_], expected, atol=1e-4)


def test_a_finished_row_is_read_and_fresh_makes_it_again(spec, registries, tmp_path):
    def written(**options):
        found = baselines(spec("mosi", "text"), registries, tmp_path, **options)
        return [(row.runs[0].folder / "metrics.json").stat().st_mtime_ns for row in found]

    first = written()
    assert written() == first
    assert all(new > old for new, old in zip(written(fresh=True), first, strict=True))


def test_no_paper_stands_beside_a_baseline(rows):
    assert all(published(row.runs[0]) == {} for row in rows.values())


def test_mean_and_deviation_are_those_of_each_sample():
    samples = [torch.randn(length, 3) for length in (1, 4, 2)]
    column = Column.of_sequences(samples)
    np.testing.assert_allclose(vectors(column), features(column), atol=1e-6)
    given = Column.of_vectors(torch.eye(3))
    np.testing.assert_array_equal(vectors(given), np.eye(3))
