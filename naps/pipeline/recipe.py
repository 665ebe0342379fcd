"""The recipe of a run: everything that it depends on, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from naps.errors import InputError
from naps.profiles.erp import BaselineMode
from naps.profiles.options import (
    Align,
    Average,
    Edges,
    Gradients,
    Hook,
    Kind,
    MaskKind,
    Precision,
    Saliency,
    Target,
    View,
)
from naps.profiles.time_reduction import Reduction
from naps.topography.activation_map import Mode
from naps.topography.layouts import check_method


class Strict(BaseModel):
    """A frozen model that refuses unknown keys, so that a misspelt one is found at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class CorpusConfig(Strict):
    """What to listen to.

    Attributes
    ----------
    path : Path or None
        Folder of the corpus.
    layout : str
        ``embedded`` is the corpus that comes with the package, ``manifest`` a folder with
        ``manifest.jsonl``; any other is a layout of ``naps list corpora``, read where the folder
        has no manifest yet.
    splits : sequence of str or None
        Keep these; all for None.
    language : str or None
        Keep utterances of this language.
    limit : int or None
        Keep so many utterances, the first ones.
    """

    path: Path | None = None
    layout: str = "manifest"
    splits: tuple[str, ...] | None = None
    language: str | None = None
    limit: int | None = Field(None, ge=1)


class EventsConfig(Strict):
    """What counts as an event; see `naps.events.EventOptions`.

    Attributes
    ----------
    language_model : Path or None
        Words in the ARPA format, plain or gzipped, to lead the beam.
    alignments : Path or None
        Phone times that the recognizer did not make: a JSON Lines, CTM or a folder of TextGrid,
        TIMIT or EmoDB files. Mode ``given`` makes events of them, the others are measured
        against them. Without it the tiers of the manifest serve.
    delay_ms : float or None
        By how much letters are predicted late; None takes the recognizer's own.
    tolerance_ms : float
        How far an event may lie from an interval of its phone to agree with it.
    language : str or None
        Of the speech, which decides how words are said and phone times are read; None takes the
        one that all utterances of the manifest name, or else the recognizer's.
    export : tuple of str
        Also write the events as tiers: ``textgrid``, ``ctm``, ``csv``, ``parquet``.
    """

    mode: Literal["predicted", "reference", "given"] = "predicted"
    beam: int = Field(1, ge=1, le=1000)
    language_model: Path | None = None
    language_weight: float = Field(0.5, ge=0.0)
    word_bonus: float = 1.0
    phonemes: Literal["said", "predicted"] = "said"
    inserted: Literal["drop", "attach"] = "drop"
    alignments: Path | None = None
    tier: str | None = None
    notation: Literal["arpabet", "ipa", "xsampa", "emodb", "espeak", "wikipron"] | None = None
    anchor: Literal["centre", "start", "peak"] = "centre"
    language: str | None = None
    delay_ms: float | None = None
    tolerance_ms: float = Field(40.0, ge=0.0)
    export: tuple[Literal["textgrid", "ctm", "csv", "parquet"], ...] = ()


# Files are named by them: no path may be hidden in one.
_Column = Annotated[str, Field(pattern=r"^\w[\w .-]*$")]


