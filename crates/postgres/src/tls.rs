//! The protection of a connection.

use std::env;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::PostgresError;

/// The encryption of a connection.
pub(crate) enum Tls {
    /// In plain text, which never leaves this machine.
    OnThisMachine,
    /// Encrypted, with a server whose certificate was verified.
    Verified(MakeRustlsConnect),
}

impl Tls {
    /// The encryption that the hosts of a configuration need. All of them are talked to in the same way.
    pub fn of(config: &mut Config) -> Result<Self, PostgresError> {
        let is_here = !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_here);
        // An address that stands beside a name is where is connected to.
        let is_here = is_here && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        if is_here && config.get_ssl_mode() != SslMode::Require {
            config.ssl_mode(SslMode::Disable);
            return Ok(Self::OnThisMachine);
        }
        config.ssl_mode(SslMode::Require);
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| PostgresError::Tls(error.into()))?
            .with_root_certificates(roots()?)
            .with_no_client_auth();
        Ok(Self::Verified(MakeRustlsConnect::new(client)))
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// Whom is believed: the roots in a file that the environment names, or those of the system.
fn roots() -> Result<RootCertStore, PostgresError> {
    let mut roots = RootCertStore::empty();
    let certificates = match env::var_os("PGSSLROOTCERT") {
        Some(path) => CertificateDer::pem_file_iter(Path::new(&path))
            .and_then(Iterator::collect)
            .map_err(|error| PostgresError::Tls(error.into()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(PostgresError::NoRoots);
    }
    Ok(roots)
}
