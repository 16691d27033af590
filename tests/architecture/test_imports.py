import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = (
    {"errors"},
    {"registry", "batch"},
    {"kinds", "config"},
    {"hooks"},
    {"api", "model"},
    {"data", "train", "testing"},
    {"study", "evidence"},
    {"functions"},
    {"cli"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
ENGINE = sorted((ROOT / "mindkit").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
HEAVY = ("torch", "transformers", "numpy", "pydantic", "scipy", "sklearn", "rich")


def imported(path):
    """Dotted names of the modules that `path` imports when it runs, at any depth."""
    names = []

    def visit(node):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return names


def part(module):
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 and pieces[0] == "mindkit" else None


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_engine_imports_only_downwards_and_never_a_plugin(path):
    name = path.relative_to(ROOT / "mindkit").parts[0].removesuffix(".py")
    for module in imported(path):
        assert not module.startswith("mindkit_"), f"{path} imports the plugin {module}"
        other = part(module)
        if other in LEVEL and name in LEVEL:
            assert LEVEL[other] <= LEVEL[name], f"{path} imports {module}, which is above it"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_plugin_imports_mindkit_only_through_its_api(path):
    own = path.relative_to(ROOT / "plugins").parts[0]
    for module in imported(path):
        if module.startswith("mindkit_"):
            assert module.split(".")[0] == own, f"{path} imports another plugin: {module}"
        elif module.split(".")[0] == "mindkit":
            assert module.startswith("mindkit.api"), f"{path} imports {module}"


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["ablate", "--help"]])
def test_help_imports_nothing_heavy(command):
    code = (
        "import sys; from mindkit.cli import cli\n"
        f"cli({command!r}, standalone_mode=False, prog_name='mindkit')\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage: mindkit" in done.stdout


@pytest.mark.parametrize(
    "package", sorted(p.name for p in (ROOT / "plugins").iterdir() if p.is_dir())
)
def test_a_plugin_package_is_light_and_has_an_entry_point(package):
    code = (
        f"import sys, {package}\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f'"{package}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
