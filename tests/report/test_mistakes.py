from pathlib import Path

import pandas as pd

from naps.pipeline.listening import confusion_table
from naps.report import report
from tests.report.test_report import HOSTILE, MakeRun, read


def test_what_was_taken_for_what_is_shown_and_escaped(make_run: MakeRun) -> None:
    run = make_run({"phoneme": ["AA", "B"]}, layers=["conv9"], kinds=["nap"])
    transcripts = pd.DataFrame(
        {
            "reference": ["the cat", "a cat", None],
            "hypothesis": ["de cat", f"a {HOSTILE}", "whatever"],
        }
    )
    found = confusion_table(transcripts)
    assert set(found["of"]) == {"letters", "words"}
    words = found[found["of"] == "words"].set_index("said")
    assert words.loc["the", ["heard", "count", "share"]].tolist() == ["de", 1, 1.0]
    assert words.loc["cat", ["heard", "count", "share"]].tolist() == [HOSTILE, 1, 0.5]
    found.to_csv(run / "events" / "confusions.csv", index=False)
    report(run)
    page = read(run)
    assert "What letters were taken for" in page.text
    assert "What words were taken for" in page.text
    assert HOSTILE in page.text
    assert "nothing" in page.text
    assert len(page.all("script")) == 1


def test_a_run_without_texts_has_no_such_table(shared_run: Path) -> None:
    assert "were taken for" not in read(shared_run).text
