"""The files of a config: where they lie, and which belong to a method and its bases."""

from __future__ import annotations

from pathlib import Path

from mindkit.config.ablations import Ablation, read_ablations
from mindkit.config.source import Node, Origin, kind_of
from mindkit.config.source import read_file as read_yaml
from mindkit.errors import ConfigError, MindkitError, Problem, did_you_mean


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
    return list(Files(root or config_root()).ablations(method))


def beside_method(method: str, name: str, root: Path | None = None) -> list[Node]:
    """Return the files called `name` in the folders of the method and its bases, bases first."""
    return Files(root or config_root()).beside(method, name)


class Files:
    """The config files below `root`, and those a user gives by their path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: dict[Path, Node] = {}

    def read(self, path: Path) -> Node:
        """Return what the file at `path` says, read once."""
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
            found |= read_ablations(node)
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
