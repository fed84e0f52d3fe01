"""Keep what the monitor saw: a page in the Prefect UI, a row in the store."""

from __future__ import annotations

from datetime import datetime

from blocks.platform import Platform
from tasks.monitoring import Watched, page
from tasks.showing import key, leave_page
from tasks.step import step


@step("report")
def report(
    platform: Platform, model: str, seen: Watched | None, opened: list[dict[str, object]], now: datetime
) -> dict[str, object]:
    """Leave the page of this look and keep its report; return the alerts that are new and all that was found."""
    if seen is None:
        return {"version": None, "findings": [], "opened": []}
    leave_page(key("monitor", model), page(model, seen))
    found = [{"type": one.type.value, "subject": one.subject, "says": one.says} for one in seen.findings]
    body = {"version": seen.version, "rows": seen.rows, "quality": seen.quality, "findings": found}
    drift = seen.drift.to_dict() if seen.drift is not None else None
    platform.store.save_report({"model": model, "kind": "monitor", "at": now, **body, "drift": drift})
    return {**body, "opened": opened}
