//! An entry of 12 KB beside a raw insert into a table like that of the store.

use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, Key, Position, ReplicaStore};
use bevy_session_postgres::PostgresReplica;
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};

use crate::bytes::random_bytes;
use crate::percentiles::{Done, milliseconds, percentile};

const RUNS: usize = 5;
const INSERTS: u64 = 1000;
const BYTES: usize = 12 << 10;

const TABLE: &str = "create table if not exists public.raw (session uuid, epoch bigint, position bigint, bytes bytea not null,
    primary key (session, epoch, position))";
const INSERT: &str =
    "insert into public.raw (session, epoch, position, bytes) values ($1, $2, $3, $4)";

pub fn measure(url: &str) -> Done {
    let bytes = random_bytes(BYTES, 1);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let client = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        drop(tokio::spawn(connection));
        client.batch_execute(TABLE).await?;
        Ok::<Client, tokio_postgres::Error>(client)
    })?;
    let insert = runtime.block_on(client.prepare(INSERT))?;
    let store = PostgresReplica::new(url)?;
    let (mut raw, mut entries) = (Percentiles::default(), Percentiles::default());
    for _ in 0..RUNS {
        let session = SessionId::random().uuid();
        raw.add(|position| {
            let position = i64::try_from(position)?;
            runtime.block_on(client.execute(&insert, &[&session, &1_i64, &position, &bytes]))?;
            Ok(())
        })?;
        let session = SessionId::random();
        entries.add(|position| {
            let key = Key::Entry { session, epoch: Epoch(1), position: Position(position) };
            store.create(key, &bytes)?;
            Ok(())
        })?;
    }
    let ([raw_half, raw_most], [half, most]) = (raw.medians(), entries.medians());
    println!("an entry of 12 KB, medians of {RUNS} runs of {INSERTS}, in ms");
    println!("             p50    p99");
    println!("raw insert {:5.2}  {:5.2}", milliseconds(raw_half), milliseconds(raw_most));
    println!("entry      {:5.2}  {:5.2}", milliseconds(half), milliseconds(most));
    let ratio = |time: Duration, raw: Duration| time.as_secs_f64() / raw.as_secs_f64();
    println!("ratio      {:5.2}  {:5.2}\n", ratio(half, raw_half), ratio(most, raw_most));
    Ok(())
}

/// The median and the 99th percentile of each run.
#[derive(Default)]
struct Percentiles {
    halves: Vec<Duration>,
    mosts: Vec<Duration>,
}

impl Percentiles {
    fn add(&mut self, mut insert: impl FnMut(u64) -> Done) -> Done {
        let mut took = Vec::new();
        for position in 1..=INSERTS {
            let begun = Instant::now();
            insert(position)?;
            took.push(begun.elapsed());
        }
        self.halves.push(percentile(&mut took, 0.5));
        self.mosts.push(percentile(&mut took, 0.99));
        Ok(())
    }

    fn medians(&mut self) -> [Duration; 2] {
        [median(&mut self.halves), median(&mut self.mosts)]
    }
}

/// The median of five runs, or of any odd number.
fn median(runs: &mut [Duration]) -> Duration {
    percentile(runs, 0.5)
}
