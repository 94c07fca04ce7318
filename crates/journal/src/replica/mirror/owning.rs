//! The work on a session in a mirror by the machine that owns it there.

use std::time::Duration;

use super::place::Place;
use super::source::ReplicaSource;
use super::{
    Compared, Differences, Halt, Mirror, MirrorNews, MirrorOver, Stage, Unmirrored, Until,
};
use crate::replica::{CatchUp, Clearing, Direct, Epoch, FileName, Owner, Source, block_on};

/// A session that this machine owns in the mirror.
pub(super) struct Owning {
    owner: Owner<Direct>,
    /// The place of the replica's log that was sent last, and the epoch in which it was. Everything in the mirror was in the
    /// replica up to there.
    placed: Option<(Epoch, Place)>,
    work: Work,
    next_look: Duration,
    renewed: Duration,
}

enum Work {
    Rest,
    /// The replica's files are being sent.
    Send(CatchUp, Box<ReplicaSource>),
    Compact,
    Remove,
    /// It ends, or goes on some time later.
    Release(Result<MirrorOver, Option<Unmirrored>>),
}

/// The result of a piece of work.
enum Done {
    Rest(Duration),
    /// The tombstone stands.
    Removed,
    Released(Result<MirrorOver, Option<Unmirrored>>),
}

impl Owning {
    pub fn new(owner: Owner<Direct>, newest: Option<Place>, now: Duration) -> Self {
        let placed = newest.map(|place| (Epoch::default(), place));
        Self { owner, placed, work: Work::Rest, next_look: now, renewed: now }
    }

    /// Looks at the replica with the next step that has nothing else to do.
    pub fn look_now(&mut self) {
        self.next_look = Duration::ZERO;
    }

    /// It is taken up again while its last look was being ended. What may be sealed already is claimed anew.
    pub fn stay(&mut self) {
        if let Work::Release(then @ Ok(MirrorOver::LetGo)) = &mut self.work {
            *then = Err(None);
        }
    }

    /// Says up to where the replica's log was read, before anything of it is sent in this epoch.
    fn send_place(&mut self, place: Place) {
        let placed = Some((self.owner.claim().epoch, place));
        if self.placed != placed {
            self.owner.send(place.body(), &[]);
            self.placed = placed;
        }
    }
}

impl Mirror {
    /// Does a piece of the owner's work.
    pub(super) fn own(
        &mut self,
        now: Duration,
        mut owning: Box<Owning>,
        news: &mut Vec<MirrorNews>,
    ) -> (Stage, Result<Duration, Halt>) {
        let looking = Stage::looking(self.session());
        let done = self.go_on(now, &mut owning, news);
        match done.map_err(|halt| self.doubt(halt, now)) {
            Ok(Done::Rest(rest)) => (Stage::Owning(owning), Ok(rest)),
            Ok(Done::Removed) => {
                let clearing = Clearing::new(owning.owner.log().clone());
                (Stage::Clearing(Box::new(clearing), true), Ok(Duration::ZERO))
            }
            Ok(Done::Released(Ok(over))) => (Stage::Over, Err(Halt::Over(over))),
            Ok(Done::Released(Err(Some(why)))) => (looking, Err(Halt::Refused(why))),
            Ok(Done::Released(Err(None))) | Err(Halt::Unowned) => (looking, Err(Halt::Unowned)),
            Err(halt @ (Halt::Again | Halt::Reread | Halt::Unsettled)) => {
                owning.work = Work::Rest;
                owning.look_now();
                (Stage::Owning(owning), Err(halt))
            }
            Err(Halt::Later) => {
                owning.work = Work::Rest;
                owning.next_look = now.saturating_add(self.options.interval);
                (Stage::Owning(owning), Ok(Duration::ZERO))
            }
            Err(Halt::Refused(why)) => {
                owning.work = Work::Release(Err(Some(why)));
                (Stage::Owning(owning), Ok(Duration::ZERO))
            }
            Err(halt) => (Stage::Owning(owning), Err(halt)),
        }
    }

