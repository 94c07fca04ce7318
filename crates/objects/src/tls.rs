//! Connections, and the verification of a server's certificate.

use std::sync::Arc;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};

use crate::error::BucketError;
use crate::place::Endpoint;

/// The time that one try of a request may take; a call may have several.
const REQUEST: Duration = Duration::from_secs(6);
/// The time that a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// The time for which an idle connection is kept: less than servers keep theirs, or the next batch would be written into
/// a connection that is about to close.
const IDLE: Duration = Duration::from_secs(4);

/// Makes clients whose only cryptography is that of `ring`, as in the store in Postgres.
#[derive(Debug)]
pub(crate) struct Connector {
    client: reqwest::Client,
}

impl Connector {
    /// A connector to Amazon's servers, or to those of an endpoint. No proxy is asked for one on this very machine.
    pub fn new(endpoint: Option<&Endpoint>) -> Result<Self, BucketError> {
        let is_here = endpoint.is_some_and(|endpoint| endpoint.is_here);
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs().certs;
        let (added, _) = roots.add_parsable_certificates(found);
        if added == 0 && endpoint.is_none_or(Endpoint::is_encrypted) {
            return Err(BucketError::NoRoots);
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| BucketError::Tls(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirected request would take its signature along.
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        let client = if is_here { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| BucketError::Tls(error.into()))?;
        Ok(Self { client })
    }

    /// The client alone, for requests that aren't signed here.
    pub fn into_client(self) -> reqwest::Client {
        self.client
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient, Error> {
        Ok(HttpClient::new(self.client.clone()))
    }
}
