import ast
import importlib.util
import inspect
import io
import re
import tokenize
from itertools import combinations
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


VARIANT = re.compile("_(official|paper|mmsa|mintrec|reconstructed)$")
FOLDERS = [path.name for path in (ROOT / "configs" / "methods").iterdir() if path.is_dir()]
METHODS = {VARIANT.sub("", name).replace("_", "") for name in FOLDERS}
PIECE = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")  # of snake_case and CamelCase

# Texts that say where a layout, a formula or an example is from; nothing is decided by them.
PROVENANCE = {
    "cli/__init__.py": ["mindkit run mind --dataset mosi"],
    "cli/ablate.py": ["MInD: the paper's Table 2"],
    "cli/data.py": ["pickles of MMSA, MulT, MISA, MAG-BERT and MultiBench"],
    "data/formats/cmu_tensors.py": ["tensors of MulT's authors"],
    "data/formats/split_arrays.py": ["pickles of MMSA and MulT"],
    "data/formats/triple.py": ["as MISA and MAG-BERT pickle it"],
    "data/formats/triple_file.py": ["as MAG-BERT and MInD read MOSI"],
    "data/formats/triple_folder.py": ["as MISA, MMIM and MInD read MOSEI"],
    "data/formats/triples.py": [
        "as MISA and MAG-BERT pickle them",
        "ids in a private vocabulary (MISA)",
        "n strings (MISA); MMIM then has the steps",
        "as by MISA's authors",
    ],
    "model/attention.py": ["MulT (Tsai et al. 2019)", "as in MulT's code"],
    "model/losses.py": ["as MInD does on MOSEI"],
    "study/ablate.py": ["MInD's: the paper's Table 2"],
    "study/compare.py": ["misa:training.epochs=3"],
    "train/metrics.py": ["as MulT, MISA and MInD score"],
}


def methods_named(source, provenance=()):
    """Methods that identifiers and texts name, in any case, alone or within; comments may."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = "" if token.type == tokenize.COMMENT else token.string
        for allowed in provenance:
            text = text.replace(allowed, "")
        for word in re.findall(r"[\w-]+", text):
            pieces = [piece.lower() for piece in PIECE.findall(word)]
            runs = combinations(range(len(pieces) + 1), 2)
            found |= METHODS & {"".join(pieces[start:end]) for start, end in runs}
    return found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "mindkit").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_engine_file_names_a_method(path):
    provenance = PROVENANCE.get(path.relative_to(ROOT / "mindkit").as_posix(), [])
    source = path.read_text(encoding="utf-8")
    assert not methods_named(source, provenance)
    assert all(text in source for text in provenance), "a text that is gone needs no permission"


@pytest.mark.parametrize(
    ("source", "method"),
    [
        ('name == "misa"', "misa"),
        ('"MISA".lower()', "misa"),
        ("def misa_loss(): ...", "misa"),
        ("class Misa: ...", "misa"),
        ("class MInDTerm: ...", "mind"),
        ("self_mm_labels = {}", "selfmm"),
        ("class SelfMmLabels: ...", "selfmm"),
        ('"no labels of Self-MM"', "selfmm"),
        ('import_module("mindkit_mmim.cpc")', "mmim"),
        ("from mindkit_mmim import cpc", "mmim"),
        ("make(mult_heads=2)", "mult"),
        ('f"{name}_fdmer"', "fdmer"),
        ('"""The misa way."""', "misa"),
    ],
)
def test_the_name_of_a_method_is_seen_wherever_it_stands(source, method):
    assert methods_named(source) == {method}


@pytest.mark.parametrize(
    "source",
    ["from mindkit.model import graph", '"multiple reminders"', "self.mm = m", "x = 1  # misa"],
)
def test_other_words_and_comments_are_no_name_of_a_method(source):
    assert methods_named(source) == set()
