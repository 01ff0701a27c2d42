//! Strangers' HTML made harmless by ammonia: raw HTML in Markdown, tables and text in outputs, MathML. Cleaned markup
//! holds text, tables, images and sound that the notebook itself brings, and links; no script, no frame, no form, and
//! nothing that loads from the network.

use super::{depth, highlight};
use ammonia::{Builder, UrlRelative};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

/// The style properties that a `style` attribute may set: nothing that takes an element out of its place.
const STYLE_PROPERTIES: [&str; 62] = [
    "background",
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "caption-side",
    "clear",
    "color",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "opacity",
    "overflow",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
];

/// MathML Core's elements for presentation.
const MATHML_TAGS: [&str; 28] = [
    "math",
    "menclose",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "none",
];

const MATHML_ATTRIBUTES: [&str; 25] = [
    "accent",
    "accentunder",
    "class",
    "columnalign",
    "depth",
    "display",
    "displaystyle",
    "fence",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "style",
    "symmetric",
    "width",
];

/// Markup for the page itself.
static INLINE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = markup();
    builder.filter_style_properties(HashSet::from(STYLE_PROPERTIES));
    builder
});

/// Markup that brings its own style sheet, for a shadow tree that keeps the sheet to itself.
static STYLED: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = markup();
    builder.rm_clean_content_tags(["style"]).add_tags(["style"]);
    builder
});

static MATHML: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(MATHML_TAGS))
        .generic_attributes(HashSet::from(MATHML_ATTRIBUTES))
        .link_rel(None);
    builder
});

/// Markup that may stand in the page: style sheets removed, `style` attributes reduced to looks.
pub(super) fn inline(html: &str) -> String {
    clean(&INLINE, html)
}

/// Markup that may stand in a shadow tree inside of a box with `contain: paint`; style sheets stay.
pub(super) fn styled(html: &str) -> String {
    clean(&STYLED, html)
}

/// MathML and nothing else.
pub(super) fn mathml(mathml: &str) -> String {
    clean(&MATHML, mathml)
}

fn clean(builder: &Builder<'static>, html: &str) -> String {
    if depth::is_deep(html) {
        let mut source = String::new();
        highlight::escape(html, &mut source);
        return source;
    }
    builder.clean(html).to_string()
}

fn markup() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(["audio", "font", "input", "section", "source", "video"])
        .add_generic_attributes(["align", "class", "dir", "id", "style", "valign"])
        .add_tag_attributes("a", ["name"])
        .add_tag_attributes("audio", ["controls", "loop", "src"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("font", ["color", "face", "size"])
        .add_tag_attributes("input", ["checked"])
        .add_tag_attributes("source", ["src", "type"])
        .add_tag_attributes("span", ["data-math-style"])
        .add_tag_attributes("table", ["border", "cellpadding", "cellspacing", "width"])
        .add_tag_attributes("td", ["bgcolor", "height", "nowrap", "width"])
        .add_tag_attributes("th", ["bgcolor", "height", "nowrap", "width"])
        .add_tag_attributes("tr", ["bgcolor"])
        .add_tag_attributes(
            "video",
            [
                "controls", "height", "loop", "muted", "poster", "src", "width",
            ],
        )
        // Of all inputs only the boxes of task lists, which nobody can tick.
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .set_tag_attribute_value("input", "disabled", "")
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(attribute);
    builder
}

/// Decides about attributes that ammonia has let through.
fn attribute<'value>(element: &str, name: &str, value: &'value str) -> Option<Cow<'value, str>> {
    match (element, name) {
        ("img" | "video" | "audio" | "source", "src" | "poster") => {
            is_embedded(value).then_some(Cow::Borrowed(value))
        }
        (_, "href" | "cite") => {
            let data = value
                .trim_start()
                .get(..5)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
            (!data).then_some(Cow::Borrowed(value))
        }
        // The page's own classes are not for strangers: they could dress up as its banners.
        (_, "class") => {
            let classes = value
                .split_whitespace()
                .filter(|class| !class.starts_with("nb-"));
            Some(Cow::Owned(classes.collect::<Vec<_>>().join(" ")))
        }
        _ => Some(Cow::Borrowed(value)),
    }
}

/// Whether a URL is an image or sound inside of the document.
pub(super) fn is_embedded(url: &str) -> bool {
    let start = url
        .trim_start()
        .get(..11)
        .unwrap_or_default()
        .to_ascii_lowercase();
    ["data:image/", "data:audio/", "data:video/"].contains(&start.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_or_loads_is_removed() {
        for (html, expected) in [
            ("<script>alert(1)</script>x", "x"),
            ("<img src=x onerror=alert(1)>", "<img>"),
            ("<img src=\"https://x/y.png\" alt=\"y\">", "<img alt=\"y\">"),
            (
                "<a href=\"javascript:alert(1)\">x</a>",
                "<a rel=\"noopener noreferrer\">x</a>",
            ),
            (
                "<a href=\" DATA:text/html,x\">x</a>",
                "<a rel=\"noopener noreferrer\">x</a>",
            ),
            (
                "<iframe src=\"https://x\"></iframe><object></object><form><button>x</button></form>",
                "x",
            ),
            ("<svg><script>alert(1)</script></svg>", ""),
            (
                "<p style=\"position:fixed;color:red\">x</p>",
                "<p style=\"color:red\">x</p>",
            ),
            (
                "<p class=\"nb-banner dataframe\">x</p>",
                "<p class=\"dataframe\">x</p>",
            ),
            (
                "<input type=password name=p onfocus=alert(1)>",
                "<input disabled=\"\">",
            ),
            ("<style>p{}</style>x", "x"),
            ("<math><mi>x</mi></math>", ""),
            (
                "<base href=\"//x\"><meta http-equiv=refresh content=\"0;url=//x\"><link rel=stylesheet href=//x>",
                "",
            ),
            ("<template shadowrootmode=open>x</template>", ""),
        ] {
            assert_eq!(inline(html), expected, "{html}");
        }
    }

    #[test]
    fn tables_links_and_embedded_pictures_stay() {
        for html in [
            "<table border=\"1\" class=\"dataframe\"><thead><tr style=\"text-align:right\"><th></th></tr></thead></table>",
            "<a href=\"#top\" rel=\"noopener noreferrer\">x</a>",
            "<img src=\"data:image/png;base64,AA==\" width=\"3\">",
            "<audio controls=\"\"><source src=\"data:audio/wav;base64,AA==\" type=\"audio/wav\"></audio>",
            "<font color=\"red\">x</font>",
        ] {
            assert_eq!(inline(html), html);
        }
    }

    #[test]
    fn a_style_sheet_stays_only_where_it_is_kept_in() {
        assert_eq!(
            styled("<style>#T td{color:red}</style><p>x</p>"),
            "<style>#T td{color:red}</style><p>x</p>"
        );
        assert_eq!(
            styled("<style><!--</style><img src=x onerror=alert(1)>-->"),
            "<style><!--</style><img>--&gt;"
        );
    }

    #[test]
    fn the_lists_have_no_doubles() {
        assert_eq!(
            HashSet::from(STYLE_PROPERTIES).len(),
            STYLE_PROPERTIES.len()
        );
        assert_eq!(HashSet::from(MATHML_TAGS).len(), MATHML_TAGS.len());
    }
}
