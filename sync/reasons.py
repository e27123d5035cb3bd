"""Why the uplink does not work, in plain words for a technician, in Chinese and English.

Owns the sentences. paho and OpenSSL say it in exceptions, in reason codes and, for what a TLS 1.3
broker thinks of our certificate, only in a log line.
"""

from __future__ import annotations

import errno
import socket
import ssl

from agent.core.errors import UplinkError
from agent.core.text import Sentence


class UplinkDown(UplinkError):
    """No connection. `says` is for people; `other_protocol`: the other MQTT version may do."""

    def __init__(self, says: Sentence, *, other_protocol: bool = False) -> None:
        super().__init__(says.en)
        self.says = says
        self.other_protocol = other_protocol


NOT_YET = Sentence("正在连接平台", "Connecting to the platform")
RESETTLED = Sentence("连接设置已变更，正在重新连接", "The settings have changed: connecting anew")
STOPPED = Sentence("上联已正常停止", "The uplink was stopped in good order")
CONNECTED = Sentence("已连接平台", "Connected to the platform")
SILENT = Sentence(
    "已连接消息服务器，但平台超过 3 分钟没有确认任何消息，请联系平台运维",
    "Connected to the broker, but the platform has confirmed nothing for 3 minutes: "
    "ask the platform's operators",
)
UNHEARD = Sentence(
    "已连接消息服务器，但平台没有在收消息，请联系平台运维",
    "Connected to the broker, but the platform is not listening: ask its operators",
)
NO_CONNACK = Sentence(
    "消息服务器接受了连接但不回应 MQTT，请检查端口和协议版本",
    "The broker takes the connection but does not answer MQTT: check port and protocol version",
)
CLOSED = Sentence("消息服务器关闭了连接", "The broker closed the connection")
CLOSED_AFTER_TLS = Sentence(
    "消息服务器在 TLS 握手后立即断开，很可能拒绝本网关的证书，请检查 [uplink] cert_file",
    "The broker closed the connection right after TLS: it probably refuses this hub's certificate; "
    "check [uplink] cert_file",
)
CLOSED_WITHOUT_CERT = Sentence(
    "消息服务器在 TLS 握手后立即断开，很可能要求客户端证书，请配置 [uplink] cert_file",
    "The broker closed the connection right after TLS: it probably wants a client certificate; "
    "set [uplink] cert_file and key_file",
)
NO_ANSWER = Sentence("消息服务器不再应答", "The broker no longer answers")
NO_SUBSCRIBE = Sentence(
    "消息服务器不允许本网关接收平台的确认，请检查服务器的权限设置",
    "The broker does not let this hub receive the platform's acknowledgements: check its ACL",
)

# OpenSSL's X509_V_ERR_* codes (x509_vfy.h).
_VERIFY: dict[int, Sentence] = {
    9: Sentence(
        "服务器证书尚未生效，请先检查网关时间",
        "The broker's certificate is not valid yet: check this hub's clock first",
    ),
    10: Sentence(
        "服务器证书已过期（或网关时间不对）",
        "The broker's certificate has expired, or this hub's clock is wrong",
    ),
    62: Sentence(
        "服务器证书与配置的主机名不符，请检查 [uplink] host",
        "The broker's certificate is for another host name: check [uplink] host",
    ),
    64: Sentence(
        "服务器证书与配置的 IP 地址不符，请检查 [uplink] host",
        "The broker's certificate is for another address: check [uplink] host",
    ),
}
_UNKNOWN_CA = Sentence(
    "无法信任服务器证书：签发机构不在 ca_file 中，请检查 [uplink] ca_file",
    "The broker's certificate is signed by an authority we do not know: check [uplink] ca_file",
)

# What a TLS alert or OpenSSL's reason contains, in the order of looking.
_TLS: tuple[tuple[str, Sentence], ...] = (
    (
        "CERTIFICATE_REQUIRED",
        Sentence(
            "服务器要求客户端证书，请配置 [uplink] cert_file 和 key_file",
            "The broker wants a client certificate: set [uplink] cert_file and key_file",
        ),
    ),
    (
        "CERTIFICATE_EXPIRED",
        Sentence(
            "服务器拒绝本网关的证书：证书已过期，请更换证书",
            "The broker refuses this hub's certificate: it has expired; issue a new one",
        ),
    ),
    (
        "CERTIFICATE_REVOKED",
        Sentence(
            "服务器拒绝本网关的证书：证书已吊销",
            "The broker refuses this hub's certificate: it was revoked",
        ),
    ),
    (
        "UNKNOWN_CA",
        Sentence(
            "服务器不信任本网关的证书：签发机构不对，请检查 [uplink] cert_file",
            "The broker does not trust this hub's certificate: wrong authority; check [uplink] "
            "cert_file",
        ),
    ),
    (
        "ALERT",
        Sentence(
            "服务器拒绝了本网关的 TLS 证书或参数，请检查 [uplink] cert_file",
            "The broker refuses this hub's TLS certificate or settings: check [uplink] cert_file",
        ),
    ),
    (
        "WRONG_VERSION_NUMBER",
        Sentence(
            "该端口不是 TLS 端口，请检查 [uplink] port 和 tls",
            "This port does not speak TLS: check [uplink] port and tls",
        ),
    ),
    (
        "KEY_VALUES_MISMATCH",
        Sentence(
            "cert_file 与 key_file 不是一对，请检查 [uplink]",
            "cert_file and key_file do not belong together: check [uplink]",
        ),
    ),
)

