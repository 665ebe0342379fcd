"""What tests of relevance come to, in sentences, and what of the literature held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from naps.report.relevance_content import RelevanceContent, Row, value
from naps.report.relevance_names import method_name
from naps.report.words import and_, decimal, percent

# Orderings are looked at where curves are apart and have not met again.
_AT = 3
_NEAR = 0.05
_RIGHT = 0.99
_GATES = ("lrp_all", "lrp_half", "lrp_prop", "lrp_abs")


@dataclass(frozen=True)
class Claim:
    """What a paper reports, and whether it is so here.

    Attributes
    ----------
    text, source : str
    held : bool
    evidence : str
        The numbers that say so.
    clear : bool
        Whether intervals do not meet.
    """

    text: str
    source: str
    held: bool
    evidence: str
    clear: bool = True

    @property
    def verdict(self) -> str:
        """In words."""
        return ("held" if self.held else "did not hold") + ("" if self.clear else ", not clearly")


def relevance_findings(content: RelevanceContent) -> list[str]:
    """Return sentences for the top of the page."""
    found = []
    for half, verb, best in (("right", "falls", min), ("wrong", "rises", max)):
        last = _last(content, half)
        chance = [row for row in last if row["method"] == "random"]
        methods = [row for row in last if row["method"] != "random"]
        if not methods or not chance:
            continue
        chosen = best(methods, key=lambda row: value(row, "accuracy"))
        found.append(
            f"Of {chosen['sentences']:,} sentences classified {half} at first, accuracy {verb} "
            f"most with {method_name(str(chosen['method']))}: {_share(chosen)} after "
            f"{chosen['deleted']} deleted words, {_share(chance[0])} after as many random ones."
        )
    right = [
        method_name(method)
        for method in content.methods("toy")
        if all(min(_toy(row)) > _RIGHT for row in content.of("toy", method=method))
    ]
    if content.tables["toy"]:
        found.append(
            f"Relevance is the number itself, with a correlation above {_RIGHT} in both toy "
            f"tasks, for {and_(right) or 'no method'}."
        )
    context = [row for row in content.tables["context"] if row["method"] == "lrp_all"]
    if context:
        row = context[0]
        found.append(
            f"Of the positive relevance by LRP {percent(value(row, 'outside'))} lies on words "
            f"that carry no sentiment by themselves; shuffled among the words it would be "
            f"{percent(value(row, 'chance'))}."
        )
    both = [row for row in content.tables["models"] if row["method"] == "lrp_all"]
    if both:
        row = both[0]
        found.append(
            f"Both models give the same class to {percent(content.facts.get('same_class'))} of "
            f"the sentences; the rank correlation of their relevance by LRP is "
            f"{decimal(value(row, 'spearman'), 2)} on average (99 % of chance: below "
            f"{decimal(value(row, 'chance_p99'), 2)})."
        )
    return found


def claims(content: RelevanceContent) -> list[Claim]:
    """Look up what the papers report; what was not tested is left out."""
    found = []
    for half, sign in (("right", 1), ("wrong", -1)):
        rows = {row["method"]: row for row in content.of("deletion", initially=half, deleted=_AT)}
        order = ("lrp_all", "gradient_times_input", "sensitivity")
        if all(method in rows for method in order):
            values = [sign * value(rows[method], "accuracy") for method in order]
            change = "lowers" if half == "right" else "raises"
            found.append(
                Claim(
                    f"Deleting words by LRP {change} the accuracy of sentences classified {half} "
                    f"more than by gradient × input, and that more than by the squared gradient",
                    "Arras et al. 2017",
                    values == sorted(values) and len(set(values)) == len(values),
                    _listed(rows, order),
                    all(_apart(rows[a], rows[b]) for a, b in pairwise(order)),
                )
            )
        if {"sensitivity", "random"} <= rows.keys():
            difference = value(rows["sensitivity"], "accuracy") - value(rows["random"], "accuracy")
            found.append(
                Claim(
                    f"The squared gradient is no better than chance, sentences classified {half}",
                    "Arras et al. 2017",
                    sign * difference > -_NEAR,
                    _listed(rows, ("sensitivity", "random")),
                )
            )
        rest = [m for m in rows if m not in ("lrp_all", "random")]
        if "lrp_all" in rows and rest:
            best = (min if sign > 0 else max)(rest, key=lambda m: value(rows[m], "accuracy"))
            found.append(
                Claim(
                    f"No method beats LRP in deletion, sentences classified {half}",
                    "Arras et al. 2019",
                    sign * value(rows["lrp_all"], "accuracy")
                    <= sign * value(rows[best], "accuracy"),
                    _listed(rows, ("lrp_all", best)),
                    _apart(rows["lrp_all"], rows[best]),
                )
            )
    return found + _toy_claims(content)


def _toy_claims(content: RelevanceContent) -> list[Claim]:
    rows = {(row["method"], row["task"]): _toy(row) for row in content.tables["toy"]}
    tasks = ("addition", "subtraction")
    found = []
    if all((gate, task) in rows for gate in _GATES for task in tasks):
        works = {gate: all(min(rows[gate, task]) > _RIGHT for task in tasks) for gate in _GATES}
        found.append(
            Claim(
                "Of the gate rules only the one where the signal takes all reflects the numbers "
                "of both toy tasks",
                "Arras et al. 2019",
                works["lrp_all"] and sum(works.values()) == 1,
                "addition: "
                + _numbers({method_name(gate): rows[gate, "addition"] for gate in _GATES}),
            )
        )
    plain = ("occlusion", "gradient_times_input")
    if all((method, "subtraction") in rows for method in plain):
        found.append(
            Claim(
                "Occlusion and gradient × input reflect the numbers less well when one is "
                "subtracted",
                "Arras et al. 2019",
                all(min(rows[method, "subtraction"]) < _RIGHT for method in plain),
                _numbers({method_name(m): rows[m, "subtraction"] for m in plain}),
            )
        )
    return found


def _apart(first: Row, second: Row) -> bool:
    """Say whether two intervals do not meet."""
    return value(first, "high") < value(second, "low") or (
        value(second, "high") < value(first, "low")
    )


def _toy(row: Row) -> tuple[float, float]:
    """Return both correlations, the second turned round where its number is subtracted."""
    sign = -1 if row["task"] == "subtraction" else 1
    return value(row, "first"), sign * value(row, "second")


def _numbers(pairs: dict[str, tuple[float, float]]) -> str:
    return "; ".join(f"{name} {decimal(a)}, {decimal(b)}" for name, (a, b) in pairs.items())


def _last(content: RelevanceContent, half: str) -> list[Row]:
    rows = content.of("deletion", initially=half)
    most = max((int(row["deleted"]) for row in rows), default=0)
    return [row for row in rows if row["deleted"] == most]


def _share(row: Row) -> str:
    low, high = percent(value(row, "low")), percent(value(row, "high"))
    return f"{percent(value(row, 'accuracy'))} ({low} to {high})"


def _listed(rows: dict[object, Row], methods: Sequence[str]) -> str:
    return "; ".join(f"{method_name(method)} {_share(rows[method])}" for method in methods)
