"""The merge: which files make a config, in which order, and who wins.

From weakest to strongest: dataclass defaults, `training/default.yaml`, the method (its base first,
then `default.yaml`, then `<dataset>.yaml`), a `--training` fragment, `set` of the ablations that
are dropped, options of the command line, `--set`. `datasets/<dataset>.yaml` says what holds for any
method, so it is weaker than the first file about a method on this data set, if there is one.
Maps merge and lists replace. A new `type` resets the options of its block, and only those.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mindkit.config.source import DEFAULT, Keys, Node, Origin, dotted, kind_of, node_of, read_value
from mindkit.config.source import read_file as read_yaml
from mindkit.config.spec import Data, Training
from mindkit.errors import ConfigError, MindkitError, Problem, did_you_mean

OPEN = ("encoders", "representations", "terms")  # maps whose keys are the author's own names
STRUCTURE = {
    "encoders": ("type",),
    "representations": ("type", "from", "share", "through"),
    "fusion": ("type", "inputs"),
    "terms": ("type", "goal", "weight", "reduce", "inputs", "pairs", "learning"),
}
_OF_ONE_OPTIMIZER = ("betas", "momentum")


def config_root() -> Path:
    """Return the folder of shipped configs: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "configs", package.parent / "configs"):
        if folder.is_dir():
            return folder
    raise MindkitError(f"no configs beside {package}: the installation is incomplete")


def default_method(root: Path | None = None) -> str:
    """Return the method that configs/default.yaml names, for commands that were given none."""
    return str(read_yaml((root or config_root()) / "default.yaml").at(("method",)).plain())


def ablation_table(method: str, root: Path | None = None) -> dict[str, list[str]]:
    """Return the names that `table.yaml` of the method, else of its base, lists by heading.

    Empty where there is no such file.
    """
    files = beside_method(method, "table.yaml", root)
    entries = (files[-1].items if files else None) or {}
    for heading, node in entries.items():
        names = node.plain()
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            what = f"under a heading is a list of names to drop, got {names!r}"
            raise ConfigError([node.origin.problem((heading,), what)])
    return {heading: node.plain() for heading, node in entries.items()}


def method_ablations(method: str, root: Path | None = None) -> list[str]:
    """Return the names of the ablations that the method offers."""
    return list(_Files(root or config_root()).ablations(method))


def beside_method(method: str, name: str, root: Path | None = None) -> list[Node]:
    """Return the files called `name` in the folders of the method and its bases, bases first."""
    return _Files(root or config_root()).beside(method, name)


@dataclass(frozen=True)
class Setting:
    """One `path=value`, from `--set` or from the `set` of an ablation."""

    keys: Keys
    node: Node

    @property
    def origin(self) -> Origin:
        return self.node.origin


@dataclass(frozen=True)
class Ablation:
    """An entry of ablations.yaml: names to `drop` and settings to apply; nothing else."""

    name: str
    origin: Origin
    drop: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()


@dataclass
class Composed:
    """The merged tree, and the ablations that the method offers."""

    tree: Node
    ablations: dict[str, Ablation] = field(default_factory=dict[str, Ablation])


def compose(
    method: str,
    *,
    dataset: str | None = None,
    data: str | None = None,
    training: str | None = None,
    settings: Sequence[str] = (),
    drop: Sequence[str] = (),
    simulate: bool = True,
    root: Path | None = None,
) -> Composed:
    """Merge everything that makes the config of `method`; see the head of this module."""
    files = _Files(root or config_root())
    chosen = parse_settings(settings)
    first = [defaults(), files.read(files.root / "training" / "default.yaml")]
    dataset = dataset or _dataset_of([*first, *files.method(method, None)[0]], chosen)
    own, special = files.method(method, dataset)
    layers = [*first, *own]
    if (path := files.root / "datasets" / f"{dataset}.yaml").is_file():
        layers.insert(len(first) + special, files.read(path))
    if training is not None:
        layers.append(files.fragment("training", training))
    ablations = files.ablations(method)
    tree = layers[0]
    for layer in layers[1:]:
        tree = merge(tree, layer)
    tree = Node(tree.value, own[0].origin)
    options = [Setting(("data", "name"), Node(dataset, Origin(f"--dataset {dataset}")))]
    if tree.at(("data", "name")).value == dataset:
        options = []
    if data is not None:
        options.append(Setting(("data", "path"), Node(data, Origin(f"--data {data}"))))
    if not simulate:
        options.append(Setting(("data", "simulate"), Node(False, Origin("--no-simulate"))))
    of_ablations = [s for name in drop if name in ablations for s in ablations[name].settings]
    return Composed(apply(tree, [*_ordered(of_ablations), *options, *_ordered(chosen)]), ablations)


def merge(base: Node, over: Node, keys: Keys = ()) -> Node:
    """Return `base` with what `over` says; maps merge, everything else is replaced."""
    if base.items is None or over.items is None:
        return over
    entries = _kept(base.items, over.items, keys)
    for key, node in over.items.items():
        entries[key] = merge(entries[key], node, (*keys, key)) if key in entries else node
    return Node(entries, over.origin if base.origin == DEFAULT else base.origin)


