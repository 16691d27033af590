"""What `--drop` takes out of MInD is really gone, and what is left still trains."""

import math

import pytest
import yaml

import mindkit
from mindkit.config.load import dump, load_spec

FULL = {"task": 1, "np": 1, "info": 9, "cons": 3, "diff": 12, "recon": 3, "cyr": 6}
TERMS = ("info", "cons", "diff", "recon", "cyr", "np")
MODALITIES = ("text", "audio", "vision")
TWO_MODALITIES = FULL | {"info": 6, "cons": 1, "diff": 7, "recon": 2, "cyr": 4}
ROWS = {
    **{term: {name: count for name, count in FULL.items() if name != term} for term in TERMS},
    **dict.fromkeys(MODALITIES, TWO_MODALITIES),
    "invariant": {"task": 1, "np": 1, "info": 6, "diff": 6, "recon": 3, "cyr": 6},
    "specific": {"task": 1, "info": 3, "cons": 3, "recon": 3},
    "noise": {"task": 1, "info": 6, "cons": 3, "diff": 6, "recon": 3},
    "only_task": {"task": 1},
    "non_disentangled": {"task": 1},
}
# What else goes with a part, for want of weights or of a use.
STAGES = {
    "invariant": {"specific", "noise"},
    "specific": {"invariant"},
    "noise": {"invariant", "specific"},
    "only_task": {"invariant", "specific"},
    "non_disentangled": set(),
}
ALL_STAGES = {"invariant", "specific", "noise"}


@pytest.fixture(scope="module")
def load(registries, tiny_mosi, small_mind):
    """Return the spec of the small MInD without `names`."""

    def call(*names):
        return load_spec(
            registries,
            "mind",
            dataset="mosi",
            data=str(tiny_mosi),
            settings=small_mind,
            drop=names,
        )

    return call


@pytest.fixture(scope="module")
def trained(registries, one_backward):
    """Return the model without `names`, and its terms' values, after one backward."""
    return lambda *names: one_backward(registries, drop=names)[1:]


def rows(spec):
    return {term.name: len(term.rows) for term in spec.method.terms}


def mentioned(spec):
    """Stages and modalities of every reference that a row or the fusion holds."""
    references = list(spec.method.fusion.inputs)
    for term in spec.method.terms:
        for row in term.rows:
            references += [one for several in row.arguments.values() for one in several]
    return {one.stage for one in references} | {one.modality for one in references}


def test_nothing_dropped_has_the_rows_of_the_paper(load):
    assert rows(load()) == FULL


@pytest.mark.parametrize("name", ROWS)
def test_without_a_part_the_right_rows_are_left(load, name):
    assert rows(load(name)) == ROWS[name]


@pytest.mark.parametrize("name", ROWS)
def test_the_dumped_config_says_what_was_dropped(load, name):
    lines = yaml.safe_load(dump(load(name)))["dropped"]
    parts = {"only_task": TERMS, "non_disentangled": ALL_STAGES}.get(name, [name])
    for part in parts:
        assert f"{part}: dropped (--drop {name})" in lines


@pytest.mark.parametrize("name", [*STAGES, *MODALITIES])
def test_no_reference_to_a_dropped_part_is_left(load, name):
    gone = {name} if name in MODALITIES else ALL_STAGES - STAGES[name]
    assert gone < mentioned(load())
    assert not gone & mentioned(load(name))


@pytest.mark.parametrize("name", ROWS)
def test_a_dropped_part_has_no_parameters(trained, name):
    model, _ = trained(name)
    assert set(model.objective.terms) == set(ROWS[name])
    assert set(model.graph.encoders) == set(MODALITIES) - {name}
    assert set(model.graph.stages) == STAGES.get(name, ALL_STAGES) - {"noise"}  # has none
    assert {node.name for node in model.graph.nodes} == STAGES.get(name, ALL_STAGES)
    for parameter, _ in model.named_parameters():
        assert name not in parameter.split(".")


@pytest.mark.parametrize("name", MODALITIES)
def test_banks_have_no_copy_for_a_dropped_modality(trained, name):
    model, _ = trained(name)
    copies = {
        part: {len(parameter) for parameter in module.parameters()}
        for part, module in {**model.graph.stages, **model.objective.terms}.items()
    }
    del copies["task"], copies["cons"], copies["diff"]  # these have no parameters
    expected = {"specific": {2}, "invariant": {1}, "np": {1}, "info": {2, 4}, "recon": {2}}
    assert copies == expected | {"cyr": {2}}


@pytest.mark.parametrize("name", ["", *ROWS])
def test_what_is_left_is_finite_and_trains_every_parameter(trained, untrained, name):
    model, values = trained(*filter(None, [name]))
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []


def test_a_dropped_part_is_not_in_the_weights_of_a_run(tiny_mosi, small_mind, own_home, tmp_path):
    from safetensors.torch import load_file

    results = mindkit.run(
        "mind",
        "mosi",
        data=str(tiny_mosi),
        settings=small_mind,
        drop=["cyr", "audio"],
        out=tmp_path,
        device="cpu",
    )
    names = load_file(results.runs[0].folder / "model.safetensors")
    assert any(name.startswith("objective.terms.recon.") for name in names)
    assert not any("cyr" in name or "audio" in name for name in names)
