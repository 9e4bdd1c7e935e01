"""The page of `otaproof check --report` in a headless Chromium without a network.

Skipped where Chromium is missing: the packages chromium and chromium-driver of Debian have it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import CHROMEDRIVER, CHROMIUM, Browser, browser
from otaproof.cli.main import main
from report_project import ARGUMENTS, made_in

pytestmark = pytest.mark.skipif(None in (CHROMIUM, CHROMEDRIVER), reason="Chromium and its driver are not installed")
SHOWN = """return [...document.querySelectorAll('.stepper')].map(stepper => [...stepper.querySelectorAll('.moment')]
    .filter(moment => moment.offsetParent !== null).map(moment => Number(moment.dataset.moment)))"""
"""By replay, the moments that are shown."""
FOCUS = (
    "document.querySelector('.stepper').focus(); document.querySelector('.stepper').scrollIntoView({block: 'start'})"
)
FOLDED = "return [...document.querySelectorAll('details')].filter(fold => !fold.open).length"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the page."""
    folder = made_in(tmp_path_factory.mktemp("report"))
    with pytest.MonkeyPatch.context() as context:
        context.chdir(folder)
        main(ARGUMENTS)
    return folder / "page" / "index.html"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start the browser."""
    with browser(tmp_path_factory.mktemp("profile")) as chromium:
        yield chromium


@pytest.fixture
def opened(started: Browser, page: Path) -> Browser:
    """Open the page as it is on a desktop."""
    started.resize(1280, 900)
    started.open(page)
    return started


def test_page_asks_for_nothing_and_nothing_is_refused(opened: Browser) -> None:
    """No resource but the file; no line on the console, where the policy would complain."""
    assert [] == opened.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [] == opened.told()
    assert "rgb(255, 255, 255)" == opened.run("return getComputedStyle(document.body).backgroundColor")


def test_policy_keeps_other_scripts_and_styles_out(opened: Browser) -> None:
    """What came through as markup would do nothing."""
    opened.run(
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script); document.body.insertAdjacentHTML('beforeend', '<b id=came style=\"color:red\">')"
    )
    assert [None, "rgb(27, 31, 36)"] == opened.run(
        "return [window.ran ?? null, getComputedStyle(document.getElementById('came')).color]"
    )
    assert 2 <= len(opened.told())


def test_arrow_keys_step_through_a_finding(opened: Browser) -> None:
    """One moment is shown at a time; Home and End go to the ends, and the ends stay."""
    shown = opened.run(SHOWN)
    last = opened.run("return document.querySelector('.stepper').querySelectorAll('.moment').length") - 1
    assert [[0]] * len(shown) == shown and last > 4
    opened.run(FOCUS)
    for keys, moment in (
        (["ArrowRight"] * 3, 3),
        (["ArrowLeft"], 2),
        (["End"], last),
        (["ArrowRight"], last),
        (["Home"], 0),
    ):
        for key in keys:
            opened.press(key)
        assert [moment] == opened.run(SHOWN)[0]
    assert [[0]] * (len(shown) - 1) == opened.run(SHOWN)[1:]


def test_buttons_step_and_the_moment_is_announced(opened: Browser) -> None:
    """With the mouse; the slots move in the drawing, and a screen reader hears what boots."""
    marks = "return [...document.querySelectorAll('.stepper .marks.now text')].map(text => text.outerHTML)"
    first = opened.run(marks)
    opened.run("document.querySelector('.stepper [data-go=on]').click()")
    opened.run("document.querySelectorAll('.stepper')[0].querySelectorAll('.ticks button')[3].click()")
    assert [3] == opened.run(SHOWN)[0]
    opened.run("document.querySelector('.stepper .ticks li:nth-last-child(2) button').click()")
    assert first != opened.run(marks)
    opened.run("document.querySelectorAll('.stepper')[0].querySelectorAll('.ticks button')[3].click()")
    said = opened.run("return document.querySelector('.stepper [role=status]').textContent")
    assert said.startswith("Moment 4 of ") and "The next power-on: " in said
    assert "step" == opened.run("return document.querySelectorAll('.ticks button')[3].getAttribute('aria-current')")


@pytest.mark.parametrize("is_dark", [False, True])
def test_page_fits_a_phone(started: Browser, page: Path, is_dark: bool) -> None:
    """Nothing is wider than 390 pixels, at any moment, but what scrolls within itself."""
    started.resize(390, 844, is_dark)
    started.open(page)
    for button in range(started.run("return document.querySelectorAll('.ticks button').length")):
        started.run(f"document.querySelectorAll('.ticks button')[{button}].click()")
        assert 390 == started.run("return Math.max(document.documentElement.scrollWidth, innerWidth)")


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_stands_out(started: Browser, page: Path, is_dark: bool) -> None:
    """Every text has a contrast of 4.5 to its ground, as WCAG 2.2 AA asks for."""
    started.resize(1280, 900, is_dark)
    started.open(page)
    assert [] == started.run(CONTRAST)


def test_paper_has_all_of_it(opened: Browser) -> None:
    """Every moment of every replay, light, and no controls."""
    moments = opened.run("return document.querySelectorAll('.moment').length")
    opened.resize(1280, 900, is_dark=True)
    opened.print_preview(True)
    opened.run("window.dispatchEvent(new Event('beforeprint'))")
    assert moments == sum(map(len, opened.run(SHOWN)))
    assert 0 == opened.run(FOLDED)
    assert [True, "rgb(27, 31, 36)"] == opened.run(
        "return [document.querySelector('.controls').offsetParent === null, getComputedStyle(document.body).color]"
    )
    opened.run("window.dispatchEvent(new Event('afterprint'))")
    opened.print_preview(False)
    assert 0 < opened.run(FOLDED)


def test_page_can_be_read_without_scripts(started: Browser, page: Path) -> None:
    """Every moment is there, and no button that would do nothing."""
    started.allow_scripts(False)
    try:
        started.open(page)
        started.allow_scripts(True)
        moments = started.run("return document.querySelectorAll('.moment').length")
        assert moments == sum(map(len, started.run(SHOWN)))
        assert 0 == started.run(FOLDED)
        assert [] == started.run("return [...document.querySelectorAll('button')].filter(b => b.offsetParent !== null)")
    finally:
        started.allow_scripts(True)


CONTRAST = """
const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return text.startsWith('color(srgb')
    ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1]; };
const light = colour => { const [r, g, b] = colour.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = element => {
    for (let e = element; e; e = e.parentElement) {
        const colour = parse(getComputedStyle(e).backgroundColor);
        if (colour[3] === 1) return colour;
    }
    return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll('body *')) {
    if (element.closest('svg, script, .sr, :disabled') || !element.getClientRects().length) continue;
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push([element.className, element.textContent.trim().slice(0, 40)]);
}
return found.slice(0, 10);
"""
"""The texts whose contrast is too small."""
