"""The metric "auto", and data sets whose metrics their data tell."""

from dataclasses import replace
from typing import ClassVar

import pytest
import torch

from mindkit.data.store import Column, Split, Store
from mindkit.kinds import Dataset
from mindkit.registry import Registries
from mindkit.train.selection import metrics_of, selection_problems, settle


class Jokes(Dataset):
    task = "classification"
    num_outputs = 2
    metrics: ClassVar = ("f1_macro", "accuracy")


class Bare(Dataset):
    pass


class Own(Dataset):
    task = ""


def store(task="regression", metrics=()):
    split = Split(["a", "b"], {"audio": Column.of_vectors(torch.zeros(2, 3))}, torch.zeros(2))
    return Store("toy", {"train": split}, task, metrics=metrics)


@pytest.fixture
def asked(tiny):
    """A spec that selects by `metric` on one of the data sets above, and their registries."""
    made = Registries()
    for one in (Jokes, Bare, Own):
        made.datasets.add(one.__name__.lower(), one)

    def call(dataset, metric):
        whole = tiny(f"training.selection.metric={metric}")
        return replace(whole, data=replace(whole.data, name=dataset)), made

    return call


def test_auto_is_the_first_metric_that_the_data_set_declares(asked):
    whole, registries = asked("jokes", "auto")
    data = store("classification", ("accuracy",))
    assert settle(whole, registries, data).training.selection.metric == "f1_macro"
    assert metrics_of(whole, registries, data) == ("f1_macro", "accuracy")


def test_auto_is_the_first_metric_that_the_data_tell_where_none_is_declared(asked):
    whole, registries = asked("own", "auto")
    settled = settle(whole, registries, store(metrics=("corr", "mae")))
    assert settled.training.selection.metric == "corr"
    assert settled.resolved == whole.resolved  # what is saved, and the run's folder, stay


def test_a_metric_that_is_named_stays(asked):
    whole, registries = asked("jokes", "accuracy")
    assert settle(whole, registries, store("classification")) == whole


def test_auto_fits_every_data_set_with_metrics(asked):
    assert selection_problems(*asked("jokes", "auto")) == []
    assert selection_problems(*asked("own", "auto")) == []
    assert selection_problems(*asked("own", "auto"), store(metrics=("mae",))) == []


def test_auto_is_refused_where_there_is_no_metric_and_the_spec_stays(asked):
    for name in ("bare", "own"):
        (problem,) = selection_problems(*asked(name, "auto"), store())
        assert f"'{name}' declares no metrics" in problem.what
        assert "training.selection.metric" in problem.where
        whole, registries = asked(name, "auto")
        assert settle(whole, registries, store()) == whole


def test_a_metric_is_held_against_the_task_as_soon_as_the_data_tell_it(asked):
    assert selection_problems(*asked("own", "accuracy")) == []
    assert selection_problems(*asked("own", "accuracy"), store("classification")) == []
    (problem,) = selection_problems(*asked("own", "accuracy"), store("regression"))
    assert "'accuracy' is for classification, but 'own' is a regression task" in problem.what
    (problem,) = selection_problems(*asked("own", "acuracy"))
    assert "did you mean 'accuracy'" in problem.what
