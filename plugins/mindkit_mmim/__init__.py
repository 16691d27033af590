"""MMIM (Han et al. 2021): information between modalities, and between them and their fusion."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.mi_estimators.add("barber_agakov", "mindkit_mmim.barber_agakov:BarberAgakov")
    registries.criteria.add("class_entropy", "mindkit_mmim.class_entropy:ClassEntropy")
    registries.criteria.add("cpc", "mindkit_mmim.cpc:Cpc")
    registries.fusion_heads.add("tanh_fusion", "mindkit_mmim.tanh_fusion:TanhFusion")
