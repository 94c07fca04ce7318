//! Facts about a session beside its entities that can't be encoded.

use super::{Action, Play};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::session::CheckpointError;
use crate::torture::faults::check_everything;
use crate::write::News;

#[test]
fn a_checkpoint_that_cannot_be_encoded_is_followed_by_a_full_one() {
    use Action::{Auto, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 67);
    play.perform(&[Start, Auto, Settle]);
    let before = play.history.newest_acknowledged().expect("one was saved");
    let news = play.game.fail_to_encode();
    let [News::Failed { checkpoint, error, retry_in: None }, News::NeedFull] = &*news else {
        panic!("{news:?}");
    };
    assert!(matches!(error, CheckpointError::Encoding(_)), "{error:?}");
    assert!(error.to_string().contains("no such thing"), "{error}");
    assert!(checkpoint.run == before.run && checkpoint.counter > before.counter);
    play.perform(&[Auto, Settle]);
    assert!(play.history.newest_is_acknowledged());
    let store = &play.game.local.store;
    let stored = store.open_session(store.sessions().unwrap()[0]).unwrap();
    let newest = stored.index().newest_head().expect("there should be one").id;
    assert_eq!(stored.index().commit(newest).map(|commit| commit.base), Some(None), "a full one");
    assert_eq!(check_everything(&play, 0), Ok(()));
}
