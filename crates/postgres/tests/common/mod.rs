//! What all tests of the store need.

use std::env;
use std::error::Error;

/// The server of `ci/postgres.sh run`.
pub fn url() -> String {
    env::var("BEVY_SESSION_POSTGRES").expect("BEVY_SESSION_POSTGRES should name a server")
}

/// Everything that an error says.
pub fn said(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said.push_str(": ");
        said.push_str(&error.to_string());
        source = error.source();
    }
    said
}
