"""The benchmark on Gaussians in small: what it claims holds, and it would say if it did not."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

BENCH = Path(__file__).parents[4] / "benchmarks" / "quality" / "mi.py"


@pytest.fixture(scope="module")
def bench():
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("mi_benchmark", BENCH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def setting(bench):
    return bench.Setting(2, (0.0, 0.7), seeds=4, batch=64, steps=100, rate=2e-3, readings=40)


@pytest.fixture(scope="module")
def rows(bench, setting):
    with torch.random.fork_rng(devices=[]):
        return bench.measure(setting)


def test_the_truth_is_that_of_gaussians(setting):
    assert setting.truth.tolist() == pytest.approx([0, 0.6733446])


def test_the_samples_correlate_as_they_should(setting):
    torch.manual_seed(0)
    x, z = (torch.cat(many, 1) for many in zip(*(setting.draw() for _ in range(100)), strict=True))
    for copy, rho in enumerate([0.0] * 4 + [0.7] * 4):
        found = torch.corrcoef(torch.cat([x[copy], z[copy]], -1).T)
        expected = torch.eye(4) + rho * (torch.eye(4).roll(2, 0))
        assert (found - expected).abs().max() < 0.05


def test_what_the_benchmark_claims_holds(bench, setting, rows):
    assert set(rows) > {*bench.LOWER, *bench.FITTED}
    assert bench.broken(setting, rows) == []


def test_fitted_upper_bounds_are_above_the_truth_here(bench, setting, rows):
    truth = setting.truth[1].item()
    for name in bench.FITTED:
        assert rows[name][1].mean() > truth - 0.05


@pytest.mark.parametrize(
    ("label", "value", "broken"),
    [
        ("nwj", 0.8, True),
        ("nwj", 0.3, True),
        ("nwj", 0.5, False),
        ("nwj, gradient of jsd", 0.3, False),
        ("club with the true conditional", 0.5, True),
        ("club with the true conditional", 1.5, False),
        ("club", 0.3, False),
    ],
)
def test_a_value_on_the_wrong_side_breaks_a_claim(bench, setting, label, value, broken):
    rows = {label: torch.tensor([[0.0, 0.0], [value, value]])}
    assert bool(bench.broken(setting, rows)) == broken


def test_the_table_has_a_row_for_each_estimator_and_no_negative_zero(bench, setting):
    rows = {"nwj": torch.tensor([[-0.001] * 4, [0.6, 0.6, 0.5, 0.5]])}
    assert bench.table(setting, rows).splitlines() == [
        "| width 2 | ρ = 0.0 | ρ = 0.7 |",
        "| --- | --- | --- |",
        "| truth | 0.00 | 0.67 |",
        "| nwj | 0.00 ± 0.00 | 0.55 ± 0.06 |",
    ]


def test_the_plot_is_drawn(bench, setting, rows, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install .[report]")
    bench.draw_plot({setting: rows}, tmp_path / "mi.svg")
    drawn = (tmp_path / "mi.svg").read_text(encoding="utf-8")
    assert all(f">{text}</text>" in drawn for text in ("width 2", "truth", *rows))
