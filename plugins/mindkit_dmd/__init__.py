"""DMD (Li et al. 2023): sequences decoupled, and distilled between modalities in both streams."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.stages.add("pointwise", "mindkit_dmd.pointwise:Pointwise")
    registries.stages.add("flat_linear", "mindkit_dmd.flat_linear:FlatLinear")
    registries.criteria.add("step_mse", "mindkit_dmd.step_mse:StepMse")
    registries.criteria.add("step_cosine", "mindkit_dmd.step_cosine:StepCosine")
    registries.criteria.add(
        "label_margin_triplet", "mindkit_dmd.label_margin_triplet:LabelMarginTriplet"
    )
    registries.criteria.add(
        "auxiliary_supervised", "mindkit_dmd.auxiliary_supervised:AuxiliarySupervised"
    )
    registries.criteria.add(
        "graph_distillation", "mindkit_dmd.graph_distillation:GraphDistillation"
    )
    registries.fusion_heads.add("decoupled_fusion", "mindkit_dmd.decoupled_fusion:DecoupledFusion")
