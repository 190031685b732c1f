from feint.reports import Report


def report(run, summary):
    return Report("Faulty", f"The sum is {summary['sum']:.3f}.", ())
