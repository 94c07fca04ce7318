//! The journal on a thread of its own, and what it finds at a start.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::clock::{Clock, Moment};
use bevy_session_journal::process::{LastRun, ProcessGuard, ProcessOptions, last_to_die};
use bevy_session_journal::recovery::{Found, Prepared, Wanted};
use bevy_session_journal::store::{Layout, LocalStore, RealDisk};
use bevy_session_journal::writer::{Link, News, Order, Report, Versions, Worker};
use bevy_session_journal::{RestoreFrom, RestoreReason, SessionId};

use crate::pond::{Pond, Ponds};

/// What goes wrong ends the program, which has nothing better to do.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long an answer of the writer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The thread that writes, and what is needed to speak with it.
pub struct Journal {
    pub link: Link<Ponds>,
    pub process: ProcessGuard,
    clock: Clock,
}

impl Journal {
    pub fn open(data: &Path) -> Outcome<Self> {
        // What is the player's, and may be synced between machines, lies apart from what is this
        // machine's: locks, and records of how processes ended.
        let (data, state) = (data.join("data"), data.join("state"));
        let layout = Layout { data, state, profile: "default".to_owned() };
        let local = Arc::new(LocalStore::new(Arc::new(RealDisk), layout));
        let clock = Clock::system();
        let now = clock.moment(Duration::ZERO);
        // From here on this process has a record of its own. Those of dead ones say how they ended.
        let options = ProcessOptions { panics: true };
        let (process, dead) = ProcessGuard::begin(&local, VERSION, options, now.wall);
        if let Some(record) = last_to_die(&dead) {
            let last = LastRun::from_record(record, &local.boot);
            say(&format!("last-run {:?}", last.ended))?;
        }
        let versions = Versions { game: VERSION.to_owned(), engine: "" };
        let worker = Worker::new(local, Ponds, process.clone(), dead, versions, PATIENCE);
        let link = Link::thread(worker, clock)?;
        Ok(Self { link, process, clock })
    }

    pub fn now(&self) -> Moment {
        self.clock.moment(Duration::ZERO)
    }

    pub fn order(&mut self, order: Order<Ponds>) {
        let now = self.now();
        self.link.send(order, now);
    }

    /// The next report, until `deadline`.
    pub fn report(&mut self, deadline: Instant) -> Outcome<Option<Report<Ponds>>> {
        let now = self.now();
        match self.link.wait_for_report(deadline, now) {
            None if self.link.is_broken() => Err("the writer is gone".into()),
            report => Ok(report),
        }
    }

    pub fn answer(&mut self) -> Outcome<Report<Ponds>> {
        self.report(Instant::now() + PATIENCE)?.ok_or_else(|| "the writer doesn't answer".into())
    }

    /// Looks at the sessions that are there. Of those that crashed, the newest checkpoint is read
    /// before it is offered.
    pub fn detect(&mut self) -> Outcome<Vec<Found>> {
        self.order(Order::Detect);
        loop {
            if let Report::News(News::Detected { found, .. }) = self.answer()? {
                return Ok(found);
            }
        }
    }

    /// Reads a session's newest checkpoint, with the session's lock held from here on.
    pub fn prepare(
        &mut self,
        session: SessionId,
        reason: RestoreReason,
    ) -> Outcome<Prepared<Pond>> {
        let from = RestoreFrom::Latest;
        self.order(Order::Prepare(Wanted { session, from, reason, tail: None }));
        loop {
            match self.answer()? {
                Report::Prepared(prepared) => return Ok(*prepared),
                Report::News(News::NotPrepared { error }) => return Err(error.into()),
                Report::News(News::Unrecoverable { error, .. }) => return Err(error.into()),
                // It was read a moment ago, when it was offered.
                Report::News(News::Damaged(_)) => return Err("the checkpoint is damaged".into()),
                _ => {}
            }
        }
    }
}

/// Says what was found, and chooses: what crashed comes before what was left in good order.
pub fn choose(found: &[Found]) -> Outcome<Option<(SessionId, RestoreReason)>> {
    let mut closed = None;
    for found in found {
        // A game that dies on what it restores, again and again, takes what is proposed instead of
        // the newest.
        if let Some(offer) = found.offers.first() {
            let (newest, deaths) = (offer.newest, offer.deaths_in_a_row);
            say(&format!("found crashed {newest}, {deaths} deaths, {:?}", offer.proposed))?;
            return Ok(Some((found.session, RestoreReason::Recovered)));
        }
        if let Some(entry) = found.entry.as_ref().filter(|entry| entry.can_go_on()) {
            say(&format!("found {:?} {}", entry.status, found.session))?;
            closed = Some((found.session, RestoreReason::Continued));
        }
        if let Some(failure) = &found.failure {
            say(&format!("found unreadable {}: {failure}", found.session))?;
        }
    }
    Ok(closed)
}

/// All that is printed. Who reads it may be gone, and then there is nothing to go on for.
pub fn say(line: &str) -> Outcome<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
