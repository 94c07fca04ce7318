//! The line that an owner keeps in a store's catalogue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::{Here, LEASE};
use crate::disk::SessionCard;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{NewSession, SessionStatus};
use crate::replica::{
    CatalogueLine, Created, Direct, Epoch, Key, Listing, Log, MemoryReplica, ReplicaStore,
    StoreFault, block_on,
};

/// The card of a session that was played for a minute.
pub fn card(session: SessionId) -> SessionCard {
    let mut metadata = NewSession::named("Campaign").begin(session, Timestamp::UNIX_EPOCH);
    metadata.player = Some("Ann".to_owned());
    SessionCard {
        metadata,
        status: SessionStatus::Active,
        newest_checkpoint: Some(CheckpointId { run: RunId(1), counter: 7 }),
        saved: Some(Timestamp::UNIX_EPOCH),
        play_time: Duration::from_secs(60),
    }
}

impl Here {
    fn write_card(&self, card: &SessionCard) {
        self.options().local.store.write_session_card(card).unwrap();
    }

    fn line(&self) -> Option<CatalogueLine> {
        self.store.catalogue().pop()
    }
}

#[test]
fn an_owner_keeps_a_line_about_its_session_in_the_catalogue() {
    let mut here = Here::new();
    here.write("a.journal", b"a");
    let mut shipper = here.shipper();
    for _ in 0..6 {
        here.ship(&mut shipper);
    }
    assert_eq!(here.line(), None, "nothing is known of it without a card");
    here.write_card(&card(here.session));
    here.now += LEASE / 3;
    here.ship(&mut shipper);
    let line = here.line().unwrap();
    assert_eq!((line.epoch, line.machine.as_deref()), (Epoch::FIRST, Some("here")));
    assert_eq!((line.name.as_str(), line.player.as_deref()), ("Campaign", Some("Ann")));
    assert_eq!(line.checkpoint.map(|(id, _)| id.counter), Some(7));

    here.write_card(&SessionCard { status: SessionStatus::Closed, ..card(here.session) });
    shipper.drain();
    here.ship(&mut shipper);
    let released = here.line().unwrap();
    assert_eq!((released.machine, released.status), (None, SessionStatus::Closed));

    // A machine that was paused doesn't know yet that it isn't the owner.
    here.store.forget(here.session, Epoch(2)).unwrap();
    here.store.describe(&line);
    assert_eq!(here.line(), None);
}

/// Notes how many files a session has whenever it is described.
#[derive(Debug)]
struct Watched {
    store: MemoryReplica,
    files: Mutex<Vec<usize>>,
}

impl ReplicaStore for Watched {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.store.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.store.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.store.sessions()
    }

    fn describe(&self, line: &CatalogueLine) {
        let mut log = Log::new(line.session);
        block_on(log.refresh(&Direct(Arc::new(self.store.clone())))).unwrap();
        self.files.lock().unwrap().push(log.replay().unwrap().all().len());
    }
}

/// Who shares a session asks its store if it is played, and a session is often shared as soon as it is.
#[test]
fn a_claimed_session_is_described_before_anything_of_it_is_sent() {
    let mut here = Here::new();
    here.write("a.journal", b"a");
    here.write_card(&card(here.session));
    let store = Arc::new(Watched { store: here.store.clone(), files: Mutex::default() });
    let mut shipper = here.shipper_to(Arc::<Watched>::clone(&store));
    here.ship(&mut shipper);
    assert!(here.fetched().contains_key("a.journal"));
    assert_eq!(*store.files.lock().unwrap(), [0], "described once, and first");
    // One that may be another player's isn't, until it is known whose it is.
    let mut here = Here::new();
    here.write("a.journal", b"a");
    here.write_card(&card(here.session));
    let mut shipper = here.shipper();
    shipper.withhold(true);
    here.ship(&mut shipper);
    assert_eq!(here.line(), None);
    shipper.withhold(false);
    here.ship(&mut shipper);
    assert!(here.line().is_some());
}

#[test]
fn a_withheld_session_has_no_line_in_the_catalogue() {
    let mut here = Here::new();
    here.write("a.journal", b"a");
    here.write_card(&card(here.session));
    let mut shipper = here.shipper();
    here.ship(&mut shipper);
    here.now += LEASE;
    here.ship(&mut shipper);
    assert!(here.line().is_some());
    shipper.withhold(true);
    here.now += LEASE;
    here.ship(&mut shipper);
    assert_eq!(here.line(), None);
    shipper.drain();
    here.ship(&mut shipper);
    assert!(shipper.is_over());
    assert_eq!(here.line(), None);
}
