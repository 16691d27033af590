"""What is MInD's alone; the rest of it is in mindkit_basics and in configs/methods/mind."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.criteria.add("cyclic", "mindkit_mind.cyclic:Cyclic")
    registries.criteria.add(
        "adversarial_prediction", "mindkit_mind.adversarial_prediction:AdversarialPrediction"
    )
