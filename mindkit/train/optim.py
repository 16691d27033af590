"""Optimisers: parameter groups by name pattern, and the terms' own optimisers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mindkit.config.training import Clip, Group, Optimizer
from mindkit.errors import ConfigError, Problem
from mindkit.model.build import Model


def freeze(model: Model, groups: Iterable[Group]) -> None:
    """Stop the gradient of every parameter whose group says `freeze`."""
    for name, parameter in model.named_parameters():
        group = _first_match(name, groups)
        if group is not None and group.freeze:
            parameter.requires_grad_(False)


def main_optimizer(model: Model, settings: Optimizer) -> torch.optim.Optimizer:
    """Return the optimiser of all parameters but those that a term trains by itself.

    A group whose pattern matches no parameter is an error: the setting would be ignored.
    """
    freeze(model, settings.groups)
    own = {id(p) for term in model.objective.learners().values() for p in term.parameters()}
    by_group: dict[Group | None, list[Tensor]] = {}
    matched: set[Group] = set()
    for name, parameter in model.named_parameters():
        group = _first_match(name, settings.groups)
        if group is not None:
            matched.add(group)
        if parameter.requires_grad and id(parameter) not in own:
            by_group.setdefault(group, []).append(parameter)
    _refuse_unmatched(model, settings.groups, matched)
    groups = [
        {
            "params": parameters,
            "lr": settings.rate if group is None or group.rate is None else group.rate,
            "weight_decay": (
                settings.weight_decay
                if group is None or group.weight_decay is None
                else group.weight_decay
            ),
        }
        for group, parameters in by_group.items()
    ]
    return _make(groups, settings)


def learning_optimizers(model: Model) -> dict[str, torch.optim.Optimizer]:
    """Return the Adam of each term that has a learning step of its own, by term.

    What is frozen by then is left out, and with it a term of which nothing is left.
    """
    optimizers: dict[str, torch.optim.Optimizer] = {}
    for name, term in model.objective.learners().items():
        assert term.learning is not None
        if parameters := [p for p in term.parameters() if p.requires_grad]:
            optimizers[name] = torch.optim.Adam(parameters, lr=term.learning.rate)
    return optimizers


def held_by(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """Return the parameters that `optimizer` moves."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def by_turn(
    model: Model, learners: Mapping[str, torch.optim.Optimizer]
) -> tuple[dict[str, torch.optim.Optimizer], dict[str, torch.optim.Optimizer]]:
    """Return the optimisers of the terms that learn on each step, and of those once an epoch."""
    terms = model.objective.learners()
    turn = {name: term.learning.per for name, term in terms.items() if term.learning is not None}
    each_step = {name: one for name, one in learners.items() if turn[name] == "step"}
    each_epoch = {name: one for name, one in learners.items() if turn[name] == "epoch"}
    return each_step, each_epoch


def clip_gradients(parameters: list[nn.Parameter], clip: Clip) -> None:
    """Clip by element value, by total norm, by both in that order, or not at all."""
    if clip.value is not None:
        nn.utils.clip_grad_value_(parameters, clip.value)
    if clip.norm is not None:
        nn.utils.clip_grad_norm_(parameters, clip.norm)


def warmup_factor(progress: float, warmup: float) -> float:
    """Return the factor of the learning rate at `progress`, the fraction of planned training."""
    return min(progress / warmup, 1.0) if warmup > 0 else 1.0


def scale_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's learning rate to `factor` times the one it was made with."""
    for group in optimizer.param_groups:
        group.setdefault("base_rate", group["lr"])
        group["lr"] = group["base_rate"] * factor


def _make(groups: list[dict[str, Any]], settings: Optimizer) -> torch.optim.Optimizer:
    if settings.type == "sgd":
        return torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum)
    make = torch.optim.AdamW if settings.type == "adamw" else torch.optim.Adam
    # One fused kernel a step: a third faster on the CPU, and no slower anywhere it exists.
    fused = all(p.device.type in ("cpu", "cuda") for group in groups for p in group["params"])
    return make(groups, lr=settings.rate, betas=settings.betas, fused=fused)


def _first_match(name: str, groups: Iterable[Group]) -> Group | None:
    return next((group for group in groups if re.search(group.match, name)), None)


def _refuse_unmatched(model: Model, groups: tuple[Group, ...], matched: set[Group]) -> None:
    problems = []
    for number, group in enumerate(groups):
        if group not in matched and not group.optional:
            blocks = sorted({".".join(n.split(".")[:3]) for n, _ in model.named_parameters()})
            what = (
                f"no parameter is matched first by '{group.match}'; remove the group, mend the "
                f"pattern, or say optional: true. Parameters begin with: {', '.join(blocks)}"
            )
            problems.append(Problem(f"training.optimizer.groups[{number}].match", what))
    if problems:
        raise ConfigError(problems)
