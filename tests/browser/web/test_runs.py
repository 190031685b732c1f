import json
import re
import shutil
import time
from urllib.request import urlopen

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from feint.app.cli import main

pytestmark = pytest.mark.usefixtures("plain_report")


def _runs(visitor):
    return [each.text for each in visitor.all("tbody th")]


def test_runs_are_listed_sorted_and_filtered_and_the_address_remembers_it(visitor):
    there = list(visitor.server.runs.glob("*/run.json"))
    visitor.until(lambda: visitor.go("/").one("tbody tr") and len(_runs(visitor)) == len(there))
    visitor.put("experiment", "audit")
    visitor.until(lambda: len(_runs(visitor)) == 2)
    visitor.press("accuracy", "th button")
    before = _runs(visitor)
    visitor.press("accuracy", "th button")
    visitor.until(lambda: _runs(visitor) == before[::-1] and "sort=accuracy.down" in visitor.driver.current_url)
    visitor.go(visitor.driver.current_url.removeprefix(visitor.server.url)).one("tbody tr")
    assert _runs(visitor) == before[::-1]
    assert visitor.one("th[aria-sort=descending]").text.startswith("accuracy")


def test_a_run_shows_its_report_with_every_figure_drawn(visitor):
    visitor.go("/").one("tbody tr")
    visitor.put("experiment", "audit")
    visitor.press("audit-", "tbody th a")
    visitor.reads("Risk against coverage")
    plots = visitor.until(lambda: visitor.all(".plot"))
    for plot in plots:
        visitor.driver.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
        visitor.until(lambda plot=plot: plot.find_elements("css selector", "canvas"), "a canvas")
    assert "the confidence" in visitor.one(".headline").text.lower() or visitor.one(".headline").text
    assert "feint audit" in visitor.text  # the command that repeats it


def test_runs_are_picked_by_keyboard_and_compared(visitor):
    visitor.go("/").one("tbody tr")
    visitor.put("experiment", "audit")
    boxes = visitor.until(lambda: len(found := visitor.all("tbody input")) == 2 and found)
    for box in boxes:
        box.send_keys(Keys.SPACE)
    go = visitor.until(lambda: next(each for each in visitor.all("a.button") if each.is_displayed()))
    go.send_keys(Keys.ENTER)
    visitor.reads("AURC by radius")
    assert visitor.driver.current_url.count("audit-") == 2
    visitor.one("canvas")


def test_the_leaderboard_ranks_victims_by_the_worth_that_is_left(visitor):
    visitor.go("/leaderboard").one("tbody tr")
    kept = [float(row.find_elements("css selector", "td")[0].text.replace("−", "-")) for row in visitor.all("tbody tr")]
    assert len(kept) == 4
    assert kept == sorted(kept, reverse=True)


def test_runs_of_other_folders_that_the_store_knows_are_listed_too(visitor, server, tmp_path, monkeypatch):
    monkeypatch.setenv("FEINT_HOME", str(server.root))
    asked = ["attack", "random-signs", "--limit", "5", "--radii", "0.1", "--quiet"]
    assert main([*asked, "--out", str(tmp_path / "mine")]) == 0
    (made,) = (tmp_path / "mine").glob("attack-*")
    label = "//label[starts-with(normalize-space(.), 'folder')]"  # of a page that knew the run from its beginning

    def listed():
        visitor.go("/").reads("Runs")
        return made.name in visitor.text and visitor.driver.find_elements("xpath", label)

    visitor.until(listed, made.name)
    visitor.put("folder", str(tmp_path / "mine"))
    visitor.until(lambda: _runs(visitor) == [made.name])
    visitor.press(made.name, "tbody th a")
    visitor.reads("5 images")
    shutil.rmtree(made)
    visitor.until(lambda: visitor.go("/").one("tbody tr") and made.name not in visitor.text, "that it has gone")


def test_the_cursor_reads_coverage_and_risk(visitor, audit):

    def hovered():
        canvas = visitor.driver.find_element("xpath", "//figure[h3[. = 'Risk against coverage']]//canvas")
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(visitor.driver).move_to_element_with_offset(canvas, 20, 0).move_by_offset(5, 3).perform()
        found = ".vg-tooltip, #vg-tooltip-element"
        return visitor.soon(lambda: [each.text for each in visitor.all(found) if "coverage" in each.text], 0.5)

    (told,) = visitor.until(hovered, "what the cursor reads")
    assert "radius 0.1" in told
    assert "clean" in told


def test_everything_of_a_run_is_downloaded(visitor, audit, tmp_path):
    visitor.press("Download", "summary")
    links = {each.text: each.get_attribute("href") for each in visitor.all("details li a")}
    kinds = {}
    for told, link in links.items():
        with urlopen(link) as answer:
            content = answer.read()
            kinds[answer.headers["content-type"].split(";")[0]] = content
            assert content, told
    assert set(kinds) >= {"text/html", "application/json", "text/csv", "image/svg+xml"}
    assert kinds["text/csv"].startswith(b"sample,variant,radius")
    settings = next(link for told, link in links.items() if told.startswith("Settings"))
    with urlopen(settings) as answer:
        found = json.load(answer)
    assert found["command"].startswith("feint audit --limit 60")
    assert found["settings"]["radii"] == [0.05, 0.1]

    visitor.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    visitor.press("Settings", "details li a")
    (kept,) = visitor.until(lambda: [each for each in tmp_path.iterdir() if each.suffix == ".json"], "a file")
    assert json.loads(kept.read_text())["command"] == found["command"]


