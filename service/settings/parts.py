"""What can be set, concern by concern; a unit stands in each name that needs one."""

import zoneinfo
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "VOLTPASS_"
_RETENTION_DAYS_MIN = 3  # of pages of two days that are about to go nothing is derived

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Names = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda given: _split(given) if isinstance(given, str) else given),
    Field(min_length=1),
]
NamesOrNone = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda given: _split(given) if isinstance(given, str) else given),
]


def _split(names: str) -> tuple[str, ...]:
    return tuple(name for part in names.split(",") if (name := part.strip()))


def _known_zone(name: str) -> str:
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone") from error


def _origin(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}:
        raise ValueError(f"{url!r} is no scheme and host, like https://voltpass.example")
    return f"{parts.scheme}://{parts.netloc}"


class Part(BaseSettings):
    """Settings of one concern; never read from the environment by itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from: what was passed in."""
        return (init_settings,)


class KafkaSettings(Part):
    """How the brokers are reached, and what is read there."""

    kafka_bootstrap: str = Field(
        default="localhost:9092", description="brokers to ask first, host:port, comma between them"
    )
    topics: Names = Field(
        default=("voltpass.readings",), description="topics to read, comma between them"
    )
    meter_event_topics: NamesOrNone = Field(
        default=("voltpass.meter-events",),
        description="topics of meter events, comma between them; a comma alone: none",
    )
    group: str = Field(
        default="voltpass",
        min_length=1,
        description="consumer group; that of meter events has .meter-events behind it",
    )
    group_instance: str | None = Field(
        default=None, description="name of this member, for restarts without a rebalance"
    )
    dead_letter_topic: str = Field(
        default="voltpass.dead-letters", description="topic that dead letters are copied to"
    )
    kafka_tls: bool = Field(default=False, description="speak TLS to the brokers")
    kafka_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust; without: the system's"
    )
    kafka_cert_file: Path | None = Field(default=None, description="PEM file, own certificate")
    kafka_key_file: Path | None = Field(
        default=None, description="PEM file, key to the certificate"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="how to log in; without: no login"
    )
    kafka_sasl_username: str | None = Field(default=None, description="name to log in with")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="password")
    max_poll_records: int = Field(
        default=2000, gt=0, le=10_000, description="messages taken from Kafka at once, at most"
    )
    session_timeout_s: Seconds = Field(
        default=30.0, description="a member is thrown out after this many seconds of silence"
    )
    rebalance_timeout_s: Seconds = Field(
        default=60.0, description="a member may take this many seconds to store and let go"
    )
    stall_s: Seconds = Field(
        default=120.0, description="without progress for this many seconds the process ends"
    )
    data_gap: Literal["refuse", "record"] = Field(
        default="refuse",
        description="when the log no longer has the next offset: stop, or record the gap and go on",
    )

    @model_validator(mode="after")
    def _kafka_agrees(self) -> Self:
        both = set(self.topics) & set(self.meter_event_topics)
        if both:
            raise ValueError(
                f"TOPICS and METER_EVENT_TOPICS both name {', '.join(sorted(both))};"
                " readings and meter events have topics of their own"
            )
        files = (self.kafka_ca_file, self.kafka_cert_file)
        if not self.kafka_tls and files != (None, None):
            raise ValueError("certificate files for Kafka are set, but KAFKA_TLS is not true")
        if (self.kafka_cert_file is None) != (self.kafka_key_file is None):
            raise ValueError("KAFKA_CERT_FILE and KAFKA_KEY_FILE go together")
        login = (self.kafka_sasl_mechanism, self.kafka_sasl_username, self.kafka_sasl_password)
        if login.count(None) not in {0, len(login)}:
            raise ValueError("KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD go together")
        return self


class DatabaseSettings(Part):
    """How the database is reached."""

    database_dsn: str = Field(repr=False, description="postgresql://user:password@host:port/name")
    database_tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] | None = (
        Field(
            default=None, description="TLS to the database, as sslmode; without: what the DSN says"
        )
    )
    database_ca_file: Path | None = Field(
        default=None, description="PEM file of the authorities to trust; without: the system's"
    )
    database_cert_file: Path | None = Field(default=None, description="PEM file, own certificate")
    database_key_file: Path | None = Field(
        default=None, description="PEM file, key to the certificate"
    )
    database_connect_timeout_s: Seconds = Field(
        default=10.0, description="seconds to wait for a connection"
    )
    writer_lock_timeout_s: Seconds = Field(
        default=10.0, description="a writer waits this many seconds for a lock"
    )
    writer_idle_timeout_s: Seconds = Field(
        default=30.0, description="a writer idle in a transaction this many seconds is cut off"
    )
    writer_command_timeout_s: Seconds = Field(
        default=120.0, description="a writer's statement may take this many seconds"
    )
    reader_statement_timeout_s: Seconds = Field(
        default=15.0, description="a reader's statement may take this many seconds"
    )
    reader_pool_size: int = Field(
        default=8, gt=0, le=100, description="connections of `serve`, at most"
    )

    @model_validator(mode="after")
    def _database_agrees(self) -> Self:
        files = (self.database_ca_file, self.database_cert_file)
        if files != (None, None) and self.database_tls not in {"verify-ca", "verify-full"}:
            raise ValueError("certificate files need DATABASE_TLS verify-ca or verify-full")
        if (self.database_cert_file is None) != (self.database_key_file is None):
            raise ValueError("DATABASE_CERT_FILE and DATABASE_KEY_FILE go together")
        return self


