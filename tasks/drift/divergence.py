"""Kullback-Leibler with its direction in its name, and Jensen-Shannon, bounded and symmetric."""

from __future__ import annotations

import numpy as np

from tasks.drift.bins import Counts, smoothed


def kl_current_reference(reference: Counts, current: Counts) -> float:
    """Return KL(current || reference) = sum q ln(q / p) over bins, q the current shares; nats.

    >>> kl_current_reference(np.array([5, 5]), np.array([5, 5]))
    0.0
    """
    p, q = smoothed(reference), smoothed(current)
    return max(0.0, float(np.sum(q * np.log(q / p))))


def js(reference: Counts, current: Counts) -> float:
    """Return the Jensen-Shannon divergence of two windows, between 0 and ln 2; nats.

    >>> js(np.array([5, 5]), np.array([5, 5]))
    0.0
    """
    p, q = smoothed(reference), smoothed(current)
    middle = (p + q) / 2.0
    return max(0.0, float(np.sum(p * np.log(p / middle) + q * np.log(q / middle))) / 2.0)
