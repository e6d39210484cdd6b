"""A whole cohort run through the clockwork on a virtual clock, in a scratch database."""

from longwave.rehearsal.rehearse.assumptions import Assumptions, check_share, read_assumptions
from longwave.rehearsal.rehearse.figures import figures
from longwave.rehearsal.rehearse.folder import check_folder, write_folder
from longwave.rehearsal.rehearse.months import Tally, Watcher
from longwave.rehearsal.rehearse.plan import Plan
from longwave.rehearsal.rehearse.report import Report
from longwave.rehearsal.rehearse.run import Measured, rehearse

__all__ = [
    "Assumptions",
    "Measured",
    "Plan",
    "Report",
    "Tally",
    "Watcher",
    "check_folder",
    "check_share",
    "figures",
    "read_assumptions",
    "rehearse",
    "write_folder",
]
