"""The contract checks themselves; `mindkit.testing.contracts` runs them.

Each returns nothing, or raises AssertionError that names what is wrong and what would be right.
"""

from __future__ import annotations

import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mindkit.registry import read_signature
from mindkit.testing.build import AXES, Shapes, Subject, Value, call, convert, tensors, wire

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


def _all(kind: str, component: type) -> bool:
    return True


def _with_tensors(kind: str, component: type) -> bool:
    return kind in (ENCODERS, STAGES, *TERMS, HEADS)


def _with_accelerator(kind: str, component: type) -> bool:
    return _with_tensors(kind, component) and torch.accelerator.is_available()


def _in_rows(kind: str, component: type) -> bool:
    return kind in (STAGES, *TERMS) and component.batched  # type: ignore[attr-defined]


def _of_task(kind: str, component: type) -> bool:
    wired = "task" in read_signature(component).wired
    return _with_tensors(kind, component) and wired and "classification" in component.tasks  # type: ignore[attr-defined]


def _encoder(kind: str, component: type) -> bool:
    return kind == ENCODERS


def _reader(kind: str, component: type) -> bool:
    return kind in (ENCODERS, STAGES) and _takes(component, "mask")


def _estimator(kind: str, component: type) -> bool:
    return kind == ESTIMATORS


def _bound(kind: str, component: type) -> bool:
    claims = kind == ESTIMATORS and component.bound is not None  # type: ignore[attr-defined]
    return claims and not _takes(component, "target")  # whose truth is another


def _head_of_parts(kind: str, component: type) -> bool:
    return kind == HEADS and _takes(component, "parts")


def _takes(component: type, argument: str) -> bool:
    return argument in inspect.signature(component.forward).parameters  # type: ignore[attr-defined]


@check(_all)
def bears_one_name(subject: Subject) -> None:
    """The class is its name in CamelCase; a file of its own is its name in snake_case."""
    wanted = "".join(word.capitalize() for word in subject.name.split("_"))
    found = subject.component.__name__
    assert found == wanted, f"the class registered as '{subject.name}' is {found}; call it {wanted}"
    module = sys.modules[subject.component.__module__]
    file = getattr(module, "__file__", None)  # none in a notebook
    public = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    ]
    whole_plugin = hasattr(module, "mindkit_register")
    if file is not None and public == [subject.component] and not whole_plugin:
        stem = Path(file).stem
        assert stem == subject.name, f"{found} is in {stem}.py; move it to {subject.name}.py"


@check(_all)
def begins_with_a_sentence(subject: Subject) -> None:
    """The docstring's first line says in one sentence what is computed."""
    own = subject.component.__doc__
    assert own, f"{subject.component.__name__} has no docstring; say what it computes"
    first = subject.doc.splitlines()[0].split("Shapes:")[0].strip()
    assert re.fullmatch(r"(?:(?!\. [A-Z]).)+\.", first), (
        f"the docstring's first line is not one sentence: {first!r}; end it with a full stop"
    )


@check(_all)
def documents_its_options(subject: Subject) -> None:
    """Each option has a default, an annotation, and a line `name: …` in the docstring."""
    signature = read_signature(subject.component)
    for name in (*signature.wired, *signature.options):
        assert name in signature.hints, f"'{name}' has no annotation; say what type it has"
    for name, parameter in signature.options.items():
        assert parameter.default is not parameter.empty, f"option '{name}' has no default"
        assert re.search(rf"^\s*{name}: ", subject.doc, re.MULTILINE), (
            f"option '{name}' is not in the docstring; add a line '{name}: …' with unit and effect"
        )


@check(_with_tensors)
def keeps_its_shapes_line(subject: Subject) -> None:
    """A reading of the `Shapes:` line holds, for one row and, where batched, for several."""
    failed = []
    for shapes in subject.shapes():
        try:
            for sizes, leading in _rows(subject, shapes):
                module = subject.make(**sizes)
                outputs = call(module, subject.feed(shapes, leading=leading))
                found = [tuple(output.shape) for output in outputs]
                wanted = subject.expected(shapes, leading, fused=module)
                assert found == wanted, f"'{shapes}' promises {wanted}, got {found}"
            return
        except (AssertionError, RuntimeError, ValueError, TypeError) as error:
            failed.append(str(error))
    raise AssertionError("; ".join(failed))


@check(_with_tensors)
def stays_finite(subject: Subject) -> None:
    """Outputs and gradients are finite for Gaussians, constants, and the smallest batch."""
    module = subject.make()
    least = max(2, getattr(module, "min_batch", 1))
    for how in ({}, {"constant": True}, {"B": least}, {"B": least, "constant": True}):
        inputs = _watched(subject.feed(**how))
        outputs = call(module, inputs)
        _summed(outputs).backward()
        gradients = [p.grad for p in module.parameters()]
        gradients += [value.grad for value in tensors(inputs).values()]
        for value in [*outputs, *(g for g in gradients if g is not None)]:
            assert torch.isfinite(value).all(), f"not finite with inputs {how or 'Gaussian'}"


