"""One MQTT connection: paho's protocol engine on asyncio's own socket events, without a thread.

Owns sockets, TLS, the will, publish confirmations and the bounds of what comes in. Knows nothing of
rows. One `Connection` is one try: when it is lost it stays lost, and `dialer` opens the next.
paho keeps nothing for us: what is not confirmed is forgotten, because the journal is the queue.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import ssl
import struct
import termios
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.config import UplinkSection
from agent.core.text import Sentence
from sync import limits, reasons
from sync.reasons import UplinkDown

log = logging.getLogger(__name__)

PROTOCOLS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}
_NO_SUBSCRIBER = 0x10  # MQTT 5 counts it as success.
OnMessage = Callable[[str, bytes], None]
OnComplaint = Callable[[str, Sentence], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a connection needs besides the configuration. `complain(code, says)` is told what went
    wrong without losing the connection; `unheard()` that a message had no subscriber (said by
    MQTT 5 brokers only)."""

    client_id: str
    will_topic: str
    will: bytes
    subscriptions: tuple[str, ...]
    on_message: OnMessage
    complain: OnComplaint
    unheard: Callable[[], None]


class Connection:
    """An open connection. `lost` is set when it is gone, and `why` then says the reason."""

    def __init__(self, settings: UplinkSection, protocol: str, endpoint: Endpoint) -> None:
        self.protocol = protocol
        self.lost = asyncio.Event()
        self.why = reasons.CLOSED
        self._settings = settings
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[None] = self._loop.create_future()
        self._pending: dict[int, tuple[asyncio.Future[bool], float]] = {}
        self._unsent_bytes = 0
        self._moved_s = 0.0
        self._subscribing: int | None = None
        self._last_error = ""
        self._was_accepted = False
        self._timer: asyncio.TimerHandle | None = None
        self._client = self._make_client()

    @classmethod
    async def open(cls, settings: UplinkSection, protocol: str, endpoint: Endpoint) -> Connection:
        """Connect, with TLS if configured, and wait for the broker's CONNACK.

        Errors: UplinkDown with the reason.
        """
        try:
            connection = cls(settings, protocol, endpoint)
        except (OSError, ValueError) as error:
            raise UplinkDown(reasons.of_error(error, settings.host, settings.port)) from error
        try:
            await connection._connect()
        except BaseException:
            connection._drop(reasons.CLOSED)
            raise
        return connection

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, content_type: str = ""
    ) -> asyncio.Future[bool]:
        """Send with QoS 1. The future says whether the broker took it; False also when we are
        offline, at once. It never raises and need not be awaited."""
        future: asyncio.Future[bool] = self._loop.create_future()
        if self.lost.is_set():
            future.set_result(False)
            return future
        properties = None
        if self.protocol == "5" and content_type:
            properties = _properties(PacketTypes.PUBLISH, "ContentType", content_type)
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            future.set_result(False)
        else:
            self._pending[info.mid] = (future, self._loop.time())
        return future

    async def close(self, farewell: bytes) -> None:
        """Say goodbye on the will's topic, then disconnect in good order; takes at most 2 s."""
        if not self.lost.is_set():
            said = self.publish(self._endpoint.will_topic, farewell, retain=True)
            await asyncio.wait([said], timeout=2.0)
            self._client.disconnect()
            self._client.loop_write()
        self._drop(reasons.STOPPED)

    def give_up(self, why: Sentence) -> None:
        """End the connection at once, without a word: another one is wanted."""
        self._drop(why)

    # --- coming up --------------------------------------------------------------------------------

    def _make_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._endpoint.client_id,
            protocol=PROTOCOLS[self.protocol],
            clean_session=None if self.protocol == "5" else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = limits.CONNECT_S
        client.max_inflight_messages_set(limits.MQTT_INFLIGHT)
        client.will_set(self._endpoint.will_topic, self._endpoint.will, qos=1, retain=True)
        if settings.username is not None:
            password = None
            if settings.password_file is not None:
                password = settings.password_file.read_text(encoding="utf-8").strip()
            client.username_pw_set(settings.username, password)
        if settings.tls:
            client.tls_set_context(tls_context(settings))
        # A fault in a callback is logged by paho instead of leaving its state half changed.
        client.suppress_exceptions = True
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_log = self._on_log
        return client

    async def _connect(self) -> None:
        opened: asyncio.Future[OSError | ValueError | None] = self._loop.create_future()

        def settle(error: OSError | ValueError | None) -> None:
            if not opened.done():
                opened.set_result(error)
            elif error is None:
                self._client.disconnect()  # We were told to stop while it connected.

        def dial() -> None:
            result: OSError | ValueError | None = None
            try:
                properties = None
                if self.protocol == "5":
                    most = limits.INCOMING_BYTES + 1024  # The payload, and topic and head.
                    properties = _properties(PacketTypes.CONNECT, "MaximumPacketSize", most)
                self._client.connect(
                    self._settings.host,
                    self._settings.port,
                    keepalive=self._settings.keepalive_s,
                    clean_start=True if self.protocol == "5" else paho.MQTT_CLEAN_START_FIRST_ONLY,
                    properties=properties,
                )
            except (OSError, ValueError) as error:
                result = error
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(settle, result)

        # Looking up a name and shaking hands block. A daemon thread of its own, so that a resolver
        # that hangs for a minute does not hold up the end of the process.
        threading.Thread(target=dial, name="mqtt-dial", daemon=True).start()
        error = await opened
        if error is not None:
            settings = self._settings
            raise UplinkDown(reasons.of_error(error, settings.host, settings.port)) from error
        self._attach()
        try:
            async with asyncio.timeout(limits.CONNECT_S):
                await self._accepted
        except TimeoutError as late:
            raise UplinkDown(reasons.NO_CONNACK, other_protocol=True) from late

    def _attach(self) -> None:
        """Let asyncio watch the socket from here on."""
        client = self._client
        sock = client.socket()
        if sock is None:
            raise UplinkDown(self._reason(None), other_protocol=True)
        assert isinstance(sock, socket.socket)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        self._loop.add_reader(sock, self._guarded, self._read)
        if client.want_write():
            self._loop.add_writer(sock, self._guarded, client.loop_write)
        self._misc()

    # --- being up ---------------------------------------------------------------------------------

    def _read(self) -> None:
        self._client.loop_read()
        sock = self._client.socket()
        # TLS may have decrypted more than one packet: the socket then looks empty to the loop.
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            self._client.loop_read()
            sock = self._client.socket()

    def _misc(self) -> None:
        """Once a second: keep-alive, and messages the broker does not confirm."""
        if self.lost.is_set():
            return
        self._guarded(self._client.loop_misc)
        self._notice_movement()
        oldest = next(iter(self._pending.values()), None)
        if oldest is not None:
            waits_since_s = max(oldest[1], self._moved_s)
            if self._loop.time() - waits_since_s > limits.PUBACK_S:
                self._drop(reasons.NO_ANSWER)
        if not self.lost.is_set():
            self._timer = self._loop.call_later(1.0, self._misc)

    def _notice_movement(self) -> None:
        """Note that bytes are leaving: over a slow line one message may take a minute, and giving
        it up would begin it anew for ever."""
        sock = self._client.socket()
        if sock is None:
            return
        unsent = _unsent_bytes(sock)
        if unsent < self._unsent_bytes:
            self._moved_s = self._loop.time()
        self._unsent_bytes = unsent

    def _guarded(self, work: Callable[[], object]) -> None:
        """Run a part of paho. Whatever a broker's bytes make of it ends this connection only."""
        try:
            work()
        except Exception:  # The one place: foreign bytes inside a foreign library.
            log.exception("mqtt.fault protocol=%s", self.protocol)
            self._drop(reasons.CLOSED)

    def _forget(self, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _drop(self, why: Sentence) -> None:
        """Mark the connection as lost; the first reason stays."""
        if self.lost.is_set():
            return
        self.why = why
        self.lost.set()
        if self._timer is not None:
            self._timer.cancel()
        sock = self._client.socket()
        if sock is not None and self._client.on_socket_close is not None:
            self._forget(sock)
            sock.close()
        self._client.drop_out_messages()
        pending, self._pending = self._pending, {}
        for future, _ in pending.values():
            if not future.done():
                future.set_result(False)
        if not self._accepted.done():
            tls_says = reasons.of_text(self._last_error) is not None
            self._accepted.set_exception(UplinkDown(why, other_protocol=not tls_says))
            self._accepted.exception()  # Marks it as seen: nobody may be waiting any more.

    def _reason(self, code: ReasonCode | None) -> Sentence:
        """Return the best reason known: the broker's word, else what the log said of TLS."""
        if code is not None and code.value >= 0x81:  # 0x80 is paho's own "unspecified".
            return reasons.of_code(code.value, code.getName())
        named = reasons.of_text(self._last_error)
        if named is not None or self._was_accepted or not self._settings.tls:
            return named or reasons.CLOSED
        # The broker's TLS alert may be lost when the line is reset right behind it.
        has_cert = self._settings.cert_file is not None
        return reasons.CLOSED_AFTER_TLS if has_cert else reasons.CLOSED_WITHOUT_CERT

    # --- paho's callbacks -------------------------------------------------------------------------

    def _on_socket_close(self, _client: paho.Client, _user: Any, sock: Any) -> None:
        self._forget(sock)

    def _on_socket_register_write(self, client: paho.Client, _user: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._guarded, client.loop_write)

    def _on_socket_unregister_write(self, _client: paho.Client, _user: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_connect(
        self, client: paho.Client, _user: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if self._accepted.done():
            return
        if code.is_failure:
            # 0x84: says so. 0x01 of a 3.1.1 broker arrives as the same code.
            down = UplinkDown(self._reason(code), other_protocol=code.value in (0x80, 0x81, 0x84))
            self._accepted.set_exception(down)
            return
        client.drop_out_messages()
        _, self._subscribing = client.subscribe(
            [(topic, 1) for topic in self._endpoint.subscriptions]
        )
        self._was_accepted = True
        self._accepted.set_result(None)

    def _on_disconnect(
        self, _client: paho.Client, _user: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.value == 0x80 and "keep" in code.getName().lower():
            self._drop(reasons.NO_ANSWER)
        self._drop(self._reason(code))

    def _on_message(self, _client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        if len(message.payload) > limits.INCOMING_BYTES:
            size = len(message.payload)
            self._endpoint.complain(
                "incoming.oversize",
                Sentence(f"拒收过大的消息：{size} 字节", f"Refused a message of {size} bytes"),
            )
            return
        # Not from within paho: it would swallow our own mistakes with those of its callbacks.
        self._loop.call_soon(self._endpoint.on_message, message.topic, bytes(message.payload))

    def _on_publish(
        self, _client: paho.Client, _user: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        future, _ = self._pending.pop(mid, (None, 0.0))
        if future is not None and not future.done():
            future.set_result(not code.is_failure)
        if code.value == _NO_SUBSCRIBER:
            self._loop.call_soon(self._endpoint.unheard)
        if code.is_failure:
            self._endpoint.complain("publish.refused", reasons.of_code(code.value, code.getName()))

    def _on_subscribe(
        self, _client: paho.Client, _user: Any, mid: int, codes: list[ReasonCode], _props: Any
    ) -> None:
        if mid == self._subscribing and any(code.is_failure for code in codes):
            self._endpoint.complain("subscribe.refused", reasons.NO_SUBSCRIBE)

    def _on_log(self, _client: paho.Client, _user: Any, level: int, text: str) -> None:
        if level in (paho.MQTT_LOG_ERR, paho.MQTT_LOG_WARNING):
            self._last_error = text
            log.debug("mqtt.paho %s", text)


def _unsent_bytes(sock: Any) -> int:
    """Return how many bytes the system holds that the other side has not confirmed to have (tcp(7),
    SIOCOUTQ, which is TIOCOUTQ); 0 when the socket is closed."""
    try:
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):
        return 0
    return int(struct.unpack("i", answer)[0])


def _properties(packet: int, name: str, value: object) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    setattr(properties, name, value)
    return properties


def tls_context(settings: UplinkSection) -> ssl.SSLContext:
    """Return TLS as configured: at least 1.2, the broker's name checked.

    Errors: OSError or ValueError when a file cannot be read or is not what it should be.
    """
    context = ssl.create_default_context(
        cafile=None if settings.ca_file is None else _existing(settings.ca_file)
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file is not None:
        key = None if settings.key_file is None else _existing(settings.key_file)
        # Without a callback OpenSSL would ask for a pass phrase on a terminal nobody looks at.
        context.load_cert_chain(_existing(settings.cert_file), key, password=lambda: "")
    return context


def _existing(path: Any) -> str:
    """Return the path if it can be opened: the ssl module does not name a missing file."""
    with open(path, "rb"):
        return str(path)