# MQTT 5 reason codes (section 2.4); paho turns those of 3.1.1 into these.
_CODES: dict[int, Sentence] = {
    0x84: Sentence(
        "服务器不支持此 MQTT 版本，请检查 [uplink] protocol",
        "The broker does not speak this MQTT version: check [uplink] protocol",
    ),
    0x85: Sentence(
        "服务器不接受本网关的客户端标识", "The broker does not accept this hub's client id"
    ),
    0x86: Sentence(
        "用户名或密码错误，请检查 [uplink] username 和 password_file",
        "Wrong user name or password: check [uplink] username and password_file",
    ),
    0x87: Sentence(
        "服务器不允许本网关登录，请在平台登记该网关",
        "The broker does not let this hub in: register the hub with the platform",
    ),
    0x88: Sentence("服务器暂不可用", "The broker is not available now"),
    0x89: Sentence("服务器繁忙", "The broker is busy"),
    0x8A: Sentence("服务器已封禁本网关", "The broker has banned this hub"),
    0x8B: Sentence("服务器正在停机", "The broker is shutting down"),
    0x8D: Sentence("服务器认为连接超时", "The broker missed our keep-alive"),
    0x8E: Sentence(
        "另一台设备用同一标识登录，请检查是否有重复的网关编号",
        "Another device logged in with the same id: look for a second hub with this hub.id",
    ),
    0x97: Sentence("超出服务器配额", "The broker's quota is used up"),
}


def of_error(error: OSError | ValueError, host: str, port: int) -> Sentence:
    """Return the sentence for what `connect` or the TLS handshake raised."""
    where = f"{host}:{port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, _UNKNOWN_CA)
    if isinstance(error, ssl.SSLError):
        return of_text(f"{error.reason} {error}") or Sentence(
            f"与 {where} 的 TLS 握手失败：{error.reason}", f"TLS with {where} fails: {error.reason}"
        )
    if isinstance(error, socket.gaierror):
        return Sentence(
            f"找不到主机 {host}，请检查网络、DNS 和 [uplink] host",
            f"The host name {host} cannot be found: check network, DNS and [uplink] host",
        )
    if isinstance(error, TimeoutError):
        return Sentence(
            f"{where} 没有应答，请检查网络", f"{where} does not answer: check the network"
        )
    if isinstance(error, ConnectionRefusedError):
        return Sentence(
            f"{where} 拒绝连接：消息服务器没有运行，或端口不对",
            f"{where} refuses the connection: the broker is not running, or the port is wrong",
        )
    if isinstance(error, ConnectionResetError):
        return Sentence(
            f"{where} 立即断开了连接：端口不对或不使用 TLS，请检查 [uplink] port 和 tls",
            f"{where} closes the connection at once: wrong port, or it does not speak TLS; check "
            "[uplink] port and tls",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return Sentence(
            f"无法读取文件 {error.filename}（{error.strerror}），请检查 [uplink]",
            f"{error.filename} cannot be read ({error.strerror}): check [uplink]",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return Sentence(
            "网络不通，请检查网线和路由器", "There is no network: check cable and router"
        )
    return Sentence(f"无法连接 {where}：{error}", f"{where} cannot be reached: {error}")


def of_text(text: str) -> Sentence | None:
    """Return the sentence for a line of paho's log or OpenSSL's reason, None when it says nothing
    we know."""
    folded = text.upper().replace(" ", "_")
    return next((says for word, says in _TLS if word in folded), None)


def of_code(code: int, name: str) -> Sentence:
    """Return the sentence for a reason code of the broker."""
    return _CODES.get(code) or Sentence(
        f"服务器断开或拒绝：{name}（0x{code:02x}）", f"The broker says: {name} (0x{code:02x})"
    )
