//! What is answered at which address.

use crate::access::Verdict;
use crate::{Shared, page};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use triher_report::Catalogue;
use triher_study::StudyError;
use triher_study::viewing::{Overlay, Viewed};

/// Scripts of this server only; NiiVue draws pictures from `data:` and `blob:` addresses, unpacks files in WebAssembly and fetches its own font from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self' data: blob:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(file))
        .route("/{name}", get(file))
        .route("/api/facts", get(facts))
        .route("/api/text", get(text))
        .route("/api/phases.nii", get(phases))
        .route("/api/differences.nii", get(differences))
        .route("/api/outline.nii", get(outline))
        .route("/api/overlay/{name}", get(overlay))
        .route("/api/curve", get(curve))
        .route("/api/outline", post(set_outline))
        .route("/api/predict", post(predict))
        .layer(DefaultBodyLimit::max(shared.body_limit))
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

/// Refuses who has no key, and adds what keeps the page to itself.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let verdict = shared.access.judge(
        request.method(),
        uri.path(),
        uri.query().unwrap_or_default(),
        request.headers(),
    );
    let mut response = match verdict {
        Verdict::Refused => (
            StatusCode::FORBIDDEN,
            "Open the address that triher printed when it started: it holds the key of this viewer.\n",
        )
            .into_response(),
        Verdict::Known | Verdict::Newcomer => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if verdict == Verdict::Newcomer
        && let Ok(cookie) = HeaderValue::from_str(&shared.access.set_cookie())
    {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn file(request: Request) -> Response {
    let Some(file) = page::file(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type),
    );
    if file.packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// An error in a sentence, for the page to show.
struct Failed(StatusCode, String);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.1 });
        (self.0, Json(body)).into_response()
    }
}

impl From<StudyError> for Failed {
    fn from(error: StudyError) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

/// Computes on a thread that may take its time.
async fn ask<T: Send + 'static>(
    shared: Arc<Shared>,
    question: impl FnOnce(&Viewed) -> Result<T, StudyError> + Send + 'static,
) -> Result<T, Failed> {
    in_background(move || {
        // A question that failed half-way has changed nothing: what is behind the lock is whole.
        let viewed = shared.viewed.read().unwrap_or_else(|e| e.into_inner());
        question(&viewed)
    })
    .await
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StudyError> + Send + 'static,
) -> Result<T, Failed> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failed(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the viewer failed at this: please report it with what you did".to_owned(),
        )),
    }
}

fn json<T: Serialize>(answer: T) -> Response {
    Json(answer).into_response()
}

fn nifti(bytes: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}

async fn facts(State(shared): State<Arc<Shared>>) -> Result<Response, Failed> {
    ask(shared, |viewed| Ok(viewed.facts())).await.map(json)
}

async fn text(State(shared): State<Arc<Shared>>) -> Response {
    let words = Catalogue::new(shared.language);
    let mut sentences = words.with_prefix("view-");
    let classes = ["zero", "low", "positive"];
    sentences.extend(classes.map(|class| (format!("class-{class}"), words.class(class))));
    json(serde_json::json!({ "language": shared.language.tag(), "text": sentences }))
}

async fn phases(State(shared): State<Arc<Shared>>) -> Result<Response, Failed> {
    ask(shared, Viewed::phases).await.map(nifti)
}

async fn differences(State(shared): State<Arc<Shared>>) -> Result<Response, Failed> {
    ask(shared, Viewed::differences).await.map(nifti)
}

async fn outline(State(shared): State<Arc<Shared>>) -> Result<Response, Failed> {
    ask(shared, Viewed::outline).await.map(nifti)
}

async fn overlay(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Result<Response, Failed> {
    let known = |overlay: &Overlay| name.strip_suffix(".nii") == Some(overlay.name());
    let Some(overlay) = Overlay::ALL.into_iter().find(known) else {
        let problem = "there is no such map".to_owned();
        return Err(Failed(StatusCode::NOT_FOUND, problem));
    };
    ask(shared, move |viewed| viewed.overlay(overlay))
        .await
        .map(nifti)
}

/// A point in patient coordinates (LPS), mm.
#[derive(Deserialize)]
struct Point {
    x: f64,
    y: f64,
    z: f64,
}

async fn curve(
    State(shared): State<Arc<Shared>>,
    Query(Point { x, y, z }): Query<Point>,
) -> Result<Response, Failed> {
    ask(shared, move |viewed| Ok(viewed.curve_at([x, y, z])))
        .await
        .map(json)
}

async fn set_outline(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Failed> {
    in_background(move || {
        let mut viewed = shared.viewed.write().unwrap_or_else(|e| e.into_inner());
        viewed.set_outline(&body)
    })
    .await
    .map(json)
}

async fn predict(State(shared): State<Arc<Shared>>) -> Result<Response, Failed> {
    ask(shared, Viewed::predict).await.map(json)
}