@check(_with_tensors)
def gives_gradients(subject: Subject) -> None:
    """Every parameter and every float input gets a gradient, unless `no_gradient` names it."""
    module, inputs = subject.make(), _watched(subject.feed())
    _summed(call(module, inputs)).backward()
    exempt = getattr(subject.component, "no_gradient", ())
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and not name.startswith(tuple(exempt)):
            assert parameter.grad is not None, f"parameter '{name}' gets no gradient"
    for name, value in tensors(inputs).items():
        if value.requires_grad and name not in exempt:
            got = value.grad is not None and bool(value.grad.abs().sum() > 0)
            assert got, f"input '{name}' gets no gradient; if that is meant, name it in no_gradient"


@check(_with_tensors)
def leaves_inputs_alone(subject: Subject) -> None:
    """No input is written to."""
    inputs = subject.feed()
    before = {name: value.clone() for name, value in tensors(inputs).items()}
    call(subject.make(), inputs)
    for name, value in tensors(inputs).items():
        assert torch.equal(value, before[name]), f"forward wrote into its input '{name}'"


@check(_with_tensors)
def repeats_with_one_seed(subject: Subject) -> None:
    """The same seed gives the same weights and the same value."""
    first, second = (call(subject.make(seed=3), subject.feed(), seed=4) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one, other), "two runs with one seed differ; draw through torch only"


@check(_with_tensors)
def restores_its_state(subject: Subject) -> None:
    """What it computes is in its state_dict."""
    saved, fresh = subject.make(seed=3).eval(), subject.make(seed=4).eval()
    fresh.load_state_dict(saved.state_dict())
    inputs = subject.feed()
    for one, other in zip(call(saved, inputs), call(fresh, inputs), strict=True):
        assert torch.equal(one, other), "loading a state_dict does not restore the value"


@check(_with_tensors)
def agrees_across_precisions(subject: Subject) -> None:
    """float32 is near float64; where the engine feeds bfloat16, so, loosely, is that."""
    shares = {torch.float64: 0.0, torch.float32: 1e-3}
    if subject.kind not in TERMS:  # the engine widens what terms are given
        shares[torch.bfloat16] = 0.1
    exact: list[Tensor] = []
    for dtype, share in shares.items():
        outputs = call(subject.make().eval().to(dtype), convert(subject.feed(), dtype=dtype))
        exact = exact or outputs
        for value, reference in zip(outputs, exact, strict=True):
            assert value.dtype == dtype, f"{dtype} in, {value.dtype} out"
            error, scale = (value.double() - reference).abs().max(), reference.abs().max()
            assert error <= share * scale.clamp(min=1), f"{dtype} is off by {error:.2g}"


@check(lambda kind, component: kind in (STAGES, *TERMS, HEADS))
def works_without_memory(subject: Subject) -> None:
    """It runs on the meta device, where a config's widths are checked."""
    inputs = convert(subject.feed(), device="meta")
    with torch.device("meta"):
        outputs = call(subject.make(), inputs)
    wanted = subject.expected(subject.shapes()[0], fused=subject.make())
    for shape, output in zip(wanted, outputs, strict=True):
        assert tuple(output.shape) == shape, f"on the meta device {tuple(output.shape)}"


@check(_with_accelerator)
def agrees_across_devices(subject: Subject) -> None:
    """The accelerator gives what the CPU gives, in float32."""
    device = torch.accelerator.current_accelerator()
    assert device is not None
    inputs = subject.feed()
    reference = call(subject.make().eval(), inputs)
    outputs = call(subject.make().eval().to(device), convert(inputs, device=device))
    for value, exact in zip(outputs, reference, strict=True):
        assert value.device.type == device.type, f"inputs on {device}, output on {value.device}"
        error = (value.cpu() - exact).abs().max()
        assert error <= 1e-3 * exact.abs().max().clamp(min=1), f"{device} is off by {error:.2g}"


@check(_in_rows)
def computes_rows_alone(subject: Subject) -> None:
    """A bank gives, row by row, what each row gives alone with its copy of the weights."""
    shapes = subject.shapes()[0]
    for sizes, leading in _rows(subject, shapes):
        if not leading:
            continue
        bank = subject.make(**sizes).eval()
        inputs = subject.feed(shapes, leading=leading)
        (output,) = call(bank, inputs)
        for index in itertools.product(*map(range, leading)):
            alone = _copy(subject, bank, index[-1])
            row = {name: _row(shapes, name, value, index) for name, value in inputs.items()}
            (value,) = call(alone, row)
            error = (output[index] - value).abs().max()
            scale = value.abs().max().clamp(min=1)
            assert error <= 1e-5 * scale, f"row {index} of {leading} differs alone by {error:.2g}"


@check(_of_task)
def fits_classes(subject: Subject) -> None:
    """Wired with task "classification" and 3 outputs, it takes integer labels."""
    module = subject.make(task="classification", num_outputs=3)
    inputs = _watched(subject.feed(num_outputs=3, classes=True))
    outputs = call(module, inputs)
    _summed(outputs).backward()
    assert all(torch.isfinite(output).all() for output in outputs), "not finite with integer labels"


