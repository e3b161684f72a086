"""The composition root: settings in, wired services out. The only place that makes real effects.

Importing this module costs little and makes nothing: clients, stores and adapters are made, and their
libraries imported, when the first invocation asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from shared import config, correlation
from shared.domain.connections import Connection
from shared.domain.ids import ProviderName, RecordKind
from shared.metrics import EmfMetrics
from shared.providers import registry
from shared.sync.services import Books, Services, Uploads

# Real effects and clients are imported where they are made: a handler's import stays cheap.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from shared.auth.bearer import BearerVerifier
    from shared.auth.connect_ports import ConnectPorts
    from shared.auth.keeper import TokenKeeper
    from shared.auth.sign_in import SignIn
    from shared.auth.sweep import Sweep
    from shared.auth.vault import TokenVault
    from shared.domain.effects import Chance, Clock, InFlight, Workflows
    from shared.domain.grants import Grant
    from shared.providers.base import AccountingProvider, ProviderOAuth, TokenSource
    from shared.providers.http import Transport
    from shared.storage.ports import Stores
    from shared.wakeups import SqsWakeUps


TOKEN_DEADLINE = 20.0
"""Total seconds of one call of a token endpoint: leases outlast it, and so must a function's last look."""


@cache
def services() -> Services:
    """The services of one container, wired from its environment. Raises `ConfigurationError`."""
    return build(config.load(registry.provider_names()))


def build(
    settings: config.Settings, *, on_consumed: Callable[[str, float], None] | None = None
) -> Services:
    """Everything an installation with these settings needs; clients are made on first use.

    `on_consumed` is told each storage call's name and consumed units.
    """
    from shared.system import SystemChance, SystemClock, ThreadedInFlight, UuidIds

    clock, ids, chance, in_flight = SystemClock(), UuidIds(), SystemChance(), ThreadedInFlight()
    metrics = EmfMetrics()
    transport = cache(lambda: _transport(metrics, clock))
    token_deadline = min(TOKEN_DEADLINE, settings.request_deadline_seconds)
    stores = _announced(settings, _stores(settings, clock, chance, on_consumed))
    vault = cache(lambda: _vault(settings))
    secrets = cache(lambda: _provider_secrets(settings))

    def oauth(name: ProviderName) -> ProviderOAuth:
        secret = secrets().get(name, {})
        return registry.open_oauth(
            name,
            settings.endpoints[name],
            client_id=secret.get("client_id", ""),
            client_secret=secret.get("client_secret", ""),
            transport=transport(),
            clock=clock,
            deadline=token_deadline,
        )

    def made_keeper() -> TokenKeeper:
        from shared.auth.keeper import TokenKeeper

        return TokenKeeper(
            grants=stores.grants,
            vault=vault(),
            clock=clock,
            ids=ids,
            chance=chance,
            call_deadline=token_deadline,
            on_renewed=_follower(connect_ports),
        )

    keeper = cache(made_keeper)

    def token_source(connection: Connection) -> TokenSource:
        from shared.auth.tokens import GrantTokens

        return GrantTokens(
            keeper(),
            connection,
            oauth(connection.key.provider),
            patience=settings.token_patience_seconds,
        )

    def open_books(connection: Connection, kind: RecordKind) -> Books:
        return books_with(connection, kind, token_source(connection))

    def books_with(connection: Connection, kind: RecordKind, tokens: TokenSource) -> Books:
        from shared.providers.pacing import Pacer
        from shared.providers.session import CallCounter

        name = connection.key.provider
        pacer = Pacer(
            stores.pacing,
            connection.key,
            registry.profile(name).limits,
            connection.settings.pacing_mode,
            kind,
            clock,
            ids.new(),
        )
        calls = CallCounter()
        provider = registry.open_provider(
            name,
            settings.endpoints[name],
            remote_company_id=connection.remote_company.remote_company_id,
            country=connection.remote_company.country,
            tokens=tokens,
            transport=transport(),
            pacer=pacer,
            clock=clock,
            chance=chance,
            deadline=settings.request_deadline_seconds,
            calls=calls,
            patience=settings.read_patience_seconds,
        )
        return Books(provider, pacer, calls)

    def connect_ports() -> ConnectPorts:
        from shared.auth.connect_ports import ConnectPorts
        from shared.auth.secret_bytes import SystemSecretBytes

        def open_provider(connection: Connection, tokens: TokenSource) -> AccountingProvider:
            return books_with(connection, RecordKind.ITEM, tokens).provider

        return ConnectPorts(
            stores=stores,
            vault=vault(),
            clock=clock,
            ids=ids,
            secret_bytes=SystemSecretBytes(),
            open_provider=open_provider,
            token_source=token_source,
        )

    outage_notice = timedelta(seconds=settings.outage_notice_seconds)
    sweep = cache(lambda: _sweep(connect_ports(), keeper(), oauth, in_flight, outage_notice))

    def made_verifier() -> BearerVerifier:
        from shared.auth.bearer import BearerVerifier

        return BearerVerifier(settings, transport(), clock)

    verifier = cache(made_verifier)

    def made_sign_in() -> SignIn:
        from shared.auth.secret_bytes import SystemSecretBytes
        from shared.auth.sign_in import SignIn

        return SignIn(
            settings,
            lambda: secrets().get("sign_in", {}).get("client_secret", ""),
            verifier(),
            transport(),
            stores.sessions,
            clock,
            SystemSecretBytes(),
        )

    wake_ups = _wake_ups(settings)
    return Services(
        settings=settings,
        stores=stores,
        clock=clock,
        ids=ids,
        chance=chance,
        in_flight=in_flight,
        workflows=_workflows(settings),
        wake_ups=wake_ups,
        tasks=wake_ups,
        profile=registry.profile,
        open_books=open_books,
        oauth=oauth,
        vault=vault,
        verify_bearer=lambda token: verifier().verify(token),
        sign_in=cache(made_sign_in),
        connect_ports=connect_ports,
        token_source=token_source,
        sweep=lambda provider, until: sweep().run(provider, until),
        metrics=metrics,
        uploads=cache(lambda: _uploads(settings)),
    )


