"""Messages signed as SNS signs them, with a certificate that the tests make."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 6, 4, 9, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-2:287813576808:prod-permit-topic"
CERTIFICATE_URL = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-test.pem"
_ORDER = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")


class Signer:
    """Stands for SNS: signs, and gives its certificate."""

    def __init__(self, valid_days: int = 30) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(1).not_valid_before(NOW - timedelta(days=30))
        certificate = builder.not_valid_after(NOW + timedelta(days=valid_days)).sign(self._key, hashes.SHA256())
        self._pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.fetched: list[str] = []

    def fetch(self, address: str) -> bytes:
        self.fetched.append(address)
        return self._pem

    def notification(self, content: Any, version: str = "1", sent: str = "2026-06-04T08:00:01.000Z") -> dict[str, Any]:
        return self._signed({"Type": "Notification", "Message": json.dumps(content), "Timestamp": sent}, version)

    def confirmation(self, kind: str) -> dict[str, Any]:
        url = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription"
        about = {"Type": kind, "Message": "You have chosen", "Token": "t", "SubscribeURL": url}
        return self._signed({**about, "Timestamp": "2026-06-04T08:00:01.000Z"}, "1")

    def _signed(self, message: dict[str, Any], version: str) -> dict[str, Any]:
        message = {"MessageId": "165545c9", "TopicArn": TOPIC, **message}
        text = "".join(f"{name}\n{message[name]}\n" for name in _ORDER if name in message)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # SNS still signs with SHA-1 by default
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {
            **message, "SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL,
            "Signature": base64.b64encode(signature).decode(),
        }  # fmt: skip
