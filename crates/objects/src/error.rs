//! The error of making a store.

use std::error::Error;

/// The reason that a store can't be made, before its server is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// The URL, or that of the endpoint, can't be read. It isn't shown, since somebody may have written a key into it.
    #[error(
        "the URL of the bucket can't be read: s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION is expected, \
         without keys"
    )]
    Url,
    /// The endpoint is another machine, and the connection would have no TLS.
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
    /// The system has no root certificates, so no server can be verified.
    #[error(
        "no root certificate is known that could verify the bucket's server: install the system's, or name a file of them \
         in SSL_CERT_FILE"
    )]
    NoRoots,
    /// The system gives the store no thread.
    #[error("the thread that waits for the bucket's answers can't be started")]
    Thread(#[source] std::io::Error),
}
