//! Text to values and back, as the protocol page says. All functions are total over bytes:
//! whatever a stranger sends, they return a value or `None` and never panic. This room knows no
//! connection, no clock and no table.

mod ahead;
mod checksum;
mod command;
mod difference;
mod digests;
mod fields;
mod foreign;
mod forms;
mod hash_v1;
mod hex;
mod invalid;
pub mod journal_line;
pub mod json;
mod location;
mod message;
mod near;
mod number;
mod report;
mod run;
mod shown;
mod span;
mod time;
mod watch;

pub use ahead::clients_ahead;
pub use checksum::checksum;
pub use command::{BOUND_MAX, Command, RADIUS_KM_MAX, push_echo};
pub use difference::Difference;
pub use digests::{BUCKETS, Digests, GROUPS, Scope, Sums, bucket};
pub use fields::fields;
pub use foreign::ForeignReport;
pub use forms::{FORMS, Field, Form, VERBS};
pub use hex::{from_hex, to_hex};
pub use invalid::Invalid;
pub use location::Location;
pub use message::{Hello, Message, Position};
pub use near::meant;
pub use report::{Rank, Report};
pub use run::Run;
pub use shown::shown;
pub use span::is_space;
pub use time::{Posix, Time};
pub use watch::{Changed, Start};
