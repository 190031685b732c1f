"""What is chosen in one chart of a run's page stands out in the others, and the images behind it are marked there."""

import re
import shutil

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from feint.app.cli import main


@pytest.fixture(scope="module")
def make(server, plain_report):
    """Makes a run beside the others, of which some are of a victim called small, and says where it is."""
    place, before = ["--quiet", "--out", str(server.runs), "--victims", str(server.root / "victims")], _there(server)

    def made(*asked):
        there = _there(server)
        assert main([*asked, *place]) == 0
        return sorted(_there(server) - there)

    made("train", "small", "--network", "digits", "--data", "digits", "--epochs", "1")
    yield made
    for each in _there(server) - before:
        shutil.rmtree(each)


def _there(server):
    return {*server.runs.glob("*-*"), *(server.root / "victims").glob("*")}


def _state(visitor, title):
    """Of a figure's charts, what is chosen of each and how many places are marked on it."""
    plots = visitor.driver.find_elements(
        "xpath", f"//figure[.//h3[starts-with(., '{title}')]]//*[contains(@class, 'plot')]"
    )
    return [(each.get_attribute("data-chosen"), each.get_attribute("data-marked")) for each in plots]


def _chosen(visitor):
    return [each.text for each in visitor.all(".panel.chosen h4")]


def test_a_chart_is_called_by_what_it_shows(visitor, audit):
    visitor.until(lambda: visitor.all(".plot canvas"))
    visitor.until(lambda: all(each.get_attribute("role") == "img" for each in visitor.all(".plot")), "drawn")
    names = [each.get_attribute("aria-label") for each in visitor.all(".plot")]
    assert names[0].startswith("Risk-coverage curves. Area under each")
    assert all(name and "Vega" not in name for name in names)


def test_marks_of_something_else_grow_faint(visitor, audit):
    def shade():
        return visitor.driver.execute_script(
            """const plot = [...document.querySelectorAll('figure')].find(each => each.textContent
            .includes('Risk against coverage')).querySelector('canvas'), found = new Set(),
            data = plot.getContext('2d').getImageData(0, 0, plot.width, plot.height).data;
            let strong = 0; for (let at = 0; at < data.length; at += 4)
            if (data[at] < 80 && data[at + 2] > 150 && data[at + 3] > 200) strong += 1; return strong"""
        )  # of the clean curve's blue

    visitor.until(lambda: shade() > 50, "the clean curve")
    visitor.put("Let stand out", "radius 0.1")
    visitor.until(lambda: shade() == 0, "that it grows faint")
    visitor.put("Let stand out", "everything")
    visitor.until(lambda: shade() > 50, "that it is back")


def test_a_click_on_a_curve_chooses_its_radius_in_every_chart(visitor, audit):
    path = "//section[.//*[. = 'Risk against coverage']]//canvas"

    def clicked():
        canvas = visitor.driver.find_element("xpath", path)  # charts are drawn anew as the page settles
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(visitor.driver).move_to_element(canvas).pause(0.3).click().perform()
        return "coverage=" in visitor.driver.current_url

    visitor.until(clicked, "a coverage")
    found = re.search(r"radius=([\d.]+)", visitor.driver.current_url)
    stage = f"radius {found[1]}" if found else "clean"
    visitor.until(lambda: visitor.all(".behind figure"), "the images")
    visitor.until(lambda: [each.partition(":")[0] for each in _chosen(visitor)] == [stage] * 2, "panels of it")
    keys = {"clean": "0", "radius 0.05": "1", "radius 0.1": "2"}
    (curve,), (bars,) = _state(visitor, "Risk against coverage"), _state(visitor, "Wrong answers that a threshold")
    assert curve[0] == f"s{keys[stage]}"
    assert bars[0] == f"g{keys[stage]}"
    marked = len(visitor.all(".behind"))
    assert curve[1] == str(marked)
    assert {each[1] for each in _state(visitor, "Confidence of correct")} == {str(marked)}

    visitor.press("Mark it alone in the charts")
    visitor.until(lambda: _state(visitor, "Risk against coverage")[0][1] == "1", "one place")
    assert len(visitor.all("button[aria-pressed=true]")) == 1
    link = visitor.driver.current_url.removeprefix(visitor.server.url)
    assert "only=" in link
    visitor.go(link).reads("Images behind it")
    visitor.until(lambda: _state(visitor, "Risk against coverage") == [(curve[0], "1")], "the same by the link")
    visitor.press("Choose nothing")
    visitor.until(lambda: _state(visitor, "Risk against coverage") == [("", "0")], "nothing")
    assert _chosen(visitor) == []
    assert "coverage" not in visitor.driver.current_url


def test_a_radius_is_chosen_by_keyboard_and_stands_in_the_link(visitor, audit):
    visitor.labelled("Let stand out").send_keys(Keys.ARROW_DOWN)
    visitor.until(lambda: "focus=clean" in visitor.driver.current_url)
    visitor.labelled("Let stand out").send_keys(Keys.ARROW_DOWN)
    visitor.until(lambda: "focus=radius+0.05" in visitor.driver.current_url)
    visitor.until(lambda: [each.partition(":")[0] for each in _chosen(visitor)] == ["radius 0.05"] * 2, "its panels")
    visitor.go(visitor.driver.current_url.removeprefix(visitor.server.url))
    visitor.until(lambda: _state(visitor, "Risk against coverage") == [("s1", "0")], "the same by the link")
    assert visitor.labelled("Let stand out").get_attribute("value") == "radius 0.05"
    visitor.put("on", "radius 0.1")  # a threshold is tried on something; what was chosen stays
    visitor.until(lambda: "on=radius+0.1" in visitor.driver.current_url)
    assert _state(visitor, "Risk against coverage") == [("s1", "0")]


