from __future__ import annotations

import json
from typing import Any

import pytest

from meekoppel_connectors.pushing.sns import NotFromSnsError, Sns
from tests.connectors.pushing.signing import CERTIFICATE_URL, NOW, TOPIC, Signer

SIGNER = Signer()


def checked(message: dict[str, Any], signer: Signer = SIGNER) -> str:
    return Sns([TOPIC], fetch=signer.fetch, clock=lambda: NOW).check(message)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_message_is_taken(version: str) -> None:
    assert checked(SIGNER.notification({"a": 1}, version=version)) == "Notification"


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_signed_message_about_the_subscription_is_taken(kind: str) -> None:
    assert checked(SIGNER.confirmation(kind)) == kind


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Message": json.dumps({"a": 2})}, "signature is not right"),
        ({"Subject": "added"}, "signature is not right"),
        ({"Signature": "bm8="}, "signature is not right"),
        ({"Signature": "no base 64"}, "signature is not right"),
        ({"TopicArn": "arn:aws:sns:eu-west-2:1:other"}, r"topic is not among source\.topics"),
        ({"SignatureVersion": "3"}, "SignatureVersion is not known"),
        ({"Type": "Hello"}, "no message of SNS"),
        ({"SigningCertURL": "https://sns.eu-west-2.amazonaws.com.evil.example/a.pem"}, "none of SNS"),
        ({"SigningCertURL": "http://sns.eu-west-2.amazonaws.com/a.pem"}, "none of SNS"),
        ({"SigningCertURL": "https://sns.eu-west-2.amazonaws.com@evil.example/a.pem"}, "none of SNS"),
        ({"SigningCertURL": "https://s3.amazonaws.com/a.pem"}, "none of SNS"),
        ({"SigningCertURL": "https://sns.eu-west-2.amazonaws.com/a.txt"}, "none of SNS"),
        ({"SigningCertURL": None}, "none of SNS"),
    ],
)
def test_a_message_that_was_changed_or_is_from_elsewhere_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(NotFromSnsError, match=problem):
        checked({**SIGNER.notification({"a": 1}), **change})


def test_a_message_that_is_sent_again_days_later_is_refused() -> None:
    with pytest.raises(NotFromSnsError, match="more than a day old"):
        checked(SIGNER.notification({"a": 1}, sent="2026-05-30T08:00:00.000Z"))


def test_a_certificate_that_is_no_longer_valid_is_refused() -> None:
    signer = Signer(valid_days=-1)
    with pytest.raises(NotFromSnsError, match="certificate is not valid now"):
        checked(signer.notification({"a": 1}), signer)


def test_the_certificate_is_fetched_once() -> None:
    signer = Signer()
    sns = Sns([TOPIC], fetch=signer.fetch, clock=lambda: NOW)
    for number in range(3):
        sns.check(signer.notification({"a": number}))
    assert signer.fetched == [CERTIFICATE_URL]


def test_a_subscription_is_confirmed_at_an_address_of_sns_only() -> None:
    signer = Signer()
    sns = Sns([TOPIC], fetch=signer.fetch, clock=lambda: NOW)
    sns.confirm(signer.confirmation("SubscriptionConfirmation"))
    assert signer.fetched == ["https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription"]
    with pytest.raises(NotFromSnsError, match="none of SNS"):
        sns.confirm({"SubscribeURL": "https://169.254.169.254/"})
