//! How deep markup nests. Tree builders take quadratic time in the depth, so what nests deeper than any real output is
//! shown as source. Read by html5ever's tokenizer, the sanitiser's own.

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
};
use std::cell::{Cell, RefCell};

/// Browsers themselves flatten what nests deeper.
const DEPTH_MAX: usize = 512;
/// How far down an end tag may look for its start tag.
const REACH: usize = 16;

/// Whether the markup nests deeper than a page can use.
pub(super) fn is_deep(html: &str) -> bool {
    // Each level takes at least `<b>`.
    if html
        .bytes()
        .filter(|byte| *byte == b'<')
        .take(DEPTH_MAX)
        .count()
        < DEPTH_MAX
    {
        return false;
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Levels::default(), Default::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.deep.get()
}

#[derive(Default)]
struct Levels {
    open: RefCell<Vec<LocalName>>,
    deep: Cell<bool>,
}

impl TokenSink for Levels {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.tag(&tag),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Levels {
    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let mut open = self.open.borrow_mut();
        if tag.kind == TagKind::EndTag {
            let from = open.len().saturating_sub(REACH);
            if let Some(at) = open[from..].iter().rposition(|name| *name == tag.name) {
                open.truncate(from + at);
            }
            return TokenSinkResult::Continue;
        }
        match &*tag.name {
            // Void elements, and those that end when their like begins.
            "area" | "base" | "br" | "col" | "embed" | "hr" | "img" | "input" | "link" | "meta"
            | "source" | "track" | "wbr" | "p" | "li" | "dt" | "dd" | "td" | "th" | "tr"
            | "thead" | "tbody" | "tfoot" | "option" => {}
            "title" | "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
            "plaintext" => return TokenSinkResult::Plaintext,
            _ if self.deep.get() => {}
            _ => {
                open.push(tag.name.clone());
                self.deep.set(open.len() > DEPTH_MAX);
            }
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_really_nests_is_deep() {
        for (part, deep) in [
            ("<div>", true),
            ("<blockquote><p>", true),
            ("<div><!--</div>-->", true),
            ("<div title='</div>'>", true),
            ("<b><title></b></title>", true),
            ("<tr><td>1</td></tr>", false),
            ("<li>1", false),
            ("<b>x</b><br>", false),
            ("<table><tr><td></table>", false),
            ("a < b", false),
        ] {
            assert_eq!(is_deep(&part.repeat(1_000)), deep, "{part}");
        }
    }
}
