"""TFN, LMF and MulT and their presets as they ship: values, what trains, and what --drop leaves."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

import mindkit
from mindkit.config.load import dump, load_spec, spec_from_resolved
from mindkit.config.spec import Reference
from mindkit.data.library import open_store
from mindkit.model.build import InputSchema, build
from mindkit.study.check import check
from mindkit.train.optim import main_optimizer

DATASETS = ("mosi", "mosei", "ur_funny", "mintrec")
RAW = ("tfn", "lmf", "mult", "mult_mintrec")  # text as words
STATES = ("tfn_mmsa", "lmf_mmsa", "mult_mmsa")  # text as MMSA's stored states
DROPS = ("", "text", "audio", "vision", "text_only")
SPLITS = {"train": 24, "valid": 8, "test": 8}


@pytest.fixture(scope="module")
def load(registries):
    return lambda method, dataset="mosi", **options: load_spec(
        registries, method, dataset=dataset, **options
    )


@pytest.fixture(scope="module")
def small(tiny_bert):
    """Return the `--set` lines that make a method small and keep its structure."""

    def settings(method):
        common = ("training.batch_size=8", "training.epochs=1", "width=16")
        if method.startswith("mult"):
            lines = ["fusion.layers=1", "fusion.heads=2"]
        else:
            lines = ["fusion.widths={text: 4, audio: 3, vision: 5}"]
            lines += ["encoders.audio.hidden=4", "encoders.vision.hidden=4"]
        if method in RAW:
            lines += [f"encoders.text.model={tiny_bert}"]
        elif not method.startswith("mult"):
            lines += ["encoders.text.hidden=16"]
        return (*common, *lines)

    return settings


@pytest.fixture(scope="session")
def mmsa_pickle(tmp_path_factory):
    """A pickle as MMSA has them, small: words, states of width 8, and 5 and 4 features a step."""
    random = np.random.default_rng(0)
    splits = {}
    for split, count in SPLITS.items():
        arrays = {}
        for name, width in {"text": 8, "audio": 5, "vision": 4}.items():
            arrays[name] = random.normal(size=(count, 6, width)).astype("f4")
            for row, length in enumerate(random.integers(1, 7, count)):
                arrays[name][row, length:] = 0
        arrays["raw_text"] = np.array(["it was so good"] * count)
        arrays["id"] = np.array([f"{split}$_${row}" for row in range(count)])
        arrays["regression_labels"] = random.uniform(-3, 3, count).round(1).astype("f4")
        splits[split] = arrays
    path = tmp_path_factory.mktemp("mmsa") / "aligned.pkl"
    path.write_bytes(pickle.dumps(splits))
    return path


@pytest.fixture
def backward(registries, one_backward, small, mmsa_pickle):
    """Return spec, model and values after one backward of a small method on what it is made for."""

    def call(method, dataset="mosi", drop=(), settings=()):
        return one_backward(
            registries,
            settings,
            [*filter(None, drop)],
            small(method),
            method,
            dataset,
            mmsa_pickle if method in STATES else None,
        )

    return call


def options(spec):
    return spec.method.fusion.block.options


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", [*RAW, *STATES])
def test_every_preset_loads_for_every_data_set_and_round_trips(
    load, registries, method, dataset, tmp_path
):
    spec = load(method, dataset)
    (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
    assert spec_from_resolved(registries, tmp_path / "config.yaml") == spec


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", RAW)
def test_every_preset_checks_and_trains_all_of_itself(
    backward, untrained, small, tiny_tables, own_home, method, dataset
):
    assert check(method, dataset, data=str(tiny_tables(dataset)), settings=small(method)) == []
    _, model, values = backward(method, dataset)
    assert math.isfinite(values["task"])
    assert untrained(model) == []


@pytest.mark.parametrize("method", STATES)
def test_mmsa_s_presets_take_the_stored_states_of_its_pickles(
    backward, untrained, small, mmsa_pickle, own_home, method
):
    assert check(method, "mosi", data=str(mmsa_pickle), settings=small(method)) == []
    spec, model, values = backward(method)
    assert math.isfinite(values["task"])
    assert untrained(model) == []
    assert "transformer" not in dict(model.graph.encoders["text"].named_children())
    assert spec.data.columns == {"text": "text_states"}


@pytest.mark.parametrize("method", STATES)
def test_data_without_stored_states_are_refused_with_what_there_is(tiny_mosi, own_home, method):
    (problem,) = check(method, "mosi", data=str(tiny_mosi))
    assert "no column 'text_states'; known: audio, text, vision" in str(problem)


@pytest.mark.parametrize("name", DROPS)
@pytest.mark.parametrize("method", [*RAW, *STATES])
def test_what_a_drop_leaves_trains_every_parameter(backward, untrained, method, name):
    spec, model, values = backward(method, drop=[name])
    assert math.isfinite(values["task"])
    assert untrained(model) == []
    dropped = {"": set(), "text_only": {"audio", "vision"}}.get(name, {name})
    left = {"text", "audio", "vision"} - dropped
    assert set(model.graph.encoders) == left
    for value in options(spec).values():
        assert not isinstance(value, dict) or set(value) == left


@pytest.mark.parametrize("method", ["tfn", "lmf", "mult"])
def test_a_short_run_leaves_the_name_and_the_scores(small, tiny_mosi, own_home, tmp_path, method):
    settings = [*small(method), "training.trackers=[]"]
    (run,) = mindkit.run(
        method, "mosi", data=str(tiny_mosi), settings=settings, out=tmp_path, device="cpu"
    )
    assert run.folder.name.startswith(f"{method}-mosi-")
    assert yaml.safe_load((run.folder / "config.yaml").read_text())["name"] == method
    assert math.isfinite(run.test["mae"])


@pytest.mark.parametrize(
    ("dataset", "widths", "hidden", "dropout", "batch", "rate"),
    [("mosi", (32, 32, 128), 64, 0.5, 32, 1e-3), ("mosei", (128, 16, 128), 16, 0.4, 128, 5e-3)],
)
@pytest.mark.parametrize("method", ["tfn", "tfn_mmsa"])
def test_tfn_has_the_port_s_values(load, method, dataset, widths, hidden, dropout, batch, rate):
    spec = load(method, dataset)
    found = options(spec)
    assert tuple(found["widths"][m] for m in ("text", "audio", "vision")) == widths
    assert (found["hidden"], found["dropout"], found["output_range"]) == (hidden, dropout, (-3, 3))
    early = {m: spec.method.encoders[m].options["dropout"] for m in ("audio", "vision")}
    assert set(early.values()) == {found["part_dropout"]["text"]} == {0.3 if batch == 32 else 0.4}
    assert (spec.training.batch_size, spec.training.optimizer.rate) == (batch, rate)
    assert spec.training.selection.patience == 7


@pytest.mark.parametrize(
    ("dataset", "rank", "dropout", "batch", "decay"),
    [("mosi", 3, 0.3, 64, 5e-3), ("mosei", 4, 0.2, 32, 1e-3)],
)
@pytest.mark.parametrize("method", ["lmf", "lmf_mmsa"])
def test_lmf_has_the_port_s_values(load, method, dataset, rank, dropout, batch, decay):
    spec = load(method, dataset)
    found = options(spec)
    assert (found["rank"], found["part_dropout"]["text"]) == (rank, dropout)
    assert spec.method.encoders["audio"].options["dropout"] == dropout
    optimizer = spec.training.optimizer
    assert (spec.training.batch_size, optimizer.rate, optimizer.weight_decay) == (
        batch,
        1e-3,
        decay,
    )
    assert found["train_rank_weights"] == (method == "lmf")


def test_lmf_of_the_port_never_moves_its_rank_weights(backward):
    spec, model, _ = backward("lmf_mmsa")
    head = model.graph.head
    groups = main_optimizer(model, spec.training.optimizer).param_groups
    stepped = [{id(p) for p in group["params"]} for group in groups]
    assert {id(p) for p in head.factors} in stepped  # a group of their own
    assert not {id(head.rank_weights), id(head.bias)} & set.union(*stepped)
    assert {group["weight_decay"] for group in groups} == {5e-3}


@pytest.mark.parametrize(
    ("method", "dataset", "width", "layers", "heads", "batch", "rate", "clip"),
    [
        ("mult", "mosi", 30, 5, 5, 24, 1e-3, 0.8),
        ("mult_mmsa", "mosi", 50, 4, 10, 16, 2e-3, 0.6),
        ("mult_mmsa", "mosei", 30, 4, 6, 4, 5e-4, 0.6),
        ("mult_mintrec", "mintrec", 120, 8, 8, 16, 3e-5, 0.5),
    ],
)
def test_mult_has_the_values_of_each_code_base(
    load, method, dataset, width, layers, heads, batch, rate, clip
):
    spec = load(method, dataset)
    found, training = options(spec), spec.training
    assert (spec.method.width, found["layers"], found["heads"]) == (width, layers, heads)
    assert (training.batch_size, training.optimizer.rate) == (batch, rate)
    assert (training.clip.norm if method == "mult" else training.clip.value) == clip
    assert found["causal"] and found["memory_layers"] is None and found["readout"] == "last"
    assert training.selection.metric == ("f1_macro" if dataset == "mintrec" else "mae")


def test_mult_drops_out_by_the_modality_attended_to(backward):
    _, model, _ = backward("mult")
    crossing = model.graph.head.crossmodal.crossing
    found = [[encoder.layers[0].attention for encoder in row] for row in crossing]
    assert found == [[0.0, 0.0], [0.1, 0.0], [0.1, 0.0]]
    assert {one.layers[0].attention for one in model.graph.head.crossmodal.memory} == {0.1}


@pytest.mark.parametrize("method", STATES)
def test_each_predicts_what_its_port_written_out_does(
    registries, reference, small, mmsa_pickle, own_home, method
):
    settings = {
        "tfn_mmsa": ["fusion.dropout=0.0"],
        "lmf_mmsa": [],
        "mult_mmsa": ["width=8", "encoders.text.dropout=0.0", "fusion.layers=2"],
    }[method]
    if method == "mult_mmsa":
        names = ("attention", "memory", "embedding", "relu", "residual")
        settings += [f"fusion.{name}_dropout=0.0" for name in names] + ["fusion.dropout=0.0"]
    else:
        settings += [f"encoders.{m}.dropout=0.0" for m in ("audio", "vision")]
        settings += ["fusion.part_dropout=0.0"]
    spec = load_spec(
        registries,
        method,
        dataset="mosi",
        data=str(mmsa_pickle),
        settings=[*small(method), *settings],
    )
    store = open_store(spec.data, registries)
    torch.manual_seed(0)
    model = build(spec, registries, InputSchema.of(store)).double().train()
    batch = store.splits["train"].batch(torch.arange(10), model.graph.modalities)
    batch = replace(batch, features={m: x.double() for m, x in batch.features.items()})
    prediction = model.graph(batch)[Reference("prediction")]
    naive = getattr(reference("naive_fusion"), f"naive_{method.removesuffix('_mmsa')}")
    torch.testing.assert_close(prediction, naive(model, batch), rtol=1e-9, atol=1e-9)
