//! The reasons for which a server can't be used, in plain words and without a password.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

/// The error of the client, with the server's own words. Neither ever has a password.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// The code of the functions in `roles.sql` for a token that opens nothing.
const NOT_SHARED: &str = "BS001";
/// The same for a connection without a token.
const NO_TOKEN: &str = "BS002";

/// The reason that a server can't be used, or gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresCheckError {
    /// The password is wrong, or there is no such role: the server doesn't tell which.
    #[error("the server doesn't accept the password, or knows no such role")]
    Password(#[source] Cause),
    /// There is no password, and the server asks for one.
    #[error("the server asks for a password: set PGPASSWORD")]
    NoPassword,
    /// There is no such role, it may not log in, or `pg_hba.conf` doesn't let it in from here.
    #[error(
        "the server doesn't let the role in: there is no such role, it may not log in, or pg_hba.conf has no line for it"
    )]
    Role(#[source] Cause),
    /// There is no database of that name.
    #[error("there is no such database")]
    NoDatabase(#[source] Cause),
    /// The role lacks a right.
    #[error("the role lacks the right to {right}")]
    Denied {
        /// The missing right.
        right: &'static str,
        /// The server's answer.
        source: Cause,
    },
    /// A newer build made the tables.
    #[error("the tables are of version {found}, and this build knows version {known}: update it")]
    NewerSchema {
        /// The version of the tables.
        found: i32,
        /// The newest version that this build reads and writes.
        known: i32,
    },
    /// The server, the database or the role is set to read only.
    #[error("the server only reads: default_transaction_read_only is set")]
    ReadOnly,
    /// The server is a standby, or is being restored. Once it is promoted, it answers.
    #[error("the server is in recovery, as a standby is, and only reads")]
    InRecovery,
    /// The server's disk is full.
    #[error("the server's disk is full")]
    Full(#[source] Cause),
    /// The server, the database or the role has no connection left.
    #[error("the server has too many connections")]
    TooManyConnections(#[source] Cause),
    /// The server is starting or stopping.
    #[error("the server is starting or stopping")]
    Starting(#[source] Cause),
    /// The server's certificate isn't valid.
    #[error("the server's certificate isn't valid: {fault}")]
    Certificate {
        /// Its fault.
        fault: CertificateFault,
        /// The error of the TLS library.
        source: Cause,
    },
    /// The server has no TLS.
    #[error("the server has no TLS, and the connection needs it")]
    NoTls,
    /// An object was created a second time, as in tables that were restored without their constraints.
    #[error(
        "it creates an object a second time: bevy_session.objects has lost its primary key, by which one machine at a \
         time owns a session"
    )]
    CreatesTwice,
    /// An object that was created isn't found or listed, has other bytes, or stays when it is deleted.
    #[error("an object that was just created or deleted isn't as it should be")]
    Forgets,
    /// The session isn't shared by this token, or not any more.
    #[error("the session isn't shared by this token, or not any more")]
    NotShared,
    /// The token didn't arrive, as behind a pooler that leaves out what a connection begins with.
    #[error(
        "no token arrived at the server: a pooler in between has to let a connection's options through"
    )]
    NoToken(#[source] Cause),
    /// The database lacks what sharing needs.
    #[error("the database can't share sessions: run roles.sql")]
    NoShares(#[source] Cause),
    /// The server can't be reached, or hangs up.
    #[error("the server can't be reached")]
    Unreachable(#[source] Cause),
    /// The server takes too long.
    #[error("the server doesn't answer in time")]
    TimedOut,
    /// The server has a trouble of its own, or its answer isn't understood.
    #[error("the server gave no answer that helps")]
    NoAnswer(#[source] Cause),
}

/// The fault of a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CertificateFault {
    /// It was valid until an earlier moment.
    Expired,
    /// It will be valid from a later moment on. This machine's clock may be wrong.
    NotValidYet,
    /// No known root has issued it.
    UnknownIssuer,
    /// It is valid for another name than the URL's.
    WrongName,
    /// It has another fault, which the TLS library names.
    Other,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Expired => "it has expired",
            Self::NotValidYet => "it isn't valid yet, or this machine's clock is wrong",
            Self::UnknownIssuer => {
                "no known root has issued it (PGSSLROOTCERT names a file of roots)"
            }
            Self::WrongName => "it is for another name than the URL's",
            Self::Other => "it can't be verified",
        })
    }
}

