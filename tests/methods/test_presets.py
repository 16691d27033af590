"""MISA's presets, FDMER as reconstructed and DSN as they ship: values, rows, and what trains."""

import math

import pytest
import yaml

import mindkit
from mindkit.config.load import dump, load_spec, spec_from_resolved
from mindkit.study.check import check

METHODS = ("misa", "misa_mmsa", "misa_mintrec", "fdmer_reconstructed", "dsn")
DATASETS = ("mosi", "mosei", "ur_funny", "mintrec")
MODALITIES = ("text", "audio", "vision")
TERMS = {
    "misa": {"task": 1, "sim": 3, "diff": 6, "recon": 3},
    "misa_mmsa": {"task": 1, "sim": 3, "diff": 6, "recon": 3},
    "misa_mintrec": {"task": 1, "sim": 1, "diff": 6, "recon": 3},
    "fdmer_reconstructed": {"task": 1, "adv": 1, "con": 3, "dis": 6},
    "dsn": {"task": 1, "sim": 1, "diff": 3, "recon": 3},
}
ABLATIONS = {
    "misa": ("base", "inv", "specific_fusion", "invariant_fusion", "text_only", "invariant"),
    "misa_mmsa": ("base", "inv", "specific_fusion", "invariant_fusion", "text_only"),
    "misa_mintrec": ("base", "inv", "specific_fusion", "invariant_fusion", "text_only"),
    "fdmer_reconstructed": ("uncooperative", "text_only", "invariant", "specific"),
    "dsn": ("specific", "text_only"),
}
DROPS = [
    (method, name)
    for method in METHODS
    for name in (*[t for t in TERMS[method] if t != "task"], *MODALITIES, *ABLATIONS[method])
]


@pytest.fixture(scope="module")
def load(registries):
    return lambda method, dataset="mosi", **options: load_spec(
        registries, method, dataset=dataset, **options
    )


@pytest.fixture(scope="module")
def small(tiny_bert):
    """Return the `--set` lines that make a method small and keep its structure."""

    def settings(method, dataset="mosi"):
        lines = ["width=16", f"encoders.text.model={tiny_bert}", "training.batch_size=8"]
        lines += [
            "training.epochs=1",
            *{"dsn": ["fusion.fused=8", "fusion.hidden=8"]}.get(method, []),
        ]
        lines += ["fusion.feed=16"] if method.startswith("misa") else []
        return [*lines, "encoders.text.tune=1"] if dataset == "mosei" else lines  # of two layers

    return settings


def test_every_output_of_fdmer_says_that_it_is_reconstructed(load):
    assert "RECONSTRUCTED" in load("fdmer_reconstructed").method.stamp
    assert "RECONSTRUCTED" in load("fdmer_reconstructed", drop=["text_only"]).method.stamp


def rows(spec):
    return {term.name: len(term.rows) for term in spec.method.terms}


def term(spec, name):
    return next(one for one in spec.method.terms if one.name == name)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", METHODS)
