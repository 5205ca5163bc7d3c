"""Proof that pages of a service together are the whole: no feature twice, and as many as the service counts."""

from __future__ import annotations

from meekoppel_connectors.errors import SourceAway


class Completeness:
    """Counts what was read of a source that is read in pages.

    Attributes:
        read: features so far.
    """

    def __init__(self, place: str, expected: int | None) -> None:
        """Prepare.

        Args:
            place: the source, for messages.
            expected: how many features the service says there are; None when it does not say.
        """
        self.read = 0
        self._place = place
        self._expected = expected
        self._seen: set[int] = set()

    def add(self, feature_id: object) -> None:
        """Count a feature.

        Raises:
            SourceAway: when it came before: between two pages features moved, and others were passed over.
        """
        self.read += 1
        if feature_id is None:
            return
        mark = hash(str(feature_id))
        if mark in self._seen:
            raise SourceAway(
                self._place,
                f"gave feature {feature_id} twice, so its pages shifted while they were read; when that happens in "
                "every run, ask for a fixed order of its features",
            )
        self._seen.add(mark)

    def expect(self, count: int | None) -> None:
        """Compare with what a later page says of the number of features.

        Raises:
            SourceAway: when it is another number.
        """
        if count is not None and self._expected is not None and count != self._expected:
            raise SourceAway(self._place, f"changed while it was read: {self._expected:,} features, and then {count:,}")

    def is_whole(self) -> bool:
        """Tell whether as many features were read as there are; False when the service does not say how many."""
        return self._expected is not None and self.read >= self._expected

    def refuse_less(self) -> None:
        """Raise when the pages ended before the features did.

        Raises:
            SourceAway: when there are fewer, or more, than the service counts.
        """
        if self._expected is not None and self.read != self._expected:
            raise SourceAway(self._place, f"gave {self.read:,} features, but counts {self._expected:,}; not all came")
