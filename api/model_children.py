"""Long work of models in a process of its own: the server stays quick, and a crash there is a sentence here.

The child is the `forewarn` command itself, with the server's settings; its progress stands on stderr line by line, its
result is one JSON object, the last line of stdout.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from forewarn.api.settings import HANDOVER, Settings
from forewarn.core.errors import Rejected, Retriable
from forewarn.core.model_cards import ModelEntry
from forewarn.pipeline.training_set import Progress
from forewarn.pipeline.whatif import Cancelled
from forewarn.pipeline.whatif_run import WhatIfRequest

PROGRESS = re.compile(r"\s*(\d{1,3}) %\s+(.*)")
LOOK_S = 0.2


def run_child(
    settings: Settings, arguments: Sequence[str], progress: Progress, cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Run `forewarn ARGUMENTS` and answer its JSON. Raises Cancelled when it was ended, Rejected with its last line
    when it failed, Retriable when it was killed."""
    command = [sys.executable, "-P", "-m", "forewarn.api", *arguments, "--json"]
    environment = {
        **os.environ,
        HANDOVER: settings.model_dump_json(),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        said: list[str] = []
        listener = threading.Thread(target=_listen, args=(process, progress, said), daemon=True)
        answers: list[str] = []
        reader = threading.Thread(target=lambda: answers.extend(process.stdout or ()), daemon=True)
        listener.start()
        reader.start()
        while process.poll() is None:
            if cancelled():
                process.terminate()
                process.wait()
                raise Cancelled("it was cancelled")
            listener.join(LOOK_S)
        listener.join()
        reader.join()
    if process.returncode < 0:
        raise Retriable(f"its process was ended by signal {-process.returncode}")
    if process.returncode or not answers:
        raise Rejected("job", (said[-1] if said else "it failed without a word").removeprefix("forewarn: "))
    return cast(dict[str, Any], json.loads(answers[-1]))


def _listen(process: subprocess.Popen[str], progress: Progress, said: list[str]) -> None:
    for line in process.stderr or ():
        found = PROGRESS.fullmatch(line.rstrip())
        if found:
            progress(int(found[1]) / 100, found[2])
        elif line.strip():
            said.append(line.strip())
            del said[:-20]


def what_if_arguments(request: WhatIfRequest) -> list[str]:
    """The command line of a request."""
    told = [
        "whatif",
        "--since",
        str(request.since_us),
        "--until",
        str(request.until_us),
        "--every",
        str(request.every_h),
    ]
    told += [] if request.false_alarms is None else ["--false-alarms", str(request.false_alarms)]
    told += [] if request.threshold is None else ["--threshold", str(request.threshold)]
    told += [part for name, value in sorted(request.policy.items()) for part in ("--policy", f"{name}={value}")]
    told += ["--model", request.model] if request.model else []
    told += ["--class", request.asset_class] if request.asset_class else []
    return told + [part for asset in request.assets for part in ("--asset", asset)]


def train_arguments(entry: ModelEntry) -> list[str]:
    """The command line that trains a version's successor: the same recipe, up to now."""
    card = entry.card
    told = ["train", card.name, "--task", card.task, "--kind", card.kind, "--class", card.schema.asset_class, "--aside"]
    for option, key in (("--every", "every_h"), ("--seed", "seed"), ("--ends", "ends"), ("--false-alarms", "rate")):
        told += [option, str(card.settings[key])] if key in card.settings else []
    told += ["--since", str(card.settings["since_us"])] if card.settings.get("since_us") else []
    return told + (["--told-later"] if card.settings.get("told_later") is True else [])


def what_if_child(settings: Settings) -> Callable[[WhatIfRequest, Progress, Callable[[], bool]], str]:
    """Runs what-if requests in children; the child keeps the report."""
    return lambda request, progress, cancelled: str(
        run_child(settings, what_if_arguments(request), progress, cancelled)["sha256"]
    )


def train_child(settings: Settings) -> Callable[[ModelEntry, Progress, Callable[[], bool]], str]:
    """Trains in children; the child leaves the version in the waiting room."""
    return lambda entry, progress, cancelled: str(
        run_child(settings, train_arguments(entry), progress, cancelled)["incoming"]
    )
