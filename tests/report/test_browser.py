"""The page in a real browser, with every way outside blocked."""

import base64
import json
import os
import shutil

import pytest
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from jaxopt_lab.report import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1280,900",
)  # fmt: skip


def found_browser() -> tuple[str, str]:
    """The paths of a browser and of its driver; without them the tests are skipped, or fail where they must not be."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    missing = " and ".join(name for name, path in {"chromium": browser, "chromedriver": driver}.items() if not path)
    said = f"the report is not tested in a browser: no {missing}; on Debian, apt-get install chromium chromium-driver"
    if os.environ.get("JAXOPT_LAB_BROWSER") == "required":
        pytest.fail(said)
    pytest.skip(said)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    path, driver = found_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = path
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def loaded(browser, findings, hostile, tmp_path_factory):
    """The page of two small laboratories, opened from its file."""
    page = write_report([findings, hostile], tmp_path_factory.mktemp("report") / "demo")
    browser.get(page.as_uri())
    return browser


@pytest.fixture
def media(loaded):
    """Set what the reader prefers, for one test."""

    def prefer(medium="screen", **features):
        values = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        loaded.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": values})

    yield prefer
    prefer("")


def film(loaded):
    return loaded.find_element(By.ID, "film-2")


def shown(loaded):
    """How many points of the path are drawn, and what the slider says of it."""
    slider = film(loaded).find_element(By.TAG_NAME, "input")
    line = film(loaded).find_element(By.TAG_NAME, "polyline")
    return len(line.get_attribute("points").split()), slider.get_attribute("aria-valuetext")


def test_it_loads_without_asking_or_complaining(loaded):
    assert loaded.title == "jaxopt_lab: what the laboratories found"
    messages = [json.loads(entry["message"])["message"] for entry in loaded.get_log("performance")]
    sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    asked = [each["request"]["url"] for each in sent if each["documentURL"] == loaded.current_url]
    assert [url[:40] for url in asked if not url.startswith(("file:", "data:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1
    assert loaded.get_log("browser") == []


def test_texts_that_are_markup_do_nothing(loaded):
    assert loaded.execute_script("return window.hacked") is None


def test_keys_move_the_slider_and_the_frame(loaded):
    slider = film(loaded).find_element(By.TAG_NAME, "input")
    label = film(loaded).find_element(By.TAG_NAME, "label")
    assert (label.text, label.get_attribute("for")) == ("Step", slider.get_attribute("id"))
    slider.send_keys(Keys.HOME)
    assert shown(loaded) == (1, "step 0 of 8")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert shown(loaded) == (2, "step 1 of 8")
    assert film(loaded).find_element(By.TAG_NAME, "output").text == "step 1 of 8"
    slider.send_keys(Keys.END)
    assert shown(loaded) == (9, "step 8 of 8")


PLAY = """
const film = document.getElementById("film-2"), button = film.querySelector("button"), done = arguments[0];
const seen = new Set();
const look = () => seen.add(film.querySelector("output").textContent);
new MutationObserver(look).observe(film.querySelector("output"), { childList: true });
button.click(); look();
if (button.textContent !== "Pause") throw new Error("it does not offer to pause");
const wait = setInterval(() => { if (button.textContent === "Play") { clearInterval(wait); done([...seen]); } }, 20);
"""


def test_it_plays_to_its_end(loaded):
    seen = loaded.execute_async_script(PLAY)
    assert (seen[0], seen[-1]) == ("step 0 of 8", "step 8 of 8")
    assert len(seen) > 3


def test_who_wants_less_motion_sees_single_stills(loaded, media):
    media(prefers_reduced_motion="reduce")
    assert loaded.execute_async_script(PLAY) == ["step 0 of 8", "step 8 of 8"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(loaded, media, scheme):
    media(prefers_color_scheme=scheme)
    found = Axe().run(loaded)
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []
    assert any(each["id"] == "color-contrast" and each["nodes"] for each in found["passes"])


def test_on_a_phone_nothing_but_pictures_and_tables_moves_sideways(loaded):
    loaded.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        assert loaded.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [360, 360]
        moves = "return [...document.querySelectorAll('.table')].map(each => each.scrollWidth > each.clientWidth)"
        stops = "return [...document.querySelectorAll('.table')].map(each => each.tabIndex)"
        assert loaded.execute_script(moves)[:2] == [False, True]
        assert loaded.execute_script(stops)[:2] == [-1, 0]
    finally:
        loaded.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_prints_without_controls_and_with_its_settings(loaded, media):
    loaded.execute_script(
        "addEventListener('beforeprint', () => { unfolded = document.querySelector('details').open })"
    )
    pdf = base64.b64decode(loaded.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    assert loaded.execute_script("return [unfolded, document.querySelector('details').open]") == [True, False]
    media("print", prefers_color_scheme="dark")
    visible = "return [...document.querySelectorAll('button, input')].some(each => each.checkVisibility())"
    assert loaded.execute_script(visible) is False
    assert loaded.execute_script("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_without_scripts_the_still_frame_is_shown_and_no_control(loaded):
    loaded.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        loaded.refresh()
        assert len(film(loaded).find_element(By.TAG_NAME, "polyline").get_attribute("points").split()) == 9
        assert not film(loaded).find_element(By.TAG_NAME, "input").is_displayed()
        assert film(loaded).find_element(By.TAG_NAME, "output").text == "step 8 of 8"
    finally:
        loaded.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        loaded.refresh()
        WebDriverWait(loaded, 5).until(lambda page: film(page).find_element(By.TAG_NAME, "input").is_displayed())
