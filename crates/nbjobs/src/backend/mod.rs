//! Where attempts run. A backend places a [`RunDir`](crate::rundir::RunDir) and says how it went;
//! it never decides, and it never sees the store.

pub mod local;
pub mod process;