impl PostgresCheckError {
    /// Returns true if somebody has to change the server, its roles or a setting. Otherwise it may answer later: waiting
    /// can heal a server that is silent, full, crowded, starting or not promoted yet.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Password(_)
            | Self::NoPassword
            | Self::Role(_)
            | Self::NoDatabase(_)
            | Self::Denied { .. }
            | Self::NewerSchema { .. }
            | Self::ReadOnly
            | Self::Certificate { .. }
            | Self::NoTls
            | Self::CreatesTwice
            | Self::Forgets
            | Self::NotShared
            | Self::NoToken(_)
            | Self::NoShares(_) => true,
            Self::InRecovery
            | Self::Full(_)
            | Self::TooManyConnections(_)
            | Self::Starting(_)
            | Self::Unreachable(_)
            | Self::TimedOut
            | Self::NoAnswer(_) => false,
        }
    }

    /// Returns true if nobody answered.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut)
    }

    /// Of the failures of two hosts, the one that says more: a refusal, or else an answer.
    pub(crate) fn or_graver(self, other: Self) -> Self {
        let weight =
            |error: &Self| u8::from(error.is_refusal()) * 2 + u8::from(!error.is_silence());
        if weight(&other) > weight(&self) { other } else { self }
    }

    /// The reason behind a failure of the client, which asked for what needs a right.
    pub(crate) fn of(right: &'static str, error: tokio_postgres::Error) -> Self {
        let Some(code) = error.code() else { return Self::without_code(error) };
        match *code {
            SqlState::INVALID_PASSWORD => Self::Password(Arc::new(error)),
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION => Self::Role(Arc::new(error)),
            SqlState::INVALID_CATALOG_NAME => Self::NoDatabase(Arc::new(error)),
            SqlState::INSUFFICIENT_PRIVILEGE => Self::Denied { right, source: Arc::new(error) },
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            SqlState::DISK_FULL => Self::Full(Arc::new(error)),
            SqlState::TOO_MANY_CONNECTIONS => Self::TooManyConnections(Arc::new(error)),
            SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
                Self::Starting(Arc::new(error))
            }
            SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => Self::TimedOut,
            _ if code.code() == NOT_SHARED => Self::NotShared,
            _ if code.code() == NO_TOKEN => Self::NoToken(Arc::new(error)),
            _ => Self::NoAnswer(Arc::new(error)),
        }
    }

    /// The reason behind a failure that isn't the server's answer. The client names some in its text alone.
    fn without_code(error: tokio_postgres::Error) -> Self {
        if let Some(fault) = certificate_fault(&error) {
            return Self::Certificate { fault, source: Arc::new(error) };
        }
        let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if io.is_some_and(|io| io.kind() == ErrorKind::TimedOut) {
            return Self::TimedOut;
        }
        if io.is_some() || error.is_closed() {
            return Self::Unreachable(Arc::new(error));
        }
        match error.source().map(ToString::to_string).as_deref() {
            Some("password missing") => Self::NoPassword,
            Some("server does not support TLS") => Self::NoTls,
            _ => Self::NoAnswer(Arc::new(error)),
        }
    }
}

fn certificate_fault(error: &tokio_postgres::Error) -> Option<CertificateFault> {
    let io = error.source()?.downcast_ref::<io::Error>()?;
    let rustls::Error::InvalidCertificate(fault) = io.get_ref()?.downcast_ref()? else {
        return None;
    };
    Some(match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotValidYet
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        _ => CertificateFault::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_errors_of_two_hosts_the_graver_one_is_reported() {
        let silent = || PostgresCheckError::TimedOut;
        let told = silent().or_graver(PostgresCheckError::InRecovery);
        assert!(matches!(told, PostgresCheckError::InRecovery));
        let told = told.or_graver(PostgresCheckError::NoTls).or_graver(silent());
        assert!(matches!(told, PostgresCheckError::NoTls));
        let told = told.or_graver(PostgresCheckError::ReadOnly);
        assert!(matches!(told, PostgresCheckError::NoTls));
    }
}
