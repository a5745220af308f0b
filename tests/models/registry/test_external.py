"""A scorer written elsewhere keeps the contracts of detectors and life models, or its answer is refused."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from forewarn.core.errors import Rejected
from forewarn.core.model_cards import FeatureSchema
from forewarn.core.readings import Window
from forewarn.models.life.contract import Life
from forewarn.models.registry.conversation import Allowed
from forewarn.models.registry.external import ExternalJudge, ExternalPrognosis, ExternalScorer
from forewarn.models.registry.files import dumps, sha256
from forewarn.models.registry.serve import serve_command
from tests.models.registry import samples

EXAMPLE = Path(__file__).with_name("example_scorer.py")
SCHEMA = FeatureSchema(("flow", "temp"), ("m3/h", "degC"), "pump")
ASKED = Window.of([0, 1, 2], SCHEMA.names, np.array([[10.0, 12.0], [np.nan, 11.0], [7.0, 10.0]]), np.ones((3, 1)))
Start = Callable[..., ExternalScorer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a scorer: a file, or the text of a Python program."""
    running: list[ExternalScorer] = []

    def begin(program: Path | str, allowed: Allowed | None = None) -> ExternalScorer:
        if isinstance(program, str):
            path = tmp_path / f"scorer{len(running)}.py"
            path.write_text("import json, os, sys, time\nline = sys.stdin.readline()\n" + program)
        else:
            path = program
        running.append(ExternalScorer([sys.executable, str(path)], allowed or Allowed(wall_s=60.0)))
        return running[-1]

    yield begin
    for scorer in running:
        scorer.close()


def test_the_example_keeps_the_contract_of_a_detector(start: Start) -> None:
    judge = ExternalJudge(start(EXAMPLE), SCHEMA)
    said = judge.strangeness(ASKED)
    assert np.array_equal(said.distance, [2.0, np.nan, 3.0], equal_nan=True)
    assert said.pulls.tolist() == [[0, 1], [0, 0], [1, 0]]
    again = judge.strangeness(ASKED)
    assert np.array_equal(said.distance, again.distance, equal_nan=True)
    for rows in (1, 2, 3):  # a row does not depend on later ones
        part = judge.strangeness(ASKED.rows(slice(0, rows)))
        assert np.array_equal(part.distance, said.distance[:rows], equal_nan=True)


def test_the_example_keeps_the_contract_of_a_life_model(start: Start) -> None:
    life = Life("pump-1", np.array([1.0, 2.0, 4.0, 8.0]), SCHEMA.names, np.full((4, 2), 10.0), True)
    prognosis = ExternalPrognosis(start(EXAMPLE), SCHEMA)
    said = prognosis.forecast([life, life.until(1), life.until(2)])
    assert said.at(0.5).tolist()[::2] == [8.0, 4.0]
    assert np.isnan(said.left[1]).all()
    assert said.said == ("", "fewer than three rows", "")
    assert prognosis.forecast([]).left.shape == (0, 3)


def test_a_large_question_and_a_large_answer_pass_each_other(start: Start) -> None:
    judge = ExternalJudge(start(EXAMPLE), SCHEMA)
    many = Window.of(np.arange(20_000), SCHEMA.names, np.random.default_rng(1).normal(10, 1, (20_000, 2)))
    assert np.array_equal(judge.strangeness(many).distance, np.abs(many.values - 10).max(axis=1))


def test_other_columns_are_refused_before_anything_is_asked(start: Start) -> None:
    judge = ExternalJudge(start("sys.exit('never')"), SCHEMA)
    with pytest.raises(Rejected, match=r"temp is missing; speed is not wanted"):
        judge.strangeness(Window.of([0], ("flow", "speed"), np.ones((1, 2))))


FAILING = {
    "os.abort()": "was ended by SIGABRT",
    "sys.exit('no licence')": "ended with 1: no licence",
    "time.sleep(600)": "had not answered after 1 s",
    "os.close(1); time.sleep(600)": "closed its output",
    "sys.stdout.write('x' * 10**7)": "an answer of more than 100000 bytes",
    "bytes(2 * 2**30)": "MemoryError",
    "open('/tmp/forewarn-was-here', 'w').write('x' * 10**5)": "File too large",
    "sys.stdin.close(); sys.exit(3)": "ended with 3",
}


@pytest.mark.parametrize(("program", "why"), FAILING.items())
def test_a_program_that_fails_is_ended_and_told_in_words(start: Start, program: str, why: str) -> None:
    wall_s = 1.0 if program.startswith("time.sleep") else 60.0
    allowed = Allowed(wall_s=wall_s, cpu_s=30, memory_bytes=2**30, answer_bytes=100_000)
    with pytest.raises(Rejected, match=f"(?s)model_failed.*{why}"):
        ExternalJudge(start(program, allowed), SCHEMA).strangeness(ASKED)
    Path("/tmp/forewarn-was-here").unlink(missing_ok=True)


@pytest.mark.slow
def test_a_program_without_end_is_stopped_by_its_processor_seconds(start: Start) -> None:
    with pytest.raises(Rejected, match=r"SIGXCPU|SIGKILL"):
        start("while True: pass", Allowed(wall_s=120.0, cpu_s=1)).ask({})


