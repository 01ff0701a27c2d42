//! Markdown as HTML, as Jupyter shows it: comrak parses (GitHub's tables, task lists, strikethrough, footnotes), code
//! is highlighted, mathematics typeset, attachments shown, and all of it sanitised.

use super::{highlight, image, math, sanitise};
use crate::nbformat::Object;
use comrak::adapters::{HeadingAdapter, HeadingMeta, SyntaxHighlighterAdapter};
use comrak::nodes::{AstNode, NodeLink, NodeValue, Sourcepos};
use comrak::{
    Arena, Options, format_html_with_plugins, html as markup, options::Plugins, parse_document,
};
use maud::{PreEscaped, html};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write};

/// Longer texts are shown as they are written.
const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The text as HTML that may stand in the page. `attachments` is the cell's; `scope` keeps its footnotes apart from
/// those of other cells.
pub(super) fn markdown(
    text: &str,
    attachments: Option<&Object>,
    scope: &str,
) -> PreEscaped<String> {
    if text.len() > TEXT_BYTES_MAX {
        return html! { pre { (text) } };
    }
    let text = super::mathtext::fenced(text);
    let options = options();
    let arena = Arena::new();
    let root = parse_document(&arena, &text, &options);
    for node in root.descendants() {
        prepare(node, &arena, attachments, scope);
    }
    let mut plugins = Plugins::default();
    plugins.render.codefence_syntax_highlighter = Some(&Highlighter);
    plugins.render.heading_adapter = Some(&Headings);
    let mut rendered = String::new();
    // Writing into a String cannot fail.
    let _ = format_html_with_plugins(root, &options, &mut rendered, &plugins);
    PreEscaped(typeset(&sanitise::inline(&rendered)))
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.alerts = true;
    extension.autolink = true;
    extension.footnotes = true;
    extension.math_dollars = true;
    extension.strikethrough = true;
    extension.table = true;
    extension.tasklist = true;
    // Raw HTML goes through: the sanitiser comes after.
    options.render.r#unsafe = true;
    options
}

fn prepare<'a>(
    node: &'a AstNode<'a>,
    arena: &'a Arena<'a>,
    attachments: Option<&Object>,
    scope: &str,
) {
    let image = match &mut node.data_mut().value {
        NodeValue::FootnoteReference(footnote) => {
            footnote.name = format!("{scope}-{}", footnote.name);
            None
        }
        NodeValue::FootnoteDefinition(footnote) => {
            footnote.name = format!("{scope}-{}", footnote.name);
            None
        }
        NodeValue::Image(link) => Some(link.clone()),
        _ => None,
    };
    let Some(mut link) = image else { return };
    if let Some(name) = link.url.strip_prefix("attachment:") {
        let name = percent_decode_str(name).decode_utf8_lossy();
        if let Some(url) = attachments.and_then(|attachments| attached(attachments, &name)) {
            link.url = url;
            node.data_mut().value = NodeValue::Image(link);
            return;
        }
    } else if sanitise::is_embedded(&link.url) {
        return;
    }
    not_here(node, arena, *link);
}

/// An image that the notebook doesn't hold becomes a link to it.
fn not_here<'a>(node: &'a AstNode<'a>, arena: &'a Arena<'a>, mut link: NodeLink) {
    if node.first_child().is_none() {
        let name = NodeValue::Text(link.url.clone().into());
        node.append(arena.alloc(name.into()));
    }
    let linked = node
        .ancestors()
        .skip(1)
        .any(|node| matches!(node.data().value, NodeValue::Link(_)));
    link.title = "An image outside of the notebook, which this page does not load".to_owned();
    node.data_mut().value = if linked {
        NodeValue::Emph
    } else {
        NodeValue::Link(Box::new(link))
    };
}

/// The `data:` URI of an attachment's first image.
fn attached(attachments: &Object, name: &str) -> Option<String> {
    let bundle = attachments.get(name)?.as_object()?;
    bundle
        .iter()
        .find_map(|(mime, data)| image::data_uri(mime, data.as_str()?))
}

