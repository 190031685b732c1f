import re
import time

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

LONG = "/new?experiment=attack&attack=cw:steps=400,searches=9&radii=5&limit=600"


@pytest.fixture(scope="module")
def server(tmp_path_factory, bench):
    """A workbench over nothing."""
    root = tmp_path_factory.mktemp("bench")
    found = bench.start(root, "--port", bench.free_port())
    yield found
    found.stop()


def _state(visitor):
    return visitor.one(".state").text


def _job(visitor):
    return visitor.until(lambda: re.search(r"/job/(\w+)", visitor.driver.current_url))[1]


def test_an_empty_store_offers_the_demo_and_shows_the_digits(visitor):
    visitor.go("/").reads("No runs yet")
    assert len(visitor.until(lambda: visitor.all(".thumbs img"))) == 12
    assert "/new?experiment=audit" in visitor.one("a.button.main").get_attribute("href")


def test_a_plan_says_what_a_job_would_cost_and_starts_none(visitor, server):
    visitor.go("/new?experiment=attack&attack=pgd:steps=5&radii=0.1&limit=41").reads("The same on the command line")
    visitor.press("Plan: what will it cost?")
    told = visitor.until(lambda: next(each.text for each in visitor.all("pre") if "images" in each.text), "a plan")
    assert "41 images" in told
    assert not list(server.runs.glob("attack-*"))


def test_a_plan_of_data_that_are_not_there_says_so(visitor):
    visitor.go("/new?experiment=audit&data=nowhere.npz").reads("The same on the command line")
    visitor.press("Plan: what will it cost?")
    visitor.reads("'nowhere.npz', which does not exist")
    assert not [each for each in visitor.all("pre") if "images" in each.text or "Timing" in each.text]


def test_a_form_says_what_is_wrong_and_nothing_is_queued(visitor):
    visitor.go("/new?experiment=attack").reads("The same on the command line")
    visitor.put("attack", "fgsm")
    visitor.reads("radii: expected how far the attack may go")
    visitor.go("/new?experiment=audit&radii=-1").reads("radii: expected")
    visitor.press("Start")
    time.sleep(1)
    assert "/new" in visitor.driver.current_url


def test_a_form_says_that_a_victim_is_not_there_and_starts_nothing(visitor, server):
    told = f"victim: expected one in {server.root / 'victims'}, got 'nobody'"
    visitor.go("/new?experiment=audit&victim=nobody").reads(told)
    visitor.press("Start")
    time.sleep(1)
    assert "/new" in visitor.driver.current_url
    visitor.put("victim", "")
    visitor.until(lambda: told not in visitor.text, "that it is gone")


@pytest.mark.parametrize("asked", ["attack=model.py:Attack", "victim=../../etc", "data=torchvision:MNIST"])
def test_a_form_takes_no_program_no_path_and_nothing_from_elsewhere(visitor, asked):
    visitor.go(f"/new?experiment=audit&{asked}").until(lambda: "expected" in visitor.text)
    visitor.reads("expected")


def test_two_browsers_do_not_see_each_others_forms(visitor, server, bench, chromium_new):
    visitor.go("/new?experiment=audit").reads("The same on the command line")
    visitor.put("limit", "77")
    visitor.until(lambda: "limit=77" in visitor.driver.current_url)
    other = bench.Visitor(chromium_new(), server)
    other.go("/new?experiment=audit").reads("The same on the command line")
    assert other.labelled("limit").get_attribute("value") == ""
    other.put("limit", "33")
    other.until(lambda: "feint audit --limit 33" in other.text)
    visitor.put("radii", "0.2")
    visitor.until(lambda: "feint audit --limit 77 --attack ace --radii 0.2" in visitor.text)
    assert "77" not in other.text
    assert other.unquiet() == []


def test_a_victim_is_trained_from_a_form(visitor):
    visitor.go("/victims").press("Train a victim", "a")
    visitor.reads("The same on the command line")
    visitor.put("name", "small")
    visitor.put("data", "digits")
    visitor.until(lambda: visitor.labelled("epochs").find_element("xpath", "ancestor::details"))
    for fold in visitor.all("details"):
        fold.find_element("css selector", "summary").click()
    visitor.put("epochs", "1")
    visitor.until(lambda: "feint train small" in visitor.text and "--epochs 1" in visitor.text)
    visitor.press("Start")
    _job(visitor)
    visitor.until(lambda: _state(visitor) == "done", "the end of the job")
    visitor.go("/victim/small").reads("trained on")
    visitor.go("/attack?victim=small").until(lambda: "%" in visitor.one(".finding").text)


def test_a_job_is_filled_in_started_and_watched_until_its_report_by_keyboard_alone(visitor):
    def active():
        return visitor.driver.switch_to.active_element

    def press(*keys):
        ActionChains(visitor.driver).send_keys(*keys).perform()

    def tab_to(what):
        for _ in range(300):
            press(Keys.TAB)
            if what(active()):
                return
        raise AssertionError(f"no TAB leads there; {active().get_attribute('outerHTML')[:200]}")

    def label(control):
        name = control.get_attribute("id")
        found = visitor.all(f"label[for='{name}']") if name else []
        return found[0].text if found else ""

    visitor.go("/jobs").reads("New job")
    tab_to(lambda each: each.text == "New job")
    press(Keys.ENTER)
    visitor.reads("The same on the command line")
    tab_to(lambda each: label(each) == "limit")
    press("15", Keys.TAB)
    visitor.until(lambda: "feint audit --limit 15" in visitor.text)
    tab_to(lambda each: label(each) == "radii")
    press("0.1", Keys.TAB)
    visitor.until(lambda: "--radii 0.1" in visitor.text)
    tab_to(lambda each: each.text == "Start")
    press(Keys.ENTER)
    _job(visitor)
    visitor.until(lambda: _state(visitor) == "done", "the end of the job")
    tab_to(lambda each: each.text == "See its report")
    press(Keys.ENTER)
    visitor.reads("Risk against coverage")
    visitor.go("/").one("tbody tr")


def test_a_job_is_cancelled_and_goes_on(visitor):
    visitor.go(LONG).reads("The same on the command line")
    visitor.press("Start")
    _job(visitor)
    visitor.until(lambda: _state(visitor) == "running")
    visitor.press("Cancel")
    visitor.until(lambda: _state(visitor) == "cancelled", "the end of the job")
    visitor.press("Resume")
    visitor.until(lambda: _state(visitor) in ("queued", "running"))
    visitor.until(lambda: _state(visitor) == "running")
    visitor.press("Cancel")
    visitor.until(lambda: _state(visitor) == "cancelled")


def test_a_job_ends_though_the_server_was_closed_in_the_middle(visitor, server, bench):
    """Whoever opens it again finds the job done, and its report."""
    visitor.go("/new?experiment=attack&attack=cw:steps=40,searches=2&radii=5&limit=40").reads("The same")
    visitor.press("Start")
    job = _job(visitor)
    visitor.until(lambda: _state(visitor) == "running")
    visitor.driver.get("about:blank")
    server.stop()
    again = bench.start(server.root, "--port", server.port)
    server.process = again.process
    visitor.unquiet()
    visitor.go(f"/job/{job}").until(lambda: _state(visitor) == "done", "the end of the job")
    visitor.press("See its report", "a")
    visitor.reads("40 images")
