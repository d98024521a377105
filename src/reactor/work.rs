//! The lookups' work: a worker asks the provider.

use std::sync::Arc;

use super::pool::Work;
use crate::node::{LookupError, Query};
use crate::places::Provider;
use crate::units::LookupId;

/// What the workers do.
pub struct Looker(pub Arc<dyn Provider>);

/// A question for the provider.
#[derive(Debug)]
pub struct Lookup {
    /// By which the node knows it.
    pub id: LookupId,
    /// What is asked.
    pub query: Query,
}

impl Work for Looker {
    type Job = Lookup;
    type Done = (LookupId, Result<Vec<u8>, LookupError>);

    fn run(&self, job: &Lookup) -> Self::Done {
        (job.id, self.0.nearby(&job.query))
    }

    fn panicked(&self, job: &Lookup) -> Self::Done {
        let why = "the lookup failed; the log of the server says more".to_string();
        (job.id, Err(LookupError::Failed(why)))
    }
}
