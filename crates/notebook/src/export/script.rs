//! x
/// x
pub struct Script;
/// x
pub fn script() {}
