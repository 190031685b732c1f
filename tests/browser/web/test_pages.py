import json
import os
import runpy
import shutil
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from selenium.webdriver.common.keys import Keys

PAGES = (
    *(
        "/",
        "/run/{run}",
        "/run/{run}?radius=0.1&low=0&high=1&correct=False",
        "/compare?runs={runs}",
        "/leaderboard",
        "/attack",
        "/latent",
        "/jobs",
    ),
    *("/new?experiment=audit", "/job/{job}", "/victims", "/victim/digit-vae", "/learn"),
)
# Without fetching the style sheets, which no rule of these reads.
AXE = "const done = arguments[0]; axe.run({resultTypes: ['violations'], preload: false}).then(r => done(r.violations))"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
READY = {
    "/run/{run}?radius=0.1&low=0&high=1&correct=False": ".behind figure",
    "/run/{run}": ".plot canvas",
    "/compare?runs={runs}": ".plot canvas",
    "/attack": ".finding",
    "/latent": ".map, .button",
    "/learn": ".finding",
    "/new?experiment=audit": "pre",
    "/job/{job}": ".state.done",
}


@pytest.fixture(scope="module")
def job(server):
    """A job, which ends soon: its run is in the store already."""
    settings = {"attack": "fgsm", "radii": [0.1], "data": {"limit": 12}}
    body = json.dumps({"experiment": "attack", "settings": settings}).encode()
    asked = Request(f"{server.url}/api/v1/jobs", body, {"content-type": "application/json"})
    with urlopen(asked) as answer:
        return json.load(answer)["id"]


def _open(visitor, page, job):
    runs = sorted(place.name for place in visitor.server.runs.glob("audit-*"))
    visitor.go(page.format(run=runs[0], runs=",".join(runs[:2]), job=job)).one(READY.get(page, "h1"))
    if READY.get(page) == ".finding":
        visitor.until(lambda: "%" in visitor.one(".finding").text or "nats" in visitor.one(".finding").text)
    elif page == "/latent":
        visitor.reads("Darkest")


@pytest.fixture(scope="module")
def axe():
    """The accessibility checks of axe-core's npm package; without it a test is skipped, in CI it fails."""
    place = Path(os.environ.get("FEINT_AXE", "axe-core/package/axe.min.js"))
    if not place.is_file():
        reason = "FEINT_AXE names no axe.min.js (npm pack axe-core; tar xf axe-core-*.tgz)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return place.read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_phone_and_has_no_serious_finding_of_axe_light_or_dark(visitor, axe, page, job):
    """In one visit: opened on a phone, then on a wider screen, for which its charts are drawn anew."""
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        _open(visitor, page, job)
        wide = visitor.driver.execute_script("return document.documentElement.scrollWidth")
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    told = {"phone": f"{page} is {wide} pixels wide"} if wide > 391 else {}
    visitor.driver.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    visitor.driver.execute_script(axe)
    try:
        for shade in ("light", "dark"):
            media = {"features": [{"name": "prefers-color-scheme", "value": shade}]}
            visitor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            found = visitor.driver.execute_async_script(AXE)
            for each in found:
                if each["impact"] in ("serious", "critical"):
                    told[shade, each["id"]] = [node["html"][:200] for node in each["nodes"][:3]]
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert told == {}


def test_every_page_is_reached_by_keyboard_alone(visitor):
    visitor.go("/").one("h1")
    body = visitor.driver.find_element("css selector", "body")
    body.send_keys(Keys.TAB)
    assert visitor.driver.switch_to.active_element.text == "Skip to the content"
    names = []
    for _ in range(12):
        visitor.driver.switch_to.active_element.send_keys(Keys.TAB)
        names.append(visitor.driver.switch_to.active_element.text)
    for name in ("Runs", "Leaderboard", "Attack", "Latent", "Jobs", "Victims", "Learn"):
        assert name in names
    visitor.go("/attack").until(lambda: "%" in visitor.one(".finding").text)
    before = visitor.one(".finding").text
    slider = visitor.labelled("radius")
    slider.send_keys(Keys.END)
    visitor.until(lambda: visitor.one(".finding").text != before)


def test_an_address_that_leads_nowhere_leads_on(visitor):
    visitor.go("/no/such/page").reads("page: expected one of those above, got '/no/such/page'")
    assert visitor.driver.title == "No such page · feint"
    visitor.unquiet()  # the browser says that it was not found
    visitor.press("See all runs", "a")
    visitor.until(lambda: visitor.driver.title == "Runs · feint")


@pytest.mark.parametrize("radius", ["abc", "nan", "inf"])
def test_a_radius_that_is_no_number_is_said_on_the_page(visitor, radius):
    visitor.go(f"/attack?radius={radius}").reads(f"radius: expected a number, got '{radius}'")


