"""What a check is, and which checks are for which kinds and classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch

from mindkit.registry import read_signature
from mindkit.testing.build import Subject

Check = Callable[[Subject], None]
Applies = Callable[[str, type], bool]

ENCODERS, STAGES, ESTIMATORS, HEADS = "encoders", "stages", "mi_estimators", "fusion_heads"
TERMS = ("criteria", ESTIMATORS, "reconstructions")

CHECKS: dict[str, Check] = {}
APPLIES: dict[str, Applies] = {}


def check(applies: Applies) -> Callable[[Check], Check]:
    """Make the decorated function a check of the kinds and classes for which `applies` is true."""

    def register(function: Check) -> Check:
        CHECKS[function.__name__], APPLIES[function.__name__] = function, applies
        return function

    return register


def everything(kind: str, component: type) -> bool:
    """Any component of any kind."""
    return True


def with_tensors(kind: str, component: type) -> bool:
    """One that computes tensors from tensors."""
    return kind in (ENCODERS, STAGES, *TERMS, HEADS)


def with_accelerator(kind: str, component: type) -> bool:
    """One with tensors, on a machine that has an accelerator."""
    return with_tensors(kind, component) and torch.accelerator.is_available()


def in_rows(kind: str, component: type) -> bool:
    """A batched one, whose inputs may carry leading axes."""
    return kind in (STAGES, *TERMS) and component.batched  # type: ignore[attr-defined]


def of_task(kind: str, component: type) -> bool:
    """One that is told the task, and takes classification."""
    wired = "task" in read_signature(component).wired
    return with_tensors(kind, component) and wired and "classification" in component.tasks  # type: ignore[attr-defined]


def encoder(kind: str, component: type) -> bool:
    """An encoder."""
    return kind == ENCODERS


def reader(kind: str, component: type) -> bool:
    """One that reads sequences out to vectors."""
    return kind in (ENCODERS, STAGES) and takes(component, "mask")


def term(kind: str, component: type) -> bool:
    """One that a term is made of."""
    return kind in TERMS


def estimator(kind: str, component: type) -> bool:
    """An estimator."""
    return kind == ESTIMATORS


def bound(kind: str, component: type) -> bool:
    """An estimator that claims to bound the information between two vectors."""
    claims = kind == ESTIMATORS and component.bound is not None  # type: ignore[attr-defined]
    return claims and not takes(component, "target")  # whose truth is another


def head_of_parts(kind: str, component: type) -> bool:
    """A fusion head that takes parts."""
    return kind == HEADS and takes(component, "parts")


def takes(component: type, argument: str) -> bool:
    """Whether `forward` has this argument."""
    return argument in inspect.signature(component.forward).parameters  # type: ignore[attr-defined]
