//! The URL of a bucket.

use std::env;
use std::net::IpAddr;

use object_store::path::Path;
use url::{Host, Url};

use crate::error::BucketError;

/// A bucket, and a prefix in it, as a URL names them.
#[derive(Debug)]
pub(crate) struct Place {
    pub bucket: String,
    pub prefix: Path,
    pub endpoint: Option<String>,
    pub region: Option<String>,
}

impl Place {
    pub fn parse(url: &str) -> Result<Self, BucketError> {
        let url = Url::parse(url).map_err(|_| BucketError::Url)?;
        let has_keys = !url.username().is_empty() || url.password().is_some();
        let bucket = url.host_str().filter(|_| url.scheme() == "s3" && url.port().is_none());
        let bucket = bucket.filter(|_| !has_keys && url.fragment().is_none());
        let bucket = bucket.ok_or(BucketError::Url)?.to_owned();
        let prefix = Path::from_url_path(url.path()).map_err(|_| BucketError::Url)?;
        let (mut endpoint, mut region) = (None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "endpoint" => endpoint = Some(value.into_owned()),
                "region" => region = Some(value.into_owned()),
                _ => return Err(BucketError::Url),
            }
        }
        Ok(Self { bucket, prefix, endpoint, region })
    }
}

/// The address of a server other than Amazon's.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub url: String,
    /// True for a server on this very machine.
    pub is_here: bool,
}

impl Endpoint {
    /// An endpoint that may be used: with TLS, or on this very machine, or where the environment allows plain text.
    pub fn parse(endpoint: &str) -> Result<Self, BucketError> {
        let url = Url::parse(endpoint).map_err(|_| BucketError::Url)?;
        let has_keys = !url.username().is_empty() || url.password().is_some();
        if has_keys || url.query().is_some() || !matches!(url.scheme(), "https" | "http") {
            return Err(BucketError::Url);
        }
        let is_here = is_here(&url);
        if url.scheme() == "http" && !is_here && !allows_plain_text() {
            return Err(BucketError::PlainText);
        }
        Ok(Self { url: url.as_str().trim_end_matches('/').to_owned(), is_here })
    }

    /// Returns true if connections have TLS.
    pub fn is_encrypted(&self) -> bool {
        self.url.starts_with("https:")
    }
}

fn allows_plain_text() -> bool {
    env::var("AWS_ALLOW_HTTP").is_ok_and(|it| it.eq_ignore_ascii_case("true") || it == "1")
}

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
    fn a_url_names_a_place_and_nothing_else() {
        let place = Place::parse("s3://saves/eu/arena?endpoint=http://127.0.0.1:7480&region=x");
        let place = place.unwrap();
        assert_eq!((&*place.bucket, place.prefix.as_ref()), ("saves", "eu/arena"));
        assert_eq!(place.endpoint.as_deref(), Some("http://127.0.0.1:7480"));
        assert_eq!(place.region.as_deref(), Some("x"));
        assert_eq!(Place::parse("s3://saves").unwrap().prefix.as_ref(), "");
    }

    #[test]
    fn a_url_that_has_keys_or_unknown_parts_is_refused_without_being_shown() {
        for url in [
            "saves",
            "s3:saves",
            "http://saves/x",
            "s3://AKIA:s3cret@saves/x",
            "s3://saves/x?key=s3cret",
            "s3://saves/../x/%2e%2e/y//z",
        ] {
            let error = Place::parse(url).unwrap_err();
            assert!(matches!(error, BucketError::Url), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_plain_text_endpoint_must_be_local() {
        for endpoint in ["ftp://127.0.0.1", "http://AKIA:s3cret@127.0.0.1", "127.0.0.1:7480"] {
            let error = Endpoint::parse(endpoint).unwrap_err();
            assert!(matches!(error, BucketError::Url), "{endpoint}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
        for endpoint in ["http://10.0.0.1", "http://localhost.example.com", "http://[2001:db8::1]"]
        {
            let error = Endpoint::parse(endpoint).unwrap_err();
            assert!(matches!(error, BucketError::PlainText), "{endpoint}: {error}");
        }
        for endpoint in ["http://127.0.0.1:7480/", "http://localhost", "http://[::1]:80"] {
            assert!(Endpoint::parse(endpoint).unwrap().is_here, "{endpoint}");
        }
        assert!(!Endpoint::parse("https://10.0.0.1").unwrap().is_here);
    }
}
