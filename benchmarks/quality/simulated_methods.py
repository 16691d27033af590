"""Every multimodal method against its text-only twin, on simulated MOSI.

There text, audio and vision each tell something of the label that the others do not, so a method
that takes them in beats the same method on text alone. Text is frozen MiniLM, its states kept for
methods over time. Rates and epochs are for minutes, not for a comparison of methods. A finished run
in `--out` is read, not repeated.

OMP_NUM_THREADS=1 python benchmarks/quality/simulated_methods.py
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import mindkit
from mindkit.study.run import Results

FROZEN = ("training.epochs=40", "encoders.text.tune=none")
STEPS = ("training.epochs=10", "encoders.text.tune=none", "encoders.text.keep_steps=true")
FAST = "training.optimizer.rate=1e-3"
VECTORS: dict[str, tuple[str, ...]] = {
    "mind": (*FROZEN, FAST, "width=128"),
    "misa": (*FROZEN, FAST),
    "fdmer_reconstructed": (*FROZEN, FAST),
    "dsn": (*FROZEN, FAST),
    "tfn": (*FROZEN, "fusion.widths.vision=32"),  # a quarter of its product
    "lmf": FROZEN,
    "self_mm": FROZEN,
    "mmim": FROZEN,
}
SEQUENCES = {"mult": STEPS, "mfm": STEPS, "dmd": (*STEPS, "training.accumulate=1")}
METHODS = {**VECTORS, **SEQUENCES}
LEVELS = "data.standardize=train"  # each clip by itself would lose what audio and vision tell
TEXT_ONLY = {"mind": ("audio", "vision")}  # the others have an ablation of that name


def run(method: str, drop: Sequence[str], arguments: argparse.Namespace) -> Results:
    """Return the runs of a method without what is dropped."""
    results = mindkit.run(
        method,
        "mosi",
        drop=drop,
        settings=[*METHODS[method], LEVELS, *arguments.set],
        seeds=arguments.seeds,
        out=arguments.out,
        device="cpu",
    )
    if not results.stamps:
        raise SystemExit("an imported MOSI stands in the way; set MINDKIT_HOME to another folder")
    return results


def shown(results: Results) -> str:
    """Return mean and deviation of the test MAE."""
    spread = f" ± {results.deviation('mae'):.3f}" if len(results) > 1 else ""
    return f"{results.mean('mae'):.3f}{spread}"


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], help="a further setting for all")
    parser.add_argument("--out", default="runs/simulated_methods")
    arguments = parser.parse_args()
    print("| method | text, audio, vision ↓ | text only ↓ | gain | seconds |")
    print("|---|---|---|---|---|")
    for method in arguments.methods:
        whole = run(method, (), arguments)
        twin = run(method, TEXT_ONLY.get(method, ("text_only",)), arguments)
        gain = twin.mean("mae") - whole.mean("mae")
        seconds = sum(one.seconds for one in (*whole, *twin))
        cells = method, shown(whole), shown(twin), f"{gain:.3f}", f"{seconds:.0f}"
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
