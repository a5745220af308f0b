"""The four ways a call can fail. A caller reacts to the base class only, never to the text.

| base | whose fault | reaction at the edge |
|---|---|---|
| `Rejected` | the input | quarantine row, HTTP 422 |
| `Retriable` | a resource, for now | back off and repeat, HTTP 503 |
| `Conflict` | somebody was faster | read again, HTTP 409 or 412 |
| `NotReady` | nobody: too little was seen | "warming up", never a number |
"""


class ForewarnError(Exception):
    """Root of every error that Forewarn raises on purpose."""


class Rejected(ForewarnError):
    """The input is wrong and will stay wrong. `reason` is a stable slug, `detail` a sentence for a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class Retriable(ForewarnError):
    """A resource cannot be used now (store stalled, journal full, broker away). The same call may work later."""


class Conflict(ForewarnError):
    """The thing changed in between (stale revision), or the step is not allowed from where it stands now."""


class NotReady(ForewarnError):
    """Too little data was seen for an honest answer."""