ANSWERS = {
    "hello": "no line of JSON",
    '{"id": 7, "distance": [1, 2, 3]}': "carries its id",
    '{"id": 1}': "no list distance",
    '{"id": 1, "error": "no licence"}': "the program says: no licence",
    '{"id": 1, "distance": [1, 2]}': "2,. distances",
    '{"id": 1, "distance": [1, true, 3]}': "'True', which is no number",
    '{"id": 1, "distance": [1, "2", 3]}': "'2', which is no number",
    '{"id": 1, "distance": [1, NaN, 3]}': "NaN is no JSON",
    '{"id": 1, "distance": [1, 2, 3], "pulls": [[1, 0], [1], [0, 1]]}': "rows of pulls have 2",
    '{"id": 1, "distance": [1, 2, 3], "pulls": [[1], [1], [1]]}': "rows of pulls have 2",
    "[" * 100_000: "no line of JSON",
}


@pytest.mark.parametrize(("answer", "why"), ANSWERS.items(), ids=range(len(ANSWERS)))
def test_an_answer_that_is_none_is_refused(start: Start, answer: str, why: str) -> None:
    program = f"print({answer!r}, flush=True); time.sleep(60)"
    with pytest.raises(Rejected, match=f"bad_answer.*{why}"):
        ExternalJudge(start(program), SCHEMA).strangeness(ASKED)


def test_impossible_distances_become_rows_that_cannot_be_said(start: Start) -> None:
    answer = json.dumps({"id": 1, "distance": [-1.0, 10**400, 0.5]})
    judge = ExternalJudge(start(f"print({answer!r}, flush=True)"), SCHEMA)
    said, told = judge.judged(ASKED)
    assert np.array_equal(said.distance, [np.nan, np.nan, 0.5], equal_nan=True)
    assert told == ("1 of 3 rows: a distance below 0", "1 of 3 rows: a distance beyond 1e+09")
    assert said.pulls[2].tolist() == [0.5, 0.5]  # it did not say which column


def test_after_a_failure_the_program_is_started_anew(start: Start, tmp_path: Path) -> None:
    once = "asked = json.loads(line)\nif len(asked['rows']) == 3: os.abort()\n"
    then = "print(json.dumps({'id': asked['id'], 'distance': [0.0] * len(asked['rows'])}), flush=True)"
    judge = ExternalJudge(start(once + then), SCHEMA)
    with pytest.raises(Rejected, match="SIGABRT"):
        judge.strangeness(ASKED)
    assert judge.strangeness(ASKED.rows(slice(0, 2))).distance.tolist() == [0.0, 0.0]


def test_a_program_is_replaced_after_so_many_questions(start: Start) -> None:
    program = (
        "while line:\n    told = json.loads(line)\n    print(json.dumps({'id': told['id'], 'pid': os.getpid()}))\n"
    )
    scorer = start(program + "    sys.stdout.flush()\n    line = sys.stdin.readline()\n", Allowed(questions=2))
    pids = [scorer.ask({})["pid"] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_what_it_has_started_ends_with_it(start: Start) -> None:
    program = "import subprocess\nwith subprocess.Popen(['sleep', '600']) as started:\n"
    scorer = start(program + "    print(json.dumps({'id': 1, 'pid': started.pid}), flush=True)\n")
    pid = scorer.ask({})["pid"]
    stat = Path(f"/proc/{pid}/stat")
    assert stat.exists()
    scorer.close()
    deadline_s = time.monotonic() + 30
    while stat.exists() and stat.read_text().split()[2] != "Z":  # nobody may be there to reap it
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_it_knows_nothing_of_the_service_it_works_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_SECRET", "hunter2")
    told = start("print(json.dumps({'id': 1, 'env': dict(os.environ), 'cwd': os.getcwd()}))").ask({})
    assert "hunter2" not in json.dumps(told)
    assert told["cwd"] == "/"


@pytest.mark.parametrize("command", [[], ["python3", "x.py"], ["/nonexistent/scorer"], ["/tmp"]])
def test_a_command_is_a_program_with_an_absolute_path(command: list[str]) -> None:
    with pytest.raises(Rejected, match="absolute path"):
        ExternalScorer(command)


@pytest.mark.slow
def test_a_model_file_can_be_asked_without_being_loaded_here(tmp_path: Path) -> None:
    learnt, asked = samples.judge(), samples.window(30, seed=3)
    path = tmp_path / "model.skops"
    path.write_bytes(dumps(learnt))
    scorer = ExternalScorer(serve_command(path, sha256(path.read_bytes())), Allowed(wall_s=180.0))
    try:
        said = ExternalJudge(scorer, samples.SCHEMA).strangeness(asked)
        assert np.array_equal(said.distance, learnt.strangeness(asked).distance, equal_nan=True)
        with pytest.raises(Rejected, match="the program says"):
            scorer.ask({"task": "life", "names": ["a"], "lives": []})
    finally:
        scorer.close()
