"""Settings of a running Forewarn: defaults < `forewarn.toml` < environment `FOREWARN_...` < flags.

The only reader of the environment. Nested values are written `FOREWARN_MQTT__PORT=1883`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from forewarn.api.demand_settings import DemandSettings
from forewarn.api.door_settings import MqttSettings as MqttSettings
from forewarn.api.order_settings import OrdersSettings
from forewarn.api.records_settings import AuditSettings, RecordsSettings, WebhookSettings
from forewarn.api.stock_settings import StockSettings
from forewarn.api.work_settings import DeadlinesSettings, DepartmentSettings, VerificationSettings
from forewarn.core.clock import PlantClock
from forewarn.core.errors import Rejected


class Strict(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class HttpSettings(Strict):
    """The API and the page. Only loopback addresses are served without TLS."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


class ClockSettings(Strict):
    """Plant clock (`core.clock.PlantClock`). The defaults are the identity: plant time is wall time."""

    origin_wall_us: int = 0
    origin_plant_us: int = 0
    rate: float = Field(1.0, gt=0)

    def clock(self) -> PlantClock:
        """The map that all processes share."""
        return PlantClock(self.origin_wall_us, self.origin_plant_us, self.rate)


class ScoringSettings(Strict):
    """`assess_every_s`: shortest plant time between two assessments of an asset. `poll_s`: wall time between passes.
    `false_alarms_per_asset_year`: what one asset may cost in false alarms. `workers`: processes that judge; "auto": one
    per core from 400 assets on; 0: the main process itself."""

    assess_every_s: float = Field(60.0, ge=0)
    poll_s: float = Field(0.1, gt=0)
    false_alarms_per_asset_year: float = Field(0.1, gt=0, le=100)
    workers: int | None = Field(None, ge=0, le=256)

    @field_validator("workers", mode="before")
    @classmethod
    def _auto(cls, value: object) -> object:
        return None if value == "auto" else value


class ScorerSettings(Strict):
    """A program of somebody else's that forecasts the remaining life of a class of machines. `command`: its arguments,
    the first an absolute path; `columns`: signals or `signal:feature` that it wants, in order."""

    command: list[str] = Field(min_length=1)
    asset_class: str
    columns: list[str] = Field(min_length=1)
    every_h: float = Field(12.0, gt=0)


class ModelsSettings(Strict):
    """`drift_every_h`: plant hours between two looks of the drift watch (0: it never looks). Costs in the plant's
    currency, for the scorecard: an unannounced breakdown, a planned repair instead of it, an order for nothing."""

    drift_every_h: float = Field(24.0, ge=0)
    breakdown_cost: float | None = Field(None, ge=0)
    planned_cost: float | None = Field(None, ge=0)
    false_order_cost: float | None = Field(None, ge=0)
    scorers: dict[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]*$")], ScorerSettings] = {}


class AutonomySettings(Strict):
    """How far Forewarn goes by itself. `start_level`: of a class that nobody moved. `orders_per_week`: orders that it
    opens by itself in a week; "auto": one for ten machines, at least 20. `orders_per_asset_day`: the most that one
    machine gets in 24 h. `measure_every_h`: plant hours between two looks at the precision (0: never)."""

    start_level: Literal["advise", "draft", "open", "reserve"] = "open"
    orders_per_week: int | None = Field(None, ge=0, le=100_000)
    orders_per_asset_day: int = Field(4, ge=1, le=1000)
    measure_every_h: float = Field(24.0, ge=0)

    @field_validator("orders_per_week", mode="before")
    @classmethod
    def _auto(cls, value: object) -> object:
        return None if value == "auto" else value


class EnergySettings(Strict):
    """What a kWh costs, for the price of degraded running; without it only the kWh are told. `currency` is printed
    before every amount."""

    price_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)
    currency: str = Field("EUR", min_length=1, max_length=8)


class JournalSettings(Strict):
    """`limit_bytes`: when this much waits for the store or the second sink, acknowledgements are withheld."""

    segment_bytes: int = Field(64 * 1024 * 1024, ge=65536)
    limit_bytes: int = Field(2 * 1024 * 1024 * 1024, ge=1024 * 1024)


class RetentionSettings(Strict):
    """Days that each class of the raw series is kept, "never": not dropped. Waveforms go with the raw readings at the
    latest, for they lie in the same files."""

    raw_days: int | None = Field(1095, ge=1)
    waveform_days: int | None = Field(90, ge=1)
    minute_days: int | None = Field(3650, ge=1)
    hour_days: int | None = Field(None, ge=1)

    @field_validator("*", mode="before")
    @classmethod
    def _never(cls, value: object) -> object:
        return None if value == "never" else value


class InfluxSettings(Strict):
    """Optional second sink: every stored reading is also written to this InfluxDB. `api`: "2", "1" or "auto"."""

    url: str = ""
    token: str = ""
    org: str = ""
    bucket: str = "forewarn"
    api: Literal["auto", "1", "2"] = "auto"


