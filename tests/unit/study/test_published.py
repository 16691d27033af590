"""A paper's number stands beside a run only where the two can be compared."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mindkit.config.files import config_root
from mindkit.study.published import published, published_ablation
from mindkit.train.metrics import METRICS
from mindkit.train.run import RunResult

COLUMNS = {
    "text": {"kind": "text", "width": None, "provenance": "array 'text'"},
    "audio": {"kind": "sequence", "width": 74, "provenance": "array 'covarep'"},
    "vision": {"kind": "sequence", "width": 47, "provenance": "array 'facet'"},
}
SAMPLES = {"train": 1284, "valid": 229, "test": 686}
TEXT = {"type": "bert", "model": "bert-base-uncased", "tune": "all"}
FILES = sorted(config_root().glob("methods/*/published.yaml"))
ENTRIES = [
    pytest.param(dataset, entry, id=f"{path.parent.name}-{dataset}")
    for path in FILES
    for dataset, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()
]


@pytest.fixture
def run(tmp_path):
    """A finished run of MInD on MOSI as the paper had it, or with `text` and other facts."""

    def call(text=TEXT, columns=COLUMNS, samples=SAMPLES, stamp=None, **facts):
        config = {"encoders": {"text": text}} if text else {"encoders": {}}
        config |= {"stamp": stamp} if stamp else {}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        result = RunResult(
            folder=Path(tmp_path),
            method="mind",
            dataset="mosi",
            seed=1,
            valid={},
            test={},
            selection={},
            epoch=0,
            epochs=1,
            parameters=1,
            seconds=1.0,
            stamps=(),
            dropped=(),
            data={"columns": columns, "samples": samples},
        )
        return replace(result, **facts)

    return call


def test_a_run_like_the_papers_has_its_numbers_beside_it(run):
    numbers = published(run())
    assert numbers == {
        "mae": 0.711,
        "corr": 0.791,
        "acc2_non0": 0.86,
        "f1_non0": 0.86,
        "acc7": 0.466,
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"stamps": ("SIMULATED DATA: not comparable with any published number",)},
        {"stamps": ("LEAKY FEATURES: vision",)},
        {"dropped": ("cyr: dropped (--drop cyr)",)},
        {"method": "mind_official"},
        {"method": "no_such_method"},
        {"dataset": "cmu_mosi_of_ours"},
    ],
    ids=str,
)
def test_a_run_of_something_else_has_none(run, facts):
    assert published(run(**facts)) == {}


def test_a_reconstructed_method_has_its_papers_numbers_beside_it_and_its_stamp(run):
    stamp = "fdmer_reconstructed is RECONSTRUCTED"
    facts = {"method": "fdmer_reconstructed", "stamp": stamp}
    assert published(run(**facts, stamps=(stamp,)))["mae"] == 0.724
    assert published(run(**facts, stamps=(stamp, "LEAKY FEATURES: vision"))) == {}


@pytest.mark.parametrize("split", SAMPLES)
def test_a_split_of_another_size_has_none(run, split):
    assert published(run(samples=SAMPLES | {split: SAMPLES[split] - 1})) == {}


@pytest.mark.parametrize(
    ("modality", "fact"),
    [
        ("text", {"kind": "tokens"}),
        ("audio", {"width": 5}),
        ("vision", {"width": 35}),
        ("audio", {"kind": "vector"}),
    ],
)
def test_other_features_have_none(run, modality, fact):
    columns = COLUMNS | {modality: COLUMNS[modality] | fact}
    assert published(run(columns=columns)) == {}


@pytest.mark.parametrize("modality", COLUMNS)
def test_data_without_a_modality_have_none(run, modality):
    assert published(run(columns={m: c for m, c in COLUMNS.items() if m != modality})) == {}


@pytest.mark.parametrize(
    "text",
    [
        TEXT | {"model": "minilm"},
        TEXT | {"tune": "none"},
        TEXT | {"tune": 4},
        {"type": "vector"},
        {},
    ],
)
def test_another_text_model_has_none(run, text):
    assert published(run(text=text)) == {}


def without(*names):
    """Return the lines of a run that was asked to leave these out, and what went with them."""
    lines = [f"{name}: dropped (--drop {name})" for name in names]
    return (*lines, "np: no rows left, since noise was dropped")


def test_an_ablation_like_the_papers_has_its_numbers_beside_it(run):
    assert published_ablation(run(dropped=without("cyr"))) == {"mae": 0.787, "corr": 0.773}
    asked = "(--drop non_disentangled)"
    lines = (f"invariant: dropped {asked}", f"specific: dropped {asked}", f"noise: dropped {asked}")
    assert published_ablation(run(dropped=lines)) == {"mae": 0.925, "corr": 0.753}


def test_what_an_ablation_dropped_may_be_otherwise_than_in_the_paper(run):
    narrow = COLUMNS | {"audio": COLUMNS["audio"] | {"width": 5}}
    absent = {m: column for m, column in COLUMNS.items() if m != "audio"}
    for columns in (narrow, absent):
        assert published_ablation(run(columns=columns, dropped=without("audio")))["mae"] == 0.759
        assert published_ablation(run(columns=columns, dropped=without("cyr"))) == {}
    assert published_ablation(run(text={}, dropped=without("text")))["mae"] == 1.452
    assert published_ablation(run(text={}, dropped=without("cyr"))) == {}


@pytest.mark.parametrize(
    "facts",
    [
        {"dropped": ()},
        {"dropped": without("cyr", "vision")},
        {"dropped": without("noise")},
        {"dropped": ("cons: no rows left, since a single modality makes no such pair",)},
        {"dropped": without("cyr"), "stamps": ("SIMULATED DATA",)},
        {"dropped": without("cyr"), "method": "misa"},
        {"dropped": without("cyr"), "method": "mind_official"},
        {"dropped": without("cyr"), "dataset": "mintrec"},
        {"dropped": without("cyr"), "samples": SAMPLES | {"test": 685}},
    ],
    ids=str,
)
def test_an_ablation_that_is_not_the_papers_has_none(run, facts):
    assert published_ablation(run(**facts)) == {}


def test_an_ablation_of_settings_alone_has_not_the_full_methods_numbers(run):
    result = run()
    config = result.folder / "config.yaml"
    text = config.read_text()
    config.write_text(f"{text}fusion: {{}} # configs/methods/mind/ablations.yaml:5:3\n")
    assert published(result) == {}


def test_there_are_published_numbers_to_show():
    assert ENTRIES


@pytest.mark.parametrize(("dataset", "entry"), ENTRIES)
def test_what_is_published_is_what_the_data_set_is_scored_by(registries, dataset, entry):
    measured = registries.datasets.get(dataset).metrics
    assert set(entry["metrics"]) <= set(measured) & set(METRICS)


@pytest.mark.parametrize(("dataset", "entry"), ENTRIES)
def test_a_comparable_run_has_the_splits_of_the_data_set(registries, dataset, entry):
    splits = dict(registries.datasets.get(dataset).splits)
    assert splits in ({}, entry["needs"]["samples"])


@pytest.mark.parametrize(("dataset", "entry"), ENTRIES)
def test_the_settings_that_a_comparable_run_needs_exist(registries, dataset, entry):
    from mindkit.config.load import load_spec

    settings = [f"{path}={value}" for path, value in entry["needs"]["settings"].items()]
    resolved = load_spec(registries, "mind", dataset=dataset, settings=settings).resolved
    for path, value in entry["needs"]["settings"].items():
        node = resolved
        for key in path.split("."):
            node = node[key]
        assert node == value


@pytest.mark.parametrize(("dataset", "entry"), ENTRIES)
def test_shares_are_fractions_and_not_percentages(dataset, entry):
    assert all(0 < value < 1 for value in entry["metrics"].values())


@pytest.mark.parametrize(("dataset", "entry"), ENTRIES)
def test_ablations_have_numbers_of_the_same_kind(dataset, entry):
    for scores in entry.get("ablations", {}).values():
        assert set(scores) <= set(entry["metrics"])
        assert all(0 < value < 1 for name, value in scores.items() if name != "mae")


def test_the_papers_table_2_is_whole_and_each_of_its_rows_can_be_run(registries):
    from mindkit.config.load import load_spec

    path = config_root() / "methods" / "mind" / "published.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    of_mosi, *others = (entries[d]["ablations"] for d in ("mosi", "mosei", "ur_funny"))
    assert len(of_mosi) == 13
    assert all(list(other) == list(of_mosi) for other in others)
    for name in of_mosi:
        dropped = load_spec(registries, "mind", dataset="mosi", drop=[name]).dropped
        assert any(f"(--drop {name})" in line for line in dropped)
