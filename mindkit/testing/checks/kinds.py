"""Checks of one kind: estimators, fusion heads, data sets."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mindkit.testing.build import AXES, Subject, call, wire
from mindkit.testing.checks.applies import bound, check, estimator, head_of_parts, takes


@check(estimator)
def rises_with_dependence(subject: Subject) -> None:
    """After a short training, dependent Gaussians have a larger value than independent ones."""
    dependent, independent = _trained_value(subject, 0.9), _trained_value(subject, 0.0)
    assert dependent > independent, (
        f"{dependent:.3f} for dependent Gaussians, {independent:.3f} for independent ones"
    )


@check(bound)
def keeps_its_bound(subject: Subject) -> None:
    """A claimed bound in nats holds for Gaussians, -(D/2) log(1 - rho²), give or take 0.1."""
    information = -AXES["D"] / 2 * torch.log1p(torch.tensor(-(0.9**2))).item()
    value = _trained_value(subject, 0.9)
    side = subject.component.bound  # type: ignore[attr-defined]
    holds = value <= information + 0.1 if side == "lower" else value >= information - 0.1
    assert holds, f"claims a bound from {side}, but gives {value:.3f} nats for {information:.3f}"


@check(head_of_parts)
def takes_any_number_of_parts(subject: Subject) -> None:
    """One part, two, or five."""
    (shapes, *_) = subject.shapes()
    for count in (1, 2, 5):
        prediction, *_ = call(subject.make(num_parts=count), subject.feed(shapes, P=count))
        wanted = (AXES["B"], subject.num_outputs)
        assert prediction.shape == wanted, f"{count} parts give {tuple(prediction.shape)}"


@check(lambda kind, component: kind == "datasets")
def keeps_splits_apart(subject: Subject) -> None:
    """Its simulation is marked, no sample is in two splits, and labels are those declared."""
    dataset: Any = subject.component(**subject.options)
    store = dataset.simulate(seed=0)
    assert store.simulated, "a simulation is not marked as simulated"
    ids = [one for split in store.splits.values() for one in split.ids]
    assert len(ids) == len(set(ids)), "a sample id stands in two places; ids are unique over splits"
    labels = [label for split in store.splits.values() for label in split.target.tolist()]
    declared = dataset.fitted(labels)  # itself, unless the data tell what it is
    made, wanted = (store.task, store.num_outputs), (declared.task, declared.num_outputs)
    assert made == wanted, f"its simulation is {made}, declared are task and outputs {wanted}"
    least, most = declared.label_range or (0, declared.num_outputs - 1)
    for name, split in store.splits.items():
        found = (split.target.min().item(), split.target.max().item())
        inside = least <= found[0] and found[1] <= most
        assert inside, f"labels of {name} are in {found}, declared are {(least, most)}"


def _trained_value(subject: Subject, correlation: float) -> float:
    """The mean value on fresh Gaussians of that correlation per feature, after 100 steps.

    An estimator that takes the label is given which third of its range the first feature is in.
    """
    width, size = AXES["D"], 64
    labelled, thirds = takes(subject.component, "target"), torch.tensor([-0.43, 0.43])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        estimator: Any = wire(subject.component, options=subject.options, x_dim=width, z_dim=width)

        def draw() -> tuple[Tensor, Tensor]:
            x, noise = torch.randn(size, width), torch.randn(size, width)
            z = correlation * x + (1 - correlation**2) ** 0.5 * noise
            return x, (z[:, :1] > thirds).sum(1) if labelled else z

        parameters = [p for p in estimator.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(parameters, 1e-3) if parameters else None
        for _ in range(100 if optimizer else 0):
            x, z = draw()
            learns = hasattr(estimator, "learning_loss")
            loss = estimator.learning_loss(x, z) if learns else -estimator(x, z)
            optimizer.zero_grad()  # type: ignore[union-attr]
            loss.backward()
            optimizer.step()  # type: ignore[union-attr]
        estimator.eval()
        with torch.no_grad():
            return float(torch.stack([estimator(*draw()) for _ in range(16)]).mean())
