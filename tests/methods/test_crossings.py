"""Each command of docs/crossings.md, and each alternative in the READMEs of methods, works."""

import itertools
import math
import re
import shlex
from pathlib import Path

import pytest

import mindkit
from mindkit.config.load import load_spec
from mindkit.study.check import check

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "crossings.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```bash\n(mindkit run .*)\n```", PAGE)
READMES = {
    method: (ROOT / "configs" / "methods" / method / "README.md").read_text(encoding="utf-8")
    for method in ("misa", "fdmer_reconstructed", "dsn")
}
ALTERNATIVES = [
    (method, words)
    for method, text in READMES.items()
    for words in re.findall(r"`(--(?:set|drop) [^`]+)`", text)
]


@pytest.fixture(scope="module")
def small(tiny_bert):
    """Settings that make any method small and keep what a crossing changes."""
    lines = ["width=16", f"encoders.text.model={tiny_bert}"]
    lines += ["training.batch_size=8", "training.epochs=1", "training.trackers=[]"]
    return lambda method: [*lines, "terms.info.hidden=8"] if method == "mind" else lines


def options(words):
    """The values of --set and of --drop."""
    pairs = list(itertools.pairwise(words))
    return [v for k, v in pairs if k == "--set"], [v for k, v in pairs if k == "--drop"]


def test_the_page_shows_six_crossings():
    assert len(COMMANDS) == 6 == len(re.findall(r"^## \d", PAGE, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_crossing_checks_and_trains(small, tiny_mosi, own_home, tmp_path, command):
    words = shlex.split(command)
    assert words[:2] == ["mindkit", "run"] and words[3:5] == ["--dataset", "mosi"]
    settings = [*small(words[2]), *options(words)[0]]
    assert check(words[2], "mosi", data=str(tiny_mosi), settings=settings) == []
    (run,) = mindkit.run(
        words[2], "mosi", data=str(tiny_mosi), settings=settings, out=tmp_path, device="cpu"
    )
    assert math.isfinite(run.test["mae"])


@pytest.mark.parametrize(("method", "alternative"), ALTERNATIVES)
def test_an_alternative_changes_the_config_and_trains_what_it_leaves(
    registries, small, one_backward, untrained, method, alternative
):
    settings, drop = options(shlex.split(alternative))
    plain = load_spec(registries, method, dataset="mosi")
    assert load_spec(registries, method, dataset="mosi", settings=settings, drop=drop) != plain
    if any("encoders.text.model" in one for one in settings):
        return  # the paper's text model is not at hand
    _, model, values = one_backward(
        registries, method=method, small=small(method), settings=settings, drop=drop
    )
    assert all(math.isfinite(value) for value in values.values())
    assert untrained(model) == []