/// Replaces comrak's `<span data-math-style>` by MathML. Sanitised markup is balanced, so each has its end.
fn typeset(html: &str) -> String {
    const START: &str = "<span data-math-style=\"";
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(START) {
        out.push_str(before);
        let formula = ["inline", "display"].into_iter().find_map(|style| {
            let (latex, tail) = after
                .strip_prefix(style)?
                .strip_prefix("\">")?
                .split_once("</span>")?;
            (!latex.contains('<')).then_some((style, latex, tail))
        });
        match formula {
            Some((style, latex, tail)) => {
                out.push_str(&math::math(&unescaped(latex), style == "display").0);
                rest = tail;
            }
            None => {
                out.push_str(START);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    Cow::Owned(text.replace("&nbsp;", "\u{a0}").replace("&amp;", "&"))
}

struct Highlighter;

impl SyntaxHighlighterAdapter for Highlighter {
    fn write_highlighted(
        &self,
        output: &mut dyn Write,
        lang: Option<&str>,
        code: &str,
    ) -> fmt::Result {
        output.write_str(&highlight::highlight(code, lang).0)
    }

    fn write_pre_tag(
        &self,
        output: &mut dyn Write,
        _: HashMap<&'static str, Cow<'_, str>>,
    ) -> fmt::Result {
        output.write_str("<pre>")
    }

    fn write_code_tag(
        &self,
        output: &mut dyn Write,
        _: HashMap<&'static str, Cow<'_, str>>,
    ) -> fmt::Result {
        output.write_str("<code>")
    }
}

/// Headings with the ids that Jupyter gives them, which tables of contents in notebooks link to: the text with dashes
/// for spaces.
struct Headings;

impl HeadingAdapter for Headings {
    fn enter(
        &self,
        output: &mut dyn Write,
        heading: &HeadingMeta,
        _: Option<Sourcepos>,
    ) -> fmt::Result {
        write!(output, "<h{} id=\"", heading.level)?;
        markup::escape(output, &heading.content.replace(' ', "-"))?;
        output.write_str("\">")
    }

    fn exit(&self, output: &mut dyn Write, heading: &HeadingMeta) -> fmt::Result {
        output.write_str("<a class=\"anchor\" href=\"#")?;
        markup::escape_href(output, &heading.content.replace(' ', "-"), false)?;
        write!(output, "\">¶</a></h{}>", heading.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(text: &str) -> String {
        markdown(text, None, "1").0
    }

    #[test]
    fn what_people_write_is_shown() {
        for (text, expected) in [
            ("~~a~~", "<del>a</del>"),
            ("|a|b|\n|-|:-:|\n|1|2|", "<td align=\"center\">2</td>"),
            (
                "- [x] done",
                "<input type=\"checkbox\" checked=\"\" disabled=\"\"> done",
            ),
            (
                "# A *b* c",
                "<h1 id=\"A-b-c\">A <em>b</em> c<a class=\"anchor\" href=\"#A-b-c\"",
            ),
            ("x[^1]\n\n[^1]: note", "id=\"fn-1-1\""),
            (
                "```python\ndef f\n```",
                "<pre><code><span class=\"hl-k\">def",
            ),
            ("$x^2$", "<math><msup><mi>x</mi><mn>2</mn></msup></math>"),
            ("\\\\(x\\\\)", "<math><mi>x</mi></math>"),
            ("$$\nx\n$$", "<math display=\"block\"><mi>x</mi></math>"),
            ("$a<b \\& c$", "<mo>&lt;</mo>"),
            ("> [!NOTE]\n> x", "markdown-alert"),
            ("<font color='red'>x</font>", "<font color=\"red\">x</font>"),
        ] {
            let html = rendered(text);
            assert!(html.contains(expected), "{text}: {html}");
        }
    }

    #[test]
    fn images_are_shown_only_from_the_notebook() {
        let attachments = json!({"a b.png": {"image/png": "AA=="}, "x": {"text/html": "<b>"}});
        let shown = |text: &str| markdown(text, attachments.as_object(), "1").0;
        assert_eq!(
            shown("![alt](attachment:a%20b.png)"),
            "<p><img src=\"data:image/png;base64,AA==\" alt=\"alt\"></p>\n"
        );
        assert!(
            shown("![](data:image/gif;base64,AA==)")
                .contains("<img src=\"data:image/gif;base64,AA==\"")
        );
        for text in [
            "![alt](https://x/y.png)",
            "![alt](y.png)",
            "![](attachment:x)",
            "[![alt](//x)](https://y)",
        ] {
            let html = shown(text);
            assert!(!html.contains("<img"), "{text}: {html}");
        }
    }

    #[test]
    fn raw_html_is_sanitised() {
        let html = rendered(
            "<script>alert(1)</script>\n\n<b onclick=x()>b</b> [x](javascript:alert(1)) <span data-math-style=\"inline\"><b>x</b></span>",
        );
        assert!(
            !html.contains("script") && !html.contains("onclick"),
            "{html}"
        );
    }

    #[test]
    fn deep_nesting_ends() {
        for text in [
            "> ",
            "- ",
            "[",
            "*a ",
            "![",
            "<div>",
            "`",
            "$",
            "$$\n",
            "\\\\[",
            "<div><!--</div>-->",
            "<b><title></b></title>",
            "|",
            "[^",
        ] {
            rendered(&text.repeat(20_000));
        }
    }
}
