"""The diagram of order statuses in the docs, drawn from `core.work.TRANSITIONS`.

`python -m forewarn.maintenance.orders.diagram` prints it; a test compares it with `docs/reference/work-orders.md`.
"""

from __future__ import annotations

from forewarn.core.work import OPEN_STATUSES, TRANSITIONS


def mermaid() -> str:
    """The statuses and their steps in Mermaid's language; a step that goes both ways is one line with two heads.

    >>> mermaid().splitlines()[:2]
    ['flowchart LR', '    WAPPR --> APPR']
    """
    lines = ["flowchart LR"]
    for status, followers in TRANSITIONS.items():
        for follower in followers:
            back = status in TRANSITIONS[follower]
            if back and list(TRANSITIONS).index(follower) < list(TRANSITIONS).index(status):
                continue  # drawn from the other end
            lines.append(f"    {status} {'<-->' if back else '-->'} {follower}")
    closed = [status for status in TRANSITIONS if status not in OPEN_STATUSES]
    lines.append("    classDef closed stroke-dasharray: 4 3")
    lines.append(f"    class {','.join(closed)} closed")
    return "\n".join(lines)


if __name__ == "__main__":
    print(mermaid())
