"""From findings to a folder: the figures, every number as JSON, and one self-contained page."""

from jaxopt_lab.report.folder import check_folder, write_report
from jaxopt_lab.report.summary import environment, summary_json

__all__ = ["check_folder", "environment", "summary_json", "write_report"]
