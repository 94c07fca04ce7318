//! How a server's certificate is verified.

use std::sync::Arc;
use std::time::Duration;

use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, Error};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};

use crate::BucketError;

/// How long one try of a request may take; a call may have several.
const REQUEST: Duration = Duration::from_secs(6);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Makes clients whose only cryptography is `ring`'s, which Postgres' store has as well.
#[derive(Debug)]
pub(crate) struct Connector {
    client: reqwest::Client,
}

impl Connector {
    pub fn new() -> Result<Self, BucketError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| BucketError::Tls(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // What is redirected elsewhere takes its signature along.
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .connect_timeout(CONNECT)
            .timeout(REQUEST)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| BucketError::Tls(error.into()))?;
        Ok(Self { client })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient, Error> {
        Ok(HttpClient::new(self.client.clone()))
    }
}
