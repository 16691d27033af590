"""A plugin as a package of its own: a loss, an estimator and a head."""

import click

from mindkit.api import hookimpl


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("angle", "mindkit_example.angle:Angle")
    registries.mi_estimators.add("agreement", "mindkit_example.agreement:Agreement")
    registries.fusion_heads.add("mean_linear", "mindkit_example.mean_linear:MeanLinear")


@hookimpl
def mindkit_commands(cli):
    @cli.command()
    def hello():
        """Say hello."""
        click.echo("hello from a plugin")
