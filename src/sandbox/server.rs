//! The sandbox itself: start it, script it, ask it.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::config::{Nights, SandboxConfig};
use super::fault::{Armed, Rule};
use super::handle::Shared;
use super::log::{RequestRecord, Violation};
use super::pace::Bucket;
use super::state::{Extents, State};
use super::tokens::Tokens;
use super::truth::{self, Truth};
use super::wire::serve;
use super::world::{History, World};

/// A simulated Powens API on a loopback port. It serves in background tasks of the runtime it was started on and
/// stops when dropped.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Builds the world and starts serving.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: SandboxConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let decoy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin =
            |listener: &TcpListener| listener.local_addr().map(|address| format!("http://{address}"));
        let now = Instant::now();
        let state = State {
            world: World::new(&config),
            tokens: Tokens::new(config.seed),
            log: Vec::new(),
            violations: Vec::new(),
            rules: Vec::new(),
            extents: Extents::default(),
            bucket: config.rate_limit.map(|limit| Bucket::new(limit, now)),
        };
        let shared = Arc::new(Shared {
            origin: origin(&listener)?,
            decoy: origin(&decoy)?,
            started: now,
            state: Mutex::new(state),
            config,
        });
        let tasks = vec![
            tokio::spawn(serve(listener, Arc::clone(&shared), false)),
            tokio::spawn(serve(decoy, Arc::clone(&shared), true)),
        ];
        Ok(Self { shared, tasks })
    }

    /// `http://127.0.0.1:PORT/2.0`
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/2.0", self.shared.origin)
    }

    /// A host on which every request is a violation.
    #[must_use]
    pub fn decoy_url(&self) -> String {
        format!("{}/2.0", self.shared.decoy)
    }

    /// The client application's id.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.shared.lock().tokens.client_id.clone()
    }

    /// The client application's secret.
    #[must_use]
    pub fn client_secret(&self) -> String {
        self.shared.lock().tokens.client_secret.clone()
    }

    /// The token that lists users.
    #[must_use]
    pub fn users_token(&self) -> String {
        self.shared.lock().tokens.users_token.clone()
    }

    /// What the exporter has to be told, as names and values of environment variables.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("POWENS_BASE_URL", self.base_url()),
            ("POWENS_CLIENT_ID", self.client_id()),
            ("POWENS_CLIENT_SECRET", self.client_secret()),
            ("POWENS_USERS_TOKEN", self.users_token()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Looks at the world, or changes it. Requests wait meanwhile.
    pub fn with_world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.shared.lock().world)
    }

    /// Moves the world on by one day.
    pub fn night(&self) {
        self.with_world(World::night);
    }

    /// As [`Sandbox::night`], with other things happening than the configuration says.
    pub fn night_of(&self, nights: Nights) {
        self.with_world(|world| world.night_of(nights));
    }

    /// Adds a rule. Rules are tried in the order in which they were added.
    pub fn inject(&self, rule: Rule) {
        self.shared.lock().rules.push(Armed::new(rule));
    }

    /// Takes all rules away.
    pub fn clear_rules(&self) {
        self.shared.lock().rules.clear();
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.lock().log.clone()
    }

    /// The number of requests handled so far; the next one has the number after it.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.lock().world.number
    }

    /// Forgets the requests logged so far; numbers go on.
    pub fn forget_requests(&self) {
        self.shared.lock().log.clear();
    }

    /// Everything that a guest should not have done.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.lock().violations.clone()
    }

    /// The users of minted tokens that are still alive, one entry a token.
    #[must_use]
    pub fn tokens_left(&self) -> Vec<i64> {
        self.shared.lock().tokens.left()
    }

    /// Every user's token that was ever issued, alive or not.
    #[must_use]
    pub fn tokens_issued(&self) -> Vec<String> {
        self.shared.lock().tokens.issued()
    }

    /// Issues a token as the customer's live application has one; it must survive an export.
    #[must_use]
    pub fn live_token(&self, user: i64) -> String {
        self.shared.lock().tokens.mint(user, false)
    }

    /// The live application's tokens of a user that still work.
    #[must_use]
    pub fn live_tokens(&self, user: i64) -> Vec<String> {
        self.shared.lock().tokens.live(user)
    }

    /// Revokes every token of a user, as if the user had.
    pub fn revoke_tokens(&self, user: i64) {
        self.shared.lock().tokens.revoke_all(user);
    }

    /// What a correct export must hold now.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.with_world(truth::collect)
    }

    /// Writes [`Sandbox::truth`] to a file as one JSON object, user by user, without holding it all in memory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_truth(&self, path: &Path) -> io::Result<()> {
        let mut file = io::BufWriter::new(std::fs::File::create(path)?);
        self.with_world(|world| truth::write(world, &mut file))?;
        io::Write::flush(&mut file)
    }

    /// What was where for which request, for one user's rows. `None` when there is no such user now.
    #[must_use]
    pub fn history(&self, user: i64) -> Option<History> {
        self.with_world(|world| world.history(user))
    }

    /// What was when in the list of users.
    #[must_use]
    pub fn user_history(&self) -> History {
        self.with_world(|world| world.user_history())
    }

    /// Asks without a socket in between.
    #[cfg(test)]
    pub(crate) fn handle(&self, request: &super::request::Request) -> super::handle::Reply {
        super::handle::handle(&self.shared, request)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
