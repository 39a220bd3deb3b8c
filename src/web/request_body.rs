//! Bodies of requests: read only for actions, as a whole, within a size and a time.

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, StatusCode};

/// Largest body that is read, and that a request may announce: a silence of hundreds of phones.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Why a body was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// It has another media type.
    #[error("the body must be {0}; set `Content-Type`")]
    Media(&'static str),
    /// Larger than [`MAX_BODY`].
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    /// It took too long.
    #[error("the body did not arrive in time")]
    Late,
    /// It ended before it was whole.
    #[error("the body is incomplete")]
    Broken,
}

impl BodyError {
    /// The status of HTTP for it.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Media(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// The body of a request with these headers, if it is of the kind `media`.
pub(super) async fn read(
    body: Incoming,
    headers: &HeaderMap,
    media: &'static str,
    limit: Duration,
) -> Result<Bytes, BodyError> {
    if !is_of(headers, media) {
        return Err(BodyError::Media(media));
    }
    let whole = Limited::new(body, MAX_BODY).collect();
    match tokio::time::timeout(limit, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyError::TooLarge)
        }
        Ok(Err(_broken)) => Err(BodyError::Broken),
        Err(_late) => Err(BodyError::Late),
    }
}

/// Whether `Content-Type` says so, whatever its parameters are.
fn is_of(headers: &HeaderMap, media: &str) -> bool {
    let mut told = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (told.next(), told.next()) else {
        return false;
    };
    let essence = only.to_str().ok().and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_body_is_told_once_and_may_have_parameters() {
        let check = |told: &[&str]| {
            let mut headers = HeaderMap::new();
            for one in told {
                headers.append(CONTENT_TYPE, one.parse().expect("a value"));
            }
            is_of(&headers, "application/json")
        };
        assert!(check(&["application/json"]));
        assert!(check(&["Application/JSON ; charset=utf-8"]));
        assert!(!check(&["application/jsonp"]));
        assert!(!check(&["text/plain"]));
        assert!(!check(&["application/json", "text/plain"]));
        assert!(!check(&[]));
    }
}
