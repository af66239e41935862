//! Connections: hyper speaks HTTP/1.1; where a script wants the raw socket, it takes it over.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::fault::{Outcome, Step, play};
use super::handle::{Reply, Shared, handle, lured};
use super::request::Request;

/// The largest request body read.
const MAX_BODY: usize = 1 << 20;

/// Serves a listener until dropped. A decoy only writes down who comes.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, decoy: bool) {
    let mut connections = JoinSet::new();
    loop {
        // A failed accept (too many open files) concerns one client, not the server.
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            connections.spawn(connection(stream, Arc::clone(&shared), decoy));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, decoy: bool) {
    let (takeover, mut scripts) = mpsc::unbounded_channel::<Vec<Step>>();
    let service = service_fn(move |request: http::Request<Incoming>| {
        Box::pin(respond(request, Arc::clone(&shared), takeover.clone(), decoy))
    });
    let mut connection = Some(
        http1::Builder::new()
            .auto_date_header(false)
            .title_case_headers(true)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service),
    );
    let steps = {
        let running = poll_fn(|cx| match connection.as_mut() {
            Some(connection) => connection.poll_without_shutdown(cx),
            None => std::task::Poll::Ready(Ok(())),
        });
        let mut running = pin!(running);
        tokio::select! {
            biased;
            steps = scripts.recv() => steps,
            _ = &mut running => None,
        }
    };
    if let Some(connection) = connection {
        let stream = connection.into_parts().io.into_inner();
        // The client may be gone already, or go away while the script plays: that is its right.
        let _ = play(stream, steps.unwrap_or_default()).await;
    }
}

async fn respond(
    request: http::Request<Incoming>,
    shared: Arc<Shared>,
    takeover: mpsc::UnboundedSender<Vec<Step>>,
    decoy: bool,
) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), MAX_BODY).await.unwrap_or_default().to_vec();
    let request = Request::new(parts.method, &parts.uri, &parts.headers, body);
    if decoy {
        lured(&shared, &request);
        return Ok(response(Answer::ok(b"{}".to_vec(), 0), ""));
    }
    let Reply { wait, date, outcome } = handle(&shared, &request);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    match outcome {
        Outcome::Http(answer) => Ok(response(answer, &date)),
        Outcome::Script { steps, .. } => {
            // The connection is taken from under this future, which therefore never has to answer.
            let _ = takeover.send(steps);
            pending().await
        }
    }
}

fn response(answer: Answer, date: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let date = ("Date".to_owned(), date.to_owned());
    for (name, value) in answer.headers.into_iter().chain([date]) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
