"""Where notices go: a file of JSON lines, a web hook, or both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.errors import Unavailable


class Notifier(Block):
    """Send notices of decisions and alerts, at least once each; receivers drop repeats by the field `key`."""

    _block_type_name = "Gamenight Notifier"
    _block_type_slug = "gamenight-notifier"
    _description = "Receives every decision and alert: a JSON lines file, a web hook, or both."

    file: str = Field("", title="File", description="A file that gets one JSON line a notice; empty for none.")
    webhook: SecretStr | None = Field(None, title="Web hook", description="An address that gets each notice as JSON.")
    timeout_seconds: float = Field(5.0, gt=0, title="Patience", description="Seconds that the web hook may take.")

    def send(self, notice: Mapping[str, object]) -> None:
        """Deliver one notice; raise Unavailable when a receiver did not take it."""
        if self.file:
            self._write(notice)
        if self.webhook is not None:
            self._post(self.webhook.get_secret_value(), notice)

    def _write(self, notice: Mapping[str, object]) -> None:
        path = Path(self.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(notice, sort_keys=True, default=str) + "\n")

    def _post(self, url: str, notice: Mapping[str, object]) -> None:
        import httpx

        try:
            httpx.post(url, json=dict(notice), timeout=self.timeout_seconds).raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The web hook did not take notice {notice.get('key')}: {error}.", "It is sent again."
            ) from error
