"""The report of a run: its pages, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from naps.files import write_text
from naps.report import index_page
from naps.report.confusions import confusion_elements
from naps.report.data import DataFolder
from naps.report.element import render
from naps.report.findings import findings
from naps.report.folder import RunContent, read_run
from naps.report.labels import label_elements
from naps.report.layer_page import Section, layer_facts, layer_sections
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


def report(run: Path) -> Path:
    """Write ``report/`` into a run folder: index.html, a page a layer, and their numbers.

    Made from the files of the folder alone; what is not there is left out or said to be not
    recorded. The pages need no network and no other file to be looked at.

    Parameters
    ----------
    run : Path
        The folder of a run.

    Returns
    -------
    Path
        The index page.

    Raises
    ------
    InputError
        If the folder is no run, or one of its files is broken.
    """
    content = read_run(run)
    folder = run / "report"
    data = DataFolder(folder / "data")
    title = _title(content)
    pages: list[Page] = []
    sections: list[list[Section]] = []
    taken = {"index"}
    for layer in content.layers:
        made = layer_sections(content, layer.name, data)
        if made:
            sections.append(made)
            pages.append(Page(layer.name, _unused(layer.name, taken)))
    known = {layer.name: layer for layer in content.layers}
    for place, (page, made) in enumerate(zip(pages, sections, strict=True)):
        html = render(
            "layer.html",
            version=_version(content),
            title=f"{page.name} · {title}",
            heading=f"Layer {page.name}",
            facts=layer_facts(known[page.name], content.frame_ms),
            sections=made,
            previous=pages[place - 1] if place else None,
            next=pages[place + 1] if place + 1 < len(pages) else None,
        )
        write_text(folder / page.file, html)
    index = folder / "index.html"
    # The index last: who can open it can follow its links.
    write_text(index, _index(content, title, pages, data))
    return index


def _index(content: RunContent, title: str, pages: list[Page], data: DataFolder) -> str:
    found = findings(content)
    cards, stages = index_page.provenance(content, data)
    sections = [
        {"title": KIND_NAMES.get(kind, kind), "elements": elements}
        for kind in content.kinds
        if (elements := index_page.curve_elements(content, kind, data))
    ]
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
        findings=[entry.sentence for entry in found] or ["This run has no results yet."],
        findings_data=data.json("findings", [vars(entry) for entry in found]),
        curves=sections,
        layers=index_page.layer_table(content, {p.name: p.file for p in pages}, data),
        recognizer=index_page.recognizer(content, data),
        corpus=index_page.corpus(content, data),
        errors=[index_page.error_table(content, data), *confusion_elements(content, data)],
        counts=index_page.count_elements(content, data),
        labels=label_elements(content, data),
        event_tables=index_page.event_tables(content, data),
        drops=index_page.drop_table(content, data),
        provenance=cards,
        stages=stages,
        recipe=content.recipe,
        recipe_data=recipe_link,
        references=REFERENCES,
    )


def _title(content: RunContent) -> str:
    model = content.info.get("model")
    name = model.get("name") if isinstance(model, Mapping) else None
    recipe = None
    if content.recipe is not None:
        try:
            loaded = yaml.safe_load(content.recipe)
        except yaml.YAMLError:
            loaded = None
        recipe = loaded.get("name") if isinstance(loaded, dict) else None
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
