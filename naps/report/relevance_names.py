"""Methods of relevance as a report calls them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

METHOD_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "lrp_all": "LRP, signal takes all",
        "lrp_half": "LRP, half to the gate",
        "lrp_prop": "LRP, in proportion",
        "lrp_abs": "LRP, by absolute values",
        "gradient": "gradient",
        "sensitivity": "squared gradient",
        "gradient_times_input": "gradient × input",
        "integrated_gradients": "integrated gradients",
        "smoothgrad": "SmoothGrad",
        "occlusion": "occlusion",
        "contextual_decomposition": "contextual decomposition",
        "random": "random",
    }
)
_SHORT: Mapping[str, str] = MappingProxyType(
    {
        "lrp_all": "LRP all",
        "lrp_half": "LRP half",
        "lrp_prop": "LRP prop",
        "lrp_abs": "LRP abs",
        "sensitivity": "gradient²",
        "gradient_times_input": "grad × input",
        "integrated_gradients": "int. gradients",
        "contextual_decomposition": "cont. decomp.",
    }
)


def short_name(method: str) -> str:
    """Return a name for a narrow place."""
    return _SHORT.get(method, method_name(method))


def method_name(method: str) -> str:
    """Return the name of a method; what is not known is called as it is."""
    return METHOD_NAMES.get(method, method)