class ProfilesConfig(Strict):
    """Which profiles to make; see `naps.profiles.ProfileOptions`.

    Attributes
    ----------
    groups : tuple of str
        ``letter``, ``phoneme`` or any other column of the events; ``_binary`` behind its name
        parts what the recognizer got right from what it got wrong, ``_confusion`` by what it
        wrote.
    kinds : tuple of str
        See `naps.profiles.kinds`.
    differences : tuple of str
        ``FIRST-SECOND``: one group minus another, with standard errors.
    exemplars : int
        Name so many events of each group, to listen to.
    """

    groups: tuple[_Column, ...] = ("letter", "phoneme")
    kinds: tuple[Kind, ...] = ("grad", "nap")
    layers: tuple[str, ...] | None = None
    view: View | None = None
    lags_ms: tuple[float, float] | None = None
    hook: Hook = "post"
    target: Target = "predicted"
    gradients: Gradients = "event"
    saliency: Saliency = "grad_act"
    align: Align = "layer"
    mask: MaskKind = "soft"
    quantile: float = Field(0.5, gt=0.0, lt=1.0)
    average: Average = "masked"
    reduction: Reduction = "mean_t"
    baseline: BaselineMode | None = "mean"
    baseline_ms: tuple[float | None, float | None] = (None, -200.0)
    edges: Edges = "drop"
    precision: Precision = "float32"
    batch: int | None = Field(None, ge=1)
    memory_mib: float = Field(2048.0, gt=0)
    blocks: int = Field(16, ge=1, le=1000)
    differences: tuple[str, ...] = ()
    exemplars: int = Field(5, ge=0, le=1000)

    @field_validator("lags_ms")
    @classmethod
    def _in_order(cls, lags: tuple[float, float] | None) -> tuple[float, float] | None:
        if lags is not None and not lags[0] < lags[1]:
            raise ValueError(f"{lags[0]:g} is not below {lags[1]:g}")
        return lags


_Word = Annotated[str, Field(pattern=r"^[\w.+-]+$")]


class SlurmConfig(Strict):
    """Jobs to ask SLURM for; see `naps.pipeline.slurm`.

    Attributes
    ----------
    jobs : int
        So many, each with one worker.
    cores, gpus : int
        Of each job.
    memory, walltime : str
        Of each job, such as ``8GB`` and ``02:00:00``.
    queue, account : str or None
        Partition and account.
    """

    jobs: int = Field(8, ge=1)
    cores: int = Field(1, ge=1)
    gpus: int = Field(0, ge=0)
    memory: Annotated[str, Field(pattern=r"^\d+ ?[KMGT]i?B$")] = "8GB"
    walltime: Annotated[str, Field(pattern=r"^[\d:-]+$")] = "02:00:00"
    queue: _Word | None = None
    account: _Word | None = None


class ExecutionConfig(Strict):
    """Who works on the profiles; the results are the same.

    Attributes
    ----------
    workers : int
        Processes on this machine; 0 is the process that was started.
    scheduler : str or None
        Of a running Dask cluster, such as ``tcp://10.0.0.1:8786``.
    slurm : SlurmConfig or None
        Jobs to start for the run.
    """

    workers: int = Field(0, ge=0)
    scheduler: str | None = None
    slurm: SlurmConfig | None = None


class ClustersConfig(Strict):
    """How profiles are compared and clustered; see `naps.similarity`.

    Attributes
    ----------
    crossvalidated : bool
        Whether distances are without the noise in the means.
    replicates : int
        Corpora to draw for the support of branches.
    """

    metric: Literal["cosine", "correlation", "euclidean"] = "cosine"
    linkage: Literal["average", "complete", "ward"] = "average"
    contrast: Literal["equal", "count", "none"] = "equal"
    crossvalidated: bool = False
    min_count: int = Field(10, ge=1)
    permutations: int = Field(10_000, ge=0)
    replicates: int = Field(1000, ge=0)
    seed: int = 0


class ControlsConfig(Strict):
    """What the same analysis gives where there is nothing to find; see `naps.pipeline.controls`.

    Attributes
    ----------
    shuffled_labels : bool
        The network as it is, the labels shuffled among the events.
    random_weights : bool
        The network as it was before training.
    cascade : bool
        The network random from every layer up, one after another from the top.
    """

    shuffled_labels: bool = False
    random_weights: bool = False
    cascade: bool = False
    seed: int = 0


class ProbesConfig(Strict):
    """What linear classifiers are to read off every layer; see `naps.pipeline.probing`.

    Attributes
    ----------
    targets : tuple of str
        Columns of the events, or ``manner``, ``place``, ``voicing`` and ``vowel`` of phonemes.
    max_events : int
        So many events at the most are kept in memory.
    folds : int
        Parts that are held out one by one.
    shuffles : int
        How often labels are shuffled for the chance level.
    """

    targets: tuple[_Column, ...] = ()
    max_events: int = Field(4000, ge=10)
    folds: int = Field(5, ge=2)
    shuffles: int = Field(5, ge=0)
    seed: int = 0


