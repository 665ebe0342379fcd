"""Everything that a comparison of two runs found, and its JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from naps.comparison.agreement import Agreement, Share
from naps.comparison.cka import LayerAlignment
from naps.comparison.correlation import Correlation
from naps.comparison.estimate import Estimate
from naps.comparison.options import ComparisonOptions
from naps.comparison.profiles import LayerComparison, ProfileComparison
from naps.comparison.statement import CLAIM, Statement, judge_profiles, judge_together
from naps.comparison.tanglegram import Tanglegram
from naps.comparison.together import HeardTogether
from naps.comparison.units import UnitAgreement
from naps.similarity.distance import Floats


@dataclass(frozen=True)
class Comparison:
    """Two runs compared.

    Attributes
    ----------
    options : ComparisonOptions
    profiles : ProfileComparison
    together : HeardTogether or None
        Where both heard the same utterances.
    a, b : mapping
        Facts about the runs, to be shown: values that JSON has.
    """

    options: ComparisonOptions
    profiles: ProfileComparison
    together: HeardTogether | None = None
    a: Mapping[str, Any] = field(default_factory=dict)
    b: Mapping[str, Any] = field(default_factory=dict)

    @property
    def statement(self) -> Statement | None:
        """What the numbers say of "highly similar activations, language-specific predictions"."""
        if self.together is not None:
            return judge_together(self.together)
        return judge_profiles(self.profiles)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON has it; what is not defined is null.

        Its form is written down in ``docs/comparing.md``.
        """
        found, options = self.profiles, self.options
        return {
            "case": options.case,
            "a": dict(self.a),
            "b": dict(self.b),
            "group": found.group,
            "kind": found.kind,
            "metric": options.metric,
            "linkage": options.linkage,
            "contrast": options.contrast,
            "min_count": options.min_count,
            "shared": [list(pair) for pair in found.shared.pairs],
            "only_a": list(found.shared.only_a),
            "only_b": list(found.shared.only_b),
            "same_units": found.same_units,
            "layers": [self._layer(layer) for layer in found.layers],
            "rsa_matrix": {
                "layers_a": list(found.layers_a),
                "layers_b": list(found.layers_b),
                "values": _rows(found.rsa_matrix),
            },
            "cka_matrix": None if self.together is None else _cka_matrix(self.together),
            "frames": None if self.together is None else _frames(self.together),
            "agreement": _agreement(None if self.together is None else self.together.agreement),
            "statement": _statement(self.statement),
        }

    def _layer(self, layer: LayerComparison) -> dict[str, Any]:
        aligned = self.together and self.together.alignment(layer.name, layer.name)
        return {
            "a": layer.name,
            "b": layer.name,
            "unit_correlation": layer.units and _correlation(layer.units.correlation),
            "rsa": _correlation(layer.distances.correlation),
            "cka": aligned and _alignment(aligned),
            "phones": [] if layer.units is None else _groups(layer.units),
            "tanglegram": _tanglegram(layer.tanglegram),
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _rows(values: Floats) -> list[list[float | None]]:
    return [[_number(x) for x in row] for row in values]


def _estimate(found: Estimate) -> dict[str, Any]:
    return {
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
    }


def _correlation(found: Correlation) -> dict[str, Any]:
    names = ("chance_mean", "chance_p99", "p", "p_corrected", "ceiling")
    return _estimate(found.estimate) | {name: _number(getattr(found, name)) for name in names}


def _alignment(found: LayerAlignment) -> dict[str, Any]:
    return _estimate(found.cka) | {"chance_mean": _number(found.rotated)}


def _groups(found: UnitAgreement) -> list[dict[str, Any]]:
    return [
        {
            "a": group.a,
            "b": group.b,
            "correlation": _number(group.correlation),
            "ceiling": _number(group.ceiling),
            "count_a": group.count_a,
            "count_b": group.count_b,
        }
        for group in found.groups
    ]


def _tanglegram(found: Tanglegram) -> dict[str, Any]:
    tangle = found.entanglement
    return {
        "labels_a": list(found.a.labels),
        "labels_b": list(found.b.labels),
        "order_a": list(found.order_a),
        "order_b": list(found.order_b),
        "merges_a": found.a.merges.tolist(),
        "merges_b": found.b.merges.tolist(),
        "entanglement": {
            "value": _number(tangle.value),
            "chance_mean": _number(tangle.chance_mean),
            "chance_p01": _number(tangle.chance_p01),
            "p": _number(tangle.p),
            "permutations": tangle.permutations,
        },
    }


def _cka_matrix(together: HeardTogether) -> dict[str, Any]:
    """Return the alignment of all pairs of layers; null for those that were not compared."""
    measured = {(x.a, x.b): x.cka.value for x in together.alignments}
    return {
        "layers_a": list(together.layers_a),
        "layers_b": list(together.layers_b),
        "values": [
            [_number(measured.get((a, b), math.nan)) for b in together.layers_b]
            for a in together.layers_a
        ],
    }


def _frames(together: HeardTogether) -> dict[str, Any]:
    return {
        "compared": together.frames,
        "every": together.every,
        "blocks": together.blocks,
        "utterances": together.utterances,
        "left_out": len(together.drops),
    }


def _share(found: Share | None, name: str) -> dict[str, Any]:
    if found is None:
        keys = ("", "_same", "_low", "_high", "_chance")
        return {f"{name}{key}": None for key in keys}
    return {
        name: found.count,
        f"{name}_same": _number(found.same.value),
        f"{name}_low": _number(found.same.low),
        f"{name}_high": _number(found.same.high),
        f"{name}_chance": _number(found.chance),
    }


def _agreement(found: Agreement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        **_share(found.frames, "frames"),
        **_share(found.events, "events"),
        **_share(found.events_b, "events_b"),
        "window_ms": 1000 * found.window_s,
        "by_letter": [
            {"letter": x.letter, "events": x.events, "same": _number(x.same)}
            for x in found.by_letter
        ],
    }


def _statement(found: Statement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "claim": CLAIM,
        "similarity": {"layers": list(found.layers), **_estimate(found.similarity)},
        "predictions": found.predictions and _estimate(found.predictions),
        "predictions_cka": found.predictions_cka and _estimate(found.predictions_cka),
        "difference": found.difference and _estimate(found.difference),
        "holds": found.holds,
        "by": found.by,
    }
