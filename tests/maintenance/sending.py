"""Program for test_delivery: delivers the outbox of the records until it is killed."""

from __future__ import annotations

from forewarn.maintenance.connector_webhook import Webhook
from forewarn.maintenance.delivery import Delivery, Patience
from forewarn.maintenance.records import open_records
from tests.maintenance.samples import SECRET


def main(url: str, address: str) -> None:
    """One pass after the other, without a pause."""
    delivery = Delivery(open_records(url), "webhook", Webhook(address, SECRET), Patience(longest_s=0.01))
    while True:
        delivery.pass_once()
