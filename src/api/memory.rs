//! The memory that bodies in flight share.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// The unit of account: a semaphore counts at most 2^32 permits.
const BLOCK: usize = 4096;

/// A budget of bytes for the bodies of all workers.
///
/// A body reserves what its `Content-Length` says, or a guess. One that outgrows its reservation takes more if there
/// is more; otherwise it waits for the *overdraft*, which one body at a time may have, and grows on without limit but
/// the cap on a single body. So nobody waits for memory while holding memory that another waits for, and the worst
/// case is the budget and one body.
#[derive(Clone, Debug)]
pub(super) struct ByteBudget {
    blocks: Arc<Semaphore>,
    capacity: usize,
    overdraft: Arc<Mutex<()>>,
}

/// What a body holds; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: ByteBudget,
    permit: OwnedSemaphorePermit,
    overdraft: Option<OwnedMutexGuard<()>>,
}

impl ByteBudget {
    pub(super) fn new(bytes: usize) -> Self {
        let capacity = bytes.div_ceil(BLOCK).clamp(1, u32::MAX as usize >> 4);
        Self { blocks: Arc::new(Semaphore::new(capacity)), capacity, overdraft: Arc::default() }
    }

    /// Waits for so many bytes, or for the whole budget if they are more. `None` only when the client is going down.
    pub(super) async fn reserve(&self, bytes: usize) -> Option<Reservation> {
        let blocks = u32::try_from(bytes.div_ceil(BLOCK).clamp(1, self.capacity)).ok()?;
        let permit = Arc::clone(&self.blocks).acquire_many_owned(blocks).await.ok()?;
        Some(Reservation { budget: self.clone(), permit, overdraft: None })
    }
}

impl Reservation {
    /// Makes room for a body of so many bytes in all.
    pub(super) async fn grow_to(&mut self, bytes: usize) {
        let held = self.permit.num_permits() * BLOCK;
        if bytes <= held || self.overdraft.is_some() {
            return;
        }
        // A quarter more than needed, so that a growing body does not come back for every chunk.
        let wanted = (bytes - held).max(held / 4).div_ceil(BLOCK);
        let more = u32::try_from(wanted).ok();
        let taken =
            more.and_then(|blocks| Arc::clone(&self.budget.blocks).try_acquire_many_owned(blocks).ok());
        match taken {
            Some(permit) => self.permit.merge(permit),
            None => self.overdraft = Some(Arc::clone(&self.budget.overdraft).lock_owned().await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_their_share() {
        let budget = ByteBudget::new(10 * BLOCK);
        let first = budget.reserve(6 * BLOCK).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(1), budget.reserve(5 * BLOCK)).await;
        assert!(waiting.is_err(), "six and five are more than ten");
        drop(first);
        assert!(budget.reserve(usize::MAX).await.is_some(), "more than all is all");
    }

    #[tokio::test(start_paused = true)]
    async fn growing_bodies_never_block_each_other_for_good() {
        let budget = ByteBudget::new(8 * BLOCK);
        let mut bodies = Vec::new();
        for _ in 0..8 {
            let mut own = budget.reserve(BLOCK).await.unwrap();
            bodies.push(tokio::spawn(async move {
                for blocks in 1..20 {
                    own.grow_to(blocks * BLOCK).await;
                    tokio::task::yield_now().await;
                }
            }));
        }
        for body in bodies {
            body.await.unwrap();
        }
        assert_eq!(budget.blocks.available_permits(), 8);
    }
}
