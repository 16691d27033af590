"""The command line. Modules here stay light: what is heavy is imported when a command is called."""

from __future__ import annotations

import sys
import warnings

import click

import mindkit
from mindkit.cli.ablate import ablate
from mindkit.cli.check import check
from mindkit.cli.compare import compare
from mindkit.cli.components import components
from mindkit.cli.data import data
from mindkit.cli.reproduce import reproduce
from mindkit.cli.run import run
from mindkit.cli.runs import runs
from mindkit.cli.score import score
from mindkit.cli.show import show
from mindkit.cli.tune import tune
from mindkit.errors import MindkitError

_BUILT_IN = (run, ablate, compare, tune, score, runs, reproduce, show, check, components, data)


class Commands(click.Group):
    """The built-in commands, and those that plugins add; errors of ours end in one message."""

    _asked_plugins = False

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a MindkitError becomes its message and an exit status."""
        try:
            return super().invoke(ctx)
        except MindkitError as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
            ctx.exit(128 + getattr(error, "signal_number", -127))  # 1 unless a signal came

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of a researcher's day."""
        self._ask_plugins()
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; plugins are only asked for names that are not built in."""
        if cmd_name not in self.commands:
            self._ask_plugins()
        return super().get_command(ctx, cmd_name)

    def _ask_plugins(self) -> None:
        if self._asked_plugins:
            return
        from mindkit.hooks import load_plugins

        self._asked_plugins = True
        manager = load_plugins().manager
        named = manager.list_name_plugin()
        for name, plugin in named:
            offered = click.Group()  # its own, so that what fails half-way leaves nothing
            others = [other for _, other in named if other is not plugin]
            try:
                manager.subset_hook_caller("mindkit_commands", others)(cli=offered)
            except Exception as error:  # a plugin may raise anything; the other commands still work
                reason = f"{type(error).__name__}: {error}"
                warnings.warn(
                    f"the commands of plugin '{name}' are left out: {reason}", stacklevel=2
                )
                continue
            for command in offered.commands.values():
                self._add(command, name)

    def _add(self, command: click.Command, plugin: str) -> None:
        if command.name in self.commands:
            text = f"command '{command.name}' of plugin '{plugin}' is left out: the name is taken"
            warnings.warn(text, stacklevel=2)
        else:
            self.add_command(command)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mindkit.__version__, prog_name="mindkit")
def cli() -> None:
    """A laboratory bench for disentanglement methods in multimodal sentiment, humour and intent.

    Start with: mindkit run mind --dataset mosi
    """
    warnings.showwarning = _show_warning


for command in _BUILT_IN:
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    cli(prog_name="mindkit")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    print(f"warning: {message}", file=sys.stderr)