def test_a_wrong_setting_in_an_address_leads_to_an_empty_form(visitor):
    visitor.go("/new?experiment=audit&attack=nothing").press("Begin with an empty form", "a")
    visitor.reads("feint audit")


def test_a_point_of_the_latent_plane_is_pinned_and_a_line_drawn(visitor):
    from selenium.webdriver import ActionChains

    _open(visitor, "/latent", "")
    visitor.until(lambda: [each.text for each in visitor.all(".key:has(i.point) li")] == list("0123456789"), "classes")
    place = visitor.one(".map")
    visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", place)
    ActionChains(visitor.driver).move_to_element_with_offset(place, 60, -50).perform()
    visitor.until(lambda: visitor.one("img[alt^=decoded]").get_attribute("src").startswith("data:image/png"), "hover")
    ActionChains(visitor.driver).move_to_element_with_offset(place, 40, 30).click().perform()
    visitor.until(lambda: "pin=" in visitor.driver.current_url)
    visitor.reads("of the pinned point")
    ActionChains(visitor.driver).move_to_element_with_offset(place, -120, -90).click_and_hold().move_by_offset(
        200, 150
    ).release().perform()
    visitor.until(lambda: "way=" in visitor.driver.current_url)
    visitor.reads("The way between two points")
    again = visitor.driver.current_url.removeprefix(visitor.server.url)
    visitor.go(again).reads("The way between two points")
    place = visitor.one(".map")
    place.send_keys(Keys.ARROW_LEFT, Keys.ENTER)
    visitor.until(lambda: visitor.driver.current_url.removeprefix(visitor.server.url) != again)


def test_the_tour_answers_its_sliders(visitor):
    _open(visitor, "/learn", "")
    visitor.until(lambda: all("Computing" not in each.text for each in visitor.all(".finding")))
    before = [each.text for each in visitor.all(".finding")]
    sliders = visitor.all("input[type=range]")
    for slider in sliders:
        slider.send_keys(Keys.END if slider.get_attribute("value") == "0" else Keys.HOME)
    visitor.until(lambda: all(now.text != then for now, then in zip(visitor.all(".finding"), before, strict=True)))
    visitor.until(lambda: visitor.driver.current_url.count("=") == len(sliders), "a link that says where all stand")
    after = visitor.until(lambda: _settled(visitor), "answers to the last moves")
    visitor.go(visitor.driver.current_url.removeprefix(visitor.server.url)).one(".finding")
    visitor.until(lambda: [each.text for each in visitor.all(".finding")] == after, "the same by the link")


def _settled(visitor):
    """What is found, once it has not changed for a second."""
    found = [each.text for each in visitor.all(".finding")]
    time.sleep(1)
    return found if [each.text for each in visitor.all(".finding")] == found else None


def test_a_victim_is_uploaded_and_attacked(visitor, tmp_path, server):
    import torch
    from safetensors.torch import save_file

    from feint.networks import DigitNetwork

    torch.manual_seed(0)
    save_file(DigitNetwork().state_dict(), tmp_path / "weights.safetensors")
    visitor.go("/victims").reads("Upload one")
    visitor.put("name", "mine")
    visitor.put("shape", "1,8,8")
    visitor.labelled("weights").send_keys(str(tmp_path / "weights.safetensors"))
    visitor.until(lambda: visitor.driver.current_url.endswith("/victim/mine"))
    visitor.reads("1 x 8 x 8")
    visitor.press("All of it", "summary")
    visitor.reads('"uploaded": true')
    card = json.loads((server.root / "victims" / "mine" / "card.json").read_text())
    assert card["shape"] == [1, 8, 8]
    visitor.go("/victims").labelled("weights").send_keys(str(tmp_path / "weights.safetensors"))
    visitor.reads("name: expected letters")
    visitor.unquiet()  # the browser says that a request was refused
    visitor.go("/attack?victim=mine").reads("upload one")


def test_screenshots_are_made_by_a_command(server, tmp_path, monkeypatch):
    script = str(Path(__file__).parents[3] / "docs" / "screenshots.py")
    if not shutil.which("chromedriver"):
        pytest.skip("chromedriver is not installed")
    wait = time.sleep  # how long a page is left to itself before its picture is taken, it need not be here
    monkeypatch.setattr(time, "sleep", lambda seconds: wait(seconds if seconds < 1 else 0.1))
    monkeypatch.setattr(sys, "argv", [script, "--url", server.url, "--out", str(tmp_path), "--only", "runs"])
    runpy.run_path(script, run_name="__main__")
    assert {place.name for place in tmp_path.glob("*.png")} == {
        f"workbench-runs-{look}.png" for look in ("light", "dark", "phone")
    }
