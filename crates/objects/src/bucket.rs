//! The client of the bucket that a URL names.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::path::Path;
use object_store::{BackoffConfig, RetryConfig};

use crate::credentials::{Keys, Marking};
use crate::error::BucketError;
use crate::place::{Endpoint, Place};
use crate::tls::Connector;

/// The further tries of a request that got no answer, or a status from 500 on.
const RETRIES: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.,
    },
    max_retries: 4,
    retry_timeout: Duration::from_secs(6),
};

/// A bucket, the prefix of its objects, and its name for people.
pub(crate) struct Bucket {
    pub store: AmazonS3,
    pub prefix: Path,
    pub name: String,
}

impl Bucket {
    /// The bucket of a URL, with the keys of the environment where there are no others.
    pub fn of(url: &str, keys: Option<Keys>) -> Result<Self, BucketError> {
        let Place { bucket, prefix, endpoint, region } = Place::parse(url)?;
        let mut builder = AmazonS3Builder::from_env();
        let is_of_url = endpoint.is_some();
        let endpoint = endpoint.or_else(|| endpoint_of_environment(&builder));
        let endpoint = endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let connector = Connector::new(endpoint.as_ref())?;
        if let Some(Endpoint { url, .. }) = endpoint {
            // The variable of S3 alone goes before the one of all services.
            builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, url);
        }
        if is_of_url {
            // Such a server needn't have a name for each bucket.
            builder = builder.with_virtual_hosted_style_request(false);
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        let builder = builder
            .with_bucket_name(&bucket)
            .with_retry(RETRIES)
            // The protocol rests on both, whatever the environment asks for.
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_unsigned_payload(false)
            // Every server knows how one object is deleted.
            .with_disable_bulk_delete(true)
            .with_http_connector(connector);
        let store = built(with_keys(builder, keys)?)?;
        Ok(Self { store, name: format!("s3://{bucket}/{prefix}"), prefix })
    }
}

fn endpoint_of_environment(builder: &AmazonS3Builder) -> Option<String> {
    let mut keys = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint].into_iter();
    keys.find_map(|key| builder.get_config_value(&key))
}

fn with_keys(builder: AmazonS3Builder, keys: Option<Keys>) -> Result<AmazonS3Builder, BucketError> {
    let provider = match keys {
        Some(keys) => keys.into_provider(),
        None => Arc::new(Marking(Arc::clone(built(builder.clone())?.credentials()))),
    };
    Ok(builder.with_credentials(provider))
}

/// The client. Its own error may quote a setting.
fn built(builder: AmazonS3Builder) -> Result<AmazonS3, BucketError> {
    builder.build().map_err(|_| BucketError::Settings)
}
