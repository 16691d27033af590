"""Small named checks that every component must pass, ours and others'.

In a plugin's tests, one line gives a pytest case for each check of each of its components:

    test_contracts = contract_tests("my_package")

`run_checks("criteria", "cosine", Cosine)` runs those of one class, in a notebook too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mindkit.errors import PluginError
from mindkit.hooks import ENTRY_POINT_GROUP, load_plugins
from mindkit.registry import Registries
from mindkit.testing.build import Subject, wire
from mindkit.testing.checks import APPLIES, CHECKS

__all__ = [
    "CHECKS",
    "Case",
    "checks_for",
    "contract_cases",
    "contract_tests",
    "run_checks",
    "wire",
]


@dataclass(frozen=True)
class Case:
    """One check of one component; calling it runs the check, with `options` if the component needs.

    A component whose defaults cannot be built here, such as a large model, is given other options.
    """

    check: str
    kind: str
    name: str
    component: type

    def __call__(self, options: Mapping[str, Any] | None = None) -> None:
        CHECKS[self.check](Subject(self.kind, self.name, self.component, dict(options or {})))


def checks_for(kind: str, component: type) -> list[str]:
    """Return the names of the checks that apply to a component of `kind`, a plural."""
    return [name for name, applies in APPLIES.items() if applies(kind, component)]


def run_checks(
    kind: str, name: str, component: type, options: Mapping[str, Any] | None = None
) -> None:
    """Run every check that applies; AssertionError lists all that fail."""
    failed = []
    for check in checks_for(kind, component):
        try:
            Case(check, kind, name, component)(options)
        except Exception as error:  # a component may raise anything; it is listed
            failed.append(f"{check}: {type(error).__name__}: {error}")
    assert not failed, f"{kind} '{name}' breaks its contract:\n  " + "\n  ".join(failed)


def contract_tests(
    package: str,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    skip: Mapping[tuple[str, str], str] | None = None,
) -> Callable[[Any], None]:
    """Return a pytest test with a case for every check of every component of a plugin.

    package: the plugin's module, installed or only importable, or the path of its .py file, from
    the folder of the test that calls.
    options: component -> options to test it with, where its defaults cannot be built.
    skip: (component, check) -> the reason why that check is left out; it shows in the report.
    Raises PluginError for a plugin without components, and for names in `options` and `skip` that
    it does not have.
    """
    import pytest

    if package.endswith(".py"):
        package = _beside(package, sys._getframe(1).f_globals.get("__file__"))
    installed = [p.name for p in entry_points(group=ENTRY_POINT_GROUP) if p.module == package]
    plugins = load_plugins([] if installed else [package])
    name = installed[0] if installed else package
    if name in plugins.failed:
        raise PluginError(f"plugin '{name}' cannot be tested: {plugins.failed[name]}")
    cases = contract_cases(plugins.registries, plugin=name)
    components = {case.name for _, case in cases}
    if not cases:
        raise PluginError(f"'{package}' registers no component; does it have mindkit_register?")
    left_out, with_options = dict(skip or {}), dict(options or {})
    known = {(case.name, case.check) for _, case in cases}
    for unknown in [*(set(with_options) - components), *(set(left_out) - known)]:
        raise PluginError(f"'{package}' has nothing called {unknown!r} to test")

    def parameter(label: str, case: Case) -> Any:
        reason = left_out.get((case.name, case.check))
        marks = [] if reason is None else [pytest.mark.skip(reason)]
        return pytest.param(case, id=label, marks=marks)

    @pytest.mark.parametrize("case", [parameter(label, case) for label, case in cases])
    def test_contracts(case: Case) -> None:
        case(with_options.get(case.name))

    return test_contracts


def _beside(path: str, test: str | None) -> str:
    """The plugin file at `path`, from the folder of the file `test`, none in a notebook."""
    folder = Path(test).parent if test else Path.cwd()
    found = folder / path
    if not found.is_file():
        where = f"the folder of {Path(test).name}" if test else "the working directory"
        raise PluginError(
            f"no plugin file {path} in {folder}; give contract_tests its path from {where}"
        )
    return str(found)


def contract_cases(registries: Registries, plugin: str | None = None) -> list[tuple[str, Case]]:
    """Return an id and a callable for every check of every component, or those of one plugin."""
    return [
        (f"{registry.kind}-{entry.name}-{check}", Case(check, registry.kind, entry.name, component))
        for registry in registries
        for entry in registry
        if plugin is None or entry.plugin == plugin
        for component in [entry.load()]
        for check in checks_for(registry.kind, component)
    ]
