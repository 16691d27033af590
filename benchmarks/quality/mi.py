"""Estimators of mutual information on Gaussians, where the truth is known.

x and z have `width` features each; feature k of one correlates with feature k of the other by ρ,
and with nothing else, so that I(x; z) = -(width / 2) log(1 - ρ²) nats. Each estimator is trained on
fresh batches and read on others; all correlations and seeds are copies in one bank. Prints a table
for each width and what does not hold of the claims in `broken`, and draws mi.svg (extra `report`).

OMP_NUM_THREADS=1 python benchmarks/quality/mi.py
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mindkit.hooks import load_plugins
from mindkit_basics.mi.club import club
from mindkit_basics.mi.club_sample import club_sample
from mindkit_basics.mi.leave_one_out import leave_one_out
from mindkit_basics.mi.negatives import moved

READ = "nwj, gradient of jsd"  # trained for another value than it reads
CRITIC = {"critic": "separable", "hidden": 64}
LOWER = {
    "infonce": ("infonce", CRITIC),
    "nwj": ("nwj", CRITIC),
    READ: ("nwj", {**CRITIC, "gradient": "jsd"}),
    "tuba": ("tuba", CRITIC),
    "mine": ("mine", CRITIC),
    "smile": ("smile", CRITIC),
}
FITTED = {name: (name, {"hidden": 64}) for name in ("club", "club_sample", "leave_one_out")}
TRUE = " with the true conditional"


@dataclass(frozen=True)
class Setting:
    """What is estimated, and how long. seeds: runs of each correlation, each with its own draws."""

    width: int
    correlations: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)
    seeds: int = 3
    batch: int = 128
    steps: int = 500
    rate: float = 1e-3
    readings: int = 100

    @property
    def rho(self) -> Tensor:
        """The correlation of each copy, (R, 1, 1)."""
        return torch.tensor(self.correlations).repeat_interleave(self.seeds)[:, None, None]

    @property
    def truth(self) -> Tensor:
        """The information at each correlation, in nats."""
        return -self.width / 2 * torch.log1p(-torch.tensor(self.correlations).square())

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return a fresh batch for each copy, x and z, each (R, B, width)."""
        x, noise = torch.randn(2, len(self.rho), self.batch, self.width)
        return x, self.rho * x + (1 - self.rho.square()).sqrt() * noise


def measure(setting: Setting) -> dict[str, Tensor]:
    """Return row -> mean reading of each copy, (number of correlations, seeds), in nats."""
    rows = {label: _trained(setting, *entry) for label, entry in (LOWER | FITTED).items()}
    return rows | _true(setting)


def _trained(setting: Setting, name: str, options: dict[str, object]) -> Tensor:
    torch.manual_seed(0)
    component = load_plugins().registries.mi_estimators.get(name)
    estimator = component(setting.width, setting.width, len(setting.rho), **options)
    optimizer = torch.optim.Adam(estimator.parameters(), setting.rate)
    learns = hasattr(estimator, "learning_loss")
    for _ in range(setting.steps):
        batch = setting.draw()
        loss = estimator.learning_loss(*batch) if learns else -estimator(*batch)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
    estimator.eval()
    with torch.no_grad():
        readings = torch.stack([estimator(*setting.draw()) for _ in range(setting.readings)])
    return readings.mean(0).view(-1, setting.seeds)


def _true(setting: Setting) -> dict[str, Tensor]:
    torch.manual_seed(0)
    readings: dict[str, list[Tensor]] = {name: [] for name in FITTED}
    for _ in range(setting.readings):
        x, z = setting.draw()
        mean, log_variance = setting.rho * x, torch.log1p(-setting.rho.square()).expand_as(x)
        readings["club"].append(club(z, mean, log_variance))
        other = moved(z, "derangement")
        readings["club_sample"].append(club_sample(z, other, mean, log_variance))
        readings["leave_one_out"].append(leave_one_out(z, mean, log_variance))
    return {
        name + TRUE: torch.stack(values).mean(0).view(-1, setting.seeds)
        for name, values in readings.items()
    }


def broken(setting: Setting, rows: dict[str, Tensor], tolerance: float = 0.05) -> list[str]:
    """Return what does not hold of means over seeds, give or take `tolerance` nats.

    Of the estimators from below none is above the truth and, where the truth is at most log B - 1
    nats, none is below 0.6 of it: InfoNCE is at most log B, and no bound from B samples can be
    trusted beyond the order of that (McAllester and Stratos 2020). With the true conditional, none
    from above is below the truth.
    """
    found = []
    reach = math.log(setting.batch) - 1
    for place, truth in enumerate(setting.truth.tolist()):
        for label, values in rows.items():
            value = values[place].mean().item()
            least, most = -math.inf, math.inf
            if label in LOWER:
                most = truth
                least = 0.6 * truth if truth <= reach and label != READ else -math.inf
            elif label.endswith(TRUE):
                least = truth
            if not least - tolerance <= value <= most + tolerance:
                rho = setting.correlations[place]
                found.append(f"{label}, width {setting.width}, ρ {rho}: {value:.3f} of {truth:.3f}")
    return found


def table(setting: Setting, rows: dict[str, Tensor]) -> str:
    """Return a Markdown table, mean ± sample standard deviation over the seeds, in nats."""

    def cell(number: float) -> str:
        return f"{round(number, 2) + 0.0:.2f}"  # no -0.00

    head = [f"width {setting.width}", *(f"ρ = {rho}" for rho in setting.correlations)]
    lines = [head, ["---"] * len(head), ["truth", *(cell(v) for v in setting.truth.tolist())]]
    for label, values in rows.items():
        cells = zip(values.mean(1).tolist(), values.std(1).tolist(), strict=True)
        lines.append([label, *(f"{cell(mean)} ± {cell(spread)}" for mean, spread in cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw_plot(results: dict[Setting, dict[str, Tensor]], path: Path) -> None:
    """Draw the means against the truth, a panel for each width and a colour for each estimator."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    names = [*LOWER, *FITTED]
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    panels = figure.subplots(1, len(results), squeeze=False)[0]
    for axes, (setting, rows) in zip(panels, results.items(), strict=True):
        truth, limit = setting.truth.tolist(), math.log(setting.batch)
        axes.plot(truth, truth, color="black", linewidth=2.5, alpha=0.4, label="truth")
        axes.axhline(limit, color="grey", linestyle=":", label="log B")
        for label, values in rows.items():
            style = "-" if label in LOWER else "--" if label in FITTED else "-."
            colour = f"C{names.index(label.removesuffix(TRUE))}"
            axes.plot(truth, values.mean(1), style, color=colour, marker=".", label=label)
        axes.set(title=f"width {setting.width}", xlabel="truth, nats", ylabel="value, nats")
        axes.set_ylim(-0.1 * truth[-1], 1.6 * truth[-1])
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8)
    # With the salt and without a date, the same numbers give the same file.
    with rc_context({"svg.hashsalt": "mi", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, default=Path(__file__).with_suffix(".svg"))
    arguments = parser.parse_args()
    results, started = {}, time.process_time()
    for width in (1, 5, 20):
        setting = Setting(width)
        results[setting] = measure(setting)
        print(table(setting, results[setting]), end="\n\n", flush=True)
    found = [one for setting, rows in results.items() for one in broken(setting, rows)]
    print("all claims hold" if not found else "does not hold:\n  " + "\n  ".join(found))
    print(f"{time.process_time() - started:.0f} s of one core")
    draw_plot(results, arguments.plot)


if __name__ == "__main__":
    main()
