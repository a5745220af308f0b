"""An example of a scorer written elsewhere: nothing of Forewarn in it, and it could be any other language.

Speaks the protocol of `models/registry/external.py`. A row is as strange as its largest value is far from 10; a life
has its age over again, give or take a half.
"""

import json
import sys
from typing import Any


def strangeness(question: dict[str, Any]) -> dict[str, Any]:
    """Distance and pulls of each row; a row with a gap cannot be said."""
    distance: list[float | None] = []
    pulls: list[list[float]] = []
    for row in question["rows"]:
        if None in row:
            distance.append(None)
            pulls.append([0.0] * len(row))
            continue
        gaps = [abs(value - 10.0) for value in row]
        worst = max(gaps)
        distance.append(worst)
        pulls.append([float(gap == worst > 0) / gaps.count(worst) for gap in gaps])
    return {"distance": distance, "pulls": pulls}


def forecast(question: dict[str, Any]) -> dict[str, Any]:
    """Quantiles of what is left of each life; none before the third row."""
    left: list[list[float] | None] = []
    said: list[str] = []
    for life in question["lives"]:
        known = len(life["age"]) >= 3
        left.append([life["age"][-1] * share for share in (0.5, 1.0, 1.5)] if known else None)
        said.append("" if known else "fewer than three rows")
    return {"levels": [0.1, 0.5, 0.9], "left": left, "said": said}


ANSWERS = {"detector": strangeness, "life": forecast}

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"id": asked["id"], **ANSWERS[asked["task"]](asked)}), flush=True)
