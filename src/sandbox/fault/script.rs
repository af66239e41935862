//! Raw bytes, pauses and resets: what a script does to a connection in place of an answer.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// One act of a script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Closes with a reset instead of an end.
    Reset,
    /// Keeps the connection open and silent until the client goes away.
    Hang,
}

/// Plays a script; the connection is closed at its end.
pub(crate) async fn play(mut stream: TcpStream, steps: Vec<Step>) -> std::io::Result<()> {
    let _ = stream.set_nodelay(true);
    for step in steps {
        match step {
            Step::Send(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
            Step::Pause(time) => tokio::time::sleep(time).await,
            Step::Reset => {
                // Let what was sent arrive: a reset throws away what the peer has not read.
                tokio::time::sleep(Duration::from_millis(30)).await;
                stream.set_zero_linger()?;
                return Ok(());
            }
            Step::Hang => {
                let mut sink = [0_u8; 256];
                while tokio::io::AsyncReadExt::read(&mut stream, &mut sink).await? > 0 {}
            }
        }
    }
    stream.shutdown().await
}
