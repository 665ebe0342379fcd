"""Ways to say how much each part of an input did for a score; all have one interface."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from naps.relevance.methods.chance import Random
from naps.relevance.methods.contextual import ContextualDecomposition, PhraseScores
from naps.relevance.methods.gradients import (
    Gradient,
    GradientTimesInput,
    IntegratedGradients,
    Sensitivity,
    SmoothGrad,
)
from naps.relevance.methods.guided import GuidedBackprop
from naps.relevance.methods.lrp import LRP
from naps.relevance.methods.method import Method
from naps.relevance.methods.occlusion import Occlusion

_ALL = (
    LRP, Gradient, Sensitivity, GradientTimesInput, IntegratedGradients, SmoothGrad, GuidedBackprop,
    Occlusion, ContextualDecomposition, Random,
)  # fmt: skip
METHODS: Mapping[str, type[Method]] = MappingProxyType({method.name: method for method in _ALL})

__all__ = [
    "LRP",
    "METHODS",
    "ContextualDecomposition",
    "Gradient",
    "GradientTimesInput",
    "GuidedBackprop",
    "IntegratedGradients",
    "Method",
    "Occlusion",
    "PhraseScores",
    "Random",
    "Sensitivity",
    "SmoothGrad",
]
