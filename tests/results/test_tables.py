from feint.results import plain_table
from feint.results.tables import COLUMNS


def test_columns_are_aligned(audit_report):
    lines = plain_table(audit_report.scores).splitlines()
    assert len(lines) == 3 + len(audit_report.scores)
    assert len({len(line) for line in lines}) == 1
    ends = [at for at, sign in enumerate(lines[2] + " ") if sign == " " and lines[2][at - 1] == "-"]
    assert len(ends) == len(COLUMNS)
    for line in lines:
        for end in ends:
            assert line[end - 1] != " "
            assert line[end : end + 2].strip() == ""


def test_what_the_cells_say(audit_report):
    clean, attacked = (line.split() for line in plain_table(audit_report.scores).splitlines()[3:5])
    assert clean[0] == "clean"
    assert clean[-4:] == ["–"] * 4
    assert attacked[0] == "5e-4"
    assert attacked[5:] == ["0.200", "5.0", "90.00", "100.00", "4e-4", "1.0", "2.5"]
