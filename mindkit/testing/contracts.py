"""Small named checks that every component must pass, ours and others'.

In a plugin's tests: `run_checks("criteria", "cosine", Cosine)`, or, one pytest case per check,

    @pytest.mark.parametrize("case", [pytest.param(c, id=i) for i, c in contract_cases(registries)])
    def test_contract(case):
        case()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindkit.registry import Registries
from mindkit.testing.build import Subject, wire
from mindkit.testing.checks import APPLIES, CHECKS

__all__ = ["CHECKS", "Case", "checks_for", "contract_cases", "run_checks", "wire"]


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


def contract_cases(registries: Registries) -> list[tuple[str, Case]]:
    """Return an id and a callable for every check of every registered component."""
    return [
        (f"{registry.kind}-{entry.name}-{check}", Case(check, registry.kind, entry.name, component))
        for registry in registries
        for entry in registry
        for component in [entry.load()]
        for check in checks_for(registry.kind, component)
    ]
