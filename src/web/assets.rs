//! Style sheet, script and icon: in the binary, named by their content, kept by browsers for a year.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    name: String,
    mime: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, mime: &'static str, body: &'static str) -> Self {
        let hash = Sha256::digest(body.as_bytes());
        let short = hash.iter().take(6).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
        Self { name: format!("{stem}-{short:012x}.{ending}"), mime, body }
    }
}

/// Its address.
impl std::fmt::Display for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/assets/{}", self.name)
    }
}

const CSS: &str = concat!(
    include_str!("assets/base.css"),
    include_str!("assets/frame.css"),
    include_str!("assets/parts.css"),
    include_str!("assets/pages.css"),
    include_str!("assets/charts.css"),
    include_str!("assets/report.css"),
    include_str!("assets/print.css"),
);

static FILES: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::new("ebb", "css", "text/css; charset=utf-8", CSS),
        Asset::new("ebb", "js", "text/javascript; charset=utf-8", include_str!("assets/app.js")),
        Asset::new("ebb", "svg", "image/svg+xml", include_str!("assets/icon.svg")),
    ]
});

/// The style sheet.
pub fn css() -> &'static Asset {
    &FILES[0]
}

/// The script.
pub fn js() -> &'static Asset {
    &FILES[1]
}

/// The icon of the window.
pub fn icon() -> &'static Asset {
    &FILES[2]
}

/// Serves `/assets/{name}`.
pub async fn serve(Path(name): Path<String>) -> Response {
    let Some(file) = FILES.iter().find(|f| f.name == name) else {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    };
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, file.mime), (header::CACHE_CONTROL, kept)], file.body).into_response()
}
