//! The bucket that a URL names.

use std::env;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, RetryConfig};
use url::{Host, Url};

use crate::tls::Connector;

/// How often a request is tried again that wasn't answered, or with a status from 500 on.
const RETRIES: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.,
    },
    max_retries: 4,
    retry_timeout: Duration::from_secs(6),
};

/// Why a store can't be made, whatever its server says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// The URL can't be read. It isn't shown, since somebody may have written a key into it.
    #[error(
        "the URL of the bucket can't be read: s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION is expected, \
         without keys"
    )]
    Url,
    /// The endpoint would be talked to in plain text, and is another machine.
    #[error(
        "the bucket's endpoint is another machine and has no TLS: use https, or set AWS_ALLOW_HTTP=true"
    )]
    PlainText,
    /// A setting among the variables `AWS_…` can't be used, or one of a pair of keys is missing.
    #[error("the bucket's settings, or the AWS_… variables, can't be used")]
    Settings,
    /// Certificates can't be verified here.
    #[error("the certificate of the bucket's server can't be verified here")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// No thread can be begun for the store.
    #[error("nothing can wait for the bucket's answers")]
    Thread(#[source] std::io::Error),
}

/// Keys that a game has from somewhere else than the environment.
///
/// Neither is shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// What names the key.
    pub id: String,
    /// What signs.
    pub secret: String,
    /// What goes along with a key that expires.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// A bucket, where in it the objects are, and what a person calls that.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub store: AmazonS3,
    pub prefix: Path,
    pub name: String,
}

impl Bucket {
    /// The bucket of a URL, with the keys of the environment where there are no others.
    pub fn of(url: &str, keys: Option<Keys>) -> Result<Self, BucketError> {
        let Place { bucket, prefix, endpoint, region } = Place::parse(url)?;
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&bucket)
            .with_retry(RETRIES)
            // One object at a time: every server knows that.
            .with_disable_bulk_delete(true)
            .with_http_connector(Connector::new()?);
        if let Some(endpoint) = &endpoint {
            // Whoever names a server has one that needn't answer to a name for each bucket.
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
            builder = builder.with_virtual_hosted_style_request(false);
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        if let Some(Keys { id, secret, token }) = keys {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            // A token of the environment belongs to the environment's keys.
            builder = builder.with_token(token.unwrap_or_default());
        }
        // What the client says of a setting may quote it.
        let store = builder.build().map_err(|_| BucketError::Settings)?;
        Ok(Self { store, name: format!("s3://{bucket}/{prefix}"), prefix })
    }
}

/// What a URL says.
#[derive(Debug)]
struct Place {
    bucket: String,
    prefix: Path,
    endpoint: Option<Url>,
    region: Option<String>,
}

impl Place {
    fn parse(url: &str) -> Result<Self, BucketError> {
        let url = Url::parse(url).map_err(|_| BucketError::Url)?;
        let has_keys = !url.username().is_empty() || url.password().is_some();
        let bucket = url.host_str().filter(|_| url.scheme() == "s3" && url.port().is_none());
        let bucket = bucket.filter(|_| !has_keys && url.fragment().is_none());
        let bucket = bucket.ok_or(BucketError::Url)?.to_owned();
        let prefix = Path::from_url_path(url.path()).map_err(|_| BucketError::Url)?;
        let (mut endpoint, mut region) = (None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "endpoint" => endpoint = Some(checked_endpoint(&value)?),
                "region" => region = Some(value.into_owned()),
                _ => return Err(BucketError::Url),
            }
        }
        Ok(Self { bucket, prefix, endpoint, region })
    }
}

fn checked_endpoint(endpoint: &str) -> Result<Url, BucketError> {
    let url = Url::parse(endpoint).map_err(|_| BucketError::Url)?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(BucketError::Url);
    }
    let is_allowed =
        || env::var("AWS_ALLOW_HTTP").is_ok_and(|it| it.eq_ignore_ascii_case("true") || it == "1");
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here(&url) || is_allowed() => Ok(url),
        "http" => Err(BucketError::PlainText),
        _ => Err(BucketError::Url),
    }
}

/// Whether a server is on this very machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_nothing_else() {
        let place = Place::parse("s3://saves/eu/arena?endpoint=http://127.0.0.1:7480&region=x");
        let place = place.unwrap();
        assert_eq!((&*place.bucket, place.prefix.as_ref()), ("saves", "eu/arena"));
        assert_eq!(place.endpoint.unwrap().as_str(), "http://127.0.0.1:7480/");
        assert_eq!(place.region.as_deref(), Some("x"));
        assert_eq!(Place::parse("s3://saves").unwrap().prefix.as_ref(), "");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for url in [
            "saves",
            "s3:saves",
            "http://saves/x",
            "s3://AKIA:s3cret@saves/x",
            "s3://saves/x?key=s3cret",
            "s3://saves/x?endpoint=ftp://127.0.0.1",
            "s3://saves/x?endpoint=http://AKIA:s3cret@127.0.0.1",
            "s3://saves/../x/%2e%2e/y//z",
        ] {
            let error = Place::parse(url).unwrap_err();
            assert!(matches!(error, BucketError::Url), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
        let error = Place::parse("s3://saves/x?endpoint=http://10.0.0.1").unwrap_err();
        assert!(matches!(error, BucketError::PlainText));
    }
}
