from feint.reports import Column, Facts, Figure, Panel, Report, Section, Table

from . import calls


def report(run, summary):
    calls.append("report")
    sums = Table("sums", (Column("sum"),), ((summary["sum"],),), caption="All in one.", terminal=True)
    chart = {"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": {"field": "x"}}, "width": "container"}
    figure = Figure("points", "Points", "one point", (Panel(chart),))
    return Report("Toy", f"The sum is {summary['sum']:.3f}.", (Section("About", (Facts(run.facts), sums, figure)),))
