"""Layouts turned onto each other, so that maps of layers or training steps can be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import cdist

from naps.errors import InputError
from naps.similarity.distance import Floats
from naps.topography.layouts import Layout, unit_square


def turned(reference: Layout, moving: Layout) -> Layout:
    """Turn or mirror a layout so that it fits another of the same units.

    Orthogonal Procrustes (Schönemann 1966): the sum of squared distances of each unit from
    itself is least. The result fills the unit square again.

    Parameters
    ----------
    reference, moving : Layout
        Of the same units, such as of two steps of training.

    Raises
    ------
    InputError
        If they have other numbers of units.
    """
    if len(reference.positions) != len(moving.positions):
        raise InputError(
            f"layouts of {len(reference.positions)} and {len(moving.positions)} units are not of "
            f"the same units; compare layers by their groups"
        )
    turn, _ = orthogonal_procrustes(_centred(moving), _centred(reference))
    return replace(moving, positions=unit_square(_centred(moving) @ turn))


def turned_by_groups(
    reference: Layout, reference_values: Floats, moving: Layout, moving_values: Floats
) -> Layout:
    """Turn or mirror the layout of one layer so that it fits that of another.

    Units that do the same for the groups come near each other: Σ q_ij |r_i − m_j|² is least over
    all turns, where the weight q is the greatest distance of two units' values less theirs.
    That is a Procrustes problem with all pairs, as in the maps of Krug et al. (2023), who try
    every degree; each layer's values are divided by their greatest.

    Parameters
    ----------
    reference, moving : Layout
        Of two layers.
    reference_values, moving_values : array, shape (groups, units)
        Such as `group_values`, of the same groups in the same order.

    Raises
    ------
    InputError
        If values do not fit the layouts or are of other numbers of groups.
    """
    for layout, values in ((reference, reference_values), (moving, moving_values)):
        if values.ndim != 2 or values.shape[1] != len(layout.positions):
            raise InputError(
                f"values of shape {values.shape} do not fit a layout of "
                f"{len(layout.positions)} units"
            )
    if len(reference_values) != len(moving_values):
        raise InputError(
            f"layers have values of {len(reference_values)} and {len(moving_values)} groups; take "
            f"the same groups of both"
        )
    apart = cdist(_scaled(reference_values).T, _scaled(moving_values).T)
    closeness = apart.max() - apart
    # Turning leaves all lengths as they are: of the squares only the products are left.
    pairs = _centred(moving).T @ closeness.T @ _centred(reference)
    left, _, right = np.linalg.svd(pairs)
    return replace(moving, positions=unit_square(_centred(moving) @ left @ right))


def _centred(layout: Layout) -> Floats:
    return np.asarray(layout.positions - layout.positions.mean(0))


def _scaled(values: Floats) -> Floats:
    return values / (float(np.abs(values).max(initial=0.0)) or 1.0)