    fn go_on(
        &mut self,
        now: Duration,
        owning: &mut Owning,
        news: &mut Vec<MirrorNews>,
    ) -> Result<Done, Halt> {
        block_on(owning.owner.settle_all()).map_err(Halt::of_mirror)?;
        match &mut owning.work {
            Work::Rest => self.look_as_owner(now, owning, news).map(Done::Rest),
            Work::Send(catch_up, source) => {
                match catch_up.next(&**source).map_err(Halt::of_source)? {
                    Some((changes, payload)) => {
                        let sent = owning.owner.send_changes(changes, &payload);
                        sent.map_err(Halt::of_mirror)?;
                    }
                    None => {
                        self.alike.note_all(source, owning.owner.files());
                        self.end_look(owning, news)?;
                    }
                }
                Ok(Done::Rest(Duration::ZERO))
            }
            Work::Compact => self.compact(owning).map(Done::Rest),
            Work::Remove => match block_on(owning.owner.remove()).map_err(Halt::of_mirror)? {
                true => Ok(Done::Rest(Duration::ZERO)),
                false => Ok(Done::Removed),
            },
            Work::Release(then) => {
                block_on(owning.owner.release()).map_err(Halt::of_mirror)?;
                Ok(Done::Released(std::mem::replace(then, Err(None))))
            }
        }
    }

    /// Looks at the replica, and begins what comes of it. A machine that can't read the replica doesn't renew its lease here:
    /// another one may be able to.
    fn look_as_owner(
        &mut self,
        now: Duration,
        owning: &mut Owning,
        news: &mut Vec<MirrorNews>,
    ) -> Result<Duration, Halt> {
        let next_renewal = owning.renewed.saturating_add(self.options.lease / 3);
        let next = owning.next_look.min(next_renewal);
        if next > now {
            return Ok(next.saturating_sub(now));
        }
        self.read_replica()?;
        if self.log.tombstone().is_some() {
            owning.work = Work::Remove;
            return Ok(Duration::ZERO);
        }
        if next_renewal <= now {
            block_on(owning.owner.look_back()).map_err(Halt::of_mirror)?;
            owning.owner.renew(&self.options.machine);
            owning.renewed = now;
        }
        if owning.next_look > now {
            return Ok(Duration::ZERO);
        }
        let newest = owning.placed.map(|(_, place)| place);
        match self.compare(owning.owner.log(), owning.owner.files(), newest)? {
            Compared::NotYet => {}
            Compared::Whole => {
                owning.next_look = now.saturating_add(self.options.interval);
                self.end_look(owning, news)?;
            }
            Compared::Differs { source, end, differences } => {
                owning.next_look = now.saturating_add(self.options.interval);
                Self::begin_to_send(owning, (source, end), &differences)?;
            }
        }
        Ok(Duration::ZERO)
    }

    fn begin_to_send(
        owning: &mut Owning,
        (source, end): (Box<ReplicaSource>, Place),
        differences: &Differences,
    ) -> Result<(), Halt> {
        let number_of = |name: &FileName| source.number(name);
        let lengths = source.files().map_err(Halt::of_source)?;
        let catch_up = CatchUp::new(&number_of, differences, &lengths, owning.owner.files());
        owning.send_place(end);
        owning.work = Work::Send(catch_up, source);
        Ok(())
    }

    /// Everything that was read of the replica is acknowledged here.
    fn end_look(&mut self, owning: &mut Owning, news: &mut Vec<MirrorNews>) -> Result<(), Halt> {
        self.say_whole(news);
        owning.work = Work::Rest;
        if self.until == Until::ThisLook {
            owning.work = Work::Release(Ok(MirrorOver::LetGo));
        } else if self.is_leaving() {
            owning.look_now();
        } else if owning.owner.is_compaction_due() || owning.owner.is_compacting() {
            block_on(owning.owner.begin_compaction()).map_err(Halt::of_mirror)?;
            owning.work = Work::Compact;
        }
        Ok(())
    }

    /// Does a piece of a compaction. In its new epoch the place comes first, so that the old one isn't needed.
    fn compact(&mut self, owning: &mut Owning) -> Result<Duration, Halt> {
        if self.is_leaving() && owning.owner.can_send() {
            // Who leaves doesn't wait for it. The next owner begins it anew.
            owning.work = Work::Rest;
            owning.look_now();
            return Ok(Duration::ZERO);
        }
        if let Some((_, place)) = owning.placed.filter(|_| owning.owner.can_send()) {
            owning.send_place(place);
        }
        if !block_on(owning.owner.compact()).map_err(Halt::of_mirror)? {
            self.alike.note_compaction(owning.owner.files());
            owning.work = Work::Rest;
        }
        Ok(Duration::ZERO)
    }
}
