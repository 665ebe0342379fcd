"""The table of a sweep of topography, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from naps.pipeline.learned_order import GRID, MEASURES
from naps.training import TopographySweepConfig

# Layers are called ordered up to this p, corrected for their number.
LEVEL = 0.05


def sweep_page(
    config: TopographySweepConfig,
    rows: Sequence[Mapping[str, Any]],
    utterances: int,
    events: int,
) -> str:
    """Write the rows of ``sweep.csv`` as a page in Markdown.

    Parameters
    ----------
    config : TopographySweepConfig
    rows : sequence of mapping
    utterances, events : int
        That profiles were made of.
    """
    errors = [key for key in rows[0] if key.endswith(" cer")]
    head = ["run", "layout", *(f"{key.removesuffix(' cer')} CER %" for key in errors)]
    head += ["Moran's I of kernels", "of profiles", "largest region", "by chance"]
    lines = [head, ["---"] * len(head), *(_line(row, errors) for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    permutations = config.measure.permutations
    silent = [f"{row['run']}: {row['silent']}" for row in rows if row["silent"]]
    silenced = ""
    if silent:
        silenced = (
            f"\nSilenced by training (all units of a layer do the same, so that it has no order\n"
            f"and is left out of means): {'; '.join(silent)}.\n"
        )
    return f"""# {config.name}

{table}

Means over {", ".join(config.layers)}. In brackets, in how many of them there is more order than
by chance: p ≤ {LEVEL:g} after correction for their number, {permutations} permutations of units.
Moran's I by chance is {_number(rows[0]["kernels_chance"], 3)}.
{silenced}
The number in a run's name is the weight of the cost. Layout `{GRID}` has every unit where the
training put it, with edges all around. The others were made afterwards, of the very vectors that
are then measured.

Profiles are of {events} phonemes in {utterances} utterances, at the same frames for all networks. A
region is of units that touch at a side and answer most to the same manner of articulation;
its size is in units.

![order over errors](sweep.svg)
"""


def _line(row: Mapping[str, Any], errors: Sequence[str]) -> list[str]:
    def layers(measure: str) -> str:
        return f"({row[f'{measure}_layers']}/{row['layers']})"

    return [
        str(row["run"]),
        str(row["layout"]),
        *(f"{100 * row[key]:.1f}" for key in errors),
        *(f"{_number(row[measure], 3)} {layers(measure)}" for measure in MEASURES[:2]),
        f"{_number(row['region'], 1)} {layers('region')}",
        _number(row["region_chance"], 1),
    ]


def _number(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