@check(_reader)
def ignores_padding(subject: Subject) -> None:
    """What stands in padded steps, and how many there are, changes no vector."""
    module, inputs = subject.make().eval(), subject.feed()
    x, mask = inputs["x"], inputs["mask"]
    assert isinstance(x, Tensor) and isinstance(mask, Tensor)
    (vector, *_) = call(module, inputs)
    longer = torch.cat([x, x[:, :3]], 1)
    seen = torch.cat([mask, torch.zeros_like(mask[:, :3])], 1)
    junk = longer.where(seen if x.dim() == 2 else seen.unsqueeze(-1), longer.flip(0, 1))
    (again, *_) = call(module, {"x": junk, "mask": seen})
    error = (again - vector).abs().max()
    assert error <= 1e-5, f"three padded steps and their content change the vector by {error:.2g}"


@check(lambda kind, component: _encoder(kind, component) or _reader(kind, component))
def ignores_batch_mates(subject: Subject) -> None:
    """A sample alone gives what it gives in a batch."""
    module, inputs = subject.make().eval(), subject.feed()
    (vector, *_) = call(module, inputs)
    for sample in range(len(vector)):
        own = {name: value[sample : sample + 1] for name, value in inputs.items()}  # type: ignore[index]
        (alone, *_) = call(module, own)
        error = (alone - vector[sample : sample + 1]).abs().max()
        assert error <= 1e-5, f"sample {sample} alone differs by {error:.2g}"


@check(_reader)
def survives_an_empty_sample(subject: Subject) -> None:
    """A sample without a real step gives finite outputs and gradients."""
    module, inputs = subject.make(), _watched(subject.feed())
    mask = inputs["mask"]
    assert isinstance(mask, Tensor)
    outputs = call(module, {**inputs, "mask": mask & (torch.arange(len(mask)) > 0)[:, None]})
    _summed(outputs).backward()
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    assert all(torch.isfinite(value).all() for value in [*outputs, *gradients]), "not finite"


@check(_estimator)
def rises_with_dependence(subject: Subject) -> None:
    """After a short training, dependent Gaussians have a larger value than independent ones."""
    dependent, independent = _trained_value(subject, 0.9), _trained_value(subject, 0.0)
    assert dependent > independent, (
        f"{dependent:.3f} for dependent Gaussians, {independent:.3f} for independent ones"
    )


@check(_bound)
def keeps_its_bound(subject: Subject) -> None:
    """A claimed bound in nats holds for Gaussians, -(D/2) log(1 - rho²), give or take 0.1."""
    information = -AXES["D"] / 2 * torch.log1p(torch.tensor(-(0.9**2))).item()
    value = _trained_value(subject, 0.9)
    side = subject.component.bound  # type: ignore[attr-defined]
    holds = value <= information + 0.1 if side == "lower" else value >= information - 0.1
    assert holds, f"claims a bound from {side}, but gives {value:.3f} nats for {information:.3f}"


@check(_head_of_parts)
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


def _rows(subject: Subject, shapes: Shapes) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
    """Sizes to wire and leading axes to feed: one row, three, and twice three where batched."""
    banked = "copies" in read_signature(subject.component).wired
    yield {}, ()
    if _in_rows(subject.kind, subject.component):
        assert any("..." in axes for axes in shapes.inputs.values()), (
            f"'{shapes}' is batched but has no leading axes; write (..., B, D), or batched = False"
        )
        for leading in ((3,), (2, 3)):
            yield {"copies": 3} if banked else {}, leading


def _copy(subject: Subject, bank: nn.Module, copy: int) -> nn.Module:
    """A component of one copy, with the weights and buffers of one copy of the bank."""
    alone = subject.make().eval()
    own = alone.state_dict()
    state = {
        name: value if value.shape == own[name].shape else value[copy : copy + 1]
        for name, value in bank.state_dict().items()
    }
    alone.load_state_dict(state)
    return alone


def _row(shapes: Shapes, name: str, value: Value, index: tuple[int, ...]) -> Value:
    return value[index] if "..." in shapes.inputs.get(name, ()) else value  # type: ignore[call-overload, index]


def _watched(inputs: Mapping[str, Value]) -> dict[str, Value]:
    for value in tensors(inputs).values():
        value.requires_grad_(value.is_floating_point())
    return dict(inputs)


def _summed(outputs: list[Tensor]) -> Tensor:
    """A number that depends on every output, each entry with its own weight."""
    # A plain sum would not do: that of a layer-normalised vector is constant.
    generator = torch.Generator().manual_seed(5)
    weighted = [o * torch.randn(o.shape, generator=generator).to(o) for o in outputs]
    return torch.stack([w.sum() for w in weighted]).sum()


def _trained_value(subject: Subject, correlation: float) -> float:
    """The mean value on fresh Gaussians of that correlation per feature, after 100 steps.

    An estimator that takes the label is given which third of its range the first feature is in.
    """
    width, size = AXES["D"], 64
    labelled, thirds = _takes(subject.component, "target"), torch.tensor([-0.43, 0.43])
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
