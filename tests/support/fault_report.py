"""The table at the end of `make faults`: scenario, rounds, violations, and the figures that were measured.

A test's rounds, violations and figures travel in the user properties of its reports, so that they arrive from
the processes of pytest-xdist too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest
from _pytest.terminal import TerminalReporter

ROUNDS, VIOLATIONS, FIGURE = "fault rounds", "fault violations", "fault figure"
ROW = re.compile(r"test_(\d\d)_")
SCENARIO_CHARS_MAX = 92
# What belongs to no row comes last.
ROWS_MAX = 99


@dataclass
class Line:
    """One line of the table: a test function with all its rounds and parameters."""

    row: str
    scenario: str
    rounds: int = 0
    violations: int = 0
    failed: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)


def print_table(reporter: TerminalReporter) -> None:
    """Print the table of everything that ran, and what was measured."""
    reports = [report for found in reporter.stats.values() for report in found]
    lines = collect(report for report in reports if isinstance(report, pytest.TestReport))
    if not lines:
        return
    width = max(len(line.scenario) for line in lines)
    reporter.section("nothing lost, nothing twice")
    reporter.write_line(f"row  {'scenario'.ljust(width)}  rounds  violations")
    for line in lines:
        figures = f"{line.rounds:>6}  {line.violations:>10}"
        reporter.write_line(f"{line.row:>3}  {line.scenario.ljust(width)}  {figures}")
        for test in line.failed:
            reporter.write_line(f"     failed: {test}", red=True)
    totals = f"{sum(line.rounds for line in lines):>6}  {sum(line.violations for line in lines):>10}"
    reporter.write_line(f"     {'all'.ljust(width)}  {totals}")
    for line in lines:
        for figure in line.figures:
            reporter.write_line(f"{line.scenario}: {figure}")


def collect(reports: Iterable[pytest.TestReport]) -> list[Line]:
    """Return the lines of the table, in the order of the rows: those of the tests that were scenarios, and
    those that failed. A test that failed has one violation at least, whatever the invariants say."""
    lines: dict[tuple[str, str], Line] = {}
    for report in sorted(reports, key=lambda report: report.nodeid):
        path, _, test = report.nodeid.partition("::")
        found = ROW.match(PurePosixPath(path).name)
        scenario = test.partition("[")[0].removeprefix("test_").replace("_", " ")[:SCENARIO_CHARS_MAX]
        row = found.group(1).lstrip("0") if found else ""
        line = lines.setdefault((row, scenario), Line(row, scenario))
        properties = report.user_properties if report.when == "teardown" else []
        line.rounds += sum(int(str(value)) for name, value in properties if name == ROUNDS)
        violations = sum(int(str(value)) for name, value in properties if name == VIOLATIONS)
        line.figures += [str(value) for name, value in properties if name == FIGURE]
        if report.failed:
            line.failed.append(f"{test} ({report.when})")
        line.violations += max(violations, int(report.failed))
    shown = [line for line in lines.values() if line.rounds or line.failed]
    return sorted(shown, key=lambda line: (int(line.row or ROWS_MAX), line.scenario))
