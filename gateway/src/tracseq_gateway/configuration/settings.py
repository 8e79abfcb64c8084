"""Every variable the gateway reads, with its default.

Names and defaults are those of the deployment guide; what the guide does not name is the
gateway's own. The file is long because the list is whole here and nowhere else.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tracseq_gateway.authentication.access import parse_route, parse_rules
from tracseq_gateway.configuration.database_url import normalise_database_url
from tracseq_gateway.configuration.lists import NetworkList, TextList
from tracseq_gateway.configuration.problem import from_validation
from tracseq_gateway.configuration.secret_files import SecretFilesSource
from tracseq_gateway.configuration.service_urls import (
    SERVICE_PATHS,
    UpstreamAddress,
    parse_service_urls,
)

REMOVED = {"LOG_FILE": "logs go to standard error, and from there to systemd's journal, which also rotates them"}
Seconds = Annotated[float, Field(gt=0, le=86_400)]
ServiceUrl = Annotated[str, AfterValidator(lambda text: (parse_service_urls(text), text)[1])]
MINIMUM_SECRET_BYTES = 32


def _state_directory() -> Path:
    # systemd gives all directories of StateDirectory=, parted by colons (systemd.exec(5)).
    return Path(os.environ.get("STATE_DIRECTORY", "/var/lib/tracseq-gateway").partition(":")[0])


def parse_address(text: str) -> tuple[str, int]:
    """Read an address such as ``redis1:26379`` or ``[fd00::41]:26379``.

    Raises:
        ValueError: it is no address with a port.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} is not a host with a port, such as redis1:26379")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Settings(BaseSettings):
    """The configuration of one gateway; times are seconds, sizes are bytes."""

    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", env_ignore_empty=True, validate_default=True, frozen=True
    )

    environment: Literal["development", "testing", "staging", "production"] = "production"
    gateway_host: str = "0.0.0.0"  # noqa: S104 - the guide's default; a firewall is in front
    gateway_port: int = Field(8000, ge=1, le=65_535)
    gateway_workers: int = Field(1, ge=1, le=64)
    gateway_debug: bool = False
    gateway_shutdown_timeout: Seconds = 30
    gateway_drain_delay: float = Field(0, ge=0, le=600)
    gateway_backlog: int = Field(2048, ge=1, le=65_535)
    gateway_state_directory: Path = Field(default_factory=_state_directory)
    trusted_proxies: NetworkList = ()

    gateway_tls_host: str = "0.0.0.0"  # noqa: S104 - those that may connect are known by their certificates
    gateway_tls_port: int | None = Field(None, ge=1, le=65_535)
    gateway_tls_certificate: Path | None = None
    gateway_tls_key: Path | None = None
    gateway_tls_authority: Path | None = None
    gateway_tls_clients: TextList = ()

    database_url: SecretStr
    db_pool_min_size: int = Field(10, ge=0, le=1000)
    db_pool_max_size: int = Field(50, ge=1, le=1000)
    db_connection_timeout: Seconds = 30
    db_prepared_statements: bool = True
    db_promotions: Path | None = None
    redis_url: SecretStr | None = None
    redis_sentinels: TextList = ()
    redis_master: str = "tracseq"
    redis_password: SecretStr | None = None
    redis_timeout: Seconds = 1
    redis_ca_file: Path | None = None
    redis_certificate: Path | None = None
    redis_key: Path | None = None

    jwt_algorithm: Literal["HS256", "RS256"] = "HS256"
    jwt_secret_key: SecretStr | None = None
    jwt_public_key: SecretStr | None = None
    jwt_jwks_url: str | None = None
    jwt_jwks_refresh: Seconds = 300
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    jwt_leeway: float = Field(10, ge=0, le=300)
    jwt_expiration_hours: float = Field(8, gt=0, le=8760)
    jwt_revocation_cache: Seconds = 5
    jwt_tenant_claim: str = "tenant_id"
    jwt_roles_claim: str = "roles"
    public_routes: TextList = ("/api/auth/login", "/api/auth/refresh")
    access_rules: str = ""

    auth_service_url: ServiceUrl = ""
    sample_service_url: ServiceUrl = ""
    storage_service_url: ServiceUrl = ""
    template_service_url: ServiceUrl = ""
    sequencing_service_url: ServiceUrl = ""
    notification_service_url: ServiceUrl = ""
    transaction_service_url: ServiceUrl = ""
    event_service_url: ServiceUrl = ""
    rag_service_url: ServiceUrl = ""
    service_health_path: str = Field("/health", pattern=r"^/[\x21-\x7e]*$")
    upstream_ca_file: Path | None = None
    upstream_connect_timeout: Seconds = 5
    upstream_response_timeout: Seconds = 60
    upstream_idle_timeout: Seconds = 300
    upstream_retry_deadline: Seconds = 10
    upstream_attempts: int = Field(3, ge=1, le=10)
    upstream_keep_alive_timeout: Seconds = 4
    upstream_max_connections: int = Field(256, ge=1, le=65_535)

    client_header_timeout: Seconds = 15
    client_idle_timeout: Seconds = 60
    client_keep_alive_timeout: Seconds = 75
    max_header_size: int = Field(32_768, ge=1024, le=1_048_576)
    max_header_count: int = Field(100, ge=10, le=1000)
    max_request_size: int = Field(17_179_869_184, ge=0)

    rate_limit_requests: int = Field(100, ge=0)
    rate_limit_window: int = Field(60, ge=1, le=86_400)
    adaptive_rate_limiting: bool = True
    enable_metrics: bool = True
    health_check_interval: Seconds = 30
    circuit_breaker_failure_threshold: int = Field(5, ge=1)
    circuit_breaker_recovery_timeout: Seconds = 60

    cors_allowed_origins: TextList = ()
    cors_allowed_methods: TextList = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    cors_allowed_headers: TextList = ("Authorization", "Content-Type", "X-Request-ID")
    cors_max_age: int = Field(600, ge=0, le=86_400)

    enable_audit: bool = True
    audit_retention_months: int = Field(24, ge=1, le=1200)
    audit_flush_interval: Seconds = 1

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_mask_fields: TextList = ()
    enable_access_log: bool = True
    enable_sql_logging: bool = False

    trace_endpoint: str | None = Field(None, pattern=r"^https?://[^\s/]+/\S*$")
    trace_sample_ratio: float = Field(1, ge=0, le=1)
    trace_queue: int = Field(8192, ge=1, le=1_000_000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFilesSource(settings_cls)

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("gateway_debug")
    @classmethod
    def _no_debug_in_production(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("environment") == "production":
            raise ValueError("it must be false where ENVIRONMENT is production")
        return value

    @field_validator("gateway_tls_port")
    @classmethod
    def _port_of_its_own(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and value == info.data.get("gateway_port"):
            raise ValueError("it is GATEWAY_PORT, where the gateway takes what is not encrypted; give it another port")
        return value

    @field_validator("gateway_tls_certificate", "gateway_tls_key", "gateway_tls_authority", "gateway_tls_clients")
    @classmethod
    def _needed_for_tls(cls, value: Any, info: ValidationInfo) -> Any:
        if not value and info.data.get("gateway_tls_port") is not None:
            raise ValueError("GATEWAY_TLS_PORT is set, which needs it")
        if isinstance(value, Path) and not os.access(value, os.R_OK):
            raise ValueError(f"{value} cannot be read; give the path of a readable file")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: SecretStr) -> SecretStr:
        return SecretStr(normalise_database_url(value.get_secret_value()))

    @field_validator("db_pool_max_size")
    @classmethod
    def _pool_sizes(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("db_pool_min_size", 0):
            raise ValueError("it is less than DB_POOL_MIN_SIZE; raise it or lower the other")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("redis://", "rediss://", "unix://")
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError("it must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("redis_sentinels")
    @classmethod
    def _redis_sentinels(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if value and info.data.get("redis_url") is not None:
            raise ValueError("REDIS_URL is set, too, and names one server; keep only one of them")
        for text in value:
            parse_address(text)
        return value

    @field_validator("jwt_secret_key")
    @classmethod
    def _jwt_secret_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("jwt_algorithm") != "HS256":
            return value
        if value is None:
            raise ValueError("JWT_ALGORITHM is HS256, which needs it; set it or JWT_SECRET_KEY_FILE")
        exposed = info.data.get("environment") in ("staging", "production")
        if exposed and len(value.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"it is shorter than {MINIMUM_SECRET_BYTES} bytes; make a longer one")
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _jwt_keys(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("it must begin with https:// or http://")
        if info.data.get("jwt_algorithm") != "RS256":
            return value
        if (value is None) == (info.data.get("jwt_public_key") is None):
            raise ValueError("JWT_ALGORITHM is RS256, which needs JWT_PUBLIC_KEY or JWT_JWKS_URL, and not both")
        return value

    @field_validator("jwt_public_key")
    @classmethod
    def _jwt_public_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                load_pem_public_key(value.get_secret_value().encode())
            except (ValueError, UnsupportedAlgorithm):
                raise ValueError("it is not a public key in PEM form") from None
        return value

    @field_validator("public_routes")
    @classmethod
    def _public_routes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_route(text)
        return value

    @field_validator("access_rules")
    @classmethod
    def _access_rules(cls, value: str) -> str:
        parse_rules(value)
        return value

    @field_validator("redis_certificate", "redis_key")
    @classmethod
    def _with_an_authority(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("redis_ca_file") is None:
            raise ValueError("REDIS_CA_FILE is not set, without which Redis is not asked over TLS")
        return value

    @field_validator("upstream_ca_file", "redis_ca_file", "redis_certificate", "redis_key")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError(f"{value} cannot be read; give the path of a readable file")
        return value

    @property
    def services(self) -> dict[str, tuple[UpstreamAddress, ...]]:
        """The configured services by name, each with at least one address."""
        parsed = {name: parse_service_urls(getattr(self, f"{name}_service_url")) for name in SERVICE_PATHS}
        return {name: addresses for name, addresses in parsed.items() if addresses}


def load_settings() -> Settings:
    """Read the configuration from the environment.

    Raises:
        ConfigurationError: with a sentence for each thing that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise from_validation(error) from None


def removed_variables() -> list[str]:
    """Return a sentence for each variable that is set and was given up; it does no harm."""
    return [f"{name} is set and no longer read: {reason}." for name, reason in REMOVED.items() if os.environ.get(name)]
