//! `--metrics ADDR`: serves what the plugin measures to Prometheus, at `/metrics`.

#[cfg(not(feature = "metrics"))]
use bevy::prelude::*;

/// Serves metrics on this address, or says in a sentence why not.
#[cfg(not(feature = "metrics"))]
pub fn add(_: &mut App, _: &str) -> Result<(), String> {
    Err("--metrics needs a build with the feature: --features metrics.".into())
}

#[cfg(feature = "metrics")]
pub use serving::add;

#[cfg(feature = "metrics")]
mod serving {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    use bevy::prelude::*;
    use bevy_session_ops::{
        Alert, AlertError, AlertResponse, AlertsExt, SessionFiguresPlugin, SessionOperation,
    };
    use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

    /// Bounds of durations, in seconds.
    const BUCKETS: [f64; 14] = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
        5.0,
    ];
    /// The longest time that a request may take to arrive, and its greatest length.
    const PATIENCE: Duration = Duration::from_secs(2);
    const LONGEST_REQUEST: u64 = 8 << 10;
    /// Time between two times at which the recorder tidies up.
    const UPKEEP: Duration = Duration::from_secs(5);

    pub fn add(app: &mut App, address: &str) -> Result<(), String> {
        let listener = TcpListener::bind(address)
            .map_err(|error| format!("Metrics can't be served on {address}: {error}."))?;
        let durations = Matcher::Suffix("_seconds".into());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &BUCKETS);
        let recorder = builder.map_err(|error| error.to_string())?.install_recorder();
        let handle = recorder.map_err(|error| format!("Metrics can't be served: {error}."))?;
        let upkeep = handle.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(UPKEEP);
                upkeep.run_upkeep();
            }
        });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that has gone asks again, if it wants an answer.
                let _ = answer(stream, &handle);
            }
        });
        app.add_plugins(SessionFiguresPlugin);
        limits(app).map_err(|error| error.to_string())
    }

    /// Alerts for an operator, and a server's own responses until they are over.
    fn limits(app: &mut App) -> Result<(), AlertError> {
        for alert in Alert::usual() {
            app.raise_session_alert(alert)?;
        }
        let slow_disk = Alert::p95_above(SessionOperation::Checkpoint, Duration::from_millis(100));
        app.raise_session_alert(slow_disk.then(AlertResponse::Stretch(4.0)))?
            .raise_session_alert(
                Alert::session_bytes_above(1 << 30).then(AlertResponse::ThinHistory(256 << 20)),
            )?
            .raise_session_alert(
                Alert::memory_above(8 << 30).then(AlertResponse::RefuseSessions),
            )?;
        Ok(())
    }

    fn answer(mut stream: TcpStream, metrics: &PrometheusHandle) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(stream.try_clone()?.take(LONGEST_REQUEST)).lines();
        let asked = lines.next().unwrap_or(Ok(String::new()))?;
        // The rest of the request is read, so that closing the connection takes no answer away.
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let path = asked.strip_prefix("GET ").and_then(|rest| rest.split([' ', '?']).next());
        let (status, text) = match path {
            Some("/metrics") => ("200 OK", metrics.render()),
            _ => ("404 Not Found", "There is /metrics.\n".into()),
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )
    }
}
