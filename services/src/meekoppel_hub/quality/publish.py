"""Publish the quality of a month: store the figures, send them to the topic `quality`. As often as one likes.

What was published before and is the same is not sent again; what differs is sent as a revision. A crash between the
broker's acknowledgement and the note of it sends an event again, under the same id.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from meekoppel_contracts.codec import encode_quality_event
from meekoppel_contracts.codes import QualityEventType
from meekoppel_contracts.headers import quality_event_headers
from meekoppel_contracts.ids import org_code
from meekoppel_contracts.quality import QualityEvent
from meekoppel_contracts.topics import QUALITY
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError, TransientError
from meekoppel_hub.quality import store
from meekoppel_hub.quality.months import Month
from meekoppel_hub.quality.score import FORMULA, Figures
from meekoppel_hub.quality.survey import Progress, Survey, survey_month

# What may differ between two events that say the same.
_OF_THE_TELLING = {"type", "revision", "recorded_at"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a month.

    Attributes:
        survey: the figures.
        news: the events that are new or revised.
        same: how many publishers' figures were published before and are the same.
    """

    survey: Survey
    news: list[QualityEvent]
    same: int


def survey_of(
    database: Database, month: Month, now: datetime, progress: Progress = lambda _done, _total: None
) -> Survey:
    """Survey a month, with what intake counted."""
    with database.read() as connection:
        rejections = store.rejections_of(connection, str(month))
        return survey_month(connection, month, now, rejections, progress)


def events_of(survey: Survey, at: datetime) -> list[QualityEvent]:
    """Make the events of a survey as if none was published before, in the order of the publishers."""
    return [_event(survey, publisher, survey.figures[publisher], at) for publisher in sorted(survey.figures)]


def store_month(
    database: Database,
    month: Month,
    now: datetime,
    progress: Progress = lambda _done, _total: None,
    *,
    dry_run: bool = False,
) -> Outcome:
    """Survey a month that is over, and store what is new, to be sent.

    Args:
        database: of the hub.
        month: the month.
        now: the time.
        progress: told how far the survey is.
        dry_run: store nothing.

    Raises:
        SettingsError: when the month is not over.
    """
    if month.ends > now:
        raise SettingsError(
            f"{month} is not over before {month.ends:%Y-%m-%d}: publish it then, or look now with `quality scores`"
        )
    survey = survey_of(database, month, now, progress)
    if dry_run:
        with database.read() as connection:
            return _compare(survey, store.load_events(connection, str(month)), now)
    with database.begin() as connection:
        store.hold(connection)
        outcome = _compare(survey, store.load_events(connection, str(month)), now)
        store.save(connection, survey, outcome.news, now)
    return outcome


async def send_stored(database: Database, bootstrap: str) -> int:
    """Send what is stored and was not acknowledged yet.

    Returns:
        How many events were sent.

    Raises:
        TransientError: when Kafka is away; what was not acknowledged is sent the next time.
    """
    events = await asyncio.to_thread(_to_send, database)
    if not events:
        return 0
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        waiting = [
            await producer.send(
                QUALITY,
                encode_quality_event(event),
                key=event.publisher.encode(),
                headers=quality_event_headers(event).to_kafka(),
            )
            for event in events
        ]
        await asyncio.gather(*waiting)
    except KafkaError as error:
        raise TransientError(f"the figures are stored and not sent, Kafka is away: {error}; publish again") from error
    finally:
        await producer.stop()
    await asyncio.to_thread(_note_sent, database, events)
    return len(events)


def _compare(survey: Survey, known: dict[str, QualityEvent], at: datetime) -> Outcome:
    news = []
    made = events_of(survey, at)
    for event in made:
        before = known.get(event.publisher)
        if before is None:
            news.append(event)
        elif event.model_dump(exclude=_OF_THE_TELLING) != before.model_dump(exclude=_OF_THE_TELLING):
            told = {"type": QualityEventType.REVISED, "revision": before.revision + 1}
            news.append(event.model_copy(update=told))
    return Outcome(survey, news, len(made) - len(news))


def _event(survey: Survey, publisher: str, figures: Figures, at: datetime) -> QualityEvent:
    counts = {name: value for name, value in asdict(figures).items() if name != "points"}
    return QualityEvent(
        type=QualityEventType.PUBLISHED,
        publisher=org_code(publisher),
        period=str(survey.month),
        starts=survey.month.starts,
        ends=survey.month.ends,
        revision=1,
        formula=FORMULA,
        score=figures.score(),
        parts=figures.parts(),
        recorded_at=at,
        **counts,
    )


def _to_send(database: Database) -> list[QualityEvent]:
    with database.read() as connection:
        return store.to_send(connection)


def _note_sent(database: Database, events: list[QualityEvent]) -> None:
    with database.begin() as connection:
        store.note_sent(connection, events)
