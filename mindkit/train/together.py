"""Runs of one config over several seeds, trained side by side where that can be done and pays."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor

from mindkit.config.spec import Spec
from mindkit.data.store import Store
from mindkit.errors import MindkitError
from mindkit.kinds import Tracker
from mindkit.registry import Registries
from mindkit.train.fused import Seat, fit_together
from mindkit.train.fused_choice import worthwhile
from mindkit.train.fused_random import Stream
from mindkit.train.locking import locked
from mindkit.train.loop import Fitted
from mindkit.train.run import Plan, RunResult, built, finish, followed, look_at


def run_together(
    specs: Sequence[Spec],
    registries: Registries,
    *,
    out: Path,
    device: str | None = None,
    resume: bool = False,
    fresh: bool = False,
    trackers: Sequence[Sequence[Tracker]] = (),
    store: Store | None = None,
    always: bool = False,
    starting: Callable[[], None] = lambda: None,
) -> list[RunResult | Exception] | None:
    """Make the runs of `specs`, which differ in their seed alone, as `run_spec` makes each.

    None where they are better made by `run_spec`, one after another; the log says why. Else what
    became of each. always: also where that is slower. starting: called before training. A run's
    `seconds` are its share.
    """
    plans = [Plan.of(spec, registries, out, device, store) for spec in specs]
    with locked([plan.folder for plan in plans]):
        found = [_look_at(plan, resume, fresh) for plan in plans]
        left = [number for number, one in enumerate(found) if one is None]
        began = time.monotonic()
        seats = [_seat(plans[number]) for number in left] if len(left) > 1 else []
        _share_data(seats)
        if not worthwhile(seats, always):
            return None
        starting()
        with ExitStack() as following:
            # The first last: it alone keeps the screen, where trackers show something.
            for number, seat in reversed(list(zip(left, seats, strict=True))):
                shown = trackers[number] if trackers else ()
                follow = followed(plans[number], seat.fitting, shown, len(seats))
                following.enter_context(follow)
            for number, seat, fitted in zip(left, seats, fit_together(seats), strict=True):
                found[number] = _finished(plans[number], seat, fitted, began, len(seats))
    return [one for one in found if one is not None]


def _look_at(plan: Plan, resume: bool, fresh: bool) -> RunResult | Exception | None:
    try:
        return look_at(plan, resume, fresh)
    except MindkitError as error:
        return error


def _seat(plan: Plan) -> Seat:
    return Seat(built(plan), Stream())


def _share_data(seats: Sequence[Seat]) -> None:
    """Keep prepared data once, where the encoders of all seeds have made the same of them."""
    for seat in seats[1:]:
        if _same(seat.fitting.store, seats[0].fitting.store):
            seat.fitting.store = seats[0].fitting.store


def _same(one: Store, other: Store) -> bool:
    return all(
        _equal(column.values, other.splits[name].columns[modality].values)
        and _equal(column.offsets, other.splits[name].columns[modality].offsets)
        for name, split in one.splits.items()
        for modality, column in split.columns.items()
    )


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return one is None and other is None


def _finished(
    plan: Plan, seat: Seat, fitted: Fitted | Exception, began: float, among: int
) -> RunResult | Exception:
    if isinstance(fitted, Exception):
        return fitted
    try:
        return finish(plan, seat.fitting, fitted, began, among)
    except Exception as error:  # a tracker may raise anything; the other seeds are finished too
        return error
