"""The limited process that opens a model file first: `python -I -B -m forewarn.models.registry.child`.

On stdin: one line of JSON with the limits, then the bytes of the file. On stdout: one line of JSON, `{"ok": true,
"holds": ...}` or the reason and detail of the refusal. It trusts nothing it reads and keeps nothing.
"""

from __future__ import annotations

import json
import sys

from forewarn.core.errors import Rejected
from forewarn.models.registry.confine import Limits, confine, cut_off


def main() -> None:
    """Read, confine yourself, load, tell."""
    own_network = cut_off()
    limits = Limits(**json.loads(sys.stdin.buffer.readline()))
    data = sys.stdin.buffer.read()
    from forewarn.models.registry.files import loads, prepare

    prepare()
    confine(limits)
    try:
        told: dict[str, object] = {"ok": True, "holds": type(loads(data)).__qualname__, "own_network": own_network}
    except Rejected as error:
        told = {"ok": False, "reason": error.reason, "detail": error.detail[:2000]}
    except MemoryError:
        told = {"ok": False, "reason": "model_failed", "detail": f"it needs more than {limits.memory_bytes} bytes"}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
