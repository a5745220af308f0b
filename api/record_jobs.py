"""What the main process does with the records beside serving them: deliver messages, and note heads of the audit."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from forewarn.core.errors import ForewarnError

if TYPE_CHECKING:
    from forewarn.api.settings import Settings
    from forewarn.api.state import Plantroom
    from forewarn.maintenance.delivery import Delivery
    from forewarn.maintenance.records import Records

log = structlog.get_logger(__name__)

HOUR_S = 3600.0


def webhook_delivery(settings: Settings, records: Records) -> Delivery | None:
    """The delivery to the webhook of the settings, where one is named. Raises Rejected for a bad address or secret."""
    from forewarn.maintenance.connector_webhook import Webhook
    from forewarn.maintenance.delivery import Delivery, Patience

    told = settings.webhook
    if not told.url:
        return None
    connector = Webhook(told.url, told.key(), told.timeout_s)
    patience = Patience(told.attempts, told.longest_pause_s)
    return Delivery(records, "webhook", connector, patience, say=lambda text: log.warning("webhook", told=text))


class RecordJobs:
    """Threads over the records; `start` and `stop` them with the process."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self._records = records
        self._key = settings.audit_key
        self._heads, self._every_s = settings.audit_heads, settings.audit.heads_every_h * HOUR_S
        self._delivery = webhook_delivery(settings, records)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-heads", daemon=True)

    def give(self, room: Plantroom) -> None:
        """Let the API see the outbox."""
        from forewarn.maintenance.outbox_desk import OutboxDesk

        room.outbox = OutboxDesk(self._records, self._delivery.begin if self._delivery is not None else None)

    def start(self) -> None:
        """Work from now on."""
        if self._delivery is not None:
            self._delivery.start()
        if self._every_s:
            self._thread.start()

    def stop(self) -> None:
        """End; the newest head is noted once more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)
        if self._delivery is not None:
            self._delivery.stop()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._note()
        self._note()

    def _note(self) -> None:
        from forewarn.api.audit_key import head_key
        from forewarn.maintenance.audit_heads import export_head

        key = None
        try:
            key = head_key(self._key)
        except (ForewarnError, OSError) as error:
            log.error("audit_head_not_signed", told=str(error))
        try:
            export_head(
                self._records,
                self._heads,
                time.time_ns() // 1000,
                lambda text: log.error("audit_head_not_noted", told=text),
                key,
            )
        except ForewarnError as error:
            log.error("audit_head_not_noted", told=str(error))
