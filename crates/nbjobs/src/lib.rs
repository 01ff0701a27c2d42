//! The product.

pub mod model;
