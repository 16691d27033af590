"""What would keep a config from being built or trained, found before any data are touched."""

from __future__ import annotations

import torch

from mindkit.config.spec import Block, Reference, Spec
from mindkit.errors import DataError, MindkitError, Problem
from mindkit.model.build import InputSchema, Model, build
from mindkit.model.graph import Tensors
from mindkit.registry import Registries


def check(spec: Spec, registries: Registries, schema: InputSchema) -> list[Problem]:
    """Return what would keep `spec` from being built for, and trained on, the inputs of `schema`.

    The model is built on the meta device, without memory or weights, and its stages, head and terms
    are called once, so that widths which do not fit are found before any data or GPU is touched.
    """
    problems = [
        problem
        for modality, block in spec.method.encoders.items()
        if (problem := _column_problem(registries, schema, modality, block))
    ]
    size = spec.training.batch_size
    if spec.training.drop_last and schema.num_samples < size:
        what = (
            f"nothing is left of {schema.num_samples} training samples in batches of {size}\n"
            "use --set training.drop_last=false, or a smaller training.batch_size"
        )
        problems.append(Problem("training.drop_last", what))
    if problems:
        return problems
    try:
        with torch.device("meta"):
            model = build(spec, registries, schema)
            _try_out(model, spec, schema)
    except NotImplementedError:
        return []  # a component computes what the meta device cannot: nothing is known against it
    except DataError as error:
        return [Problem("encoders", str(error))]
    except (MindkitError, ValueError, RuntimeError, TypeError) as error:
        return [Problem("the model cannot be built from this config", str(error))]
    return []


def _column_problem(
    registries: Registries, schema: InputSchema, modality: str, block: Block
) -> Problem | None:
    columns = schema.columns
    place = f"encoders.{modality}"
    if modality not in columns:
        what = (
            f"the data set '{schema.name}' has no {modality}; it has: {', '.join(columns)}\n"
            f"leave it out with --drop {modality}, or bring data that have it"
        )
        return Problem(place, what)
    accepts = registries.encoders.get(block.type).accepts
    kind, _ = columns[modality]
    if kind in accepts:
        return None
    fitting = [e.name for e in registries.encoders if kind in e.load().accepts]
    what = (
        f"encoder '{block.type}' takes {' or '.join(accepts)}, "
        f"but {modality} in '{schema.name}' is {schema.in_words(modality)}\n"
        + "\n".join(f"use --set {place}.type={name}" for name in fitting)
    )
    return Problem(f"{place}.type", what)


def _try_out(model: Model, spec: Spec, schema: InputSchema) -> None:
    size, length = 4, 3
    for place, modality in _wanted_sequences(spec):
        if not model.graph.encoders[modality].sequential:
            kind = spec.method.encoders[modality].type
            raise ValueError(
                f"{place}: sequence.{modality} asks for a sequence, but encoder '{kind}' of "
                f"{modality}, as it is set here, gives one vector; use encoded.{modality}, an "
                f"encoder that gives sequences, or the options with which '{kind}' does"
            )
    tensors: Tensors = {}
    for modality, encoder in model.graph.encoders.items():
        tensors[Reference("encoded", modality)] = torch.zeros(size, spec.method.width)
        tensors[Reference("mask", modality)] = torch.ones(size, length, dtype=torch.bool)
        if encoder.sequential:
            sequence = torch.zeros(size, length, spec.method.width)
            tensors[Reference("sequence", modality)] = sequence
        kind, width = schema.columns[modality]
        if width is not None:
            shape = (size, width) if kind == "vector" else (size, length, width)
            tensors[Reference("features", modality)] = torch.zeros(shape)
    tensors = model.graph.represent(tensors)
    prediction = tensors[Reference("prediction")]
    if prediction.shape != (size, schema.num_outputs):
        raise ValueError(
            f"fusion: the head gives {tuple(prediction.shape[1:])} numbers a sample, but "
            f"'{schema.name}' needs {schema.num_outputs}"
        )
    dtype = torch.float32 if schema.task == "regression" else torch.int64
    target = torch.zeros(size, dtype=dtype)
    model.objective(tensors, target, torch.arange(size), 0.0)


def _wanted_sequences(spec: Spec) -> list[tuple[str, str]]:
    """Where a sequence of an encoder is asked for, and the modality."""
    method = spec.method
    used = [("fusion.inputs", reference) for reference in method.fusion.inputs]
    for term in method.terms:
        for row in term.rows:
            used += [
                (f"terms.{term.name}", one)
                for references in row.arguments.values()
                for one in references
            ]
    wanted = [(place, str(one.modality)) for place, one in used if one.stage == "sequence"]
    for one in method.representations:
        if "sequence" in one.sources:
            wanted += [(f"representations.{one.name}", modality) for modality in method.modalities]
    return wanted
