"""The page about tests of relevance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from naps.files import write_text
from naps.plots.render import known_formats
from naps.report.element import Element, facts, render, table
from naps.report.relevance_content import RelevanceContent, read_relevance
from naps.report.relevance_findings import claims, relevance_findings
from naps.report.relevance_sections import (
    agreement_elements,
    cascade_elements,
    conservation_elements,
    context_elements,
    deletion_elements,
    model_elements,
    toy_elements,
)
from naps.report.report_folder import ReportFolder, fit
from naps.report.words import listed, percent, shown

RELEVANCE_REFERENCES = (
    "Arras, L., Montavon, G., Müller, K.-R., & Samek, W. (2017). Explaining Recurrent Neural "
    "Network Predictions in Sentiment Analysis. WASSA workshop at EMNLP 2017.",
    "Arras, L., Osman, A., Müller, K.-R., & Samek, W. (2019). Evaluating Recurrent Neural Network "
    "Explanations. BlackboxNLP workshop at ACL 2019.",
    "Socher, R., Perelygin, A., Wu, J., Chuang, J., Manning, C. D., Ng, A., & Potts, C. (2013). "
    "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank. EMNLP 2013.",
    "Adebayo, J., Gilmer, J., Muelly, M., Goodfellow, I., Hardt, M., & Kim, B. (2018). Sanity "
    "Checks for Saliency Maps. NeurIPS 2018.",
)


def relevance_report(run: Path, formats: Sequence[str] = ()) -> Path:
    """Write ``report/index.html`` about the tests of relevance in a run's folder.

    Parameters
    ----------
    run : Path
        Holds ``relevance/`` and ``run.json``.
    formats : sequence of str
        Each figure is also written to ``report/figures`` in these: ``pdf``, ``png``, ``svg``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the results are missing or broken, or there is no such format.
    """
    formats = known_formats(formats)
    content = read_relevance(run)
    out = ReportFolder(run / "report", formats)
    index = out.path / "index.html"
    sections = {
        "Word deletion": deletion_elements(content, out),
        "Toy arithmetic": toy_elements(content, out),
        "Context": context_elements(content, out),
        "Agreement of methods": agreement_elements(content, out),
        "Two models": model_elements(content, out),
        "Randomised weights": cascade_elements(content, out),
        "Conservation": conservation_elements(content, out),
    }
    model = content.facts.get("model") or {}
    html = render(
        "relevance.html",
        version=shown(content.record.get("naps")),
        title=f"Relevance: {shown(model.get('name'))}",
        lead=f"{shown(content.facts.get('long'))} of {shown(content.facts.get('sentences'))} "
        f"sentences, those with enough words; relevance of each word for the true class.",
        facts=facts("The model", _about(model)),
        other=None
        if content.facts.get("other") is None
        else facts("The second model", _about(content.facts["other"])),
        findings=relevance_findings(content),
        claims=_claims(content, out),
        sections=[
            {"title": title, "identity": title.lower().replace(" ", "-"), "elements": fit(made)}
            for title, made in sections.items()
            if made
        ],
        references=RELEVANCE_REFERENCES,
    )
    write_text(index, html)
    return index


def _about(model: Mapping[str, object]) -> dict[str, str]:
    accuracy = model.get("accuracy")
    found = accuracy if isinstance(accuracy, Mapping) else {}
    classes = model.get("classes")
    return {
        "name": shown(model.get("name")),
        "classes": listed(list(classes)) if isinstance(classes, list) else shown(None),
        "right of all classes": percent(found.get("fine")),
        "right side, without neutral ones": percent(found.get("binary")),
        "parameters": shown(model.get("parameters")),
        "unknown words, each once a sentence": shown(model.get("unknown_words")),
        "file": str(model.get("sha256", ""))[:12],
    }


def _claims(content: RelevanceContent, out: ReportFolder) -> Element | None:
    found = claims(content)
    if not found:
        return None
    return table(
        "What papers report",
        ["finding", "from", "here", "numbers here"],
        [[c.text, c.source, c.verdict, c.evidence] for c in found],
        caption="Accuracies are those after three deleted words, with 95 % intervals; where these "
        "meet, another corpus may say otherwise. In the toy task here the number to be subtracted "
        "is marked in a column of its own.",
        data=out.data.json("claims", [vars(claim) for claim in found]),
    )
