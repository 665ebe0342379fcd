from naps.plots import order_over_errors, svg


def row(kind: str, weight: float, error: float, order: float, layout: str = "grid") -> dict:
    return {
        "kind": kind, "weight": weight, "layout": layout, "kernels": order, "profiles": order / 2,
        "a dev cer": error, "b dev cer": error + 0.02, "a test cer": 0.9,
    }  # fmt: skip


ROWS = [
    row("", 0.0, 0.25, -0.01),
    row("", 0.0, 0.25, 0.16, "som"),
    row("", 0.0, 0.25, 0.17, "umap"),
    row("", 0.0, 0.25, 0.07, "pca"),
    row("sheet", 10.0, 0.35, 0.5),
    row("sheet", 1.0, 0.30, 0.2),
]


def test_order_is_drawn_over_the_mean_dev_error_by_weight() -> None:
    figure = order_over_errors(ROWS)
    kernels, profiles = figure.axes
    alone, sheet, pca, som, _ = kernels.lines
    assert alone.get_xdata().tolist() == [26.0]
    assert [round(x, 6) for x in sheet.get_xdata()] == [31.0, 36.0]
    assert list(sheet.get_ydata()) == [0.2, 0.5]
    assert list(profiles.lines[1].get_ydata()) == [0.1, 0.25]
    assert list(som.get_ydata()) == [0.16, 0.16]
    assert list(pca.get_ydata()) == [0.07, 0.07]
    drawn = svg(figure)
    assert "som, umap afterwards" in drawn
    assert ">pca afterwards" in drawn
    assert "mean dev CER (%)" in drawn


def test_without_dev_it_is_the_mean_of_what_there_is() -> None:
    rows = [{k: v for k, v in found.items() if "dev" not in k} for found in ROWS]
    axes = order_over_errors(rows).axes[0]
    assert axes.get_xlabel() == "mean CER (%)"
    assert axes.lines[0].get_xdata().tolist() == [90.0]


def test_what_could_not_be_measured_is_not_drawn() -> None:
    silent = row("groups", 0.1, 1.0, 0.0) | {"kernels": None, "profiles": None}
    kernels, _ = order_over_errors([*ROWS, silent]).axes
    whole, _ = order_over_errors(ROWS).axes
    assert [list(line.get_ydata()) for line in kernels.lines] == [
        list(line.get_ydata()) for line in whole.lines
    ]
    alone, _ = order_over_errors([silent]).axes
    assert not alone.lines
