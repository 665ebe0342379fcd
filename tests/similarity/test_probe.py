"""What linear classifiers read off activations, and what they must not."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import StandardScaler

from naps.errors import InputError
from naps.similarity.probe import ProbeDesign, _interval, probe, probe_design

Array = npt.NDArray[Any]


def said(
    speakers: int = 6, utterances: int = 4, events: int = 10, classes: int = 3, seed: int = 0
) -> tuple[Array, Array, Array]:
    """Labels, speakers and utterances of events; labels at random."""
    count = speakers * utterances * events
    labels = np.random.default_rng(seed).integers(0, classes, count)
    utterance = np.arange(count) // events
    return (
        np.char.add("c", labels.astype(str)),
        np.char.add("s", (utterance // utterances).astype(str)),
        np.char.add("u", utterance.astype(str)),
    )


def noise(count: int, cells: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal((count, cells)).astype(np.float32)


def one_hot(labels: Array) -> Array:
    return np.asarray(labels[:, None] == np.unique(labels), np.float32)


def by_sklearn(features: Array, design: ProbeDesign, codes: Array) -> Array:
    """Predict held-out events with scikit-learn's classifier and its Ledoit-Wolf shrinkage."""
    found = np.zeros_like(codes)
    for fold in range(design.folds):
        train, test = design.fold != fold, design.fold == fold
        scaler = StandardScaler().fit(features[train].astype(float))
        seen, new = (scaler.transform(features[x].astype(float)) for x in (train, test))
        means = np.array([seen[codes[train] == c].mean(0) for c in range(codes.max() + 1)])
        share = ledoit_wolf_shrinkage(seen - means[codes[train]], assume_centered=True)
        classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=share)
        found[test] = classifier.fit(seen, codes[train]).predict(new)
    return found


@pytest.mark.parametrize("cells", [3, 40, 300])
def test_the_classifier_is_that_of_scikit_learn(cells: int) -> None:
    design = probe_design(*said(), folds=4, shuffles=3)
    features = noise(len(design.kept), cells) * np.geomspace(1, 100, cells)
    features[:, :3] += 1.5 * design.codes[:, None] * np.array([1, 0, -100])[:cells]
    found = probe(features, design)
    predicted = by_sklearn(features, design, design.codes)
    assert found.accuracy == (predicted == design.codes).mean()
    assert found.balanced == balanced_accuracy_score(design.codes, predicted)
    chance = [(by_sklearn(features, design, codes) == codes).mean() for codes in design.shuffled]
    assert found.chance_mean == pytest.approx(np.mean(chance), abs=1e-12)
    assert found.chance_p99 == pytest.approx(np.quantile(chance, 0.99), abs=1e-12)
    assert found.majority == np.unique(design.codes, return_counts=True)[1].max() / 240


def test_a_label_that_is_there_is_found_and_one_that_is_not_is_not() -> None:
    labels, speakers, utterances = said(speakers=10)
    design = probe_design(labels, speakers, utterances, shuffles=20)
    there = probe(np.hstack([one_hot(labels), noise(len(labels), 20)]), design)
    assert (there.accuracy, there.low, there.high, there.balanced) == (1.0, 1.0, 1.0, 1.0)
    assert there.chance_p99 < 0.45
    absent = probe(noise(len(labels), 20), design)
    assert absent.low < 1 / 3 < absent.high
    assert absent.accuracy <= absent.chance_p99 + 0.02


def test_who_speaks_does_not_help_with_what_speakers_say_most() -> None:
    """Each speaker says one class nearly always, and the features say who speaks."""
    _, speakers, utterances = said(speakers=9, utterances=6)
    number = np.unique(speakers, return_inverse=True)[1]
    strays = np.random.default_rng(2).random(len(number)) < 0.15
    labels = np.where(strays, number + 1, number) % 3
    features = one_hot(speakers) + 0.01 * noise(len(labels), 9)
    fair = probe(features, probe_design(labels, speakers, utterances))
    assert fair.accuracy < 0.5
    unfair = probe_design(labels, None, utterances)
    assert unfair.disjoint == "utterances"
    assert probe(features, unfair).accuracy > 0.8
    # Nor is it taken for what is found of a single speaker.
    one = probe_design(labels, np.full(len(labels), "s"), utterances)
    assert one.disjoint == one.interval == "utterances"


@settings(max_examples=25)
@given(
    speakers=st.integers(2, 8),
    utterances=st.integers(1, 4),
    folds=st.integers(2, 6),
    seed=st.integers(0, 3),
)
def test_parts_share_no_speaker(speakers: int, utterances: int, folds: int, seed: int) -> None:
    labels, who, utterance = said(speakers, utterances, 24, seed=seed)
    design = probe_design(labels, who, utterance, folds=folds, seed=seed)
    assert design.disjoint == "speakers"
    assert 2 <= design.folds <= min(folds, speakers)
    for speaker in np.unique(who):
        assert len(np.unique(design.fold[who[design.kept] == speaker])) == 1
    assert set(design.fold) == set(range(design.folds))
    assert design.interval == ("speakers" if speakers >= 5 else "utterances")
    # Labels change places within speakers, so that each says as much of each class as before.
    for dealt in design.shuffled:
        for speaker in np.unique(who):
            here = who[design.kept] == speaker
            assert sorted(dealt[here]) == sorted(design.codes[here])
    assert not np.array_equal(design.shuffled[0], design.codes)


