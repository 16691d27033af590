"""Checks of names and docstrings."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mindkit.config.blocks import wirable
from mindkit.registry import read_signature
from mindkit.testing.build import Subject
from mindkit.testing.checks.applies import check, everything, with_tensors


@check(everything)
def bears_one_name(subject: Subject) -> None:
    """The class is its name in CamelCase; a file of its own is its name in snake_case."""
    wanted = "".join(word.capitalize() for word in subject.name.split("_"))
    found = subject.component.__name__
    assert found == wanted, f"the class registered as '{subject.name}' is {found}; call it {wanted}"
    module = sys.modules[subject.component.__module__]
    file = getattr(module, "__file__", None)  # none in a notebook
    public = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    ]
    whole_plugin = hasattr(module, "mindkit_register")
    if file is not None and public == [subject.component] and not whole_plugin:
        stem = Path(file).stem
        assert stem == subject.name, f"{found} is in {stem}.py; move it to {subject.name}.py"


@check(everything)
def begins_with_a_sentence(subject: Subject) -> None:
    """The docstring's first line says in one sentence what is computed."""
    own = subject.component.__doc__
    assert own, f"{subject.component.__name__} has no docstring; say what it computes"
    first = subject.doc.splitlines()[0].split("Shapes:")[0].strip()
    assert re.fullmatch(r"(?:(?!\. [A-Z]).)+\.", first), (
        f"the docstring's first line is not one sentence: {first!r}; end it with a full stop"
    )


@check(everything)
def documents_its_options(subject: Subject) -> None:
    """Each option has a default, an annotation, and a line `name: …` in the docstring."""
    signature = read_signature(subject.component)
    for name in (*signature.wired, *signature.options):
        assert name in signature.hints, f"'{name}' has no annotation; say what type it has"
    for name, parameter in signature.options.items():
        assert parameter.default is not parameter.empty, f"option '{name}' has no default"
        assert re.search(rf"^\s*{name}: ", subject.doc, re.MULTILINE), (
            f"option '{name}' is not in the docstring; add a line '{name}: …' with unit and effect"
        )


@check(with_tensors)
def asks_for_what_is_wired(subject: Subject) -> None:
    """Before `*` stand names that the engine wires, and no option."""
    known = wirable(subject.component)
    for name in read_signature(subject.component).wired:
        assert name in known, (
            f"'{name}' stands before `*`, and the engine has nothing of that name to give; move "
            "it after `*`, where it is an option"
        )