def _follower(ports: Callable[[], ConnectPorts]) -> Callable[[Grant, Grant], None]:
    """What follows once a pair is renewed."""

    def renewed(before: Grant, after: Grant) -> None:
        from shared.auth.after_renewal import after_renewal

        after_renewal(ports(), before, after, registry.profile(after.provider))

    return renewed


def _sweep(
    ports: ConnectPorts,
    keeper: TokenKeeper,
    oauth: Callable[[ProviderName], ProviderOAuth],
    in_flight: InFlight,
    outage_notice: timedelta,
) -> Sweep:
    from shared.auth.sweep import Sweep

    return Sweep(
        ports=ports,
        keeper=keeper,
        oauth=cache(oauth),
        in_flight=in_flight,
        outage_notice=outage_notice,
    )


def _transport(metrics: EmfMetrics, clock: Clock) -> Transport:
    from shared.observability import make_logger
    from shared.provider_calls import ObservedTransport
    from shared.providers.transport import HttpxTransport

    return ObservedTransport(HttpxTransport(), make_logger("provider_calls"), metrics, clock)


def _stores(
    settings: config.Settings,
    clock: Clock,
    chance: Chance,
    on_consumed: Callable[[str, float], None] | None,
) -> Stores:
    import boto3

    from shared.storage.dynamo.client import client_config
    from shared.storage.dynamo.stores import dynamo_stores
    from shared.storage.dynamo.tables import TableNames

    names = TableNames(
        records=settings.records_table,
        sync_state=settings.sync_state_table,
        grants=settings.grants_table,
    )
    client = boto3.client("dynamodb", config=client_config())
    return dynamo_stores(
        names,
        client,
        clock=clock,
        chance=chance,
        correlation_id=correlation.current,
        on_consumed=on_consumed,
    )


def _announced(settings: config.Settings, stores: Stores) -> Stores:
    """Notifications are sent out where the installation has a topic for them."""
    if not settings.notifications_topic_arn:
        return stores
    import boto3

    from shared.announcing import AnnouncedNotifications, SnsAnnouncer, log_unannounced

    client = cache(lambda: boto3.client("sns"))
    announcer = SnsAnnouncer(client, settings.notifications_topic_arn, log_unannounced)
    announced = AnnouncedNotifications(stores.notifications, stores.connections, announcer)
    return replace(stores, notifications=announced)


def _vault(settings: config.Settings) -> TokenVault:
    import boto3

    from shared.auth.data_keys import KmsDataKeys
    from shared.auth.secret_bytes import SystemSecretBytes
    from shared.auth.vault import EnvelopeVault

    data_keys = KmsDataKeys(cache(lambda: boto3.client("kms")), settings.token_key_id)
    return EnvelopeVault(data_keys, SystemSecretBytes())


def _provider_secrets(settings: config.Settings) -> Mapping[str, Mapping[str, str]]:
    """Provider name to client id and secret; read once per container."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client("secretsmanager")
    try:
        text = client.get_secret_value(SecretId=settings.provider_secret_name)["SecretString"]
        secrets: Mapping[str, Mapping[str, str]] = json.loads(text)
    except (BotoCoreError, ClientError) as error:
        name = settings.provider_secret_name
        raise config.ConfigurationError(f"the secret {name} cannot be read: {error}") from None
    except ValueError:
        raise config.ConfigurationError("the providers' secret is not JSON") from None
    return secrets


def _workflows(settings: config.Settings) -> Workflows:
    import boto3

    from shared.workflows import StepFunctionsWorkflows

    client = cache(lambda: boto3.client("stepfunctions"))
    return StepFunctionsWorkflows(client, settings.state_machine_arns)


def _wake_ups(settings: config.Settings) -> SqsWakeUps:
    import boto3

    from shared.wakeups import SqsWakeUps

    return SqsWakeUps(cache(lambda: boto3.client("sqs")), settings.wake_up_queue_urls)


def _uploads(settings: config.Settings) -> Uploads:
    """Raises `ConfigurationError` in a function that has nothing to do with uploaded files."""
    import boto3

    from shared.storage.s3_files import S3Files, client_config
    from shared.wakeups import SqsImportQueue

    bucket, queue_url = settings.uploads_bucket, settings.import_queue_url
    if not bucket or not queue_url:
        raise config.ConfigurationError("UPLOADS_BUCKET and IMPORT_FILES_QUEUE_URL are not set")
    return Uploads(
        files=S3Files(cache(lambda: boto3.client("s3", config=client_config())), bucket),
        queue=SqsImportQueue(cache(lambda: boto3.client("sqs")), queue_url),
    )