class JudgingSettings(Part):
    """What is accepted, and how it is judged."""

    zone: Annotated[str, BeforeValidator(_known_zone)] = Field(
        default="Asia/Shanghai", description="IANA zone in which days and months are counted"
    )
    month_start_day: int = Field(
        default=1,
        ge=1,
        le=28,
        description="day on which a month of the reports begins; 26: 2026-11 is 26 October to 25 November",
    )
    rule_set: str = Field(
        default="sgcc-2003",
        min_length=1,
        description="statutory rule set, by which pages are judged; `migrate` adopts another one",
    )
    rule_sets_beside: NamesOrNone = Field(
        default=(), description="rule sets judged beside it over the same pages, comma between them"
    )
    rule_set_folder: Path | None = Field(
        default=None, description="folder of rule sets of one's own, NAME.toml; without: packaged"
    )
    stamp_ahead_s: int = Field(
        default=300, ge=0, description="a reading may end this many seconds after its Kafka record"
    )
    oldest_reading_age_s: int = Field(
        default=864_000,
        ge=0,
        description="a reading may start this many seconds before its Kafka record; 0: any time",
    )
    meter_event_age_s: int = Field(
        default=3_024_000,
        ge=0,
        description="a meter event may lie this many seconds before its Kafka record; 0: any time",
    )
    lateness_window_s: int = Field(
        default=864_000,
        ge=3600,
        description="late readings are kept this many seconds, so that more can join them",
    )
    checkpoint_interval_s: Seconds = Field(
        default=5.0, le=300, description="seconds from one checkpoint to the next"
    )
    settle_interval_s: Seconds = Field(
        default=10.0, description="seconds from one pass of `settle` to the next"
    )
    settle_rows_per_pass: int = Field(
        default=200_000, gt=0, description="late readings merged in one pass, at most"
    )
    retention_days: int = Field(
        default=0,
        ge=0,
        description="pages, meter events and alerts older than this many days are dropped, 3 or more; 0: none",
    )

    @model_validator(mode="after")
    def _rule_sets_differ(self) -> Self:
        named = (self.rule_set, *self.rule_sets_beside)
        if len(set(named)) < len(named):
            raise ValueError("RULE_SET and RULE_SETS_BESIDE name each rule set once")
        return self

    @model_validator(mode="after")
    def _retention_leaves_something_to_derive_from(self) -> Self:
        if 0 < self.retention_days < _RETENTION_DAYS_MIN:
            raise ValueError(
                f"RETENTION_DAYS is {self.retention_days}; give {_RETENTION_DAYS_MIN} or more, or 0 to keep everything:"
                " interruptions are not derived from the last two days before pages are dropped"
            )
        return self


class ServingSettings(Part):
    """Where this process answers, and what it says."""

    api_host: str = Field(default="127.0.0.1", description="`serve` listens here")
    api_port: Port = Field(default=8000, description="port of `serve`; 0: any free one")
    public_url: Annotated[str | None, AfterValidator(_origin)] = Field(
        default=None,
        description="how people reach `serve` through a proxy, like https://voltpass.example; none: as requests say",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="`consume` and `settle` show their metrics here"
    )
    metrics_port: Port = Field(default=9108, description="port of the metrics; 0: any free one")
    point_series_max: int = Field(
        default=10_000, gt=0, description="series that /metrics/points gives at once, at most"
    )
    exports_max: int = Field(
        default=2, gt=0, description="exports of /v1/minutes that `serve` has under way, at most"
    )
    listeners_max: int = Field(
        default=100, gt=0, description="listeners to live breaches of one `serve`, at most"
    )
    fewest_in_group: int = Field(
        default=5,
        ge=1,
        description="sums of fewer users or points are not shown to who may not read customers",
    )
    report_font: Path | None = Field(
        default=None,
        description="TrueType font that PDF reports embed; without: the Chinese one that readers of PDF have",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="one JSON object a line, or text for people"
    )