def _kept(base: dict[str, Node], over: dict[str, Node], keys: Keys) -> dict[str, Node]:
    same = "type" not in base or "type" not in over or base["type"].value == over["type"].value
    if same:
        return dict(base)
    if keys == ("training", "optimizer"):
        return {key: node for key, node in base.items() if key not in _OF_ONE_OPTIMIZER}
    if keys and ((keys[0] in OPEN and len(keys) == 2) or keys == ("fusion",)):
        structure = STRUCTURE[str(keys[0])]
        return {key: node for key, node in base.items() if key in structure}
    return dict(base)


def defaults() -> Node:
    """Return what the dataclasses say when no file does."""
    values = {"training": dataclasses.asdict(Training()), "data": dataclasses.asdict(Data())}
    for key in _OF_ONE_OPTIMIZER:  # these depend on the type, and are filled in once it is known
        del values["training"]["optimizer"][key]
    return node_of(values)


def parse_settings(settings: Iterable[str]) -> list[Setting]:
    """Read `path=value` strings, the value as YAML; all mistakes are reported together."""
    found: list[Setting] = []
    problems: list[Problem] = []
    for text in settings:
        origin = Origin(f"--set {text}")
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            problems.append(
                Problem(str(origin), "a setting is PATH=VALUE, such as terms.diff.weight=0.01")
            )
            continue
        try:
            found.append(Setting(split(path.strip()), read_value(value, origin)))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def split(path: str) -> Keys:
    """Return the keys of a dotted path; a number, bare or in brackets, is an item of a list."""
    parts = [part for part in re.split(r"[.\[\]]+", path) if part]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def apply(tree: Node, settings: Iterable[Setting]) -> Node:
    """Return the tree with each setting put in its place, later ones winning."""
    problems: list[Problem] = []
    for setting in settings:
        try:
            tree = _put(tree, setting.keys, setting, ())
        except _Misplaced as error:
            problems.append(setting.origin.problem(setting.keys, str(error)))
    if problems:
        raise ConfigError(problems)
    return tree


class _Misplaced(Exception):
    """A setting whose path does not exist; the message says what does."""


def _ordered(settings: Sequence[Setting]) -> list[Setting]:
    # A new type resets its block's options, so it comes before the options set beside it.
    return sorted(settings, key=lambda setting: setting.keys[-1] != "type")


def _put(node: Node | None, rest: Keys, setting: Setting, at: Keys) -> Node:
    if not rest:
        return setting.node if node is None else merge(node, setting.node, at)
    key, *others = rest
    if node is not None and isinstance(node.value, list):
        items = list(node.value)
        if not isinstance(key, int) or key >= len(items):
            raise _Misplaced(
                f"{dotted(at)} is a list of {len(items)}; "
                f"its items are {dotted(at)}[0] to [{len(items) - 1}], not '{key}'"
                if items
                else f"{dotted(at)} is an empty list; set the whole of it"
            )
        items[key] = _put(items[key], tuple(others), setting, (*at, key))
        return Node(items, node.origin)
    key = str(key)
    entries = {} if node is None else node.items
    if entries is None:
        raise _Misplaced(
            f"{dotted(at)} is {kind_of(node.value)} ({node.value!r}), not a map: "  # type: ignore[union-attr]
            f"nothing lies below it; set {dotted(at)} itself"
        )
    whole = not others and bool({"type", "through"} & set(setting.node.items or {}))
    if len(at) == 1 and at[0] in OPEN and key not in entries and not whole:
        one = str(at[0]).removesuffix("s")
        raise _Misplaced(
            f"no {one} named '{key}'{did_you_mean(key, list(entries))}\n"
            f"to add one, set the whole of it: {at[0]}.{key}={{type: …}}"
        )
    if not others and key == "type" and node is not None:
        return merge(node, Node({key: setting.node}, setting.origin), at)
    changed = _put(entries.get(key), tuple(others), setting, (*at, key))
    return Node({**entries, key: changed}, node.origin if node else setting.origin)


def _dataset_of(layers: Sequence[Node], settings: Sequence[Setting]) -> str:
    name = Data().name
    for layer in layers:
        node = layer.at(("data", "name"))
        name = node.value if isinstance(node.value, str) else name
    for setting in settings:
        if setting.keys == ("data", "name") and isinstance(setting.node.value, str):
            name = setting.node.value
    return name


