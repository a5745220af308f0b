"""A client of the HTTP interface for Python programs and notebooks: tables come as pandas DataFrames.

Times are UTC in plant time. pandas is imported by the first call that makes a table.

>>> client = Client("http://127.0.0.1:8080", token_file="forewarn-state/api-token")     # doctest: +SKIP
>>> client.assets()[["name", "state", "health", "rul_p50_h"]]                           # doctest: +SKIP
>>> client.trend("pump-04", "vib_de:velocity_rms", hours=48)["value"].plot()            # doctest: +SKIP
>>> client.act("WO-000003", "APPR", note="agreed with production")["status"]            # doctest: +SKIP
'APPR'
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import httpx2

from forewarn.api.client_analysis import AnalysisCalls
from forewarn.api.client_buying import BuyingCalls
from forewarn.api.client_demand import DemandCalls
from forewarn.api.client_exchange import TableCalls
from forewarn.api.client_jobs import JobCalls
from forewarn.api.client_outbox import OutboxCalls
from forewarn.api.client_people import PeopleCalls
from forewarn.api.client_plans import PlanCalls
from forewarn.api.client_stock import StockCalls
from forewarn.api.client_work import WorkCalls
from forewarn.core.errors import Conflict, NotReady, Rejected, Retriable

if TYPE_CHECKING:
    from pandas import DataFrame, Series

TIMEOUT_S = 60.0
TRIES = 3
PAUSE_S = 0.5
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Record = dict[str, Any]
"""One JSON object of the API: the field names and units are those of `api/schemas.py`."""


class Client(
    BuyingCalls,
    DemandCalls,
    JobCalls,
    OutboxCalls,
    WorkCalls,
    PeopleCalls,
    PlanCalls,
    AnalysisCalls,
    TableCalls,
    StockCalls,
):
    """One connection to a running Forewarn. Usable as a context manager; not shared between threads.

    `token_file` is the file `api-token` in the server's state folder; or give the `token` itself. `http` replaces the
    HTTP client (its base address counts then).

    Every call raises `Retriable` when the server is away, busy or asks to slow down, `NotReady` while it is still
    learning, `Conflict` (409, 412) when somebody was faster or a step is not allowed, `Rejected` for every other no:
    its `reason` is the slug of the problem document, such as `not-found`, `login-needed` or `invalid`.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        token: str | None = None,
        token_file: str | Path | None = None,
        http: httpx2.Client | None = None,
    ) -> None:
        kept = _kept(Path(token_file)) if token_file else token
        self._headers = {"Authorization": f"Bearer {kept}"} if kept else {}
        # a proxy of the environment does not lead to this machine
        self._http = http or httpx2.Client(
            base_url=url, timeout=TIMEOUT_S, trust_env=httpx2.URL(url).host not in LOOPBACK
        )

    def assets(self) -> DataFrame:
        """Every machine, one row each, by id: state, health (0-100), anomaly (0-1), fault, rul_p10_h .. rul_p90_h."""
        import pandas as pd

        rows = [_flat(row) for row in self._get("/api/assets")]
        return _timed(pd.DataFrame(rows).set_index("id"), "assessed_at") if rows else pd.DataFrame()

    def asset(self, id: str) -> Record:
        """One machine with signals, diagnosis and evidence (`AssetDetail`)."""
        return cast(Record, self._get(f"/api/assets/{_part(id)}"))

    def trend(self, asset: str, signal: str, hours: float = 168) -> DataFrame:
        """A signal, or a feature of a waveform signal (`vib_de:rms`), over the last plant hours.

        Index: UTC time; column `value` in `attrs["unit"]`. The server thins to about 1,200 points and keeps the peaks.
        """
        import pandas as pd

        told = self._get(f"/api/assets/{_part(asset)}/trend", {"signal": signal, "hours": hours})
        table = pd.DataFrame({"value": pd.Series(told["value"], dtype=float)})
        table.index = pd.DatetimeIndex(pd.to_datetime(told["at_ms"], unit="ms", utc=True), name="time")
        table.attrs = {key: told[key] for key in ("asset", "signal", "unit", "low", "high")}
        return table

    def lessons(self) -> Record:
        """What findings taught the diagnosis, and by how much (`LessonsOut`)."""
        return cast(Record, self._get("/api/lessons"))

    def telemetry(self, asset: str, signals: Sequence[str] | None = None, hours: float = 168) -> DataFrame:
        """Several signals or features of a machine as one table, as `pipeline.frames` gives them from the store itself.

        Index: UTC time; a column a signal (default: every slow one), NaN where it has no reading then, units in
        `attrs["units"]`. Thinned as `trend` is.
        """
        import pandas as pd

        slow = (
            [s["name"] for s in self.asset(asset)["signals"] if s["kind"] == "scalar"] if signals is None else signals
        )
        trends = {name: self.trend(asset, name, hours) for name in slow}
        table = pd.DataFrame({name: trend["value"] for name, trend in trends.items()})
        table.attrs = {"asset": asset, "units": {name: trend.attrs["unit"] for name, trend in trends.items()}}
        return table

    def assessments(self, asset: str, hours: float = 720) -> DataFrame:
        """Past assessments of the last plant hours. Index: UTC time; state, health, anomaly, rul_p10_h .. rul_p90_h."""
        import pandas as pd

        rows = self._get(f"/api/assets/{_part(asset)}/history", {"hours": hours})
        if not rows:
            return pd.DataFrame()
        table = pd.DataFrame(rows)
        table.index = pd.DatetimeIndex(pd.to_datetime(table.pop("at_ms"), unit="ms", utc=True), name="time")
        return table

    def second_opinion(self, asset: str) -> Record:
        """The machine seen by two other methods, computed now (`SecondOpinionOut`); may take some seconds."""
        return cast(Record, self._get(f"/api/assets/{_part(asset)}/second-opinion"))

    def energy(self, asset: str) -> Record:
        """What running on as it is costs in energy a day (`EnergyOut`), computed now; may take a second. Raises
        `NotReady` with the reason while it cannot be told, `Rejected` (`not-found`) without a meter."""
        return cast(Record, self._get(f"/api/assets/{_part(asset)}/energy"))

    def orders(self, open: bool = True, asset: str | None = None, limit: int = 200) -> DataFrame:
        """Work orders, newest first, by number; only those that are not done yet when `open`."""
        import pandas as pd

        query: Record = {"open": open, "limit": limit} | ({"asset": asset} if asset else {})
        rows = self._get("/api/orders", query)
        if not rows:
            return pd.DataFrame()
        return _timed(pd.DataFrame(rows).set_index("number"), "order_by", "start_by", "created_at", "updated_at")

    def order(self, number: str) -> Record:
        """One order with causes, frozen evidence, parts, steps and record (`OrderDetail`)."""
        return cast(Record, self._get(f"/api/orders/{_part(number)}"))

    def act(self, number: str, status: str, note: str = "", **told: Any) -> Record:
        """Move an order, as it is now, to a status of its `allowed_actions`; answers the changed order. `told` when it
        is completed: finding ("confirmed", "partly", "not_found"), fault_found, part_used, text, the ISO 14224 codes of
        the order's `codes_asked`, and `skipped` (open step -> why it was not done).

        Sent with the revision that was read and with a key of its own, so that a lost answer is asked for again (up to
        three times) without acting twice. Raises `Conflict` when somebody changed the order in between.
        """
        path = f"/api/orders/{_part(number)}"
        revision = self._send("GET", path).headers["ETag"]
        return self._once(f"{path}/actions", {"status": status, "note": note, **told}, {"If-Match": revision})

    def enter(
        self,
        asset: str,
        values: dict[str, float],
        at: str | None = None,
        units: dict[str, str] | None = None,
        note: str = "",
        confirm: bool = False,
    ) -> Record:
        """Enter readings by hand: signal -> value, at an ISO 8601 time with a zone (None: now); answers what is stored.

        `units` names the unit of single values, where it is not the one on the instrument. Raises `Rejected` with the
        reason `confirm` for what is unlikely: the same with `confirm=True` is taken. Asked again as in `act`.
        """
        body = {"values": values, "at": at, "units": units or {}, "note": note, "confirm": confirm}
        return self._once(f"/api/assets/{_part(asset)}/readings", body)

    def rounds(self, due: bool = True, asset: str | None = None) -> list[Record]:
        """Rounds with the signals to read (`RoundRow`), those that are due for longest first."""
        query: Record = {"due": due} | ({"asset": asset} if asset else {})
        return cast(list[Record], self._get("/api/rounds", query))

    def autonomy(self) -> Record:
        """Levels and the weekly alarm budget (`AutonomyOut`): the plant and every class."""
        return cast(Record, self._get("/api/autonomy"))

    def set_autonomy(self, name: str, reason: str, **change: Any) -> Record:
        """Set `level`, `pinned` or `orders_per_week` of a class (`plant`: the budget of the whole plant), as it is now.

        Asked again as in `act`. Raises `Conflict` when somebody changed it in between, `Rejected` for an unknown class.
        """
        return self._moved("PATCH", f"/api/autonomy/classes/{_part(name)}", "", {"reason": reason, **change})

    def undo_autonomy(self, name: str) -> Record:
        """Take the newest step of a class back (`AutonomyClassOut`); asked again as in `act`."""
        return self._moved("POST", f"/api/autonomy/classes/{_part(name)}", "/undo")

    def autonomy_steps(self, name: str | None = None, limit: int = 100) -> list[Record]:
        """Steps of levels and budgets, newest first (`AutonomyStepOut`)."""
        query: Record = {"limit": limit} | ({"name": name} if name else {})
        return cast(list[Record], self._get("/api/autonomy/steps", query))

    def measure_autonomy(self) -> list[Record]:
        """Measure every class now; those that moved (`AutonomyClassOut`)."""
        return cast(list[Record], self._send("POST", "/api/autonomy/measure").json()["moved"])

    def held(self, name: str | None = None, asset: str | None = None) -> list[Record]:
        """Advices that opened no order, with the reason (`HeldAdviceOut`), the most urgent first."""
        query = {key: value for key, value in (("name", name), ("asset", asset)) if value}
        return cast(list[Record], self._get("/api/autonomy/held", query))

    def release(self, asset: str, fault: str) -> Record:
        """Open the order for a held advice; `fault` is `component:mechanism`. Asked again as in `act`."""
        return self._moved("POST", f"/api/autonomy/held/{_part(asset)}/{_part(fault)}", "/release")

    def windows(self) -> list[Record]:
        """Maintenance windows (`WindowOut`)."""
        return cast(list[Record], self._get("/api/windows"))

    def plan_window(self, scope: str, of: str, start: str | None, hours: float, reason: str, **more: Any) -> Record:
        """Plan a maintenance window from a time on (None: now); `more`: repeat, every, until, timezone (`WindowIn`)."""
        body = {"scope": scope, "of": of, "start": start, "hours": hours, "reason": reason, **more}
        return self._once("/api/windows", body)

    def end_window(self, id: str) -> list[Record]:
        """Take a window back; those that are left."""
        path = f"/api/windows/{_part(id)}"
        revision = self._send("GET", path).headers["ETag"]
        return cast(list[Record], self._send("DELETE", path, {"If-Match": revision}).json())

    def models(self, name: str | None = None, stage: str | None = None) -> DataFrame:
        """Versions of models, one row each, by name and version: stage, task, asset_class, figures as `metrics`."""
        import pandas as pd

        query = {key: value for key, value in (("name", name), ("stage", stage)) if value}
        rows = self._get("/api/models", query)
        return pd.DataFrame(rows).set_index(["name", "version"]) if rows else pd.DataFrame()

    def model(self, name: str, version: int | None = None) -> Record:
        """One version with its card (`ModelDetail`), or a model with all its versions and record (`ModelNameOut`)."""
        place = f"/api/models/{_part(name)}" + ("" if version is None else f"/{version}")
        return cast(Record, self._get(place))

    def promote(
        self, name: str, version: int, report_sha256: str | None = None, force: bool = False, reason: str = ""
    ) -> Record:
        """Make a version the champion, as it is now; without a what-if report only by `force` with a `reason`.

        Asked again as in `act`. Raises `Conflict` when it is the champion already or somebody changed it in between,
        `Rejected` when there is no report.
        """
        path = f"/api/models/{_part(name)}/{version}"
        revision = self._send("GET", path).headers["ETag"]
        body: Record = {"report_sha256": report_sha256, "force": force, "reason": reason}
        return self._once(f"{path}/promote", body, {"If-Match": revision})

    def register_model(self, incoming: str) -> Record:
        """Register a version that `forewarn train` has left in the server's state folder (`ModelRow`)."""
        return cast(Record, self._send("POST", "/api/models", json={"incoming": incoming}).json())

    def scorecard(self, since: str | None = None, until: str | None = None) -> Record:
        """How good the advices were (`ScorecardOut`), between ISO 8601 times with a zone; the last year by default."""
        query = {key: value for key, value in (("since", since), ("until", until)) if value}
        return cast(Record, self._get("/api/scorecard", query))

    def what_if(self, since: str, wait_s: float = 3600.0, **change: Any) -> Record:
        """Run a what-if and wait for its report (`WhatIfOut`); `change` holds fields of `WhatIfIn`, such as
        `false_alarms=0.2`, `threshold=0.6`, `policy={"cool_down_h": 24}`, `model="pump-life:2"`, `until`, `every_h`.

        Raises `Rejected` when the run failed, with its reason, and `Retriable` when it has not ended in time.
        """
        job = cast(Record, self._send("POST", "/api/whatif", json={"since": since, **change}).json())
        job = self._job_done(job, wait_s)
        return cast(Record, self._get(f"/api/whatif/{job['report']}"))

    def _job_done(self, job: Record, wait_s: float) -> Record:
        deadline = time.monotonic() + wait_s
        while job["state"] in ("queued", "running"):
            if time.monotonic() > deadline:
                raise Retriable(f"job {job['id']} is {job['state']} after {wait_s:g} s: {job['progress']:.0%} done")
            time.sleep(PAUSE_S)
            job = cast(Record, self._get(f"/api/jobs/{job['id']}"))
        if job["state"] != "done":
            raise Rejected("job", job["problem"] or f"the job was {job['state']}")
        return job

    def drift(self) -> Record:
        """The newest look at every model in use, and open retraining tasks (`DriftPage`)."""
        return cast(Record, self._get("/api/drift"))

    def retraining(self, open: bool = True) -> list[Record]:
        """Models that want to be trained again (`RetrainingOut`); `open=False`: closed ones too."""
        return cast(list[Record], self._get("/api/retraining", {"open": open}))

    def train_again(self, task: int, wait_s: float = 3600.0) -> Record:
        """Train the model of an open retraining task in the server and wait; the job with the version in `trained`."""
        job = cast(Record, self._send("POST", f"/api/retraining/{task}/train").json())
        return self._job_done(job, wait_s)

    def close(self) -> None:
        """Release the connection."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _moved(self, method: str, path: str, step: str, body: Record | None = None) -> Record:
        """Change something as it is now: its revision is read first, and sent with the change."""
        revision = self._send("GET", path).headers["ETag"]
        return self._once(f"{path}{step}", body or {}, {"If-Match": revision}, method)

    def _once(self, path: str, body: Record, headers: dict[str, str] | None = None, method: str = "POST") -> Record:
        """POST under a key of its own: what is repeated after a lost answer is not done again."""
        headers = {**(headers or {}), "Idempotency-Key": uuid.uuid4().hex}
        for _ in range(TRIES - 1):
            try:
                return cast(Record, self._send(method, path, headers, json=body).json())
            except Retriable:
                time.sleep(PAUSE_S)
        return cast(Record, self._send(method, path, headers, json=body).json())

    def _get(self, path: str, query: Record | None = None) -> Any:
        return self._send("GET", path, params=query).json()

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, headers={**self._headers, **(headers or {})}, **more)
        except httpx2.TransportError as error:
            raise Retriable(f"{self._http.base_url} cannot be reached: {error}") from error
        if not answer.is_success:
            raise _failure(answer)
        return answer


def _kept(token_file: Path) -> str:
    try:
        return token_file.read_text().strip()
    except FileNotFoundError:
        told = (
            f"{token_file} is not there: start the server with forewarn up, or name the state folder of one that runs"
        )
        raise Rejected("no_token", told) from None


def _failure(answer: httpx2.Response) -> Exception:
    """The error that a problem document stands for."""
    is_problem = "problem+json" in answer.headers.get("content-type", "")
    problem: Record = answer.json() if is_problem else {"title": answer.reason_phrase}
    slug = str(problem.get("type", f"http-{answer.status_code}")).removeprefix("urn:forewarn:")
    fields = [f"{e.get('pointer')}: {e.get('detail')}" for e in problem.get("errors", [])]
    text = ". ".join(filter(None, [problem.get("title"), problem.get("detail"), *fields]))
    if slug == "warming-up":
        return NotReady(text)
    if answer.status_code in (409, 412):
        return Conflict(text)
    if answer.status_code == 429 or answer.status_code >= 500:
        return Retriable(f"{answer.status_code} {text}")
    return Rejected(slug, text)


def _part(id: str) -> str:
    return quote(id, safe="")


def _flat(row: Record) -> Record:
    """The remaining life as columns of its own."""
    rul = row.get("rul") or {}
    return {k: v for k, v in row.items() if k != "rul"} | {f"rul_{k}": rul.get(k) for k in ("p10_h", "p50_h", "p90_h")}


def _timed(table: DataFrame, *columns: str) -> DataFrame:
    """These columns as UTC times."""
    import pandas as pd

    for name in columns:
        texts: Series[str] = table[name]
        table[name] = pd.to_datetime(texts, utc=True, format="ISO8601")
    return table