class SparkplugSettings(Strict):
    """The Sparkplug B host. `host_id` names its STATE topic; `groups`: the only ones this process looks after (none
    named: all). Times are plant time."""

    host_id: str = Field("forewarn", pattern="^[^/+#]+$")
    groups: list[str] = []
    reorder_timeout_s: float = Field(2.0, ge=0, le=3600)
    rebirth_interval_s: float = Field(30.0, ge=1, le=86_400)


class BrokerSettings(Strict):
    """An existing broker to listen to. The password comes from `password`, which belongs into the environment
    (`FOREWARN_BROKERS__NAME__PASSWORD`), or from `password_file`. `group` with `member` of `members`: shared."""

    host: str
    port: int = Field(1883, ge=1, le=65535)
    filters: list[str] = Field(min_length=1)
    protocol: Literal["auto", "3.1.1", "5"] = "auto"
    client_id: str = ""
    group: str | None = None
    member: int = Field(0, ge=0)
    members: int = Field(1, ge=1)
    username: str | None = None
    password: str | None = Field(None, repr=False)
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = Field(60, ge=5, le=65535)
    window: int = Field(1000, ge=1, le=65535)
    maximum_packet_bytes: int = Field(1024 * 1024, ge=1024)
    session_expiry_s: int = Field(14 * 86_400, ge=60)


class Settings(BaseSettings):
    """Everything a Forewarn process is told. `state_dir` is its own folder, `plant` the plant file."""

    model_config = SettingsConfigDict(
        env_prefix="FOREWARN_", env_nested_delimiter="__", toml_file="forewarn.toml", extra="ignore"
    )

    state_dir: Path = Path("forewarn-state")
    plant: Path = Path("plant.yaml")
    log: str = "info"
    mqtt: MqttSettings = MqttSettings()
    http: HttpSettings = HttpSettings()
    clock: ClockSettings = ClockSettings()
    scoring: ScoringSettings = ScoringSettings()
    models: ModelsSettings = ModelsSettings()
    autonomy: AutonomySettings = AutonomySettings()
    energy: EnergySettings = EnergySettings()
    orders: OrdersSettings = OrdersSettings()
    demand: DemandSettings = DemandSettings()
    verification: VerificationSettings = VerificationSettings()
    departments: DepartmentSettings = DepartmentSettings()
    deadlines: DeadlinesSettings = DeadlinesSettings()
    stock: StockSettings = StockSettings()
    records: RecordsSettings = RecordsSettings()
    audit: AuditSettings = AuditSettings()
    webhook: WebhookSettings = WebhookSettings()
    journal: JournalSettings = JournalSettings()
    retention: RetentionSettings = RetentionSettings()
    influx: InfluxSettings = InfluxSettings()
    sparkplug: SparkplugSettings = SparkplugSettings()
    brokers: dict[Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]*$")], BrokerSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def series_dir(self) -> Path:
        """Raw series, quarantine and last values: written by the ingest process only."""
        return self.state_dir / "series"

    @property
    def journal_dir(self) -> Path:
        """Raw frames: written by the ingest process only."""
        return self.state_dir / "journal"

    @property
    def influx_cursor(self) -> Path:
        """How far the second sink has come in the journal: written by the ingest process only."""
        return self.state_dir / "influx.db"

    @property
    def broker_promises(self) -> Path:
        """What is known of each existing broker, and what it can lose: written by the ingest process only."""
        return self.state_dir / "brokers.json"

    @property
    def broker_sessions_dir(self) -> Path:
        """Which filters our sessions at brokers hold: written by the ingest process only."""
        return self.state_dir / "brokers"

    @property
    def adopted(self) -> Path:
        """Signals that people adopted, beside the plant file: written by the main process only."""
        return self.state_dir / "adopted.yaml"

    @property
    def import_dir(self) -> Path:
        """Spools of history on their way into the journal."""
        return self.state_dir / "imports"

    @property
    def control_socket(self) -> Path:
        """Where the main process asks the ingest process."""
        return self.state_dir / "ingest.sock"

    @property
    def derived_dir(self) -> Path:
        """Feature series: written by the main process only."""
        return self.state_dir / "derived"

    @property
    def models_dir(self) -> Path:
        """Versions of models, what-if reports, and versions that wait to be registered."""
        return self.state_dir / "models"

    @property
    def records_url(self) -> str:
        """Orders, audit, assessments: in a SQLite file written by the main process only, or in PostgreSQL."""
        return self.records.url or f"sqlite:///{self.state_dir / 'records.db'}"

    @property
    def audit_heads(self) -> Path:
        """Heads of the audit: written by the main process only."""
        return self.audit.heads_file or self.state_dir / "audit-heads.jsonl"

    @property
    def audit_key(self) -> Path:
        """Key that signs the heads of the audit: made on first use, for the service's user alone."""
        return self.state_dir / "audit-key"


HANDOVER = "FOREWARN_HANDOVER"
"""Environment variable by which a parent hands its settings to a child process (secrets never stand in argv)."""


def load_settings() -> Settings:
    """Settings handed over by the parent process, else from file and environment. Rejected names what is wrong."""
    handed = os.environ.get(HANDOVER)
    try:
        return Settings.model_validate_json(handed) if handed else Settings()
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise Rejected("settings", "; ".join(wrong) + " (docs/reference/settings.md)") from error
