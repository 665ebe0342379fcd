import pytest
import torch
from torch import Tensor

from naps.errors import InputError
from naps.profiles.saliency import SALIENCIES, find_saliency, saliency_name

ACTIVATION = torch.tensor([[[2.0, 0.0], [3.0, -1.0]]])
GRADIENT = torch.tensor([[[-1.0, 5.0], [2.0, 4.0]]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grad_act", [[2, 0], [6, 4]]),
        ("grad", [[1, 5], [2, 4]]),
        ("grad_times_act", [[0, 0], [6, 0]]),
        ("act", [[2, 0], [3, 1]]),
    ],
)
def test_by_hand(name: str, expected: list[list[float]]) -> None:
    activation, gradient = ACTIVATION.clone(), GRADIENT.clone()
    assert find_saliency(name)(activation, gradient)[0].tolist() == expected
    assert torch.equal(activation, ACTIVATION)
    assert torch.equal(gradient, GRADIENT)
    assert saliency_name(name) == name


def test_behind_a_relu_grad_act_is_that_of_the_slides() -> None:
    torch.manual_seed(0)
    activation, gradient = torch.rand(3, 5, 4), torch.randn(3, 5, 4)
    found = find_saliency("grad_act")(activation, gradient)
    assert torch.equal(found, gradient.abs() * activation)


def test_all_are_saliencies() -> None:
    torch.manual_seed(0)
    activation, gradient = torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    for function in SALIENCIES.values():
        found = function(activation, gradient)
        assert found.shape == activation.shape
        assert found.min() >= 0


def squared(_: Tensor, gradient: Tensor) -> Tensor:
    return gradient.square()


def test_functions_of_ones_own() -> None:
    assert find_saliency(squared)(ACTIVATION, GRADIENT)[0].tolist() == [[1, 25], [4, 16]]
    assert saliency_name(squared) == "squared"
    wrong = {
        "gives \\(1, 2\\), where \\(1, 2, 2\\)": lambda a, _: a.sum(2),
        "gives float": lambda a, _: 1.0,
        "negative or not finite": lambda a, _: a,
        "negative or not finite.?": lambda a, _: a / 0,
    }
    for message, function in wrong.items():
        with pytest.raises(InputError, match=message):
            find_saliency(function)(ACTIVATION, GRADIENT)
    with pytest.raises(InputError, match="'relevance'; there are: grad_act, grad, grad_times_act"):
        find_saliency("relevance")
