from naps.plots import svg, training_curves, transfer_curve

ROWS = [
    {"step": 10, "train_loss": 3.0},
    {"step": 20, "train_loss": 2.0, "a_cer": 0.5, "a_wer": 0.9, "dev_cer": 0.5},
    {"step": 30, "train_loss": 1.5},
    {"step": 40, "train_loss": 1.0, "a_cer": 0.6, "a_wer": 0.8, "dev_cer": 0.6},
]


def test_loss_at_every_row_and_errors_where_dev_was_looked_at() -> None:
    loss, errors = training_curves(ROWS, title="mine").axes
    assert loss.lines[0].get_xdata().tolist() == [10, 20, 30, 40]
    assert loss.get_title(loc="left") == "mine"
    letters, words, best = errors.lines
    assert letters.get_ydata().tolist() == [50, 60]
    assert words.get_ydata().tolist() == [90, 80]
    assert list(best.get_xdata()) == [20, 20]


def test_without_dev_there_is_loss_alone() -> None:
    (loss,) = training_curves([ROWS[0]]).axes
    assert loss.lines[0].get_ydata().tolist() == [3.0]
    assert svg(training_curves([ROWS[0]]))


def test_transfer_points_are_in_order_of_layers() -> None:
    figure = transfer_curve({"test": [(8, 0.3), (0, 0.2)]}, {"test": [(8, 0.4)]}, {"test": 0.5})
    taken, fresh, scratch = figure.axes[0].lines
    assert taken.get_xdata().tolist() == [0, 8]
    assert taken.get_ydata().tolist() == [20, 30]
    assert fresh.get_ydata().tolist() == [40]
    assert fresh.get_linestyle() == "None"
    assert list(scratch.get_ydata()) == [50, 50]
    assert "from scratch" in svg(figure)
