"""Relevance: layer-wise relevance propagation, its relatives, and how to judge them."""

from naps.relevance.attention_span import AttentionSpan, attention_span
from naps.relevance.composite import COMPOSITES, Composite, find_composite
from naps.relevance.explain import explain, explain_each, find_method
from naps.relevance.explanation import Explanation
from naps.relevance.frames import (
    FrameJudgement,
    FrameRelevance,
    explain_frames,
    judge_frames,
    recognizer_lrp,
)
from naps.relevance.gate_rule import GATE_RULES, GateRule
from naps.relevance.heat import heat_colors
from naps.relevance.methods import LRP, METHODS, ContextualDecomposition, Method, Occlusion
from naps.relevance.recurrent import recurrent_relevance
from naps.relevance.recurrent_pass import RecurrentRelevance
from naps.relevance.row import RowRelevance, UnitRelevance
from naps.relevance.rules import RULES, Rule
from naps.relevance.subject import Subject, make_subject
from naps.relevance.unit_signs import UnitSigns, unit_signs
from naps.relevance.unit_tokens import UnitTokens, unit_part, unit_tokens

__all__ = [
    "COMPOSITES",
    "GATE_RULES",
    "LRP",
    "METHODS",
    "RULES",
    "AttentionSpan",
    "Composite",
    "ContextualDecomposition",
    "Explanation",
    "FrameJudgement",
    "FrameRelevance",
    "GateRule",
    "Method",
    "Occlusion",
    "RecurrentRelevance",
    "RowRelevance",
    "Rule",
    "Subject",
    "UnitRelevance",
    "UnitSigns",
    "UnitTokens",
    "attention_span",
    "explain",
    "explain_each",
    "explain_frames",
    "find_composite",
    "find_method",
    "heat_colors",
    "judge_frames",
    "make_subject",
    "recognizer_lrp",
    "recurrent_relevance",
    "unit_part",
    "unit_signs",
    "unit_tokens",
]