def test_every_preset_loads_for_every_data_set_and_round_trips(
    load, registries, method, dataset, tmp_path
):
    spec = load(method, dataset)
    assert rows(spec) == TERMS[method]
    (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
    assert spec_from_resolved(registries, tmp_path / "config.yaml") == spec


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", METHODS)
def test_every_preset_checks_and_trains_all_it_means_to_train(
    registries, one_backward, untrained, small, tiny_tables, own_home, method, dataset
):
    settings = small(method, dataset)
    assert check(method, dataset, data=str(tiny_tables(dataset)), settings=settings) == []
    _, model, values = one_backward(registries, small=settings, method=method, dataset=dataset)
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


@pytest.mark.parametrize(("method", "name"), DROPS)
def test_what_an_ablation_leaves_is_finite_and_trains_every_parameter(
    registries, one_backward, untrained, small, method, name
):
    _, model, values = one_backward(registries, small=small(method), method=method, drop=[name])
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_short_run_leaves_the_name_and_the_scores(small, tiny_mosi, own_home, tmp_path, method):
    settings = [*small(method), "training.trackers=[]"]
    (run,) = mindkit.run(
        method, "mosi", data=str(tiny_mosi), settings=settings, out=tmp_path, device="cpu"
    )
    assert run.method == method and run.folder.name.startswith(f"{method}-mosi-")
    assert yaml.safe_load((run.folder / "config.yaml").read_text())["name"] == method
    assert math.isfinite(run.test["mae"])


def test_misa_has_the_authors_weights_and_training(load):
    spec = load("misa")
    assert {t.name: t.weight for t in spec.method.terms} == {
        "task": 1.0,
        "sim": 1.0,
        "diff": 0.3,
        "recon": 1.0,
    }
    training = spec.training
    assert (training.optimizer.type, training.optimizer.rate, training.clip.value) == (
        "adam",
        1e-4,
        1.0,
    )
    assert (training.selection.patience, training.selection.rollback) == (6, 0)
    assert spec.method.width == 128
    assert spec.method.modalities == ("text", "vision", "audio")
    assert [str(one) for one in spec.method.fusion.inputs] == [
        *(f"specific.{m}" for m in spec.method.modalities),
        *(f"invariant.{m}" for m in spec.method.modalities),
    ]


@pytest.mark.parametrize(
    ("dataset", "batch", "tune", "embeddings", "metric"),
    [
        ("mosi", 64, "all", False, "mse"),
        ("mosei", 16, 3, True, "mse"),
        ("ur_funny", 32, "none", False, "cross_entropy"),
    ],
)
@pytest.mark.parametrize("method", ["misa", "fdmer_reconstructed"])
def test_a_data_set_has_its_batch_its_frozen_layers_and_selects_by_the_task_loss(
    load, method, dataset, batch, tune, embeddings, metric
):
    spec = load(method, dataset)
    text = spec.method.encoders["text"].options
    assert (text["tune"], text["tune_embeddings"]) == (tune, embeddings)
    assert spec.training.batch_size == batch
    assert spec.training.selection.metric == metric
    assert term(spec, "task").block.options["loss"] == {"regression": "mse"}


@pytest.mark.parametrize(
    ("dataset", "batch", "dropout", "diff", "sim"),
    [("mosi", 16, 0.2, 0.1, 0.3), ("mosei", 64, 0.5, 0.3, 0.8)],
)
def test_mmsa_s_preset_has_its_values(load, dataset, batch, dropout, diff, sim):
    spec = load("misa_mmsa", dataset)
    assert spec.training.batch_size == batch
    assert spec.method.fusion.block.options["dropout"] == dropout
    assert (term(spec, "diff").weight, term(spec, "sim").weight) == (diff, sim)
    assert term(spec, "sim").block.type == "cmd"
    assert spec.training.clip.value == 0.8
    assert spec.method.encoders["text"].options["tune"] == "all"


def test_mintrec_s_preset_is_adversarial_and_has_its_data_set_and_values(load):
    spec = load("misa_mintrec", None)
    assert spec.data.name == "mintrec"
    sim = term(spec, "sim").block
    assert (sim.type, sim.options["strength"], sim.options["dropout"]) == (
        "modality_discriminator",
        0.8,
        0.1,
    )
    weights = {t.name: t.weight for t in spec.method.terms}
    assert weights == {"task": 1.0, "sim": 0.7, "diff": 0.7, "recon": 0.6}
    assert (spec.method.width, spec.training.batch_size) == (256, 16)
    assert (spec.training.optimizer.rate, spec.training.clip.value) == (3e-5, None)
    assert spec.training.selection.metric == "f1_macro"


def test_only_the_topmost_layers_of_bert_and_its_embeddings_are_tuned_on_mosei(
    registries, one_backward, small
):
    _, model, _ = one_backward(
        registries, small=small("misa", "mosei"), method="misa", dataset="mosei"
    )
    bert = model.graph.encoders["text"].transformer
    tuned = {n.rsplit(".", 4)[0] for n, p in bert.named_parameters() if p.requires_grad}
    assert any(name.startswith("embeddings") for name in tuned)
    assert not any(name.startswith("encoder.layer.0") for name in tuned)
    assert any(name.startswith("encoder.layer.1") for name in tuned)


def test_an_adversary_needs_two_modalities_and_says_so(tiny_mosi, small, own_home):
    problems = check(
        "dsn", "mosi", data=str(tiny_mosi), settings=small("dsn"), drop=["audio", "vision"]
    )
    assert "one modality cannot be told from others; --drop the term too" in str(problems[0])
