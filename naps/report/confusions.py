"""What letters and words were taken for."""

from __future__ import annotations

from naps.report.data import DataFolder
from naps.report.element import Element, table
from naps.report.folder import RunContent
from naps.report.words import percent, shown

_ROWS = 15


def confusion_elements(run: RunContent, data: DataFolder) -> list[Element]:
    """Make a table of the commonest mistakes, of letters and of words; nothing without texts."""
    found = run.confusions
    if found.empty:
        return []
    numbers = data.table("confusions", list(found.columns), found.values.tolist())
    elements = []
    for of in ("letters", "words"):
        part = found[found["of"] == of].head(_ROWS)
        if part.empty:
            continue
        rows = [
            [_name(said), _name(heard), shown(int(count)), percent(share)]
            for said, heard, count, share in part[["said", "heard", "count", "share"]].to_numpy()
        ]
        elements.append(
            table(
                f"What {of} were taken for",
                ["said", "heard", "times", "of all times said"],
                rows,
                numeric=range(2, 4),
                caption=f"The {len(rows)} commonest of {len(found[found['of'] == of]):,} kinds of "
                f"mistakes on a shortest way from what was said to what was heard. Where nothing "
                f"was said, the share is of all {of} that were.",
                data=numbers,
            )
        )
    return elements


def _name(text: object) -> str:
    return {"": "nothing", " ": "space"}.get(str(text), str(text))