def test_a_click_anywhere_above_a_coverage_shows_the_images_there(visitor, audit):
    path = "//section[.//*[. = 'Risk against coverage']]//canvas"

    def clicked():
        canvas = visitor.driver.find_element("xpath", path)  # charts are drawn anew as the page settles
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        ActionChains(visitor.driver).move_to_element(canvas).pause(0.3).click().perform()  # no curve is there
        return "coverage=" in visitor.driver.current_url

    visitor.until(clicked, "a coverage")
    visitor.until(lambda: visitor.all(".behind figure"), "the images")
    assert 0.4 < float(re.search(r"coverage=([\d.]+)", visitor.driver.current_url)[1]) < 0.6
    assert visitor.unquiet() == []


def test_a_threshold_and_the_images_behind_its_bars_are_in_the_link(visitor, audit):
    visitor.put("on", "radius 0.1")
    visitor.labelled("inputs below it").send_keys(Keys.PAGE_DOWN * 3)
    visitor.until(lambda: "share=0.6" in visitor.driver.current_url)
    told = visitor.until(lambda: next(each.text for each in visitor.all(".finding") if "60.0 %" in each.text))
    path = "//section[h2[. = 'Try a threshold']]//canvas"

    def clicked():
        bars = visitor.driver.find_element("xpath", path)
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", bars)
        for across in (50, 60, 75, 90):  # bars stand where they do
            place = (across - bars.size["width"] // 2, bars.size["height"] // 2 - 55)
            ActionChains(visitor.driver).move_to_element_with_offset(bars, *place).click().perform()
        time.sleep(2)  # until the last of them is answered
        return visitor.all(".behind figure")

    visitor.until(clicked, "the images")
    assert "measure=" in visitor.driver.current_url
    behind = visitor.one("[role=status]:not(.finding)").text
    visitor.go(visitor.driver.current_url.removeprefix(visitor.server.url)).reads("Images behind it")
    assert visitor.one("[role=status]:not(.finding)").text == behind
    visitor.reads(told)


def test_a_click_on_a_detectors_curve_shows_the_images_nearest_to_its_threshold_there(visitor, server):
    place = ["--quiet", "--out", str(server.runs), "--victims", str(server.root / "victims")]
    asked = ["detect", "--attack", "fgsm", "--radii", "0.1", "--limit", "20", "--resamples", "5"]
    assert main([*asked, *place]) == 0
    (run,) = server.runs.glob("detect-*")
    try:
        visitor.go(f"/run/{run.name}").reads("Try a threshold")
        path = "//section[h2[. = 'ROC curves']]//canvas"

        def clicked():
            canvas = visitor.driver.find_element("xpath", path)  # charts are drawn anew as the page settles
            visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
            half = canvas.size["height"] // 2
            ActionChains(visitor.driver).move_to_element_with_offset(canvas, 0, down - half).click().perform()
            return visitor.soon(lambda: "across=" in visitor.driver.current_url, 1)

        down = 90  # below the curves, which are nearest
        visitor.until(clicked, "a curve")
        visitor.press("Choose nothing")
        visitor.until(lambda: "across=" not in visitor.driver.current_url)
        down = 7  # a perfect one lies along the upper edge
        visitor.until(clicked, "a curve at the edge")
        visitor.until(lambda: visitor.all(".behind figure"), "the images")
        across = float(re.search(r"across=([\d.]+)", visitor.driver.current_url)[1])
        assert 0.3 < across < 0.6
        visitor.reads(", one of ")
    finally:
        shutil.rmtree(run)


def test_what_a_threshold_lets_through_is_seen_by_keyboard_too(visitor, server):
    run = next(server.runs.glob("audit-*")).name
    visitor.go(f"/run/{run}?on=radius+0.1&share=0.6").reads("Try a threshold")
    show = visitor.until(lambda: next(each for each in visitor.all("button") if "wrong answers below" in each.text))
    told = visitor.until(
        lambda: next(each.text for each in visitor.all(".finding") if "those answers are wrong" in each.text)
    )
    wrong = round(60 * 0.6 * float(re.search(r"([\d.]+) % of those answers", told)[1]) / 100)
    show.send_keys(Keys.ENTER)
    visitor.reads("Images behind it")
    assert visitor.one("[role=status]:not(.finding)").text.startswith(f"{wrong} image")


def test_a_run_that_is_not_there_is_said(visitor):
    visitor.go("/run/audit-none").reads("run: expected one of the store, got 'audit-none'")


def test_a_click_on_a_bar_shows_the_images_behind_it_with_the_nearest_training_images(visitor):
    visitor.go("/").one("tbody tr")
    visitor.put("experiment", "audit")
    visitor.press("audit-", "tbody th a")
    visitor.reads("Confidence of correct and wrong predictions")
    path = "//figure[h3[starts-with(., 'Confidence of correct')]]//canvas"

    def clicked():
        canvas = visitor.driver.find_element("xpath", path)  # charts are drawn anew as the page settles
        visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        width, height = canvas.size["width"], canvas.size["height"]
        way = ActionChains(visitor.driver).move_to_element_with_offset(canvas, width // 2 - 14, 108 - height // 2)
        way.click().perform()
        return visitor.soon(lambda: visitor.all(".behind figure"))

    visitor.until(clicked, "the images")
    visitor.reads("Images behind it")
    assert len(visitor.until(lambda: visitor.all(".behind figure"))) >= 5
    assert "L2" in visitor.text
