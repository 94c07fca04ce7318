//! Certificates. The file of roots is named by the environment, so a process of its own looks at each.

// Feature: A database is checked before it is used, and refused with the reason.

use std::env;
use std::process::Command;

use bevy_session_postgres::PostgresCheckError;

use crate::server::{Database, PASSWORD, Server, refused, store};

/// Tells the process what it has to find, as `URL EXPECTED`.
const TASK: &str = "BEVY_SESSION_POSTGRES_TASK";

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_certificate_that_expired_is_foreign_or_of_another_name_is_refused() {
    let mut server = Server::start(&["--tls"]);
    let database = Database::on(&server.url);
    let arena = database.role("arena");
    database.sql.run(&format!("grant create on database {} to {arena}", database.name));
    let there = database.at(&arena);
    let (_, place) = there.split_once("127.0.0.1").unwrap();
    // By its address, whatever else `localhost` means here.
    let by_name = format!(
        "postgres://{arena}:{PASSWORD}@localhost{place}?hostaddr=127.0.0.1&sslmode=require"
    );
    let by_address = format!("{there}?sslmode=require");

    finds(&server, &by_name, "nothing");
    finds(&server, &by_address, "WrongName");
    for (certificate, fault) in [("expired", "Expired"), ("foreign", "UnknownIssuer")] {
        server.stop();
        server.start_again(&["--certificate", certificate]);
        finds(&server, &by_name, fault);
    }
}

/// A process that believes in the server's root has to find this.
#[track_caller]
fn finds(server: &Server, url: &str, expected: &str) {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "certificates::the_process_that_looks", "--ignored"])
        .env("PGSSLROOTCERT", format!("{}/tls/root.crt", server.path()))
        .env(TASK, format!("{url} {expected}"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "a process of the other test runs it"]
fn the_process_that_looks() {
    let Ok(task) = env::var(TASK) else { return };
    let (url, expected) = task.split_once(' ').unwrap();
    if expected == "nothing" {
        return store(url).check().unwrap();
    }
    let error = refused(url);
    assert!(error.is_refusal());
    match error {
        PostgresCheckError::Certificate { fault, .. } => assert_eq!(format!("{fault:?}"), expected),
        other => panic!("{other:?}"),
    }
}