def test_labels_of_speakers_are_in_every_training_part_and_shuffled_among_speakers() -> None:
    _, speakers, utterances = said(speakers=12)
    number = np.unique(speakers, return_inverse=True)[1]
    labels = np.where(number < 2, "f", "m")
    for seed in range(5):
        design = probe_design(labels, speakers, utterances, shuffles=10, seed=seed)
        assert (design.disjoint, design.folds) == ("speakers", 5)
        for fold in range(5):
            assert set(design.codes[design.fold != fold]) == {0, 1}
        for dealt in design.shuffled:
            by_speaker = [set(dealt[number == speaker]) for speaker in range(12)]
            assert sorted(map(tuple, by_speaker)) == [(0,)] * 2 + [(1,)] * 10
        assert len(np.unique(design.shuffled, axis=0)) > 3


def test_speakers_are_told_apart_in_other_utterances() -> None:
    _, speakers, utterances = said(speakers=6, utterances=5)
    design = probe_design(speakers, speakers, utterances, shuffles=10)
    assert design.disjoint == design.interval == "utterances"
    for dealt in design.shuffled:
        for utterance in np.unique(utterances):
            assert len(set(dealt[utterances == utterance])) == 1
    found = probe(one_hot(speakers) + 0.1 * noise(len(speakers), 6), design)
    assert found.accuracy == 1.0
    # A renaming of speakers would be read off as well as the speakers.
    assert found.chance_p99 < 0.6


def test_rare_classes_are_left_out_and_named() -> None:
    labels, speakers, utterances = said()
    labels[:9] = "rare"
    labels[speakers == "s1"] = np.where(labels[speakers == "s1"] == "c0", "own", "c1")
    design = probe_design(labels, speakers, utterances)
    assert design.left_out == ("own", "rare")
    assert design.classes == ("c0", "c1", "c2")
    assert np.array_equal(design.kept, ~np.isin(labels, ["own", "rare"]))
    assert [design.classes[code] for code in design.codes] == labels[design.kept].tolist()
    assert len(design.fold) == len(design.sources) == design.shuffled.shape[1] == design.kept.sum()
    # What is left out has no influence.
    features = noise(len(labels), 4)
    changed = np.where(design.kept[:, None], features, 1e6)
    assert probe(features, design) == probe(changed, design)


def test_unknown_speakers_make_parts_of_utterances() -> None:
    labels, speakers, utterances = said()
    unknown = speakers.astype(object)
    unknown[:5] = None
    assert probe_design(labels, unknown, utterances).disjoint == "utterances"


def test_the_interval_is_as_wide_as_speakers_differ() -> None:
    speakers = np.repeat(np.arange(10), 50)
    differing = _interval(speakers % 2 == 0, speakers, 0)
    alike = _interval(np.arange(500) % 2 == 0, speakers, 0)
    assert differing[0] <= 0.3
    assert differing[1] >= 0.7
    assert alike == (0.5, 0.5)


def test_the_same_seed_gives_the_same_numbers() -> None:
    labels, speakers, utterances = said()
    features = noise(len(labels), 30)
    first, second = (probe(features, probe_design(labels, speakers, utterances)) for _ in "ab")
    assert first == second
    other = probe(features, probe_design(labels, speakers, utterances, seed=1))
    assert other.chance_mean != first.chance_mean


def test_dead_cells_and_dead_layers() -> None:
    labels, speakers, utterances = said(classes=2)
    labels[:60] = "c0"
    design = probe_design(labels, speakers, utterances)
    dead = probe(np.full((len(labels), 5), 0.1, np.float32), design)
    assert dead.accuracy == dead.majority
    alive = np.hstack([one_hot(labels), noise(len(labels), 3)])
    beside = np.hstack([alive, np.full((len(labels), 5), 0.1, np.float32)])
    assert probe(beside, design) == probe(alive, design)


def test_without_shuffles_chance_is_not_known() -> None:
    design = probe_design(*said(), shuffles=0)
    found = probe(noise(240, 3), design)
    assert np.isnan([found.chance_mean, found.chance_p99]).all()


def test_bad_input() -> None:
    labels, speakers, utterances = said()
    with pytest.raises(InputError, match="nothing to tell apart: of 1 classes 1 have 10 events"):
        probe_design(np.full(240, "a"), speakers, utterances)
    with pytest.raises(InputError, match="of 3 classes 0 have 300 events"):
        probe_design(labels, speakers, utterances, folds=150)
    with pytest.raises(InputError, match="of 3 classes 0 have"):
        probe_design(labels, None, np.full(240, "u"))
    design = probe_design(labels, speakers, utterances)
    with pytest.raises(InputError, match=r"shape \(3, 4\), and there are 240 events"):
        probe(np.zeros((3, 4)), design)
    with pytest.raises(InputError, match="not finite"):
        probe(np.full((240, 4), np.nan), design)
