"""Messages of Amazon's SNS: proof that they come from it, and confirming a subscription.

After "Verifying the signatures of Amazon SNS messages": the fields of a message are put one under the other in a fixed
order, and signed with the key of a certificate that stands at an address of SNS itself. Only such an address is asked.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from meekoppel_connectors.clock import Clock, utc_now
from meekoppel_connectors.sources.http.client import USER_AGENT

Fetch = Callable[[str], bytes]
"""Gives what stands at an address."""

_HOST = re.compile(r"sns\.[a-z0-9-]{3,}\.amazonaws\.com(?:\.cn)?")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
_OLDEST = timedelta(hours=24)
"""SNS gives up long before, by default; an older message is a copy that somebody sends again."""
_LARGEST = 64 * 1024
_KEPT = 20


class NotFromSnsError(Exception):
    """The message does not come from SNS, or not from a topic that is allowed; its text says why."""


class Sns:
    """Checks messages, and confirms subscriptions."""

    def __init__(self, topics: Collection[str], fetch: Fetch | None = None, clock: Clock = utc_now) -> None:
        """Prepare.

        Args:
            topics: the ARNs of which messages are taken.
            fetch: gets certificates, and confirms; by HTTPS when not given.
            clock: gives the time.
        """
        self._topics = frozenset(topics)
        self._fetch = fetch or _by_https
        self._clock = clock
        self._keys: dict[str, RSAPublicKey] = {}

    def check(self, message: Mapping[str, Any]) -> str:
        """Prove that a message comes from SNS, and give its type. Blocks.

        Raises:
            NotFromSnsError: when it does not.
            httpx.HTTPError: when the certificate cannot be fetched now.
        """
        kind = str(message.get("Type"))
        if kind not in _SIGNED:
            raise NotFromSnsError("it is no message of SNS")
        if message.get("TopicArn") not in self._topics:
            raise NotFromSnsError("its topic is not among source.topics")
        self._check_signature(message, kind)
        self._check_age(message)
        return kind

    def confirm(self, message: Mapping[str, Any]) -> None:
        """Confirm the subscription of a message that was checked. Blocks.

        Raises:
            NotFromSnsError: when its address is none of SNS.
            httpx.HTTPError: when SNS does not answer.
        """
        self._fetch(_of_sns(message.get("SubscribeURL")))

    def _check_signature(self, message: Mapping[str, Any], kind: str) -> None:
        names = [name for name in _SIGNED[kind] if message.get(name) is not None]
        signed = "".join(f"{name}\n{message[name]}\n" for name in names).encode()
        algorithm = _HASHES.get(str(message.get("SignatureVersion")))
        if algorithm is None:
            raise NotFromSnsError("its SignatureVersion is not known")
        key = self._key(_of_sns(message.get("SigningCertURL"), suffix=".pem"))
        try:
            signature = base64.b64decode(str(message.get("Signature")), validate=True)
            key.verify(signature, signed, PKCS1v15(), algorithm())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise NotFromSnsError("its signature is not right") from error

    def _key(self, address: str) -> RSAPublicKey:
        if address not in self._keys:
            try:
                certificate = load_pem_x509_certificate(self._fetch(address))
            except ValueError as error:
                raise NotFromSnsError("its certificate cannot be read") from error
            key = certificate.public_key()
            valid = certificate.not_valid_before_utc <= self._clock() <= certificate.not_valid_after_utc
            if not (isinstance(key, RSAPublicKey) and valid):
                raise NotFromSnsError("its certificate is not valid now")
            if len(self._keys) >= _KEPT:
                self._keys.clear()
            self._keys[address] = key
        return self._keys[address]

    def _check_age(self, message: Mapping[str, Any]) -> None:
        try:
            sent = datetime.fromisoformat(str(message.get("Timestamp"))).astimezone(UTC)
        except ValueError as error:
            raise NotFromSnsError("its Timestamp is no time") from error
        if self._clock() - sent > _OLDEST:
            raise NotFromSnsError("it is more than a day old, so that somebody sends it again")


def _of_sns(address: Any, suffix: str = "") -> str:
    parts = urlsplit(str(address))
    plain = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and parts.path.endswith(suffix)
    if not plain:
        raise NotFromSnsError("it refers to an address that is none of SNS")
    return str(address)


def _by_https(address: str) -> bytes:
    with httpx.Client(headers={"User-Agent": USER_AGENT}, timeout=10, follow_redirects=False, trust_env=True) as client:
        answer = client.get(address)
        answer.raise_for_status()
        return answer.content[:_LARGEST]
