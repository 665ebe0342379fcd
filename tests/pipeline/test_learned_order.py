"""Layers that training has silenced have no order; what else a sweep measured is kept."""

import math

import numpy as np
import pytest

from naps.models import Recognizer
from naps.pipeline.learned_order import GRID, measure_order
from naps.training.sweep import MeasureConfig
from tests.profiles.examples import dataset

OPTIONS = MeasureConfig(min_count=1, permutations=99)
PHONES = ["AA", "IY", "S", "T"]


@pytest.mark.parametrize("layout", [GRID, "som", "pca"])
def test_a_silent_layer_has_no_order_and_others_keep_theirs(
    recognizer: Recognizer, layout: str
) -> None:
    random = np.random.default_rng(0)
    alive = dataset(random.standard_normal((4, 3, 8)), labels=PHONES)
    profiles = {"conv1": alive, "conv2": dataset(np.zeros((4, 3, 8)), labels=PHONES)}
    first, silent = measure_order(recognizer, profiles, [layout], grid=None, options=OPTIONS)
    assert (silent.layer, silent.profiles.permutations) == ("conv2", 0)
    assert math.isnan(silent.profiles.value)
    assert math.isnan(silent.region.p_corrected)
    # Kernels are there, whatever they answer.
    assert -1 <= silent.kernels.value <= 1
    assert first.profiles.p_corrected == first.profiles.p
    alone = measure_order(recognizer, {"conv1": alive}, [layout], grid=None, options=OPTIONS)
    assert alone[0].profiles == first.profiles
    assert alone[0].region == first.region
