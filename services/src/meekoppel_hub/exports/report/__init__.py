"""The coordination report of an area, for the meeting of those who work in it: one HTML file that prints on A4."""

from meekoppel_hub.exports.report.gather import ReportOrder
from meekoppel_hub.exports.report.page import MEDIA_TYPE, export_report

__all__ = ["MEDIA_TYPE", "ReportOrder", "export_report"]
