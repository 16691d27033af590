"""The configs of MInD as they ship, read with the real components."""

import itertools
import re
import shlex
from pathlib import Path

import pytest

from mindkit.config.load import dump, load_spec, spec_from_resolved
from mindkit.hooks import load_plugins

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "plugins" / "mindkit_mind" / "AMBIGUITIES.md").read_text(encoding="utf-8")
ALTERNATIVES = re.findall(r"`(--(?:set|drop) [^`]+)`", TABLE)
METHODS = ("mind", "mind_official", "mind_paper")
DATASETS = ("mosi", "mosei", "ur_funny", "mintrec")


@pytest.fixture(scope="module")
def registries():
    return load_plugins().registries


@pytest.fixture(scope="module")
def load(registries):
    return lambda method="mind", **options: load_spec(registries, method, **options)


@pytest.fixture(scope="module")
def plain(load):
    return {dataset: load(dataset=dataset) for dataset in ("mosi", "mosei")}


def rows(spec):
    return {term.name: len(term.rows) for term in spec.method.terms}


def term(spec, name):
    return next(one for one in spec.method.terms if one.name == name)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", METHODS)
def test_every_preset_loads_for_every_data_set_and_round_trips(
    load, registries, method, dataset, tmp_path
):
    spec = load(method, dataset=dataset)
    (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
    assert spec_from_resolved(registries, tmp_path / "config.yaml") == spec


@pytest.mark.parametrize("method", METHODS)
def test_three_modalities_make_the_rows_of_the_paper(load, method):
    assert rows(load(method)) == {
        "task": 1,
        "np": 1,
        "info": 9,
        "cons": 3,
        "diff": 12,
        "recon": 3,
        "cyr": 6,
    }


@pytest.mark.parametrize("modality", ["text", "audio", "vision"])
def test_without_a_modality_difference_has_seven_pairs_and_consistency_one(load, modality):
    found = rows(load(drop=[modality]))
    assert (found["diff"], found["cons"], found["info"]) == (7, 1, 6)


def test_nine_separate_statistics_networks_by_default(load):
    assert len({row.copy for row in term(load(), "info").rows}) == 9


def test_the_papers_statistics_networks_are_one_shared_and_one_per_modality(load):
    copies = {row.copy for row in term(load("mind_paper"), "info").rows}
    assert copies == {"shared", "private.text", "private.audio", "private.vision"}


@pytest.mark.parametrize(
    ("dataset", "width", "weights", "rate"),
    [
        ("mosi", 512, (1e-2, 1e-4, 1e-3, 0.1, 0.1), 3e-5),
        ("mosei", 256, (2e-2, 2e-4, 1e-3, 1.0, 1.0), 2e-5),
        ("ur_funny", 256, (3e-2, 2e-4, 8e-5, 8e-2, 8e-2), 2e-5),
    ],
)
def test_widths_weights_and_rates_are_the_authors(load, dataset, width, weights, rate):
    for method in ("mind", "mind_official"):
        spec = load(method, dataset=dataset)
        names = ("info", "cons", "diff", "recon", "cyr")
        assert spec.method.width == width
        assert tuple(term(spec, name).weight for name in names) == weights
        assert spec.training.optimizer.rate == rate
        assert term(spec, "task").weight == term(spec, "np").weight == 1.0


@pytest.mark.parametrize(
    ("dataset", "encoder", "head"),
    [("mosi", 0.35, 0.15), ("mosei", 0.40, 0.10), ("ur_funny", 0.35, 0.05)],
)
def test_dropouts_are_the_authors(load, dataset, encoder, head):
    spec = load(dataset=dataset)
    stages = {r.name: r.block for r in spec.method.representations}
    assert stages["invariant"].options["dropout"] == encoder
    assert stages["specific"].options["dropout"] == encoder
    assert spec.method.fusion.block.options["dropout"] == head
    assert term(spec, "np").block.options["dropout"] == head


def test_the_official_preset_pads_mosi_to_50_and_selects_by_accuracy_without_zeros(load):
    spec = load("mind_official", dataset="mosi")
    assert (spec.data.pad_to, spec.data.standardize) == (50, "none")
    assert (spec.training.drop_last, spec.data.group_by_length) == (True, False)
    selection = spec.training.selection
    assert (selection.metric, selection.patience, selection.rollback) == ("acc2_non0", 2, 1)
    audio = spec.method.encoders["audio"].options
    assert audio["readout"] == "zero_token"
    assert audio["padding_mask"] is False
    assert audio["positions"] == "nonzero_first_channel"


@pytest.mark.parametrize("dataset", ["mosei", "ur_funny"])
def test_the_official_preset_standardises_each_utterance_elsewhere(load, dataset):
    spec = load("mind_official", dataset=dataset)
    assert (spec.data.standardize, spec.data.pad_to) == ("utterance", None)


@pytest.mark.parametrize("method", METHODS)
def test_classes_are_selected_by_accuracy(load, method):
    assert load(method, dataset="ur_funny").training.selection.metric == "accuracy"
    assert load(method, dataset="mintrec").training.selection.metric == "accuracy"


def test_non_disentangled_leaves_encoders_head_and_task(load):
    spec = load(drop=["non_disentangled"])
    assert rows(spec) == {"task": 1}
    assert spec.method.representations == ()
    assert [str(one) for one in spec.method.fusion.inputs] == [
        "encoded.text",
        "encoded.audio",
        "encoded.vision",
    ]


@pytest.mark.parametrize("method", METHODS)
def test_only_task_keeps_the_encoders_and_says_that_noise_went(load, method):
    spec = load(method, drop=["only_task"])
    assert rows(spec) == {"task": 1}
    assert [r.name for r in spec.method.representations] == ["invariant", "specific"]
    assert "noise: removed, since neither fusion nor any term uses it" in spec.dropped


@pytest.mark.parametrize("name", ["info", "cons", "diff", "recon", "cyr", "np"])
def test_a_dropped_term_leaves_the_others_as_they_were(load, name):
    expected = rows(load())
    del expected[name]
    assert rows(load(drop=[name])) == expected


def test_the_table_of_ambiguities_has_all_25():
    assert re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE) == [str(k) for k in range(1, 26)]


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_each_alternative_in_the_table_of_ambiguities_loads_and_changes_something(
    load, plain, alternative
):
    words = shlex.split(alternative)
    settings = [v for k, v in itertools.pairwise(words) if k == "--set"]
    drop = [v for k, v in itertools.pairwise(words) if k == "--drop"]
    # a default on one data set is an alternative on the other
    assert any(
        load(dataset=dataset, settings=settings, drop=drop) != plain[dataset]
        for dataset in ("mosi", "mosei")
    )
