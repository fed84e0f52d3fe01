"""What Prometheus sees; children of labels are kept, so that counting costs a dictionary and an addition."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PREFIX = "gamenight_gateway_"


@dataclass(slots=True)
class Metrics:
    """Every figure of one gateway process."""

    model: str
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    shadow: Counter = field(init=False)
    shadow_dropped: Counter = field(init=False)
    unlogged: Counter = field(init=False)
    breaker_changes: Counter = field(init=False)
    spool_bytes: Gauge = field(init=False)
    shipped: Gauge = field(init=False)
    ready: Gauge = field(init=False)
    _answered: dict[tuple[str, str, int], Counter] = field(default_factory=dict)
    _timed: dict[tuple[str, str], Histogram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Declare the series."""
        arm, own = ["model", "version", "role"], {"registry": self.registry}
        self.requests = Counter(f"{PREFIX}requests", "Scoring requests answered.", [*arm, "status"], **own)
        self.seconds = Histogram(f"{PREFIX}request_seconds", "Time to an answer.", arm, buckets=SECONDS, **own)
        self.shadow = Counter(f"{PREFIX}shadow_scores", "Requests scored in shadow.", ["version", "failed"], **own)
        self.shadow_dropped = Counter(f"{PREFIX}shadow_dropped", "Shadow scores that found the queue full.", **own)
        self.unlogged = Counter(f"{PREFIX}unlogged_predictions", "Journal entries that were not kept.", **own)
        self.breaker_changes = Counter(f"{PREFIX}breaker_changes", "Moves of a breaker.", ["version", "state"], **own)
        self.spool_bytes = Gauge(f"{PREFIX}spool_bytes", "Journal bytes that wait to be shipped.", **own)
        self.shipped = Gauge(f"{PREFIX}journal_rows_shipped", "Journal rows given to the store.", **own)
        self.ready = Gauge(f"{PREFIX}ready", "1 while the gateway is ready.", **own)

    def answered(self, version: str, role: str, status: int, seconds: float | None = None) -> None:
        """Count one answer of an arm."""
        child = self._answered.get((version, role, status))
        if child is None:
            child = self.requests.labels(self.model, version, role, str(status))
            self._answered[version, role, status] = child
        child.inc()
        if seconds is None:
            return
        timed = self._timed.get((version, role))
        if timed is None:
            timed = self._timed[version, role] = self.seconds.labels(self.model, version, role)
        timed.observe(seconds)

    def exposition(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        return bytes(generate_latest(self.registry))
