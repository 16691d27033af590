"""What is MInD's own: cyclic reconstruction and noise prediction, both behind gradient reversal."""

from __future__ import annotations

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    """Add MInD's criteria."""
    registries.criteria.add("cyclic", "mindkit_mind.cyclic:Cyclic")
    registries.criteria.add(
        "adversarial_prediction", "mindkit_mind.adversarial_prediction:AdversarialPrediction"
    )
