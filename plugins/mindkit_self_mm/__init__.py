"""Self-MM (Yu et al. 2021): unimodal tasks with labels that training itself generates."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.criteria.add("unimodal_labels", "mindkit_self_mm.unimodal_labels:UnimodalLabels")
    registries.fusion_heads.add("post_fusion", "mindkit_self_mm.post_fusion:PostFusion")
