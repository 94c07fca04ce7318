//! The keys that requests are signed with.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use object_store::{CredentialProvider, Error, StaticCredentialProvider};

/// The keys of a bucket, for games that don't have them in the environment.
///
/// `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The public name of the key: `AWS_ACCESS_KEY_ID`.
    pub id: String,
    /// The secret that signs: `AWS_SECRET_ACCESS_KEY`.
    pub secret: String,
    /// The token that belongs to a key which expires: `AWS_SESSION_TOKEN`.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// A provider of these keys alone: a token of the environment belongs to the environment's keys.
    pub(crate) fn into_provider(self) -> AwsCredentialProvider {
        let Self { id, secret, token } = self;
        let credential = AwsCredential { key_id: id, secret_key: secret, token };
        Arc::new(StaticCredentialProvider::new(credential))
    }
}

/// No keys can be had.
#[derive(Debug, thiserror::Error)]
#[error("there are no keys")]
pub(crate) struct NoKeys;

/// Another provider, whose errors become [`NoKeys`]: a request for keys goes to a server too, and its failure would look
/// like one of the bucket's.
pub(crate) struct Marking(pub AwsCredentialProvider);

#[async_trait]
impl CredentialProvider for Marking {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credential = self.0.get_credential().await;
        credential.map_err(|_| Error::Generic { store: "keys", source: Box::new(NoKeys) })
    }
}

impl fmt::Debug for Marking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Marking")
    }
}
