//! Text of streams as a terminal leaves it: what a carriage return or a backspace overwrites is gone.

/// Adds a piece to a stream's text. `cursor` is where the last piece left it in the text's last line, in characters;
/// none is the line's end. Only that line can still change, so the cost is that of the piece and of one line.
pub(super) fn append_folded(text: &mut String, cursor: &mut Option<usize>, piece: &str) {
    if cursor.is_none() && !piece.contains(['\r', '\u{8}']) {
        return text.push_str(piece);
    }
    let start = text.rfind('\n').map_or(0, |at| at + 1);
    let mut line: Vec<char> = text[start..].chars().collect();
    text.truncate(start);
    let mut at = cursor.unwrap_or(line.len());
    for character in piece.chars() {
        match character {
            '\n' => {
                text.extend(line.drain(..));
                text.push('\n');
                at = 0;
            }
            '\r' => at = 0,
            '\u{8}' if at > 0 => {
                at -= 1;
                line.remove(at);
            }
            '\u{8}' => {}
            _ => {
                if at < line.len() {
                    line[at] = character;
                } else {
                    line.push(character);
                }
                at += 1;
            }
        }
    }
    *cursor = (at < line.len()).then_some(at);
    text.extend(line);
}

#[cfg(test)]
mod tests {
    use super::append_folded;
    use proptest::prelude::*;

    #[test]
    fn what_is_overwritten_is_gone() {
        let cases: &[(&[&str], &str)] = &[
            (&["a", "b\n", "c"], "ab\nc"),
            (&["10%\r20%\r", "30%"], "30%"),
            (&["abc\rX"], "Xbc"),
            (&["abc\r"], "abc"),
            (&["abc\rX", "Y"], "XYc"),
            (&["abc\r", "\n", "d"], "abc\nd"),
            (&["one\r\ntwo\r\n"], "one\ntwo\n"),
            (&["kept\nab\u{8}\u{8}\u{8}c"], "kept\nc"),
            (&["é\u{1F600}\rx"], "x\u{1F600}"),
            (&["abc\r", "", "d"], "dbc"),
        ];
        for (pieces, folded) in cases {
            let (mut text, mut cursor) = (String::new(), None);
            pieces
                .iter()
                .for_each(|piece| append_folded(&mut text, &mut cursor, piece));
            assert_eq!(text, *folded, "{pieces:?}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_text_is_cut_into_pieces(text in "[ab\r\n\u{8}é]{0,24}", at in 0usize..24) {
            let cut = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
            let (mut whole, mut pieces) = (String::new(), String::new());
            append_folded(&mut whole, &mut None, &text);
            let mut cursor = None;
            append_folded(&mut pieces, &mut cursor, &text[..cut]);
            append_folded(&mut pieces, &mut cursor, &text[cut..]);
            prop_assert_eq!(whole, pieces);
        }
    }
}
