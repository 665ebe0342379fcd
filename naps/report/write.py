"""The report of a run: its pages, written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from naps.files import write_text
from naps.plots.render import known_formats
from naps.report import index_page
from naps.report.confusions import confusion_elements
from naps.report.element import Element, render
from naps.report.filters import MAP_REFERENCES
from naps.report.findings import findings, split_findings
from naps.report.folder import RunContent, read_run
from naps.report.labels import label_elements
from naps.report.layer_curves import (
    cascade_elements,
    curve_elements,
    headline_element,
    probe_elements,
)
from naps.report.layer_maps import map_sections
from naps.report.layer_page import Section, layer_facts, layer_sections
from naps.report.listen import listen_elements
from naps.report.map_table import map_table
from naps.report.maps_file import RunMaps, read_maps
from naps.report.report_folder import ReportFolder, fit
from naps.report.words import KIND_NAMES, file_name, plural, shown

REFERENCES = (
    "Krug, A., Knaebel, R., & Stober, S. (2018). Neuron Activation Profiles for Interpreting "
    "Convolutional Speech Recognition Models. IRASL workshop at NeurIPS 2018.",
    "Krug, A., & Stober, S. (2020). Gradient-Adjusted Neuron Activation Profiles for "
    "Comprehensive Introspection of Convolutional Speech Recognition Models. arXiv:2002.08125.",
    "Krug, A., Ebrahimzadeh, M., Alemann, J., Johannsmeier, J., & Stober, S. (2021). Analyzing "
    "and Visualizing Deep Neural Networks for Speech Recognition with Saliency-Adjusted Neuron "
    "Activation Profiles. Electronics, 10(11), 1350.",
)


@dataclass(frozen=True)
class Page:
    """Where a layer's page is."""

    name: str
    file: str


def report(run: Path, formats: Sequence[str] = (), *, audio_limit: int = 3_000_000) -> Path:
    """Write ``report/`` into a run folder: index.html, a page a layer, and their numbers.

    Made from the files of the folder alone, and from the recordings, if they are still where the
    recipe says; what is not there is left out or said to be not recorded. The pages need no network
    and, but for the clips of recordings, no other file to be looked at. Each is below 3 MB.

    Parameters
    ----------
    run : Path
        The folder of a run.
    formats : sequence of str
        Each figure is also written to ``report/figures`` in these: ``pdf``, ``png``, ``svg``.
    audio_limit : int
        Most bytes of clips of recordings in ``report/audio``; 0 for none.

    Returns
    -------
    Path
        The index page.

    Raises
    ------
    InputError
        If the folder is no run, one of its files is broken, or there is no such format.
    """
    formats = known_formats(formats)
    content, maps = read_run(run), read_maps(run / "maps")
    out = ReportFolder(run / "report", formats)
    title = _title(content)
    pages: list[Page] = []
    sections: list[list[Section]] = []
    taken = {"index"}
    for layer in content.layers:
        made = layer_sections(content, layer.name, out)
        if made:
            sections.append(made)
            pages.append(Page(layer.name, _unused(layer.name, taken)))
    drawn = {} if maps is None else {name: _unused(f"{name}-maps", taken) for name in maps.layers}
    known = {layer.name: layer for layer in content.layers}
    for place, (page, made) in enumerate(zip(pages, sections, strict=True)):
        html = render(
            "layer.html",
            version=_version(content),
            title=f"{page.name} · {title}",
            heading=f"Layer {page.name}",
            facts=layer_facts(known[page.name], content.frame_ms),
            sections=made,
            maps=drawn.get(page.name),
            previous=pages[place - 1] if place else None,
            next=pages[place + 1] if place + 1 < len(pages) else None,
        )
        write_text(out.path / page.file, html)
    if maps is not None:
        _map_pages(content, maps, {p.name: p.file for p in pages}, drawn, out)
    index = out.path / "index.html"
    # The index last: who can open it can follow its links.
    write_text(index, _index(content, title, pages, out, audio_limit, map_table(maps, drawn, out)))
    return index


