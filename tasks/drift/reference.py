"""The reference that is stored with a version, plain or by phase of the season, and read back as what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.drift.phases import FORMAT, PhasedProfile
from tasks.drift.profile import Profile
from tasks.rollout.refusal import BadInput

Reference = Profile | PhasedProfile
Phases = Sequence[float] | NDArray[np.float64]


def reference_from_dict(stored: Mapping[str, object]) -> Reference:
    """Return the stored reference, whichever of the two `to_dict` wrote it."""
    return PhasedProfile.from_dict(stored) if stored.get("format") == FORMAT else Profile.from_dict(stored)


def for_window(reference: Reference, phases: Phases | None) -> Profile:
    """Return the profile that a window is compared with; a reference by phase has to know the phases of its rows.

    >>> import pandas as pd
    >>> from tasks.drift.profile import profile
    >>> for_window(profile(pd.DataFrame({"x": [1.0, 2.0]})), None).rows
    2
    """
    if isinstance(reference, Profile):
        return reference
    if phases is None:
        raise BadInput(
            "phases", "this reference is by phase of the season; say in which phase each row of the window is"
        )
    return reference.matched(phases)
