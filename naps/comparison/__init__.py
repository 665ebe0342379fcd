"""Two runs compared: the same model and other speech, other models and the same speech."""

from naps.comparison.agreement import Agreement, LetterAgreement, Share
from naps.comparison.cka import CKASums, LayerAlignment
from naps.comparison.comparison import Comparison
from naps.comparison.correlation import Correlation
from naps.comparison.estimate import Estimate
from naps.comparison.hsic import HSICSums
from naps.comparison.options import CASES, Case, ComparisonOptions
from naps.comparison.profiles import LayerComparison, ProfileComparison, compare_profiles
from naps.comparison.rsa import DistanceAgreement, compare_distances
from naps.comparison.shared import SharedGroups, shared_groups
from naps.comparison.statement import CLAIM, Statement
from naps.comparison.tanglegram import Entanglement, Tanglegram, entanglement, tanglegram
from naps.comparison.together import HeardTogether, hear_together
from naps.comparison.units import GroupAgreement, UnitAgreement, compare_units

__all__ = [
    "CASES",
    "CLAIM",
    "Agreement",
    "CKASums",
    "Case",
    "Comparison",
    "ComparisonOptions",
    "Correlation",
    "DistanceAgreement",
    "Entanglement",
    "Estimate",
    "GroupAgreement",
    "HSICSums",
    "HeardTogether",
    "LayerAlignment",
    "LayerComparison",
    "LetterAgreement",
    "ProfileComparison",
    "Share",
    "SharedGroups",
    "Statement",
    "Tanglegram",
    "UnitAgreement",
    "compare_distances",
    "compare_profiles",
    "compare_units",
    "entanglement",
    "hear_together",
    "shared_groups",
    "tanglegram",
]
