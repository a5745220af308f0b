"""A webhook: each message is one POST of JSON to an address of the plant's own, signed.

Headers and signature are those of the Standard Webhooks specification (standardwebhooks.com, 1.0.0), for which
receivers exist in most languages: `webhook-id` is the message's key and the same at every attempt, `webhook-timestamp`
the second of this attempt, `webhook-signature` `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlsplit

import httpx2

from forewarn.core.errors import Rejected
from forewarn.core.work import Json
from forewarn.maintenance.delivery import Outcome
from forewarn.maintenance.outbox import Message

ANSWER_LIMIT = 65_536
LEAST_SECRET = 24
WORTH_ANOTHER_TRY = (408, 409, 425, 429)
"""Refusals that may end by themselves; any other 4xx says that the same words will be refused again."""


def signature(secret: bytes, key: str, timestamp_s: int, body: bytes) -> str:
    """Value of the signature header. The example is the specification's.

    >>> secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    told = f"{key}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, told, hashlib.sha256).digest()).decode()


def secret_bytes(text: str) -> bytes:
    """The key in a secret: `whsec_` and base64, or else its letters as they are. Raises Rejected for less than 24 bytes
    and for what is no base64 behind `whsec_`."""
    try:
        found = base64.b64decode(text.removeprefix("whsec_"), validate=True) if text.startswith("whsec_") else b""
    except ValueError as error:
        raise Rejected("webhook_secret", "behind whsec_ comes base64: openssl rand -base64 32") from error
    found = found or text.encode()
    if len(found) < LEAST_SECRET:
        raise Rejected("webhook_secret", f"a secret has at least {LEAST_SECRET} bytes: openssl rand -base64 32")
    return found


class Webhook:
    """Sends to one address. Raises Rejected for an address that is no http or https URL, and for a weak secret.

    No redirect is followed and no proxy of the environment is used; the answer must be complete within `timeout_s`.
    """

    def __init__(self, url: str, secret: str, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Rejected("webhook_url", f"{url!r} is no http:// or https:// address")
        self._url, self._secret, self._timeout_s = url, secret_bytes(secret), timeout_s
        self._http = httpx2.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)

    def send(self, message: Message) -> Outcome:
        """One attempt. Delivered: a 2xx whose answer came to its end."""
        body = json.dumps(envelope(message), ensure_ascii=False, separators=(",", ":")).encode()
        now_s = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(self._secret, message.key, now_s, body),
        }
        try:
            status = self._post(body, headers)
        except (httpx2.HTTPError, TimeoutError) as error:
            return Outcome.failed(f"{type(error).__name__}: {error}")
        if 200 <= status < 300:
            return Outcome.done()
        told = f"the receiver answered {status}"
        return (
            Outcome.refused(told) if 400 <= status < 500 and status not in WORTH_ANOTHER_TRY else Outcome.failed(told)
        )

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """Status, after the answer was read to its end: one that breaks off is no receipt. Who drips is left."""
        deadline_s, seen = time.monotonic() + self._timeout_s, 0
        with self._http.stream("POST", self._url, content=body, headers=headers) as answer:
            for piece in answer.iter_raw():
                seen += len(piece)
                if seen > ANSWER_LIMIT:
                    break  # it has said enough
                if time.monotonic() > deadline_s:
                    raise TimeoutError(f"no whole answer within {self._timeout_s:g} s")
            return int(answer.status_code)

    def close(self) -> None:
        """Release the connections."""
        self._http.close()


def envelope(message: Message) -> Json:
    """What is posted: type and time as the specification names them, and the message itself.

    >>> envelope(Message(7, "order.opened", {"order": "a"}, 1_800_000_000_000_000))["timestamp"]
    '2027-01-15T08:00:00Z'
    """
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(message.created_at_us // 1_000_000))
    return {"type": message.kind, "timestamp": at, "data": message.body, "number": message.id}
