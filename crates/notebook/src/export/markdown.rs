//! x
/// x
pub struct Markdown;
/// x
pub fn markdown() {}
