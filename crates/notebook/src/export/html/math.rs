//! LaTeX mathematics as MathML, which browsers typeset without a script. Converted by `math-core`; what it writes is
//! cleaned as if it were a stranger's, for it doesn't escape all names (`\operatorname{<img>}`). What it can't convert
//! stays readable as source.

use super::{highlight, sanitise};
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use maud::PreEscaped;
use std::sync::LazyLock;

/// Longer formulas are shown as source.
const FORMULA_BYTES_MAX: usize = 16 * 1024;
/// Formulas nested deeper are shown as source: the converter recurses, with up to 25 KB of stack per level.
const DEPTH_MAX: usize = 24;

static CONVERTER: LazyLock<Option<LatexToMathML>> =
    LazyLock::new(|| LatexToMathML::new(MathCoreConfig::default()).ok());

/// The formula as MathML, else its source in a `math` span. `latex` comes without its delimiters.
pub(super) fn math(latex: &str, display: bool) -> PreEscaped<String> {
    mathml(latex, display).unwrap_or_else(|| {
        let mut html = String::from(if display {
            "<span class=\"math math-display\">"
        } else {
            "<span class=\"math\">"
        });
        let delimiter = if display { "$$" } else { "$" };
        highlight::escape(
            &format!("{delimiter}{}{delimiter}", latex.trim()),
            &mut html,
        );
        html.push_str("</span>");
        PreEscaped(html)
    })
}

/// The formula as MathML, if it can be converted.
pub(super) fn mathml(latex: &str, display: bool) -> Option<PreEscaped<String>> {
    if latex.len() > FORMULA_BYTES_MAX || depth(latex) > DEPTH_MAX {
        return None;
    }
    // The converter knows AMS's environments; `eqnarray` is the old name of one.
    let latex = latex.replace("{eqnarray", "{align");
    let style = if display {
        MathDisplay::Block
    } else {
        MathDisplay::Inline
    };
    let converter = CONVERTER.as_ref()?;
    let converted = converter.convert_with_local_state(&latex, style).ok()?;
    Some(PreEscaped(sanitise::mathml(&converted.mathml)))
}

/// `text/latex` as MathML if it is one formula, in any of the usual delimiters or as a bare environment.
pub(super) fn from_latex_output(text: &str) -> Option<PreEscaped<String>> {
    let text = text.trim();
    let within = |start: &str, end: &str| {
        let inner = text.strip_prefix(start)?.strip_suffix(end)?;
        (!inner.contains('$')).then_some(inner)
    };
    if let Some(inner) = within("$$", "$$").or_else(|| within("\\[", "\\]")) {
        return mathml(inner, true);
    }
    if let Some(inner) = within("$", "$").or_else(|| within("\\(", "\\)")) {
        // sympy and IPython's Math ask for the displayed style themselves.
        return mathml(inner, false);
    }
    text.starts_with("\\begin{")
        .then(|| mathml(text, true))
        .flatten()
}

/// At least how deep the converter will recurse: groups, environments and fences that are open, and commands in a row,
/// each of which may be the argument of the one before.
fn depth(latex: &str) -> usize {
    let (mut open, mut row, mut deepest) = (Vec::new(), 0_usize, 0_usize);
    let mut level = 0_usize;
    let mut rest = latex;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '\\' => {
                let letters = rest
                    .find(|char: char| !char.is_ascii_alphabetic())
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at(letters);
                rest = after;
                match name {
                    "left" | "begin" => {
                        open.push(row + 1);
                        level += row + 1;
                        row = 0;
                    }
                    "right" | "end" => level -= open.pop().unwrap_or(0),
                    _ => row += 1,
                }
            }
            '{' | '[' => {
                open.push(row + 1);
                level += row + 1;
                row = 0;
            }
            '}' | ']' => level -= open.pop().unwrap_or(0),
            '^' | '_' => row += 1,
            char if char.is_whitespace() || char.is_ascii_digit() => {}
            _ => row = 0,
        }
        deepest = deepest.max(level + row);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_become_mathml() {
        let PreEscaped(html) = math("\\frac{a}{b}", false);
        assert_eq!(html, "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>");
        for latex in [
            "\\begin{align} a &= b \\\\ &= c \\end{align}",
            "\\begin{eqnarray} a &=& b \\end{eqnarray}",
            "\\left[\\begin{matrix}x & 1\\\\0 & y\\end{matrix}\\right]",
            "\\hat{y} = \\operatorname{softmax}(Wx + b) \\quad \\text{for all } x \\in \\mathbb{R}",
            "\\sum_{i=1}^n \\left( x_i - \\bar{x} \\right)^2",
            "\\underbrace{\\frac{1}{\\sqrt{2\\pi\\sigma^2}}}_{n} \\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx",
        ] {
            assert!(mathml(latex, true).is_some(), "{latex}");
        }
    }

    #[test]
    fn what_cannot_be_converted_stays_readable() {
        let PreEscaped(html) = math(" \\unknown{<b>} ", true);
        assert_eq!(
            html,
            "<span class=\"math math-display\">$$\\unknown{&lt;b&gt;}$$</span>"
        );
    }

    #[test]
    fn names_that_the_converter_does_not_escape_run_nothing() {
        let PreEscaped(html) = math("\\operatorname{<img src=x onerror=alert(1)>}", false);
        assert!(!html.contains("<img"), "{html}");
    }

    #[test]
    fn deep_nesting_neither_overflows_a_small_stack_nor_is_converted() {
        let shapes = [
            ("{", "}"),
            ("\\frac{", "}{2}"),
            ("\\left(", "\\right)"),
            ("x^{", "}"),
            ("\\sqrt", ""),
            ("\\hat ", ""),
            ("\\text{", "}"),
            ("\\begin{matrix}", "\\end{matrix}"),
            ("\\frac1", ""),
            ("\\sqrt[", "]{2}"),
            ("\\mathrm{", "}"),
        ];
        let thread = std::thread::Builder::new().stack_size(1024 * 1024);
        let convert = move || {
            for (open, close) in shapes {
                for count in [
                    DEPTH_MAX / 2,
                    DEPTH_MAX - 1,
                    DEPTH_MAX,
                    100_000 / open.len(),
                ] {
                    let latex = format!("{}x{}", open.repeat(count), close.repeat(count));
                    let converted = mathml(&latex, true).is_some();
                    assert!(!converted || count <= DEPTH_MAX, "{open} {count}");
                }
            }
        };
        thread.spawn(convert).unwrap().join().unwrap();
    }

    #[test]
    fn latex_outputs_come_in_all_delimiters() {
        for text in [
            "$\\displaystyle x^{2}$",
            "$$x$$",
            "\\[x\\]",
            "\\begin{equation}x\\end{equation}",
        ] {
            assert!(from_latex_output(text).is_some(), "{text}");
        }
        for text in [
            "text $x$ and $y$",
            "\\begin{tabular}{ll}a&b\\end{tabular}",
            "",
            "$",
        ] {
            assert!(from_latex_output(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_formula_gives_balanced_markup_without_scripts(
            latex in "(\\\\(frac|sqrt|left|right|begin\\{align\\}|end\\{align\\}|text|operatorname|mathrm|color|label|tag|not|middle)|[{}_^&x1<>\"'|()\\[\\] ]|\\\\\\\\|\\PC){0,20}"
        ) {
            let PreEscaped(html) = math(&latex, true);
            prop_assert!(!html.contains("<img") && !html.contains("<script"));
        }
    }
}
