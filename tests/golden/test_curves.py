import importlib.util
import json
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("curves", Path(__file__).with_name("curves.py"))
curves = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(curves)


@pytest.mark.parametrize("name", curves.METHODS)
def test_a_refactor_keeps_the_loss_curves(name, registries):
    recorded = json.loads((curves.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    now = curves.curve(name, registries)
    assert list(now) == list(recorded)
    for term, values in recorded.items():
        assert now[term] == pytest.approx(values, rel=1e-8, abs=1e-10), term
