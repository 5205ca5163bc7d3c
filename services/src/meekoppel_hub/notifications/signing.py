"""Signing as Standard Webhooks says. One small seam: other keys and algorithms come in as another `Signer`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from standardwebhooks import Webhook

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


class Signer(Protocol):
    """Makes the value of the `webhook-signature` header: one or more signatures, parted by spaces."""

    def sign(self, message_id: str, timestamp: datetime, body: str) -> str:
        """Sign `<message id>.<unix seconds>.<body>`."""
        ...


class HmacSigner:
    """Signs with HMAC-SHA256 (`v1`) and the subscription's secret (`whsec_…`)."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def sign(self, message_id: str, timestamp: datetime, body: str) -> str:
        """Sign `<message id>.<unix seconds>.<body>`."""
        signature: str = self._webhook.sign(message_id, timestamp, body)
        return signature


def signed_headers(signer: Signer, message_id: str, timestamp: datetime, body: str) -> dict[str, str]:
    """Give the headers of one attempt; `timestamp` is that of the attempt, aware and in UTC."""
    return {
        "content-type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(timestamp.timestamp())),
        "webhook-signature": signer.sign(message_id, timestamp, body),
    }
