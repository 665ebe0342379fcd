"""From spelling to phones: an encoder–decoder with attention."""

from naps.phonology.g2p.model import G2P, Guess, load_g2p, save_g2p, shipped_g2p
from naps.phonology.g2p.network import G2PNetwork, G2PNetworkConfig, pronunciation_loss
from naps.phonology.g2p.search import beam_search

__all__ = [
    "G2P",
    "G2PNetwork",
    "G2PNetworkConfig",
    "Guess",
    "beam_search",
    "load_g2p",
    "pronunciation_loss",
    "save_g2p",
    "shipped_g2p",
]
