"""naps' whole job and plain forward passes over the same utterances, in turns.

naps gets sounds and events and leaves a profile file. Its progress callback hears a plain forward
pass of every utterance right after naps was done with it, so that both meet the same load of the
machine, and the ratio of the two is that of neighbours.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.whole_job import LAYERS, Job, listen
from naps.corpus.utterance import Utterance
from naps.profiles import Kind, ProfileOptions, profile_events, save_profiles

OURS: dict[str, Kind] = {"naps, gradient-adjusted": "grad", "naps, plain means": "nap"}
# In each of the blocks that a corpus is cut into: all but the first and the last are counted.
IN_A_BLOCK = 4


@dataclass
class Paired:
    """Shows naps the utterances, and hears each of them plainly when naps asks for the next.

    Attributes
    ----------
    ours, listening, network : list of float
        Seconds for each utterance: of naps, until it asked for the next; of reading and the
        spectrogram; of the plain forward pass.
    """

    job: Job
    ours: list[float] = field(default_factory=list)
    listening: list[float] = field(default_factory=list)
    network: list[float] = field(default_factory=list)

    def __call__(self, utterances: Iterable[Utterance]) -> Iterator[Utterance]:
        for utterance in utterances:
            began = time.perf_counter()
            yield utterance
            done = time.perf_counter()
            spectrogram = listen(self.job, utterance.audio)
            heard = time.perf_counter()
            with torch.inference_mode():
                self.job.network(spectrogram[None])
            self.ours.append(done - began)
            self.listening.append(heard - done)
            self.network.append(time.perf_counter() - heard)

    @property
    def aside(self) -> float:
        """Seconds that the plain passes took from the whole."""
        return sum(self.listening) + sum(self.network)


def blocks_of(job: Job) -> int:
    return max(1, min(ProfileOptions().blocks, len(job.utterances) // IN_A_BLOCK))


def run_naps(job: Job, kind: Kind, file: Path) -> tuple[float, Paired]:
    """Do the whole job with naps, and give the seconds it took, plain passes left out."""
    paired = Paired(job)
    options = ProfileOptions(layers=LAYERS, edges="keep", blocks=blocks_of(job))
    began = time.perf_counter()
    found = profile_events(
        job.model, job.utterances, job.events,
        groups=("group",), kinds=(kind,), options=options, progress=paired,
    )  # fmt: skip
    save_profiles(file, found.profiles["group", kind])
    seconds = time.perf_counter() - began - paired.aside
    if found.events != len(job.events):
        raise AssertionError("naps left events out")
    return seconds, paired


def paired_figures(job: Job, kind: Kind, file: Path) -> dict[str, float]:
    """Give the seconds of an utterance, of everything, of what is fixed, and ratios of pairs."""
    whole, paired = run_naps(job, kind, file)
    count = len(paired.ours)
    size = count // blocks_of(job)
    # The first utterance of a block finds its sums untouched, the last waits till they are kept.
    inside = [i for i in range(count) if 0 < i % size < size - 1] if size > 2 else range(count)
    plain = [a + b for a, b in zip(paired.listening, paired.network, strict=True)]
    utterance = statistics.median(paired.ours[i] for i in inside)
    return {
        "utterance": utterance,
        "whole": whole,
        "fixed": whole - count * utterance,
        "ratio": statistics.median(paired.ours[i] / plain[i] for i in inside),
        "of_network": statistics.median(paired.ours[i] / paired.network[i] for i in inside),
        "network": statistics.median(paired.network),
        "plain": statistics.median(plain),
    }
