"""One run: from a checked spec to a folder with everything one needs to believe its number."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from mindkit.config.load import dump, spec_from_resolved, spec_hash
from mindkit.config.spec import Spec
from mindkit.data import perturbing
from mindkit.data.files import write_text, writing
from mindkit.data.home import cache_folder
from mindkit.data.leaks import refuse_leaks
from mindkit.data.library import open_store
from mindkit.data.prepare import prepare
from mindkit.data.store import Store
from mindkit.errors import ConfigError, MindkitError
from mindkit.kinds import Tracker
from mindkit.model.build import InputSchema, Model, build, count_parameters
from mindkit.model.checking import check
from mindkit.registry import Registries
from mindkit.train.checkpoint import Checkpoints
from mindkit.train.device import Device, choose_device
from mindkit.train.environment import environment_of, plugin_code
from mindkit.train.evaluate import predict, score
from mindkit.train.fitting import Fitting
from mindkit.train.locking import locked
from mindkit.train.loop import Fitted, fit
from mindkit.train.result import RunResult, predictions_table
from mindkit.train.seed import seed_everything
from mindkit.train.selection import metrics_of, selection_problems, settle

SPLITS = ("valid", "test")


def run_folder(spec: Spec, out: Path) -> Path:
    """Return the folder of this run: method, data set, seed, and a short hash of the config."""
    name = f"{spec.method.name}-{spec.data.name}-{spec.training.seed}-{spec_hash(spec)}"
    return out / name


def run_spec(
    spec: Spec,
    registries: Registries,
    *,
    out: Path = Path("runs"),
    device: str | None = None,
    resume: bool = False,
    fresh: bool = False,
    trackers: Sequence[Tracker] = (),
    store: Store | None = None,
    splits: tuple[str, ...] = SPLITS,
) -> RunResult:
    """Train, select on validation, score the test split once, and write the run's folder.

    A finished run of the same config and data is returned as it is. An interrupted one goes on with
    `resume`; `fresh` starts again. While another process makes the run, this one waits. `trackers`
    come beside those the config names. `store` spares reading the data again when many runs share
    them. With `splits` ("valid",) the test split is not scored, and the run says so.
    """
    plan = Plan.of(spec, registries, out, device, store, splits)
    with locked([plan.folder]):
        if finished := look_at(plan, resume, fresh):
            return finished
        began = time.monotonic()
        fitting = built(plan)
        with followed(plan, fitting, trackers):
            return finish(plan, fitting, fit(fitting), began)


@dataclass(frozen=True)
class Plan:
    """A run that may begin: its checked spec, its data as they were read, and its place."""

    spec: Spec
    registries: Registries
    store: Store
    schema: InputSchema
    place: Device
    folder: Path
    plugins: dict[str, str | None]
    stamps: tuple[str, ...]
    splits: tuple[str, ...]

    @classmethod
    def of(
        cls,
        spec: Spec,
        registries: Registries,
        out: Path,
        device: str | None,
        store: Store | None = None,
        splits: tuple[str, ...] = SPLITS,
    ) -> Plan:
        """Check everything that can be checked before training; raise what is wrong."""
        store = open_store(spec.data, registries) if store is None else store
        schema = InputSchema.of(store)
        problems = selection_problems(spec, registries, store)
        if problems := [*problems, *check(spec, registries, schema)]:
            raise ConfigError(problems)
        spec = settle(spec, registries, store)
        return cls(
            spec,
            registries,
            store,
            schema,
            choose_device(device, spec.training.precision),
            run_folder(spec, out),
            plugin_code(registries),
            (*([spec.method.stamp] if spec.method.stamp else []), *stamps_of(spec, store, splits)),
            splits,
        )

    @property
    def checkpoints(self) -> Checkpoints:
        """Those of the run's folder."""
        return Checkpoints(self.folder / "checkpoint")


def look_at(plan: Plan, resume: bool, fresh: bool) -> RunResult | None:
    """Return the result that the folder holds, None where there is something to train.

    Raises MindkitError where the folder holds another run, or an interrupted one unasked.
    """
    folder, store, plugins = plan.folder, plan.store, plan.plugins
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    finished = (folder / "metrics.json").is_file()
    if not finished and not plan.checkpoints.exist():
        return None
    if not finished and not resume:
        raise MindkitError(
            f"{folder} holds an interrupted run of this config; --resume goes on with it, "
            "--fresh starts again"
        )
    saved = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    digest = saved["data"]["digest"]
    if digest != store.digest:
        raise MindkitError(
            f"{folder} was run on other data (digest {digest[:12]}, now {store.digest[:12]}); "
            "--fresh runs it again on what is there now, --out keeps both"
        )
    for name, code in saved["plugins"].items():
        if name in plugins and plugins[name] != code:
            raise MindkitError(
                f"{folder} was run with an earlier version of the plugin {name}; --fresh runs it "
                "again with the code of now, --out keeps both"
            )
    result = RunResult.read(folder) if finished else None
    if result is not None and "test" in plan.splits and not result.test:
        raise MindkitError(
            f"{folder} holds a trial of a search, whose test split was not scored; choose another "
            "folder with --out"
        )
    return result


