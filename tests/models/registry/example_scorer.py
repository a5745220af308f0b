"""An example of a scorer written elsewhere: nothing of Forewarn in it, and it could be any other language.

Speaks the protocol of `models/registry/external.py`. A row is as strange as its largest value is far from 10; a life
has its age over again, give or take a half.
"""

import json
import sys


def strangeness(question):
    """Distance and pulls of each row; a row with a gap cannot be said."""
    distance, pulls = [], []
    for row in question["rows"]:
        gaps = [abs(value - 10.0) if value is not None else None for value in row]
        complete = None not in gaps
        worst = max(gaps) if complete else 0.0
        distance.append(worst if complete else None)
        pulls.append([float(gap == worst and gap > 0) / max(gaps.count(worst), 1) if complete else 0.0 for gap in gaps])
    return {"distance": distance, "pulls": pulls}


def forecast(question):
    """Quantiles of what is left of each life; none before the third row."""
    left, said = [], []
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
