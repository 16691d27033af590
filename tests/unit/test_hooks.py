import sys
from importlib.metadata import EntryPoint

import pytest

from mindkit import hooks
from mindkit.errors import PluginError
from mindkit.hooks import load_plugins

GOOD = """\
from mindkit.api import hookimpl


class {name}:
    pass


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("{key}", {name})
"""
RAISING = "raise RuntimeError('no luck today')\n"
MISSPELT = """\
from mindkit.api import hookimpl


@hookimpl
def mindkit_registr(registries):
    pass
"""
WRONG_ARGUMENT = """\
from mindkit.api import hookimpl


@hookimpl
def mindkit_register(registry):
    pass
"""
HALF_WAY = """\
from mindkit.api import hookimpl


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("half", int)
    raise RuntimeError("half-way")
"""
COMMAND = """\
import click

from mindkit.api import hookimpl


@hookimpl
def mindkit_commands(cli):
    cli.add_command(click.Command("greet"))
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module that can be imported by its name; return the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def call(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return str(tmp_path / f"{name}.py")

    yield call
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these modules are the installed plugins."""

    def call(*names):
        points = [EntryPoint(name, name, hooks.ENTRY_POINT_GROUP) for name in names]
        monkeypatch.setattr(hooks, "entry_points", lambda group: points)

    call()
    return call


def test_a_plugin_file_is_loaded(write, installed):
    path = write("my_losses", GOOD.format(name="Cosine", key="cosine"))
    registries = load_plugins([path]).registries
    assert registries.criteria.get("cosine").__name__ == "Cosine"
    assert registries.criteria.entry("cosine").plugin == path


def test_a_plugin_module_is_loaded(write, installed):
    write("plugin_as_module", GOOD.format(name="Cosine", key="cosine"))
    registries = load_plugins(["plugin_as_module"]).registries
    assert registries.criteria.entry("cosine").plugin == "plugin_as_module"


def test_an_installed_plugin_is_loaded(write, installed):
    write("plugin_installed", GOOD.format(name="Cosine", key="cosine"))
    installed("plugin_installed")
    assert "cosine" in load_plugins().registries.criteria


def test_the_same_plugin_twice_is_one(write, installed):
    write("plugin_twice", GOOD.format(name="Cosine", key="cosine"))
    installed("plugin_twice")
    assert "cosine" in load_plugins(["plugin_twice"]).registries.criteria


def test_an_installed_plugin_that_raises_on_import_is_reported_and_the_rest_works(write, installed):
    write("plugin_raising", RAISING)
    write("plugin_sound", GOOD.format(name="Cosine", key="cosine"))
    installed("plugin_raising", "plugin_sound")
    with pytest.warns(UserWarning, match="plugin 'plugin_raising' .* is left out: RuntimeError"):
        plugins = load_plugins()
    assert plugins.failed == {"plugin_raising": "RuntimeError: no luck today"}
    assert "cosine" in plugins.registries.criteria


def test_an_installed_plugin_that_fails_half_way_leaves_nothing(write, installed):
    write("plugin_half", HALF_WAY)
    installed("plugin_half")
    with pytest.warns(UserWarning, match="half-way"):
        plugins = load_plugins()
    assert "half" not in plugins.registries.criteria


def test_a_named_plugin_that_raises_on_import_is_an_error(write, installed):
    path = write("my_raising", RAISING)
    with pytest.raises(PluginError) as raised:
        load_plugins([path])
    assert str(raised.value) == (f"plugin '{path}' cannot be loaded: RuntimeError: no luck today")


def test_a_misspelt_hook_is_an_error_with_a_hint(write, installed):
    path = write("my_misspelt", MISSPELT)
    with pytest.raises(PluginError) as raised:
        load_plugins([path])
    assert str(raised.value) == (
        f"plugin '{path}' implements 'mindkit_registr', which is no hook; "
        "did you mean 'mindkit_register'?"
    )


def test_a_misspelt_hook_of_an_installed_plugin_is_reported(write, installed):
    write("plugin_misspelt", MISSPELT)
    installed("plugin_misspelt")
    with pytest.warns(UserWarning, match="did you mean 'mindkit_register'"):
        assert "plugin_misspelt" in load_plugins().failed


def test_a_wrong_argument_of_a_hook_is_an_error_that_names_it(write, installed):
    path = write("my_argument", WRONG_ARGUMENT)
    with pytest.raises(PluginError, match="does not fit the hooks") as raised:
        load_plugins([path])
    assert "registry" in str(raised.value)


def test_a_taken_name_names_both_plugins(write, installed):
    first = write("my_first", GOOD.format(name="Cosine", key="cosine"))
    second = write("my_second", GOOD.format(name="Other", key="cosine"))
    with pytest.raises(PluginError) as raised:
        load_plugins([first, second])
    assert f"plugin '{second}' registers the criterion 'cosine'" in str(raised.value)
    assert f"plugin '{first}' already has" in str(raised.value)


def test_a_plugin_file_that_is_missing_is_an_error(installed):
    with pytest.raises(PluginError, match=r"plugin file 'gone\.py' does not exist; check --plugin"):
        load_plugins(["gone.py"])


def test_a_plugin_module_that_is_missing_is_an_error(installed):
    with pytest.raises(PluginError, match="No module named 'no_such_plugin'"):
        load_plugins(["no_such_plugin"])


def test_two_files_of_one_name_in_two_folders_are_two_plugins(write, installed, tmp_path):
    (tmp_path / "other").mkdir()
    first = write("losses", GOOD.format(name="Cosine", key="cosine"))
    second = write("other/losses", GOOD.format(name="Angle", key="angle"))
    assert load_plugins([first, second]).registries.criteria.names() == ["angle", "cosine"]


def test_a_plugin_may_add_commands(write, installed):
    import click

    cli = click.Group()
    path = write("my_commands", COMMAND)
    load_plugins([path]).manager.hook.mindkit_commands(cli=cli)
    assert list(cli.commands) == ["greet"]


def test_the_built_in_plugins_are_found_by_their_entry_points():
    plugins = load_plugins()
    assert plugins.failed == {}
    names = {entry.plugin for registry in plugins.registries for entry in registry}
    assert {"basics", "mind", "datasets", "trackers"} <= names