def built(plan: Plan) -> Fitting:
    """Seed everything, build the model, and prepare the data for it.

    Model and random generators go on from the latest checkpoint, if there is one.
    """
    spec, place = plan.spec, plan.place
    seed_everything(spec.training.seed, spec.training.deterministic)
    model = build(spec, plan.registries, plan.schema).to(place.torch)
    encoders = dict(model.graph.encoders.items())
    prepared = prepare(plan.store, encoders, spec.data, cache_folder())  # type: ignore[arg-type]
    metrics = metrics_of(spec, plan.registries, plan.store)
    return Fitting(model, prepared.to(place.torch), metrics, spec, place, plan.checkpoints)


@contextmanager
def followed(
    plan: Plan, fitting: Fitting, trackers: Sequence[Tracker], among: int = 1
) -> Iterator[None]:
    """Describe the run in its folder, and let trackers follow it: the config's, and these.

    among: how many runs are trained in the same steps.
    """
    _describe(plan, among)
    named = plan.spec.training.trackers
    fitting.trackers = [*(plan.registries.trackers.get(name)() for name in named), *trackers]
    fitting.stamps = plan.stamps
    try:
        for tracker in fitting.trackers:
            tracker.start(plan.folder, plan.spec.resolved)
        yield
    finally:
        for tracker in fitting.trackers:
            tracker.close()


def finish(plan: Plan, fitting: Fitting, fitted: Fitted, began: float, among: int = 1) -> RunResult:
    """Score the selected weights, write everything down, and clear the checkpoints away.

    began: when, in seconds. among: how many runs share the time since then.
    """
    spec, store, size = plan.spec, fitting.store, plan.spec.training.batch_size
    # The first and only time that the test split is read, with the selected weights.
    predictions = {
        name: predict(fitting.model.graph, store.splits[name], plan.place, size, spec.data.pad_to)
        for name in plan.splits
    }
    scores = {
        name: score(values, store.splits[name], store.task, fitting.metrics)
        for name, values in predictions.items()
    }
    result = RunResult(
        folder=plan.folder,
        method=spec.method.name,
        dataset=spec.data.name,
        seed=spec.training.seed,
        valid=scores["valid"],
        test=scores.get("test", {}),
        selection=asdict(spec.training.selection) | {"split": "valid", "value": fitted.best},
        epoch=fitted.epoch,
        epochs=fitted.epochs,
        parameters=count_parameters(fitting.model),
        seconds=round((time.monotonic() - began) / among, 1),
        stamps=plan.stamps,
        dropped=spec.dropped,
        data=plan.store.describe(),
    )
    _save(result, fitting.model, store, predictions)
    for tracker in fitting.trackers:
        tracker.finish({"valid": result.valid, "test": result.test, "epoch": result.epoch})
    shutil.rmtree(plan.checkpoints.folder)  # the selected weights are in model.safetensors
    return result


def load_model(folder: Path, registries: Registries) -> tuple[Spec, InputSchema, Model]:
    """Return the config, the input schema and the trained model (on the CPU) of a finished run."""
    spec = spec_from_resolved(registries, folder / "config.yaml")
    schema = InputSchema.from_json((folder / "schema.json").read_text(encoding="utf-8"))
    model = build(spec, registries, schema)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.eval()
    return spec, schema, model


def stamps_of(spec: Spec, store: Store, splits: tuple[str, ...] = SPLITS) -> tuple[str, ...]:
    """Return what must be said wherever numbers of these data appear; refuse leaky features."""
    stamps = ["SIMULATED DATA: not comparable with any published number"] if store.simulated else []
    stamps += perturbing.stamps(spec.data)
    stamps += [] if "test" in splits else ["VALIDATION ONLY: the test split was not scored"]
    return (*stamps, *refuse_leaks(store, spec.method.modalities, spec.data.allow_leaky))


def _describe(plan: Plan, among: int) -> None:
    folder, stamps = plan.folder, plan.stamps
    folder.mkdir(parents=True, exist_ok=True)
    marks = "".join(f"# {stamp}\n" for stamp in stamps)
    write_text(folder / "config.yaml", marks + dump(plan.spec, origins=True))
    write_text(folder / "schema.json", plan.schema.to_json())
    environment = environment_of(plan.store, plan.place, plan.plugins)
    whole = {"stamps": stamps, "seeds_together": among, **environment}
    write_text(folder / "environment.json", json.dumps(whole, indent=2))


def _save(
    result: RunResult, model: Model, store: Store, predictions: Mapping[str, np.ndarray]
) -> None:
    folder = result.folder
    with writing(folder / "model.safetensors") as temporary:
        state = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
        save_file(state, temporary, metadata={"stamps": json.dumps(result.stamps)})
    table = predictions_table(store, predictions, result.stamps)
    write_text(folder / "predictions.csv", table)
    result.write()
