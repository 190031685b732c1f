import io
import re

import numpy as np
import pytest
from PIL import Image


def _attack(visitor, asked=""):
    visitor.go(f"/attack{asked}").until(lambda: re.search(r"% ?\)|%\.", visitor.one(".finding").text), "an answer")
    return visitor.one(".finding").text


def test_a_digit_is_attacked_at_once_and_again_when_the_slider_moves(visitor):
    first = _attack(visitor)
    slider = visitor.labelled("radius")
    slider.send_keys("\ue012" * 20)  # left
    visitor.until(lambda: visitor.one(".finding").text != first)
    assert "radius=" in visitor.driver.current_url
    assert len(visitor.all(".images img[src^=data]")) >= 3
    visitor.one("canvas")
    assert "label survives 8 bits" in visitor.text or "does not survive 8 bits" in visitor.text


def test_a_shared_link_shows_the_same(visitor):
    found = _attack(visitor, "?image=5&attack=pgd:steps=3&radius=0.2&second=-")
    assert visitor.labelled("number of the picture").get_attribute("value") == "5"
    visitor.until(lambda: len([each for each in visitor.all(".finding") if each.text]) == 2, "two victims")
    again = visitor.driver.current_url.removeprefix(visitor.server.url)
    assert "steps%3D3" in again
    assert _attack(visitor, again.removeprefix("/attack")) == found


def test_a_drawn_digit_is_attacked(visitor):
    from selenium.webdriver import ActionChains

    before = _attack(visitor)
    visitor.press("Upload, photograph or draw", "summary")
    canvas = visitor.one(".pad canvas")
    visitor.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(visitor.driver).move_to_element_with_offset(canvas, 0, -80).click_and_hold().move_by_offset(
        0, 80
    ).move_by_offset(0, 70).release().perform()
    visitor.press("Use this drawing")
    visitor.until(lambda: re.search(r"image=[0-9a-f]{16}", visitor.driver.current_url))
    visitor.until(lambda: visitor.one(".finding").text != before)


def test_an_uploaded_photograph_is_attacked_and_saved(visitor, tmp_path):
    before = _attack(visitor)
    pixels = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "../photo.jpg")
    visitor.press("Upload, photograph or draw", "summary")
    visitor.labelled("upload a picture").send_keys(str((tmp_path / "../photo.jpg").resolve()))
    visitor.until(lambda: re.search(r"image=[0-9a-f]{16}", visitor.driver.current_url))
    visitor.until(lambda: visitor.one(".finding").text != before)
    visitor.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    visitor.press("Save as npz")
    found = visitor.until(lambda: next(tmp_path.glob("attacked*.npz"), None))
    visitor.until(lambda: not list(tmp_path.glob("*.crdownload")))
    with np.load(io.BytesIO(found.read_bytes()), allow_pickle=False) as arrays:
        assert arrays["images"].shape == arrays["originals"].shape == (1, 8, 8, 1)
        assert 0 < abs(arrays["images"] - arrays["originals"]).max() <= 0.05 + 1e-6


def test_what_the_camera_sees_is_attacked(visitor):
    before = _attack(visitor)
    visitor.press("Upload, photograph or draw", "summary")
    visitor.press("take a photograph")
    visitor.until(lambda: visitor.driver.execute_script("return document.querySelector('video').videoWidth > 0"))
    visitor.press("Take it")
    visitor.until(lambda: re.search(r"image=[0-9a-f]{16}", visitor.driver.current_url))
    visitor.until(lambda: visitor.one(".finding").text != before)
    assert not visitor.all("video")


def test_the_picture_that_is_chosen_is_marked_and_said_to_be(visitor):
    _attack(visitor, "?image=2")

    def pressed():
        found = visitor.all(".thumbs button[aria-pressed=true]")
        return [each.get_attribute("aria-label").partition(":")[0] for each in found]

    visitor.until(lambda: pressed() == ["picture 2"], "the mark")
    before = visitor.one(".finding").text
    visitor.all(".thumbs button")[5].click()
    visitor.until(lambda: pressed() == ["picture 5"], "the other mark")
    visitor.until(lambda: visitor.one(".finding").text != before)
    visitor.put("number of the picture", "200")
    visitor.until(lambda: pressed() == [], "no mark")


def test_on_a_phone_the_slider_stands_between_the_pictures_and_what_became_of_them(visitor):
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        _attack(visitor)
        thumbs, slider = visitor.one(".thumbs").rect, visitor.labelled("radius").rect
        shown, victim = visitor.one(".victims .images").rect, visitor.labelled("network").rect
        assert thumbs["y"] < slider["y"] < shown["y"] < victim["y"]
        assert shown["y"] + shown["height"] - slider["y"] < 844  # both are seen at once
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_two_victims_stand_side_by_side(visitor):
    _attack(visitor, "?image=5&second=-")
    boxes = visitor.until(lambda: [each.rect for each in visitor.all(".victims > section") if each.is_displayed()][1:])
    first = visitor.all(".victims > section")[0].rect
    assert boxes[0]["y"] == first["y"]
    assert boxes[0]["x"] >= first["x"] + first["width"]


@pytest.mark.parametrize("attack", ["model.py:Attack", "pgd:steps=@/etc/passwd", "none-such"])
def test_a_link_cannot_name_a_program_or_a_file(visitor, attack):
    visitor.go(f"/attack?attack={attack}").one("[role=alert]")
    assert "expected" in visitor.one("[role=alert]").text
    assert "root:" not in visitor.text


def test_settings_of_an_attack_are_a_form(visitor):
    before = _attack(visitor)
    visitor.put("attack", "pgd")
    visitor.until(lambda: "attack=pgd" in visitor.driver.current_url)
    visitor.until(lambda: len(visitor.all("summary")) >= 2)
    for fold in visitor.all("summary"):
        if fold.text.startswith("Settings"):
            fold.click()
    visitor.put("steps", "2")
    visitor.until(lambda: "steps%3D2" in visitor.driver.current_url)
    visitor.put("steps", "many")
    visitor.until(lambda: "pgd.steps: expected" in visitor.text)
    assert before
