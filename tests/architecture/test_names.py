import ast
import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from mindkit.hooks import load_plugins

ROOT = Path(__file__).parents[2]
ENTRIES = [(registry, entry) for registry in load_plugins().registries for entry in registry]


@pytest.mark.parametrize(
    ("registry", "entry"), ENTRIES, ids=[f"{r.kind}-{e.name}" for r, e in ENTRIES]
)
def test_type_registry_file_and_class_bear_one_name(registry, entry):
    component = entry.load()
    assert Path(inspect.getfile(component)).stem == entry.name
    words = [word.capitalize() for word in entry.name.split("_")]
    assert component.__name__ == "".join(words)


def constants(path):
    """String constants of a module, docstrings apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {ast.get_docstring(n, clean=False) for n in ast.walk(tree) if isinstance(n, documented)}
    strings = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    return {value for value in strings if isinstance(value, str)} - docs


def test_the_engine_knows_no_component_by_name():
    defaults = {
        "mosi",
        "jsonl",
    }  # of Data.name and Training.trackers, for a config that says nothing
    words = {"vector", "mse", "smooth_l1"}  # also a kind of column, losses of a prediction
    names = {entry.name for _, entry in ENTRIES} - defaults - words
    for path in (ROOT / "mindkit").rglob("*.py"):
        found = constants(path) & names
        assert not found, f"{path} names {found}"


def test_the_readme_test_command_is_what_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)\n```", readme, re.DOTALL)
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert blocks[1] == ci[-1]
    assert len(blocks[0].splitlines()) == len(blocks[1].splitlines()) == 1


def test_the_readme_lists_the_components_of_today():
    path = Path(__file__).with_name("docs.py")
    spec = importlib.util.spec_from_file_location("docs", path)
    docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    text = docs.README.read_text(encoding="utf-8")
    assert docs.table() in text, "run `make docs`"
    assert docs.rendered(text) == text


METHODS = {path.name for path in (ROOT / "configs" / "methods").iterdir() if path.is_dir()}


def words_of_code(path):
    """Identifiers and words of texts in a file, but for its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in docstrings:
            yield from re.findall(r"\w+", text)
        for field in ("id", "attr", "name", "arg"):
            if isinstance(value := getattr(node, field, None), str):
                yield value


@pytest.mark.parametrize(
    "path", sorted((ROOT / "mindkit").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_engine_file_names_a_method(path):
    assert not METHODS & set(words_of_code(path))
