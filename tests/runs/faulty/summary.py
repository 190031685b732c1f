def summarise(run):
    return {"sum": float(run.table("sum").column("sum")[0])}
