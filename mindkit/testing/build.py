"""A component alone, as the contract checks need it: wired with small sizes, and fed.

What it is fed follows from the `Shapes:` line of its docstring, which is thereby tested.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn

from mindkit.model.instantiate import instantiate
from mindkit.registry import read_signature

AXES = {"B": 6, "L": 5, "F": 7, "D": 8, "E": 9, "P": 2, "M": 3}
"""Sizes of the axes; any other letter is OTHER wide, and C is the number of outputs.

Two letters are several vectors side by side: `MD` is M of width D.
"""
OTHER = 10
MODALITIES = ("text", "audio", "vision", "touch", "smell", "taste")
WIRED: dict[str, Any] = {
    "width": AXES["D"],
    "copies": 1,
    "num_parts": AXES["P"],
    "num_sequences": AXES["P"],
    "num_outputs": 1,
    "num_samples": AXES["B"],
    "task": "regression",
}
CLASSES: dict[str, Any] = {"task": "classification", "num_outputs": 3}
"""What replaces it for a component of classification alone."""

Axes = tuple[str, ...]
Value = Tensor | list[Tensor] | float


@dataclass(frozen=True)
class Shapes:
    """One reading of a `Shapes:` line.

    listed: inputs written in brackets, lists of tensors. names: of outputs, "" for one without.
    """

    inputs: dict[str, Axes]
    outputs: tuple[Axes, ...]
    listed: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        before = [f"{name} ({', '.join(axes)})" for name, axes in self.inputs.items()]
        named = zip_longest(self.names, self.outputs, fillvalue="")
        after = [f"{name} ({', '.join(axes)})".lstrip() for name, axes in named]
        return f"{', '.join(before)} -> {', '.join(after)}"


def parse_shapes(docstring: str) -> list[Shapes]:
    """Return the readings of the `Shapes:` line, several where `;` parts them.

    `Shapes: a (..., B, D), b (..., B, D) -> (...).` A list of tensors is `sequences [(B, L, D)]`;
    what a head gives under a name is `-> (B, C), joint (B, H)`.
    """
    text = " ".join(docstring.split())
    tensor, named = r"\[?\([^()]*\)\]?", r"\w+ \[?\([^()]*\)\]?"
    reading = rf"{named}(?:, {named})* -> {tensor}(?:, (?:\w+ )?{tensor})*"
    start = re.search(r"Shapes: ", text)
    found = []
    while start:
        match = re.compile(reading).match(text, start.end())
        if match is None:
            break
        before, after = match[0].split(" -> ")
        inputs = re.findall(r"(\w+) (\[?)\(([^()]*)\)", before)
        outputs = re.findall(r"(\w*) ?\(([^()]*)\)", after)
        found.append(
            Shapes(
                {name: _axes(axes) for name, _, axes in inputs},
                tuple(_axes(axes) for _, axes in outputs),
                frozenset(name for name, bracket, _ in inputs if bracket),
                tuple(name for name, _ in outputs),
            )
        )
        start = re.compile(r"[^.;]*; ").match(text, match.end())
    return found


def _axes(text: str) -> Axes:
    return tuple(axis.strip() for axis in text.split(",") if axis.strip())


def _size(axis: str, known: Mapping[str, int]) -> int:
    """The size of an axis, or of several vectors side by side."""
    if axis in known or len(axis) == 1 or not set(axis) <= set(known):
        return known.get(axis, OTHER)
    return math.prod(known[letter] for letter in axis)


def wire(component: type, *, options: Mapping[str, Any] | None = None, **sizes: Any) -> Any:
    """Return an instance with small sizes for what the engine wires; `sizes` override them.

    The width `x_dim` is that of the axis which the `Shapes:` line gives x.
    """
    readings = parse_shapes(inspect.getdoc(component) or "")
    names = tuple(filter(None, readings[0].names)) if readings else ()
    given = {**WIRED, **(CLASSES if _of_classes(component) else {}), "fused_names": names, **sizes}
    known = {**AXES, "C": given["num_outputs"]}
    for name in read_signature(component).wired:
        if name.endswith("_dim") and name not in given:
            axes = [r.inputs.get(name.removesuffix("_dim"), ()) for r in readings]
            given[name] = _size(axes[0][-1], known) if axes and axes[0] else AXES["D"]
        of = name.removeprefix("num_").removesuffix("_modalities")
        count = given.get(f"num_{of}")
        if readings and of in readings[0].inputs and f"num_{of}" not in sizes:
            last = readings[0].inputs[of][-1]
            count = AXES[last[0]] if len(last) > 1 else count or 1
        if name.startswith("num_") and count is not None:
            given[name] = count
        if name.endswith("_modalities") and name not in sizes:
            streams = getattr(component, "streams", None) or 1
            given[name] = MODALITIES[: (count or 1) // streams] * streams
    return instantiate(component, f"wire({component.__name__})", given, dict(options or {}))


def _of_classes(component: type) -> bool:
    return "regression" not in getattr(component, "tasks", ("regression",))


@dataclass(frozen=True)
class Subject:
    """A registered component under test, with the options it is tested with."""

    kind: str
    name: str
    component: type
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.component) or ""

    @property
    def num_outputs(self) -> int:
        """How many outputs it is wired with, unless a check says otherwise."""
        return (CLASSES if _of_classes(self.component) else WIRED)["num_outputs"]

    def shapes(self) -> list[Shapes]:
        """Return the readings of the `Shapes:` line, at least one."""
        readings = parse_shapes(self.doc)
        assert readings, (
            f"{self.component.__name__} has no readable line like 'Shapes: a (B, D), b (B, D) -> "
            "().' in its docstring; add one"
        )
        return readings

    def make(self, *, seed: int = 0, **sizes: Any) -> nn.Module:
        """Return an instance whose weights are drawn with `seed`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return wire(self.component, options=self.options, **sizes)

    def feed(
        self,
        shapes: Shapes | None = None,
        *,
        leading: Sequence[int] = (),
        num_outputs: int = 1,
        classes: bool = False,
        constant: bool = False,
        **sizes: int,
    ) -> dict[str, Value]:
        """Return inputs for `forward`: Gaussians, or ones where `constant`; `sizes` by axis.

        The target is a class where `classes`, and for a component of classification alone.
        """
        shapes = shapes or self.shapes()[0]
        if _of_classes(self.component):
            classes, num_outputs = True, self.num_outputs
        known = {**AXES, "C": num_outputs, **sizes}
        generator = torch.Generator().manual_seed(1)

        def tensor(name: str, axes: Axes) -> Tensor:
            size = [n for a in axes for n in (leading if a == "..." else [_size(a, known)])]
            if name in ("mask", "masks"):
                lengths = known["L"] - torch.arange(known["B"]) % known["L"]  # from 1 to L
                return torch.arange(known["L"]).expand(size) < lengths[:, None]
            if name == "target" and classes:
                return torch.randint(num_outputs, size, generator=generator)
            if axes[-1] == "L":
                return torch.randint(5, 20, size, generator=generator)  # token ids
            return torch.ones(size) if constant else torch.randn(size, generator=generator)

        values: dict[str, Value] = {}
        for name, axes in shapes.inputs.items():
            many = name in shapes.listed
            values[name] = (
                [tensor(name, axes) for _ in range(AXES["P"])] if many else tensor(name, axes)
            )
        asked = inspect.signature(self.component.forward).parameters  # type: ignore[attr-defined]
        if "progress" in asked:
            values["progress"] = 0.5
        if "index" in asked:
            values["index"] = torch.arange(known["B"])
        return values

    def expected(
        self,
        shapes: Shapes,
        leading: Sequence[int] = (),
        fused: nn.Module | None = None,
        **sizes: int,
    ) -> list[tuple[int, ...]]:
        """Return the output sizes that `shapes` promises; H is the width that `fused` declares."""
        width: Any = getattr(fused, "fused_dim", None)
        expected = []
        for name, axes in zip_longest(shapes.names, shapes.outputs, fillvalue=""):
            wide = width.get(name, OTHER) if isinstance(width, Mapping) else width
            known = {
                **AXES,
                "C": self.num_outputs,
                **({} if wide is None else {"H": wide}),
                **sizes,
            }
            size = [n for a in axes for n in (leading if a == "..." else [known.get(a, OTHER)])]
            expected.append(tuple(size))
        return expected