def _map_pages(
    content: RunContent,
    maps: RunMaps,
    pages: Mapping[str, str],
    drawn: Mapping[str, str],
    out: ReportFolder,
) -> None:
    names = list(drawn)
    for place, name in enumerate(names):
        links = [("All layers", "index.html")]
        if name in pages:
            links.append((f"Layer {name}", pages[name]))
        if place:
            links.append((f"← Maps of {names[place - 1]}", drawn[names[place - 1]]))
        if place + 1 < len(names):
            links.append((f"Maps of {names[place + 1]} →", drawn[names[place + 1]]))
        html = render(
            "maps.html",
            version=_version(content),
            title=f"Maps of {name} · {_title(content)}",
            heading=f"Maps of {name}",
            lead="Units of the layer as seen from above: those that do the same are neighbours.",
            links=links,
            sections=map_sections(content, maps, name, out),
            references=MAP_REFERENCES,
        )
        write_text(out.path / drawn[name], html)


def _index(
    content: RunContent,
    title: str,
    pages: list[Page],
    out: ReportFolder,
    audio_limit: int,
    maps: Element | None,
) -> str:
    found = findings(content)
    top, more = split_findings(found)
    data = out.data
    cards, stages = index_page.provenance(content, data)
    index_page.statistics_data(content, data)
    recipe_link = ""
    if content.recipe is not None:
        write_text(data.path / "recipe.yaml", content.recipe)
        recipe_link = "data/recipe.yaml"
    return render(
        "index.html",
        version=_version(content),
        title=title,
        lead=f"Run of {shown(content.info.get('started'))}, "
        f"{len(content.layers)} layers, profiles of "
        f"{' and '.join(map(plural, content.groups)) or 'nothing yet'}.",
        pages=pages,
        findings=[entry.sentence for entry in top] or ["This run has no results yet."],
        more_findings=[entry.sentence for entry in more],
        findings_data=data.json("findings", [vars(entry) for entry in found]),
        **_figures(content, out),
        layers=index_page.layer_table(content, {p.name: p.file for p in pages}, data),
        maps=maps,
        recognizer=index_page.recognizer(content, data),
        corpus=index_page.corpus(content, data),
        errors=[index_page.error_table(content, data), *confusion_elements(content, data)],
        listen=listen_elements(content, out.path / "audio", audio_limit),
        event_tables=index_page.event_tables(content, data),
        drops=index_page.drop_table(content, data),
        provenance=cards,
        stages=stages,
        recipe=content.recipe,
        recipe_data=recipe_link,
        references=REFERENCES,
    )


def _figures(content: RunContent, out: ReportFolder) -> dict[str, object]:
    """Draw what the index shows, together no larger than a page may be."""
    headline = headline_element(content, out)
    parts: dict[str, list[Element]] = {
        "headline": [] if headline is None else [headline],
        "cascades": cascade_elements(content, out),
        "probes": probe_elements(content, out),
        "counts": index_page.count_elements(content, out),
        "labels": label_elements(content, out),
    }
    kinds = {f"curves {kind}": curve_elements(content, kind, out) for kind in content.kinds}
    everything = parts | kinds
    made = iter(fit([element for elements in everything.values() for element in elements]))
    fitted = {name: [next(made) for _ in elements] for name, elements in everything.items()}
    curves = [
        {"title": KIND_NAMES.get(kind, kind), "elements": fitted[f"curves {kind}"]}
        for kind in content.kinds
        if fitted[f"curves {kind}"]
    ]
    return {name: fitted[name] for name in parts} | {"curves": curves}


def _title(content: RunContent) -> str:
    model = content.info.get("model")
    name = model.get("name") if isinstance(model, Mapping) else None
    recipe = content.settings.get("name")
    return f"Neuron activation profiles: {recipe or name or content.path.resolve().name}"


def _version(content: RunContent) -> str:
    return shown(content.info.get("naps"))


def _unused(layer: str, taken: set[str]) -> str:
    name = base = file_name(layer)
    number = 2
    # Case too: on some file systems A.html and a.html are one file.
    while name.lower() in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name.lower())
    return f"{name}.html"
