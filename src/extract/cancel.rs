//! The switch that ends a run early.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::ExtractError;

/// A switch shared by everybody who works on a run. Once thrown it stays thrown.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancel {
    /// A switch that nobody has thrown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody to stop.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once somebody asked to stop.
    pub async fn cancelled(&self) {
        let mut switch = self.0.subscribe();
        // The sender lives in `self`: waiting can end in no other way.
        let _thrown = switch.wait_for(|thrown| *thrown).await;
    }

    /// Does something, unless somebody asks to stop: then it is dropped where it stands.
    ///
    /// # Errors
    /// [`ExtractError::Interrupted`] when somebody asked to stop.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = T>) -> Result<T, ExtractError> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(ExtractError::Interrupted),
            done = work => Ok(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_for_everybody() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        let waiting = tokio::spawn(async move { other.cancelled().await });
        assert!(!cancel.is_cancelled());
        cancel.cancel();
        waiting.await.unwrap();
        cancel.cancelled().await;
        assert!(cancel.is_cancelled());
    }
}