def test_what_a_threshold_is_tried_on_stands_out_and_its_charts_show_what_is_chosen_too(visitor, audit):
    heads = [each.text for each in visitor.all("h2")]
    assert heads.index("Try a threshold") < heads.index("Glossary")
    visitor.put("on", "radius 0.1")
    visitor.until(lambda: _state(visitor, "Risk against coverage") == [("s2", "0")], "its curve, as nothing is chosen")
    visitor.press("Show wrong answers below it")
    marked = str(len(visitor.until(lambda: visitor.all(".behind"), "the images")))
    path = "//section[h2[. = 'Try a threshold']]//*[contains(@class, 'plot')]"

    def found():
        plots = visitor.driver.find_elements("xpath", path)
        return [(each.get_attribute("data-chosen"), each.get_attribute("data-marked")) for each in plots]

    visitor.until(lambda: found() == [("k1", marked), ("", marked)], "the bars, and both charts marked")
    visitor.until(lambda: {each[0] for each in _state(visitor, "Confidence of correct")} == {"wrong"}, "there too")


def test_a_place_of_a_latent_plane_is_marked_on_every_map(visitor, make):
    asked = ["latent", "--autoencoder", "digit-vae", "--victim", "small", "--data", "digits", "--limit", "40"]
    (run,) = make(*asked, "--side", "8")
    visitor.go(f"/run/{run.name}?x=0.1&y=0.2").reads("Images behind it")
    visitor.until(lambda: visitor.all(".behind figure"), "the images")
    for title in ("Encoded images by class", "Over the latent plane: entropy", "Confident about what"):
        visitor.until(lambda title=title: {each[1] for each in _state(visitor, title)} == {"8"}, title)
    before = visitor.driver.current_url

    def clicked():
        path = "//figure[.//h3[starts-with(., 'Confident about what')]]//canvas"
        canvas = visitor.driver.find_element("xpath", path)
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(visitor.driver).move_to_element_with_offset(canvas, 70, -50).click().perform()
        return visitor.driver.current_url != before

    visitor.until(clicked, "a place far from all data")
    found = re.search(r"x=([\d.e-]+)&y=([\d.e-]+)$", visitor.driver.current_url)
    assert all(float(each) > 0 for each in found.groups())
    visitor.until(lambda: visitor.all(".behind figure"), "the images")


def test_a_click_on_an_outline_shows_what_is_in_the_bin_below_it(visitor, make):
    asked = ["interpolate", "--autoencoder", "digit-vae", "--victim", "small", "--pairs", "20", "--paths", "4"]
    (run,) = make(*asked, "--data", "digits", "--resamples", "5")
    visitor.go(f"/run/{run.name}").reads("Half-way between")

    def clicked():
        canvas = visitor.driver.find_element("xpath", "//figure[h3[starts-with(., 'Half-way')]]//canvas")
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        right, down = visitor.driver.execute_script(
            """const canvas = arguments[0], box = canvas.getBoundingClientRect(), shade = [242, 172, 46],
            data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            for (let at = 0; at < data.length; at += 4)
            if (shade.every((each, of) => Math.abs(each - data[at + of]) < 40) && data[at + 3] > 200) {
            const x = (at / 4) % canvas.width, y = Math.floor(at / 4 / canvas.width);
            return [(x + 0.5) * box.width / canvas.width, (y + 0.5) * box.height / canvas.height] }""",
            canvas,
        )  # the highest of the outline's yellow
        left, top = canvas.size["width"] // 2, canvas.size["height"] // 2
        for by in range(4):  # on the line, that is
            way = ActionChains(visitor.driver)
            way.move_to_element_with_offset(canvas, round(right) - left, round(down) + by - top).click().perform()
            if visitor.soon(lambda: "figure=halves" in visitor.driver.current_url, 1):
                return True
        return False

    visitor.until(clicked, "a bin")
    visitor.until(lambda: visitor.all(".behind figure"), "pairs")
    assert "reconstructions" in visitor.driver.current_url
    assert "low=0.0&" not in visitor.driver.current_url
    low, high = (visitor.one(css).rect for css in (".filters small", ".headline"))
    assert high["y"] - low["y"] - low["height"] > 20
    for head in ("h3", "h4"):  # of more than one line on a phone
        size, line = (
            float(visitor.one(head).value_of_css_property(each)[:-2]) for each in ("font-size", "line-height")
        )
        assert line < 1.6 * size


def test_a_run_of_a_paper_s_table_leads_to_the_runs_that_it_is_made_of(visitor, make):
    run, child = make("reproduce", "ace-softmax", "--victim", "small", "--data", "digits", "--limit", "30")
    assert child.name.startswith("audit-")
    visitor.go(f"/run/{run.name}").press("The runs that it is made of", "summary")
    path = "//figure[contains(@class, 'chart')]//canvas"

    def clicked():
        canvas = visitor.driver.find_element("xpath", path)  # charts are drawn anew as the page settles
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        half = canvas.size["height"] // 2
        for down in range(3 - half, half, 6):
            left = 130 - canvas.size["width"] // 2
            ActionChains(visitor.driver).move_to_element_with_offset(canvas, left, down).click().perform()
            if "figure=aurc" in visitor.driver.current_url:
                return True
        return False

    visitor.until(clicked, "a bar")
    visitor.reads(f"of run {child.name}")
    visitor.press(child.name, "a")
    visitor.reads("Risk against coverage")
