"""The conformance kit: one line in an author's test file runs all that a connector must keep to on his source.

    from meekoppel_connectors.testing import ConformanceCase, conformance_of

    class MyCase(ConformanceCase):
        def source(self):
            return {"format": "my_source.py:MySource", "path": "plans.txt"}

        def write(self, records):
            (self.folder / "plans.txt").write_text(json.dumps([record.values() for record in records]))

    TestMySource = conformance_of(MyCase)

Needs pytest: `pip install 'meekoppel-connectors[testing]'`. Some tests publish to a real Kafka; `broker` says where it
comes from.
"""

from __future__ import annotations

from meekoppel_connectors.testing.case import ConformanceCase, Record
from meekoppel_connectors.testing.conformance import conformance_of

__all__ = ["ConformanceCase", "Record", "conformance_of"]
