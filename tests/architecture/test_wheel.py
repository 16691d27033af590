import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The wheel as an installer would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_one_wheel_carries_engine_plugins_and_configs(unpacked):
    top = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    plugins = {path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()}
    assert top == {"mindkit"} | plugins
    for path in (ROOT / "configs").rglob("*.yaml"):
        assert (unpacked / "mindkit" / "configs" / path.relative_to(ROOT / "configs")).is_file()


def test_a_wheel_finds_its_plugins_and_configs(unpacked, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mindkit", "show", "mind", "--dataset", "mosi"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "configs/methods/mind/default.yaml" in done.stdout
