"""A laboratory bench for disentanglement methods in multimodal sentiment, humour and intent.

Every command of the command line is a function here; nothing is imported until it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mindkit.functions import (
        ablate,
        check,
        check_data,
        compare,
        components,
        create,
        diff_runs,
        group_runs,
        import_data,
        list_data,
        load_run,
        reproduce,
        run,
        runs,
        score,
        show,
        simulate_data,
        tune,
    )

__all__ = [
    "ablate",
    "check",
    "check_data",
    "compare",
    "components",
    "create",
    "diff_runs",
    "group_runs",
    "import_data",
    "list_data",
    "load_run",
    "reproduce",
    "run",
    "runs",
    "score",
    "show",
    "simulate_data",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"mindkit offers no '{name}'; it offers: {', '.join(__all__)}")
    return getattr(importlib.import_module("mindkit.functions"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
