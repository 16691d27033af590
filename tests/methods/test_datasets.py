"""Every data set, simulated small, is trained on by MInD as it ships for it."""

import functools

import pytest
import torch

from mindkit.config.load import load_spec
from mindkit.data.prepare import prepare
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.train.device import choose_device
from mindkit.train.evaluate import predict, score
from mindkit.train.optim import main_optimizer
from mindkit.train.selection import metrics_of, selection_problems, settle

NAMES = load_plugins().registries.datasets.names()


@pytest.fixture(scope="module")
def small(registries):
    """A small simulated stand-in of the data set of that name, made once."""

    def make(name):
        dataset = registries.datasets.get(name)
        return dataset().simulate(scale=0.01 if sum(dataset.splits.values()) > 5000 else 0.1)

    return functools.cache(make)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["mind", "mind_official", "mind_paper"])
def test_every_preset_selects_by_a_metric_of_the_data_set(name, method, small, registries):
    spec = load_spec(registries, method, dataset=name)
    assert selection_problems(spec, registries, small(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_mind_takes_a_step_on_a_data_set_and_is_scored_by_its_metrics(
    name, small, registries, small_mind, untrained
):
    store = small(name)
    spec = load_spec(registries, "mind", dataset=name, settings=small_mind)
    assert selection_problems(spec, registries, store) == []
    metrics = metrics_of(spec, registries, store)
    assert settle(spec, registries, store).training.selection.metric in metrics

    torch.manual_seed(0)
    model = build(spec, registries, InputSchema.of(store)).train()
    prepared = prepare(store, dict(model.graph.encoders.items()), spec.data, None)
    train = prepared.splits["train"]
    batch = train.batch(torch.arange(min(7, len(train))), model.graph.modalities)
    optimizer = main_optimizer(model, spec.training.optimizer)
    total, _ = model.objective(model.graph(batch), batch.target, batch.index, 0.5)
    total.backward()
    assert total.isfinite() and untrained(model.graph) == []
    optimizer.step()

    valid = prepared.splits["valid"]
    predictions = predict(model.graph, valid, choose_device("cpu", "float32"), 8)
    assert list(score(predictions, valid, store.task, metrics)) == list(metrics)