def call(module: nn.Module, inputs: Mapping[str, Value], seed: int = 2) -> list[Tensor]:
    """Return the outputs of `module`, one or several, its random draws made with `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        output = module(**inputs)
    outputs = list(output) if isinstance(output, (tuple, list)) else [output]
    flat = [list(one.values()) if isinstance(one, Mapping) else [one] for one in outputs]
    return [one for several in flat for one in several]


def tensors(inputs: Mapping[str, Value]) -> dict[str, Tensor]:
    """Return the tensors among the inputs, those of a list by name and position."""
    flat: dict[str, Tensor] = {}
    for name, value in inputs.items():
        if isinstance(value, list):
            flat |= {f"{name}[{i}]": one for i, one in enumerate(value)}
        elif isinstance(value, Tensor):
            flat[name] = value
    return flat


def convert(inputs: Mapping[str, Value], **target: Any) -> dict[str, Value]:
    """Return the inputs on another device, or its floating ones in another dtype."""

    def one(value: Value) -> Value:
        if isinstance(value, list):
            return [one(element) for element in value]  # type: ignore[misc]
        if not isinstance(value, Tensor) or ("dtype" in target and not value.is_floating_point()):
            return value
        return value.to(**target)

    return {name: one(value) for name, value in inputs.items()}


def watched(inputs: Mapping[str, Value]) -> dict[str, Value]:
    """Return the inputs, the floating ones watched for gradients."""
    for value in tensors(inputs).values():
        value.requires_grad_(value.is_floating_point())
    return dict(inputs)


def summed(outputs: list[Tensor]) -> Tensor:
    """Return a number that depends on every output, each entry with its own weight."""
    # A plain sum would not do: that of a layer-normalised vector is constant.
    generator = torch.Generator().manual_seed(5)
    weighted = [o * torch.randn(o.shape, generator=generator).to(o) for o in outputs]
    return torch.stack([w.sum() for w in weighted]).sum()
