//! A message as a POST.

use std::fmt::Write;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use super::Attempt;
use super::http::{self, Request, misconfigured};
use super::redact::Redactor;
use crate::notify::channel::{Receiver, Webhook};
use crate::notify::delivery::Delivery;
use crate::notify::http_client::HttpClient;
use crate::notify::render::{Post, post};
use crate::notify::retry::DeliveryResult;

/// Tells repetitions of a message from others.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Proves who made the body.
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature-256");

pub(super) async fn send(receiver: &Receiver, webhook: &Webhook, delivery: &Delivery) -> Attempt {
    let name = &receiver.route.receiver;
    let post = post(name, receiver.max_listed_alerts, &webhook.body, delivery);
    let remark = post.fault.clone();
    let mut dialogue: Vec<_> = remark.iter().map(ToString::to_string).collect();
    let result = match headers(webhook, &post, &delivery.id) {
        Ok(headers) => exchange(webhook, post, headers, &mut dialogue).await,
        Err(result) => result,
    };
    Attempt {
        refused: Vec::new(),
        result,
        remark,
        dialogue,
    }
}

async fn exchange(
    webhook: &Webhook,
    post: Post,
    headers: HeaderMap,
    dialogue: &mut Vec<String>,
) -> DeliveryResult {
    dialogue.push(format!("> POST {}…", http::place(&webhook.url)));
    dialogue.extend(headers.iter().map(|(name, value)| {
        let value = value.to_str().ok().filter(|_| !value.is_sensitive());
        format!("> {name}: {}", value.unwrap_or("***"))
    }));
    dialogue.push(format!("> {} bytes", post.body.len()));
    let redactor = Redactor::of(&webhook.url, &webhook.client).and(&webhook.hmac);
    let request = Request {
        method: Method::POST,
        url: &webhook.url,
        path: "",
        client: &webhook.client,
        timeout: webhook.timeout.unwrap_or(HttpClient::TIMEOUT),
        headers,
        body: post.body,
    };
    match http::exchange(request, &redactor).await {
        Ok(answer) => {
            dialogue.push(format!("< {} {}", answer.status, answer.excerpt));
            answer.result()
        }
        Err(result) => result,
    }
}

/// All headers of a POST; what is configured goes before what belongs to the body.
fn headers(webhook: &Webhook, post: &Post, id: &str) -> Result<HeaderMap, DeliveryResult> {
    let ours = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_invalid| misconfigured(&format!("`{text}` cannot be sent as a header")))
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, ours(&post.content_type)?);
    headers.insert(IDEMPOTENCY_KEY, ours(id)?);
    for (name, value) in &post.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_invalid| misconfigured("a header of the body cannot be sent"))?;
        headers.insert(name, ours(value)?);
    }
    if let Some(key) = &webhook.hmac {
        headers.insert(SIGNATURE, ours(&signature(key, post.body.as_bytes()))?);
    }
    http::add_headers(&mut headers, &webhook.client)?;
    Ok(headers)
}

/// HMAC-SHA256 over the body, as GitHub and others write it.
fn signature(key: &SecretString, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    let tag = hmac::sign(&key, body);
    let mut text = String::from("sha256=");
    for byte in tag.as_ref() {
        write!(text, "{byte:02x}").expect("a text grows");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_rfc_4231_says() {
        assert_eq!(
            signature(&"Jefe".into(), b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
