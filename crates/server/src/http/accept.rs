//! Which media type a client takes.

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue, StatusCode};

use super::answer::Refusal;

/// A media type of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`: 200 for everything that was understood, for clients from before the specification.
    Json,
    /// `application/graphql-response+json`: the status tells what happened.
    GraphqlResponse,
}

impl MediaType {
    /// The header of the answer.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// The media type that the client prefers, the first one named if it likes several equally well.
///
/// # Errors
/// 406 when it takes neither.
pub(super) fn negotiate(headers: &HeaderMap) -> Result<MediaType, Refusal> {
    let mut best: Option<(MediaType, f32)> = None;
    let mut any = false;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',').filter(|range| !range.trim().is_empty()) {
            any = true;
            let Some((media, quality)) = wanted(range) else { continue };
            if quality > best.map_or(0.0, |(_, best)| best) {
                best = Some((media, quality));
            }
        }
    }
    match best {
        Some((media, _)) => Ok(media),
        None if !any => Ok(MediaType::Json),
        None => Err(Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            "NOT_ACCEPTABLE",
            "Accept application/graphql-response+json or application/json.",
        )),
    }
}

fn wanted(range: &str) -> Option<(MediaType, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => MediaType::GraphqlResponse,
        "application/json" | "application/*" | "*/*" => MediaType::Json,
        _ => return None,
    };
    let mut quality = 1.0;
    for parameter in parts {
        match parameter.split_once('=').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        {
            Some((name, value)) if name == "q" => quality = value.parse().unwrap_or(0.0),
            Some((name, value))
                if name == "charset" && !value.trim_matches('"').eq_ignore_ascii_case("utf-8") =>
            {
                return None;
            }
            _ => {}
        }
    }
    Some((media, quality))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Result<MediaType, StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        negotiate(&headers).map_err(|refusal| refusal.status)
    }

    #[test]
    fn the_preferred_media_type_wins() {
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8, application/json",
            "application/json;q=0.9, application/graphql-response+json",
            "text/html, application/graphql-response+json;q=0.1",
        ] {
            assert_eq!(negotiated(accept), Ok(MediaType::GraphqlResponse), "{accept}");
        }
        for accept in [
            "application/json",
            "*/*",
            "",
            "Application/*",
            "application/json, application/graphql-response+json",
        ] {
            assert_eq!(negotiated(accept), Ok(MediaType::Json), "{accept}");
        }
        assert_eq!(negotiate(&HeaderMap::new()).unwrap(), MediaType::Json);
    }

    #[test]
    fn nothing_we_speak_is_not_acceptable() {
        for accept in
            ["text/html", "application/json;q=0", "application/json; charset=utf-16", "image/*, text/*"]
        {
            assert_eq!(negotiated(accept), Err(StatusCode::NOT_ACCEPTABLE), "{accept}");
        }
    }
}
