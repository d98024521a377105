//! The clients' door: IAMAT, WHATSAT, and the echo of everything else.

mod iamat;
pub mod lines;
mod whatsat;

pub use whatsat::answer;
