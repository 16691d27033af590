import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch

SPEC = importlib.util.spec_from_file_location("curves", Path(__file__).with_name("curves.py"))
curves = sys.modules["curves"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(curves)

PRESETS = Path(__file__).parents[2] / "configs" / "methods"
CLOSE = {"rel": 1e-8, "abs": 1e-10}


@pytest.fixture(scope="module")
def bench(registries, tmp_path_factory):
    return curves.Bench.made(registries, tmp_path_factory.mktemp("bench"))


def recorded(name):
    return json.loads((curves.CURVES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", curves.METHODS)
def test_a_refactor_keeps_the_loss_curves(name, bench):
    now, then = curves.curve(name, bench), recorded(name)
    assert list(now) == list(then)
    for term, values in then.items():
        assert now[term] == pytest.approx(values, **CLOSE), term


def test_every_preset_has_a_curve_and_every_curve_its_preset():
    presets = {folder.name for folder in PRESETS.iterdir() if folder.is_dir()}
    assert {method for method, _, _ in curves.METHODS.values()} == presets
    assert {path.stem for path in curves.CURVES.iterdir()} == set(curves.METHODS)


@pytest.mark.parametrize(
    "setting",
    [
        "training.accumulate=2",
        "training.optimizer.weight_decay=0",
        "training.clip.norm=1",
        "training.seed=1",
        "data.truncate=5",
        "data.group_by_length=false",
        "encoders.text.tune=1",
    ],
)
def test_a_curve_is_another_where_a_setting_is(setting, bench):
    now = curves.curve("lmf", bench, [setting])
    assert now["total"] != pytest.approx(recorded("lmf")["total"], rel=1e-4)


def test_the_text_model_is_the_same_whatever_transformers_draws(tmp_path):
    written = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        curves.write_bert(tmp_path, curves.SPECIAL)
        written.append((tmp_path / "model.safetensors").read_bytes())
    assert written[0] == written[1]
