"""Everything a plugin may import; names are looked up when asked for, so importing is free."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mindkit.errors import ConfigError, DataError, MindkitError, PluginError, TrainingError
from mindkit.hooks import hookimpl
from mindkit.registry import Registries, Registry

if TYPE_CHECKING:
    from mindkit.batch import Batch
    from mindkit.data.simulate import Recipe, Signal, simulate
    from mindkit.data.store import Column, Store
    from mindkit.kinds import (
        Criterion,
        Dataset,
        Encoder,
        FusionHead,
        MIEstimator,
        Reconstruction,
        Stage,
        Tracker,
    )
    from mindkit.model.attention import Crossmodal, CrossmodalEncoder, last_step, sinusoids
    from mindkit.model.layers import MLP, LayerNorm, Linear, Residual
    from mindkit.model.losses import PredictionLoss, prediction_loss, refuse_misfit
    from mindkit.model.modalities import by_modality
    from mindkit.model.reversal import ReversalSchedule, reversal_strength, reverse_gradient

__all__ = [
    "MLP",
    "Batch",
    "Column",
    "ConfigError",
    "Criterion",
    "Crossmodal",
    "CrossmodalEncoder",
    "DataError",
    "Dataset",
    "Encoder",
    "FusionHead",
    "LayerNorm",
    "Linear",
    "MIEstimator",
    "MindkitError",
    "PluginError",
    "PredictionLoss",
    "Recipe",
    "Reconstruction",
    "Registries",
    "Registry",
    "Residual",
    "ReversalSchedule",
    "Signal",
    "Stage",
    "Store",
    "Tracker",
    "TrainingError",
    "by_modality",
    "hookimpl",
    "last_step",
    "prediction_loss",
    "refuse_misfit",
    "reversal_strength",
    "reverse_gradient",
    "simulate",
    "sinusoids",
]

_HOME = {
    "mindkit.batch": ("Batch",),
    "mindkit.data.simulate": ("Recipe", "Signal", "simulate"),
    "mindkit.data.store": ("Column", "Store"),
    "mindkit.kinds": (
        "Criterion",
        "Dataset",
        "Encoder",
        "FusionHead",
        "MIEstimator",
        "Reconstruction",
        "Stage",
        "Tracker",
    ),
    "mindkit.model.attention": ("Crossmodal", "CrossmodalEncoder", "last_step", "sinusoids"),
    "mindkit.model.layers": ("MLP", "LayerNorm", "Linear", "Residual"),
    "mindkit.model.losses": ("PredictionLoss", "prediction_loss", "refuse_misfit"),
    "mindkit.model.modalities": ("by_modality",),
    "mindkit.model.reversal": ("ReversalSchedule", "reversal_strength", "reverse_gradient"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"mindkit.api offers no '{name}'; it offers: {', '.join(__all__)}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
