"""Settings of the records: where they are, where the heads of the audit are noted, and who is told what happens."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from forewarn.core.errors import Rejected


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RecordsSettings(_Strict):
    """`url`: a PostgreSQL database, postgresql://USER@HOST/DATABASE; none: `records.db` in the state folder. A password
    belongs into the environment (`FOREWARN_RECORDS__URL`, `PGPASSWORD`) or into `~/.pgpass`."""

    url: str = Field("", repr=False)


class AuditSettings(_Strict):
    """`heads_file`: where the newest row of the audit is noted, best on another machine (none: `audit-heads.jsonl` in
    the state folder); `heads_every_h`: wall hours between two notes, 0: never."""

    heads_file: Path | None = None
    heads_every_h: float = Field(1.0, ge=0, le=168)


class WebhookSettings(_Strict):
    """A receiver of everything that happens to orders and models. The secret that signs comes from `secret`, which
    belongs into the environment (`FOREWARN_WEBHOOK__SECRET`), or from `secret_file`. After `attempts` failures a
    message is dead; the pause between two is at most `longest_pause_s`."""

    url: str = ""
    secret: str | None = Field(None, repr=False)
    secret_file: Path | None = None
    timeout_s: float = Field(5.0, gt=0, le=60)
    attempts: int = Field(50, ge=1, le=1000)
    longest_pause_s: float = Field(600.0, ge=1, le=86_400)

    def key(self) -> str:
        """The secret. Raises Rejected where there is none: a receiver could not tell us from anybody else."""
        if self.secret is not None:
            return self.secret
        if self.secret_file is None:
            raise Rejected(
                "webhook_secret", "webhook.secret_file names the file with the secret: openssl rand -base64 32"
            )
        try:
            return self.secret_file.read_text().strip()
        except OSError as error:
            raise Rejected("webhook_secret", f"{self.secret_file} cannot be read ({error.strerror})") from error
