//! The plan of a load run.

use std::net::SocketAddr;

use super::workload::{Questions, Workload};
use crate::units::SECOND;

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Clients' doors, each with all addresses of its host. Connections go to them in turn.
    pub doors: Vec<Vec<SocketAddr>>,
    /// At least one.
    pub connections: usize,
    /// How many requests one connection may have in flight, at least one.
    pub pipeline: usize,
    pub until: Until,
    /// How many clients move. Each connection has at least one, for itself.
    pub clients: u64,
    /// Requests due per second, over all connections. None: as fast as they are answered.
    pub rate: Option<u64>,
    pub questions: Questions,
}

/// When a run stops asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After this time, in nanoseconds.
    Time(u64),
    /// After this number of requests.
    Requests(u64),
}

impl Plan {
    /// The requests that the connection `index` makes to a herd.
    pub fn workload(&self, index: usize) -> Workload {
        let (index, connections) = (index as u64, self.connections as u64);
        Workload::new(index, connections, self.clients, self.questions)
    }

    /// Whether requests are left to be made, or to fall due, `elapsed` nanoseconds after the start
    /// and after `asked` of them.
    pub fn may_ask(&self, elapsed: u64, asked: u64) -> bool {
        match self.until {
            Until::Time(length) => elapsed < length,
            Until::Requests(count) => asked < count,
        }
    }

    /// When request `number` is due at the rate, in nanoseconds after the start.
    pub fn due(&self, number: u64) -> u64 {
        let rate = u128::from(self.rate.unwrap_or(1));
        (u128::from(number) * u128::from(SECOND) / rate) as u64
    }
}
