"""The metrics of a run, as Prometheus reads them."""

import os
import stat
from pathlib import Path

import pytest

from sfdc_escalator.reports.text.metrics import Figures, metrics_text, success_in, write_metrics

RUN = Figures('a"b\\c', 1_780_000_000.5, 0, 2.25, {"applied": 2, "held": 0}, 8, 5, {"running": 4, "exhausted": 1})


def samples(text: str) -> dict[str, str]:
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_every_figure_has_its_help_and_type() -> None:
    text = metrics_text(RUN, None)
    names = {line.split("{")[0] for line in samples(text)}
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} == names
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")} == names
    label = 'org="a\\"b\\\\c"'
    assert samples(text)[f'sfdc_escalator_matches{{{label},outcome="applied"}}'] == "2"
    assert samples(text)[f'sfdc_escalator_ladders{{{label},state="exhausted"}}'] == "1"
    assert samples(text)[f"sfdc_escalator_last_success_timestamp_seconds{{{label}}}"] == "1780000000.5"


def test_the_file_of_a_run_without_matches() -> None:
    figures = Figures("prod", 1_780_000_000.0, 5, 1.0)
    assert metrics_text(figures, 1_770_000_000.0) == (
        "# HELP sfdc_escalator_last_run_timestamp_seconds When the last live run ended.\n"
        "# TYPE sfdc_escalator_last_run_timestamp_seconds gauge\n"
        'sfdc_escalator_last_run_timestamp_seconds{org="prod"} 1780000000\n'
        "# HELP sfdc_escalator_last_success_timestamp_seconds When a live run last ended with exit code 0.\n"
        "# TYPE sfdc_escalator_last_success_timestamp_seconds gauge\n"
        'sfdc_escalator_last_success_timestamp_seconds{org="prod"} 1770000000\n'
        "# HELP sfdc_escalator_last_run_exit_code The exit code of the last live run.\n"
        "# TYPE sfdc_escalator_last_run_exit_code gauge\n"
        'sfdc_escalator_last_run_exit_code{org="prod"} 5\n'
        "# HELP sfdc_escalator_run_duration_seconds How long the last live run took.\n"
        "# TYPE sfdc_escalator_run_duration_seconds gauge\n"
        'sfdc_escalator_run_duration_seconds{org="prod"} 1\n'
    )


def test_the_name_of_an_org_adds_no_line() -> None:
    text = metrics_text(Figures('a\nb"} 1\nc{x="', 1.0, 0, 1.0), None)
    assert {line[0] for line in text.splitlines()} == {"#", "s"}
    assert success_in(text, 'a\nb"} 1\nc{x="') == 1.0


def test_a_run_that_failed_keeps_the_time_of_the_last_success(tmp_path: Path) -> None:
    path = tmp_path / "escalator.prom"
    write_metrics(path, RUN)
    write_metrics(path, Figures(RUN.org, RUN.ended + 600, 5, 1.0))
    text = path.read_text()
    assert success_in(text, RUN.org) == RUN.ended
    assert "last_run_exit_code" in text
    assert "matches" not in text
    write_metrics(path, Figures("another org", RUN.ended + 600, 5, 1.0))
    assert success_in(path.read_text(), "another org") is None


def test_the_collector_may_read_it_and_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "escalator.prom"
    write_metrics(path, RUN)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["escalator.prom"]


def test_a_place_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_metrics(tmp_path / "no" / "x.prom", RUN)
