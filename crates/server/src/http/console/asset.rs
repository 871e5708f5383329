//! The files that GraphiQL is made of. They are part of the binary; `crates/server/assets/graphiql/README.md` says where
//! they come from.

use std::io::Read;

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

use super::super::answer::{Refusal, internal};

/// A file, compressed, and the digest that a browser checks it against.
struct Asset {
    name: &'static str,
    media: &'static str,
    compressed: &'static [u8],
    integrity: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $media:expr, $integrity:literal) => {
        Asset {
            name: $name,
            media: $media,
            compressed: include_bytes!(concat!("../../../assets/graphiql/", $name, ".gz")),
            integrity: $integrity,
        }
    };
}

/// In the order in which a page needs them.
const ASSETS: [Asset; 4] = [
    asset!(
        "graphiql-4.1.2.css",
        "text/css; charset=utf-8",
        "sha384-8JkG5aO+YurxDic97gTTknQqnGpGx6OgKIyi6ueydapoD3GhOPX7O2NV9VFdFpIO"
    ),
    asset!(
        "react-18.3.1.js",
        SCRIPT,
        "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z"
    ),
    asset!(
        "react-dom-18.3.1.js",
        SCRIPT,
        "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1"
    ),
    asset!(
        "graphiql-4.1.2.js",
        SCRIPT,
        "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B"
    ),
];

/// The path of a file, as a route.
pub(crate) const ROUTE: &str = "/console/{file}";

/// The elements that load all of them.
pub(super) fn elements(nonce: &str) -> String {
    let element = |Asset { name, media, integrity, .. }: &Asset| {
        if *media == SCRIPT {
            format!("<script src=\"/console/{name}\" integrity=\"{integrity}\" nonce=\"{nonce}\"></script>\n")
        } else {
            format!("<link rel=\"stylesheet\" href=\"/console/{name}\" integrity=\"{integrity}\">\n")
        }
    };
    ASSETS.iter().map(element).collect()
}

/// One file. Its name has its version, so that a browser may keep it.
pub(crate) async fn file(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return Refusal::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "GraphiQL has no such file. Load the page again.",
        )
        .into_response();
    };
    let about = [
        (CONTENT_TYPE, asset.media),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (VARY, "accept-encoding"),
    ];
    if takes_gzip(&headers) {
        return (about, [(CONTENT_ENCODING, "gzip")], asset.compressed).into_response();
    }
    match asset.plain() {
        Ok(plain) => (about, plain).into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of GraphiQL cannot be read");
            internal().into_response()
        }
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let taken = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    taken.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip")
            && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

impl Asset {
    fn plain(&self) -> std::io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(self.compressed).read_to_end(&mut plain)?;
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA384, digest};
    use axum::http::HeaderValue;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    #[test]
    fn every_file_has_the_digest_that_browsers_check() {
        for asset in &ASSETS {
            let plain = asset.plain().unwrap();
            let digest = BASE64_STANDARD.encode(digest(&SHA384, &plain));
            assert_eq!(format!("sha384-{digest}"), asset.integrity, "{}", asset.name);
            // A font is data of somebody else's, and an address would be asked for something.
            let text = String::from_utf8(plain).unwrap();
            assert!(!text.contains("@font-face") && !text.contains("url(\"http"), "{}", asset.name);
        }
    }

    #[test]
    fn a_file_is_sent_compressed_only_to_who_takes_that() {
        for (accepted, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(takes_gzip(&headers), expected, "{accepted}");
        }
    }
}
