"""Settings, read from ``LONGWAVE_*`` environment variables or a ``.env`` file."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from longwave.domain.errors import ConfigurationError

DEFAULT_SECRET_KEY = "insecure-development-key-change-me"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_DAY = 86_400
_MOST_PER_MINUTE = 100_000
_MOST_SENDERS = 20
_RATES = ("email_per_minute", "email_per_minute_and_domain", "sms_per_minute")
_VARIABLE_ADDRESS = re.compile(r"[^\s+@]{1,30}@[^\s@]+")


class Settings(BaseSettings):
    """Everything that an installation decides. See ``docs/configuration.md``."""

    model_config = SettingsConfigDict(
        env_prefix="LONGWAVE_", env_file=".env", env_file_encoding="utf-8", extra="ignore"
    )

    database_url: str = "sqlite:///longwave.db"
    secret_key: SecretStr = SecretStr(DEFAULT_SECRET_KEY)
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str | None = None
    smtp_ca_file: Path | None = None
    mail_directory: Path | None = None
    mail_is_caught: bool = False
    mail_from: str = "study@localhost"
    bounce_address: str | None = None
    sms_url: SecretStr | None = None
    sms_is_caught: bool = False
    email_per_minute: int | None = None
    email_per_minute_and_domain: int | None = None
    sms_per_minute: int | None = None
    senders: int = 4
    export_directory: Path = Path("export")
    analysis_directory: Path = Path("analysis")
    demo_token: SecretStr | None = None
    log_level: str = "INFO"
    tick_seconds: float = 30.0
    lease_seconds: float = 60.0

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("needs at least 32 characters; `openssl rand -hex 32` makes one")
        return value

    @field_validator("tick_seconds", "lease_seconds")
    @classmethod
    def _passes(cls, value: float) -> float:
        if not 0 < value < _DAY:
            raise ValueError("is more than 0 and less than a day (86400)")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in _LEVELS:
            raise ValueError(f"is one of {', '.join(_LEVELS)}")
        return value.upper()

    @field_validator(*_RATES)
    @classmethod
    def _sends_some(cls, value: int | None) -> int | None:
        if value is not None and not 1 <= value <= _MOST_PER_MINUTE:
            raise ValueError(f"is a whole number from 1 to {_MOST_PER_MINUTE}")
        return value

    @field_validator("senders")
    @classmethod
    def _some_send(cls, value: int) -> int:
        if not 1 <= value <= _MOST_SENDERS:
            raise ValueError(f"is a whole number from 1 to {_MOST_SENDERS}")
        return value

    @field_validator("smtp_ca_file", "bounce_address", "sms_url", *_RATES, mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("bounce_address")
    @classmethod
    def _can_be_varied(cls, value: str | None) -> str | None:
        if value is not None and not _VARIABLE_ADDRESS.fullmatch(value):
            raise ValueError("is an address such as bounces@study.example, without +")
        return value

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("starts with http:// or https://")
        return value.rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether participants reach this installation over TLS."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def lease(self) -> timedelta:
        """For how long a worker leads unless it says so again."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def late_after(self) -> timedelta:
        """How long the clockwork may stand still: a change of the leader, and two ticks more."""
        return self.lease + timedelta(seconds=3 * self.tick_seconds)

    @property
    def tells_password(self) -> bool:
        """Whether the password of the mail server leaves this machine in the clear."""
        address = urlsplit(self.smtp_url or "")
        in_clear = address.scheme == "smtp" and address.password is not None
        return in_clear and not _is_loopback(address.hostname or "")

    @property
    def has_default_secret(self) -> bool:
        """Whether nobody has set a secret key of their own."""
        return self.secret_key.get_secret_value() == DEFAULT_SECRET_KEY

    @property
    def is_exposed(self) -> bool:
        """Whether the secret key is the known one and others than this machine are served."""
        return self.has_default_secret and not _is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def unsafe_for_participants(self) -> tuple[str, ...]:
        """What must be mended before a live study may open, each as half a sentence."""
        reasons = []
        if self.has_default_secret:
            reasons.append("LONGWAVE_SECRET_KEY is the default that everybody knows")
        if not self.smtp_url:
            reasons.append("no mail server is set (LONGWAVE_SMTP_URL), so that mail reaches nobody")
        elif self.mail_is_caught:
            reasons.append("the mail server keeps what it takes (LONGWAVE_MAIL_IS_CAUGHT)")
        if self.sms_url is not None and self.sms_is_caught:
            reasons.append("the SMS gateway keeps what it takes (LONGWAVE_SMS_IS_CAUGHT)")
        return tuple(reasons)

    def require_safe_key(self) -> None:
        """Refuse to serve anybody but this machine itself under the key that everybody knows.

        Raises
        ------
        ConfigurationError
            If `is_exposed`.
        """
        if self.is_exposed:
            raise ConfigurationError(
                "LONGWAVE_SECRET_KEY is the default that everybody knows: with it anybody can make "
                f"the links of participants of {self.base_url}, and read their contact details.",
                "Set it to the output of `openssl rand -hex 32`.",
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings() -> Settings:
    """Read the settings of this process.

    Raises
    ------
    ConfigurationError
        Naming each setting that is unusable and why.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"LONGWAVE_{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise ConfigurationError(
            f"The settings cannot be used: {faults}.",
            "Correct them in the environment or in .env.",
        ) from None
