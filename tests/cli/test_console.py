"""What is drawn in a terminal while a run goes on, and what stays on the screen."""

import io
import json
import re

import pytest
import rich.console

import mindkit as package
from mindkit.cli.console import Console

TERMS = ("task", "np", "info", "cons", "diff", "recon", "cyr")


@pytest.fixture
def shown(tiny_mosi, small_mind, own_home, tmp_path):
    """Run the small MInD under a console; return the text that was written, colours left out."""

    def call(terminal=True, *, out="runs", **changes):
        file = io.StringIO()
        screen = rich.console.Console(
            file=file, force_terminal=terminal, width=120, highlight=False, markup=False
        )
        console = Console(screen)
        results = package.run(
            "mind",
            "mosi",
            data=str(tiny_mosi),
            out=tmp_path / out,
            device="cpu",
            display=console.display,
            **{"settings": [*small_mind, "training.log_every=1"]} | changes,
        )
        console.results(results)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())

    return call


def test_a_terminal_sees_every_term_with_its_value_and_signed_weight(shown, tmp_path):
    text = shown()
    (folder,) = (tmp_path / "runs").glob("[!.]*")
    losses = json.loads((folder / "history.jsonl").read_text())["losses"]
    for term in TERMS:
        assert re.search(rf"^{term} +{losses[term]:.4f} ", text, re.MULTILINE), term
    assert re.search(r"^info +-?\d+\.\d{4} +-0\.01 ", text, re.MULTILINE)
    assert re.search(rf"^total +{losses['total']:.4f}", text, re.MULTILINE)


def test_the_terms_of_the_display_add_up_to_the_total(shown):
    lines = shown().splitlines()
    last = max(place for place, line in enumerate(lines) if line.startswith("total "))
    rows = [line.split() for line in lines[last - len(TERMS) : last + 1]]
    assert [row[0] for row in rows] == [*TERMS, "total"]
    weighted = sum(float(row[-1]) for row in rows[:-1])
    assert weighted == pytest.approx(float(rows[-1][-1]), abs=5e-4)  # each has four digits


def test_without_a_terminal_an_epoch_is_a_line(shown):
    lines = shown(terminal=False).splitlines()
    assert len([line for line in lines if line.startswith("epoch   1  loss ")]) == 1
    assert not any(line.startswith("info ") for line in lines)


def test_a_dropped_term_is_not_in_the_display(shown):
    text = shown(drop=["cyr"])
    assert not re.search(r"^cyr +", text, re.MULTILINE)
    assert "left out: cyr: dropped (--drop cyr)" in text


def test_brackets_in_a_path_are_shown_as_they_are(shown):
    assert "/my[bold]runs[/bold]/" in shown(terminal=False, out="my[bold]runs[/bold]")


def test_a_run_that_was_made_now_is_not_said_to_be_old(shown):
    assert "finished before" not in shown()
    assert "finished before" in shown()
