"""The registries to look a data set up in, where the caller passed none."""

from __future__ import annotations

from mindkit.hooks import load_plugins
from mindkit.registry import Registries


def or_installed(registries: Registries | None) -> Registries:
    """Return `registries`, or those that the installed plugins fill."""
    return load_plugins().registries if registries is None else registries
