//! Outputs that are programs: HTML with scripts, forms or drawings, and `application/javascript`. Each gets a frame of
//! its own with an opaque origin, in which scripts may run and nothing may reach the page, its neighbours, or the
//! network.
//!
//! A frame inherits the page's content security policy, which allows scripts only with a nonce. The frame's own first
//! script has it and hands it on to the output's scripts; nothing in the page's markup has. The nonce is a digest of
//! the whole notebook: the same notebook gives the same page, and no notebook can hold its own digest.

use maud::{Markup, PreEscaped, html};

/// HTML longer than this is taken to carry the libraries that it uses, whatever else it would load.
const CARRIES_LIBRARY_BYTES: usize = 400 * 1024;
/// Hosts that libraries load themselves from, by a script of their own (Altair, Bokeh, folium, MathJax).
const LIBRARY_HOSTS: [&str; 6] = [
    "cdn.jsdelivr.net",
    "unpkg.com",
    "cdnjs.cloudflare.com",
    "cdn.plot.ly",
    "cdn.bokeh.org",
    "cdn.pydata.org",
];
/// How many addresses a note names.
const ADDRESSES_MAX: usize = 3;

const FRAME_SCRIPT: &str = include_str!("frame.js");
const FRAME_STYLE: &str = "html{color-scheme:light;background:#fff}body{margin:0;padding:8px 12px;box-sizing:border-box;font:14px/1.5 system-ui,sans-serif;color:#1c2024}\
.nbjobs-note{margin:8px 0;padding:6px 10px;border-radius:6px;background:#fff7e0;color:#6b4e00;font-size:13px}";

/// What a piece of HTML needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Text, tables, images: sanitised, it can stand in the page.
    Nothing,
    /// The same with a style sheet of its own, which must not reach the page.
    Style,
    /// A frame.
    Frame,
    /// The network: these addresses. It wouldn't work in a frame either.
    Network(Vec<String>),
}

/// What a piece of HTML needs. This chooses how to show it; that it is safe doesn't depend on the answer.
pub(super) fn needs(html: &str) -> Needs {
    let mut addresses = Vec::new();
    let (mut active, mut styled) = (false, false);
    for tag in tags(html) {
        let name = tag
            .split(|char: char| !char.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "script" | "iframe" | "link" | "embed" | "object" => {
                active = true;
                addresses.extend(address(tag));
            }
            "svg" | "canvas" | "input" | "button" | "select" | "textarea" | "form" | "math" => {
                active = true
            }
            // pandas writes one that only aligns what the page's own style aligns.
            "style" => styled |= !tag.starts_with("style scoped"),
            _ => {}
        }
    }
    let loader = active
        && ["require([", "requirejs(", "require.config("]
            .iter()
            .any(|call| html.contains(call));
    if active && addresses.is_empty() {
        let loaded = LIBRARY_HOSTS.iter().filter(|host| html.contains(*host));
        addresses.extend(loaded.map(|host| format!("https://{host}/")));
    }
    let carries = html.len() > CARRIES_LIBRARY_BYTES;
    if (!addresses.is_empty() || loader) && !carries {
        addresses.dedup();
        Needs::Network(addresses)
    } else if active {
        Needs::Frame
    } else if styled {
        Needs::Style
    } else {
        Needs::Nothing
    }
}

/// The insides of what looks like tags, each at most up to the next tag.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag))
}

/// The address on the network that a tag loads.
fn address(tag: &str) -> Option<String> {
    let at = ["src=", "href=", "data="]
        .into_iter()
        .find_map(|name| Some(tag.find(name)? + name.len()))?;
    let value = tag[at..].trim_start_matches(['"', '\'']);
    let value = value
        .split(['"', '\'', ' ', '\n'])
        .next()
        .unwrap_or_default();
    ["http://", "https://", "//"]
        .iter()
        .any(|start| value.starts_with(start))
        .then(|| value.to_owned())
}

/// A frame with this HTML.
pub(super) fn frame(body: &str, nonce: &str) -> Markup {
    let document = html! {
        (maud::DOCTYPE)
        meta charset="utf-8";
        meta http-equiv="x-dns-prefetch-control" content="off";
        style { (PreEscaped(FRAME_STYLE)) }
        script nonce=(nonce) { (PreEscaped(FRAME_SCRIPT)) }
        body { (PreEscaped(body)) }
    };
    html! {
        iframe.nb-frame sandbox="allow-scripts" title="Interactive output" referrerpolicy="no-referrer" loading="lazy"
            srcdoc=(document.0) {}
    }
}

/// A frame that runs JavaScript with `element`, as notebooks' scripts expect it.
pub(super) fn script_frame(script: &str, nonce: &str) -> Markup {
    let script = script.replace("</", "<\\/");
    let body = format!(
        "<div id=\"element\"></div><script>const element = document.getElementById(\"element\");\n{script}</script>"
    );
    frame(&body, nonce)
}

/// Says why an output is not shown as it was made.
pub(super) fn network_note(addresses: &[String]) -> Markup {
    html! {
        p.nb-note {
            "This output is interactive and would load its code from the network, which a saved page does not do"
            @if !addresses.is_empty() {
                " ("
                @for (index, address) in addresses.iter().take(ADDRESSES_MAX).enumerate() {
                    @if index > 0 { ", " }
                    a href=(address) rel="noopener noreferrer" { (host(address)) }
                }
                @if addresses.len() > ADDRESSES_MAX { " and " (addresses.len() - ADDRESSES_MAX) " more" }
                ")"
            }
            "."
        }
    }
}

fn host(address: &str) -> &str {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_shown_by_what_it_needs() {
        let network = |address: &str| Needs::Network(vec![address.to_owned()]);
        for (html, expected) in [
            (
                "<div><style scoped>td{}</style><table class='dataframe'></table></div>",
                Needs::Nothing,
            ),
            (
                "<b>bold</b> <a href='https://x'>x</a> a < b",
                Needs::Nothing,
            ),
            (
                "<style type='text/css'>#T_1{}</style><table id='T_1'>",
                Needs::Style,
            ),
            ("<SCRIPT>1</SCRIPT>", Needs::Frame),
            ("<div><svg><g/></svg></div>", Needs::Frame),
            ("<iframe srcdoc='x'></iframe>", Needs::Frame),
            (
                "<script src=\"https://cdn.plot.ly/plotly.js\"></script>",
                network("https://cdn.plot.ly/plotly.js"),
            ),
            ("<iframe width='1' src='//x/y'></iframe>", network("//x/y")),
            (
                "<script>require([\"plotly\"], f)</script>",
                Needs::Network(vec![]),
            ),
        ] {
            assert_eq!(needs(html), expected, "{html}");
        }
        let bundle = format!(
            "<script src=\"https://cdn/MathJax.js\"></script><script>{}</script>",
            " ".repeat(CARRIES_LIBRARY_BYTES)
        );
        assert_eq!(needs(&bundle), Needs::Frame);
    }

    #[test]
    fn a_frame_is_sandboxed_and_cannot_be_left() {
        let html = frame("\"></iframe><script>alert(1)</script>", "n").0;
        assert!(html.contains(" sandbox=\"allow-scripts\" "));
        assert!(html.ends_with("&lt;body&gt;&quot;&gt;&lt;/iframe&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;/body&gt;\"></iframe>"), "{html}");
        assert!(!html.contains("allow-same-origin"));
    }

    #[test]
    fn a_script_cannot_end_early() {
        assert!(
            script_frame("x = '</script>'", "n")
                .0
                .contains("x = '&lt;\\/script&gt;'")
        );
    }
}