class _Files:
    """The config files below `root`, and those a user gives by their path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: dict[Path, Node] = {}

    def read(self, path: Path) -> Node:
        if path not in self.found:
            self.found[path] = read_yaml(path, self._label(path))
        return self.found[path]

    def method(self, name: str, dataset: str | None) -> tuple[list[Node], int]:
        """Return the layers of a method, its bases first, and how many precede `<dataset>.yaml`."""
        chain = self._chain(name, dataset)
        layers = [node for _, nodes in chain for node in nodes]
        special = [n for n, (path, _) in enumerate(chain) if path.name == f"{dataset}.yaml"]
        return layers, special[0] if special else len(layers)

    def ablations(self, name: str) -> dict[str, Ablation]:
        """Return the ablations of a method; its own go before those of its bases."""
        found: dict[str, Ablation] = {}
        for node in self.beside(name, "ablations.yaml"):
            found |= _ablations(node)
        return found

    def beside(self, method: str, name: str) -> list[Node]:
        """Return the files called `name` in the folders of a method and its bases, bases first."""
        folders = dict.fromkeys(path.parent for path, _ in self._chain(method, None))
        return [self.read(folder / name) for folder in folders if (folder / name).is_file()]

    def fragment(self, folder: str, name: str) -> Node:
        """Return `configs/<folder>/<name>.yaml`, or the file of that path."""
        if _is_path(name):
            return self.read(Path(name))
        path = self.root / folder / f"{name}.yaml"
        if not path.is_file():
            known = sorted(found.stem for found in (self.root / folder).glob("*.yaml"))
            raise ConfigError(
                [Problem(f"--{folder} {name}", f"no file {path.name}{did_you_mean(name, known)}")]
            )
        return self.read(path)

    def _chain(self, name: str, dataset: str | None) -> list[tuple[Path, list[Node]]]:
        path = self._find(name, Origin(f"METHOD {name}"), Path.cwd())
        return self._layers(path, dataset, ())

    def _layers(
        self, path: Path, dataset: str | None, seen: tuple[Path, ...]
    ) -> list[tuple[Path, list[Node]]]:
        below, own = self._with_base(path, dataset, seen)
        special = path.parent / f"{dataset}.yaml"
        if path.name != "default.yaml" or dataset is None or not special.is_file():
            return [*below, (path, [own])]
        below_special, own_special = self._with_base(special, dataset, seen)
        return [*below, (path, [own]), *below_special, (special, [own_special])]

    def _with_base(
        self, path: Path, dataset: str | None, seen: tuple[Path, ...]
    ) -> tuple[list[tuple[Path, list[Node]]], Node]:
        node = self.read(path)
        entries = dict(node.items or {})
        base = entries.pop("base", None)
        own = Node(entries, node.origin)
        if base is None:
            return [], own
        if not isinstance(base.value, str):
            what = f"a method's name or a file's path is wanted, got {kind_of(base.value)}"
            raise ConfigError([base.origin.problem(("base",), what)])
        if path in seen:
            what = f"this file is its own base, by way of {base.value}; remove one `base:`"
            raise ConfigError([base.origin.problem(("base",), what)])
        seen = (*seen, path)
        if _is_path(base.value):
            found = self._find(base.value, base.origin, path.parent)
            lower, node = self._with_base(found, dataset, seen)
            return [*lower, (found, [node])], own
        return self._layers(self._find(base.value, base.origin, path.parent), dataset, seen), own

    def _find(self, name: str, origin: Origin, beside: Path) -> Path:
        if _is_path(name):
            path = (beside / name).resolve()
            path = path / "default.yaml" if path.is_dir() else path
            if path.is_file():
                return path
            keys = () if origin.label.startswith("METHOD") else ("base",)
            raise ConfigError([origin.problem(keys, f"no file {name} in {beside}; check the path")])
        methods = self.root / "methods"
        path = methods / name / "default.yaml"
        if path.is_file():
            return path
        known = sorted(found.parent.name for found in methods.glob("*/default.yaml"))
        keys = () if origin.label.startswith("METHOD") else ("base",)
        what = f"no method named '{name}'{did_you_mean(name, known)}"
        raise ConfigError([origin.problem(keys, f"{what}\nor give the path of a .yaml file")])

    def _label(self, path: Path) -> str:
        path = path.resolve()
        for folder in (self.root.resolve().parent, Path.cwd()):
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix()
        return str(path)


def _is_path(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name


def _ablations(tree: Node) -> dict[str, Ablation]:
    found: dict[str, Ablation] = {}
    problems: list[Problem] = []
    for name, entry in (tree.items or {}).items():
        try:
            found[name] = _ablation(name, entry)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def _ablation(name: str, entry: Node) -> Ablation:
    problems: list[Problem] = []
    items = entry.items
    if items is None:
        what = f"an ablation is a map of `drop` and `set`, got {kind_of(entry.value)}"
        raise ConfigError([entry.origin.problem((name,), what)])
    for key, node in items.items():
        if key not in ("drop", "set"):
            what = f"an ablation holds `drop` and `set` only{did_you_mean(key, ('drop', 'set'))}"
            problems.append(node.origin.problem((name, key), what))
    drop = items.get("drop", node_of([])).plain()
    if not isinstance(drop, list) or not all(isinstance(one, str) for one in drop):
        what = f"`drop` is a list of names, got {drop!r}"
        problems.append(items["drop"].origin.problem((name, "drop"), what))
    changes = items.get("set", node_of({}))
    if changes.items is None:
        what = f"`set` is a map of paths and values, got {kind_of(changes.value)}"
        problems.append(changes.origin.problem((name, "set"), what))
    if problems:
        raise ConfigError(problems)
    settings = tuple(Setting(split(path), node) for path, node in (changes.items or {}).items())
    return Ablation(name, entry.origin, tuple(drop), settings)
