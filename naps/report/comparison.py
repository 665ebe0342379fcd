"""The report of a comparison: two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from naps.files import write_text
from naps.plots.render import known_formats
from naps.report.comparison_content import ComparisonContent, Likeness
from naps.report.comparison_figures import curve_elements, matrix_elements, tree_element
from naps.report.comparison_file import read_comparison
from naps.report.comparison_findings import (
    VERDICTS,
    comparison_findings,
    share_within,
    side,
    within,
)
from naps.report.comparison_maps import write_map_page
from naps.report.comparison_tables import (
    agreement_tables,
    change_table,
    layer_change_table,
    left_out_table,
    likeness_table,
    provenance_cards,
)
from naps.report.data import DataFolder
from naps.report.element import Element, facts, render
from naps.report.finding import known
from naps.report.report_folder import ReportFolder, fit
from naps.report.words import SHORT_KINDS, file_name, listed, plural, shown
from naps.report.write import REFERENCES, Page

COMPARISON_REFERENCES = (
    *REFERENCES,
    "Kriegeskorte, N., Mur, M., & Bandettini, P. (2008). Representational similarity analysis – "
    "connecting the branches of systems neuroscience. Frontiers in Systems Neuroscience, 2, 4.",
    "Kornblith, S., Norouzi, M., Lee, H., & Hinton, G. (2019). Similarity of neural network "
    "representations revisited. ICML 2019.",
    "Galili, T. (2015). dendextend: an R package for visualizing, adjusting and comparing trees of "
    "hierarchical clustering. Bioinformatics, 31(22), 3718–3720.",
)
# Trees of more than this stand on pages of their own; a page is to stay below 3 MB.
_TREES = 1_500_000


def comparison_report(folder: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``report/`` into the folder of a comparison: index.html and the numbers behind it.

    Made from ``comparison.json`` and its maps alone. With many layers the trees get pages of their
    own, one for each pair of layers.

    Parameters
    ----------
    folder : Path
    formats : sequence of str
        Each figure is also written to ``report/figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        The index page.

    Raises
    ------
    InputError
        If there is no comparison in the folder, its file is broken, or there is no such format.
    """
    formats = known_formats(formats)
    content = read_comparison(folder)
    out = ReportFolder(folder / "report", formats)
    title = f"Comparison: {content.names[0]} and {content.names[1]}"
    trees = {
        pair.name: tree_element(content, pair, out)
        for pair in content.layers
        if pair.trees is not None
    }
    apart = sum(len(element.html) for element in trees.values()) > _TREES
    pages = _layer_pages(content, trees, out, title) if apart else []
    maps = write_map_page(content, title, _version(content), out)
    index = out.path / "index.html"
    shown_trees = [] if apart else list(trees.values())
    # The index last: who can open it can follow its links.
    write_text(index, _index(content, shown_trees, pages, out, title, maps))
    return index


def _layer_pages(
    content: ComparisonContent,
    trees: dict[str, Element],
    out: ReportFolder,
    title: str,
) -> list[Page]:
    pairs = [pair for pair in content.layers if pair.name in trees]
    pages = [Page(p.name, f"layer-{n}-{file_name(p.name)}.html") for n, p in enumerate(pairs, 1)]
    for place, (pair, page) in enumerate(zip(pairs, pages, strict=True)):
        html = render(
            "comparison_layer.html",
            version=_version(content),
            title=f"{page.name} · {title}",
            heading=f"Layer {page.name}",
            tree=fit([trees[pair.name]])[0],
            changes=layer_change_table(content, pair, out.data),
            previous=pages[place - 1] if place else None,
            next=pages[place + 1] if place + 1 < len(pages) else None,
        )
        write_text(out.path / page.file, html)
    return pages


def _index(
    content: ComparisonContent,
    trees: list[Element],
    pages: list[Page],
    out: ReportFolder,
    title: str,
    maps: str,
) -> str:
    found = comparison_findings(content)
    data = out.data
    parts = [curve_elements(content, out), matrix_elements(content, out), trees]
    made = iter(fit([element for part in parts for element in part]))
    curves, matrices, trees = ([next(made) for _ in part] for part in parts)
    kind = SHORT_KINDS.get(content.kind, content.kind)
    return render(
        "comparison.html",
        version=_version(content),
        title=title,
        lead=f"{side(content.a)}, and {side(content.b)}: {kind} profiles of "
        f"{plural(content.group)}.",
        pages=pages,
        maps=maps,
        findings=[entry.sentence for entry in found],
        findings_data=data.json("findings", [vars(entry) for entry in found]),
        statement=_statement(content, data),
        curves=curves,
        layers=likeness_table(content, {page.name: page.file for page in pages}, data),
        matrices=matrices,
        agreement=agreement_tables(content, data),
        trees=trees,
        changes=change_table(content, data),
        left_out=left_out_table(content, data),
        provenance=provenance_cards(content, data),
        references=COMPARISON_REFERENCES,
    )


def _statement(content: ComparisonContent, data: DataFolder) -> dict[str, object] | None:
    """Give the claim, the verdict and the card of numbers behind it."""
    statement = content.statement
    if statement is None:
        return None
    values = {
        "layers": listed(statement.layers, 40),
        "their similarity": within(statement.similarity),
    }
    if statement.predictions.known:
        values["predictions that are the same"] = share_within(statement.predictions)
    if statement.predictions_cka.known:
        values["similarity of the outputs"] = within(statement.predictions_cka)
    if statement.difference.known:
        values["difference"] = within(statement.difference)
    if statement.by:
        values["how it was tested"] = statement.by
    numbers = {
        name: {key: known(number) for key, number in vars(value).items()}
        if isinstance(value, Likeness)
        else value
        for name, value in vars(statement).items()
    }
    card = facts("Statement", values, data.json("statement", numbers))
    return {"claim": statement.claim, "verdict": VERDICTS[statement.holds], "card": card.html}


def _version(content: ComparisonContent) -> str:
    return shown(content.provenance.get("naps"))