class MapsConfig(Strict):
    """How units are laid out in the plane; see `naps.pipeline.mapping`.

    Attributes
    ----------
    layers : tuple of str or "some"
        Whose units, by their profiles; those without profiles have no map. ``some`` takes the
        first, the middle and the last two above the input, whatever the model calls them.
    filters : bool or "auto"
        Also the filters of the first layer, by their weights; ``auto`` where it has any.
    methods : tuple of str
        See `naps.topography.layout`.
    groups : tuple of str or None
        Of profiles, as far as the recipe has them; None takes all.
    kinds : tuple of str or None
        Of profiles; None takes the first of the recipe.
    mode : str
        How maps are painted between units, see `naps.topography.paint`.
    view : str
        What makes two filters alike, see `naps.topography.units_from_kernels`.
    rows, columns : int or None
        Cells of the sheet of filters; by default as few as hold all, in a square.
    lags : bool
        Whether every lag is a feature of a unit; else only its mean over lags is.
    frames : int
        So many lags are painted one by one, where a layer has several.
    repetitions : int
        Seeds of each method for the quality of its maps.
    permutations : int
        Shuffled maps that Moran's I is held against.
    """

    layers: tuple[str, ...] | Literal["some"] = ()
    filters: bool | Literal["auto"] = False
    methods: tuple[str, ...] = Field(("tsne_pso",), min_length=1)
    groups: tuple[_Column, ...] | None = None
    kinds: tuple[Kind, ...] | None = None
    metric: Literal["cosine", "correlation", "euclidean"] = "cosine"
    mode: Mode = "linear"
    view: Literal["kernel", "ripples"] = "ripples"
    rows: int | None = Field(None, ge=1)
    columns: int | None = Field(None, ge=1)
    lags: bool = False
    frames: int = Field(9, ge=0, le=100)
    repetitions: int = Field(5, ge=1)
    permutations: int = Field(10_000, ge=0)
    seed: int = 0

    @field_validator("methods")
    @classmethod
    def _known(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        for method in methods:
            check_method(method)
        return methods


class ProfileRecipe(Strict):
    """An experiment from corpus to report.

    Attributes
    ----------
    lexicon : str or None
        ``cmudict``, which comes with the package, or the path of a dictionary; ``auto`` is
        CMUdict for English and none for German.
    g2p : str or None
        ``auto`` is the model of the recognizer's language that comes with the package; or a path.
        Without lexicon and model there are letters only.
    max_bad_share : float
        Stop when more of the utterances than this cannot be used.
    """

    kind: Literal["profile"] = "profile"
    name: str
    model: str
    corpus: CorpusConfig
    lexicon: str | None = "auto"
    g2p: str | None = "auto"
    events: EventsConfig = EventsConfig()
    profiles: ProfilesConfig = ProfilesConfig()
    clusters: ClustersConfig = ClustersConfig()
    controls: ControlsConfig = ControlsConfig()
    maps: MapsConfig = MapsConfig()
    probes: ProbesConfig = ProbesConfig()
    execution: ExecutionConfig = ExecutionConfig()
    max_bad_share: float = Field(0.05, ge=0.0, le=1.0)


_Section = TypeVar("_Section", bound=Strict)


def section(kind: type[_Section], values: Mapping[str, object]) -> _Section:
    """Check options of a section that were typed one by one.

    Raises
    ------
    InputError
        If one does not exist, whereupon the message lists those there are, or has a wrong value.
    """
    unknown = [name for name in values if name not in kind.model_fields]
    if unknown:
        raise InputError(f"no option {unknown[0]!r}; there are: {', '.join(kind.model_fields)}")
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(problems(error)) from None


def problems(error: ValidationError) -> str:
    """Say in one line what is wrong with values, and where."""
    # What a validator of the whole says comes without a place, and behind "Value error".
    found = [
        (".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, "))
        for e in error.errors()
    ]
    return "; ".join(f"{place}: {text}" if place else text for place, text in found)
