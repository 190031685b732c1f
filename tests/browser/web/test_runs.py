import time

from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys


def _runs(visitor):
    return [each.text for each in visitor.all("tbody th")]


def test_runs_are_listed_sorted_and_filtered_and_the_address_remembers_it(visitor):
    visitor.go("/").one("tbody tr")
    assert len(_runs(visitor)) == 3
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
        time.sleep(2)
        return visitor.all(".behind figure")

    visitor.until(clicked, "the images")
    visitor.reads("Images behind it")
    assert len(visitor.until(lambda: visitor.all(".behind figure"))) >= 5
    assert "L2" in visitor.text
