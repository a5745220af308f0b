"""Settings of existing brokers -> sources. Beside `wiring`, which is about what every ingest process has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from forewarn.api.settings import BrokerSettings, Settings
from forewarn.api.sparkplug import Certificates
from forewarn.core.errors import Rejected
from forewarn.core.readings import SignalSpec
from forewarn.ingest.brokers.filters import check_filter, check_sharing, matches
from forewarn.ingest.brokers.promise import PromiseBoard
from forewarn.ingest.brokers.source import PahoSource
from forewarn.ingest.brokers.target import Target, Tls
from forewarn.ingest.commit import GroupCommit
from forewarn.ingest.sparkplug.topics import PREFIX as SPARKPLUG_PREFIX
from forewarn.ingest.sparkplug.topics import state_topic


def broker_sources(
    settings: Settings, signals: Sequence[SignalSpec], commit: GroupCommit, now_us: Callable[[], int]
) -> dict[str, PahoSource]:
    """One source for each broker of the settings, not yet started. Raises Rejected for what cannot work."""
    board = PromiseBoard(settings.broker_promises)
    return {
        name: _source(settings, target, commit, now_us, board)
        for name, target in broker_targets(settings, signals).items()
    }


def _source(
    settings: Settings, target: Target, commit: GroupCommit, now_us: Callable[[], int], board: PromiseBoard
) -> PahoSource:
    """One source; where it listens to Sparkplug, with the certificates of a host."""
    book = settings.broker_sessions_dir / f"{target.name}.json"
    if not any(filter_.startswith(SPARKPLUG_PREFIX) for filter_ in target.filters):
        return PahoSource(target, commit, now_us, book, board)
    host_id = settings.sparkplug.host_id
    told = Certificates(host_id)
    return PahoSource(with_state(target, host_id), commit, now_us, book, board, told.will, told.birth)


def with_state(target: Target, host_id: str) -> Target:
    """A Sparkplug host also reads its own STATE: a late will of an earlier connection has to be corrected.

    >>> told = BrokerSettings(host="10.0.0.5", filters=["spBv1.0/hall/#"])
    >>> with_state(broker_target("hall", told, []), "forewarn").filters
    ['spBv1.0/hall/#', 'spBv1.0/STATE/forewarn']
    """
    topic = state_topic(host_id)
    if any(matches(filter_, topic) for filter_ in target.filters):
        return target
    return replace(target, filters=[*target.filters, topic])


def broker_targets(settings: Settings, signals: Sequence[SignalSpec]) -> dict[str, Target]:
    """Every broker of the settings, checked against the plant's signals."""
    return {name: broker_target(name, told, signals) for name, told in settings.brokers.items()}


def broker_target(name: str, told: BrokerSettings, signals: Sequence[SignalSpec]) -> Target:
    """One broker. Raises Rejected with the setting that has to change.

    >>> told = BrokerSettings(host="10.0.0.5", filters=["plant/#"], group="hall", members=2)
    >>> broker_target("hall", told, []).subscriptions
    ['$share/hall/plant/#']
    """
    for filter_ in told.filters:
        check_filter(filter_)
    if told.group is not None:
        check_sharing(told.group, told.filters, signals)
    elif told.members > 1:
        raise Rejected("broker_sharing", f"brokers.{name}: members above 1 need a group")
    if told.member >= told.members:
        raise Rejected("broker_sharing", f"brokers.{name}: member {told.member} of {told.members}: they count from 0")
    return Target(
        name=name,
        host=told.host,
        port=told.port,
        client_id=client_id_of(name, told),
        filters=told.filters,
        protocol=told.protocol,
        group=told.group,
        username=told.username,
        password=_password(name, told),
        tls=_tls(told),
        keepalive_s=told.keepalive_s,
        window=told.window,
        maximum_packet_bytes=told.maximum_packet_bytes,
        session_expiry_s=told.session_expiry_s,
    )


def client_id_of(name: str, told: BrokerSettings) -> str:
    """The same in every run: the broker keeps our session under it. Members of a group are GROUP-0, GROUP-1, ...

    >>> client_id_of("hall", BrokerSettings(host="10.0.0.5", filters=["plant/#"]))
    'forewarn-hall'
    """
    if told.group is not None:
        return f"{told.client_id or told.group}-{told.member}"
    return told.client_id or f"forewarn-{name}"


def _password(name: str, told: BrokerSettings) -> str | None:
    if told.password_file is None:
        return told.password
    try:
        return told.password_file.read_text().rstrip("\r\n")
    except OSError as error:
        raise Rejected("broker_password", f"brokers.{name}.password_file: {error}") from error


def _tls(told: BrokerSettings) -> Tls | None:
    if told.tls or told.ca_file or told.cert_file:
        return Tls(told.ca_file, told.cert_file, told.key_file)
    return None
