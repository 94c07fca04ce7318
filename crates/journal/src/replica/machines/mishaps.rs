//! What befalls machines, their disks and the store.

use std::io::ErrorKind;
use std::path::Path;

use super::desk::{Desk, Role};
use super::game::{Table, delete_slot, save_slot};
use super::machine::{End, Phase, empty, layout};
use super::trace;
use super::world::World;
use crate::deep::Random;
use crate::disk::simulated_disk::{Image, SimulatedDisk};
use crate::disk::{Layout, LocalStore};
use crate::model::ids::SessionId;
use crate::replica::Shipper;

/// The errors of a file that can't be opened for a while.
const LOCKED: [ErrorKind; 4] = [
    ErrorKind::ResourceBusy,
    ErrorKind::PermissionDenied,
    ErrorKind::NotFound,
    ErrorKind::UnexpectedEof,
];

/// A mishap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mishap {
    Dies,
    IsCutOff(u64),
    StoreIsAway(u64),
    DiskIsFull(u64),
    DiskIsBroken(u64),
    FileIsLocked(u64),
    Sleeps(u64),
    DiskIsLost,
    DataIsLost,
    DiskIsRemembered,
    OldDiskComesBack,
    OldDataComesBack,
    FileIsLost,
    OtherSessionSaves,
    IsLetGo,
    IsWithheld,
}

impl Mishap {
    fn draw(random: &mut Random) -> Self {
        let long = 100 + random.below(700) * (1 + random.below(3));
        match random.below(32) {
            0..=6 => Self::Dies,
            7..=9 => Self::IsCutOff(long),
            10 => Self::StoreIsAway(long),
            11..=12 => Self::DiskIsFull(long),
            13 => Self::DiskIsBroken(long),
            14..=16 => Self::FileIsLocked(long),
            17..=18 => Self::Sleeps(long),
            19 => Self::DiskIsLost,
            20 => Self::DataIsLost,
            21..=23 => Self::DiskIsRemembered,
            24 => Self::OldDiskComesBack,
            25 => Self::OldDataComesBack,
            26 => Self::FileIsLost,
            27..=28 => Self::OtherSessionSaves,
            29 => Self::IsLetGo,
            _ => Self::IsWithheld,
        }
    }
}

impl World {
    pub fn draw_mishap(&self) {
        let (mishap, machine, now) = {
            let mut state = self.state();
            let now = state.now;
            state.next_mishap = now + 100 + state.random.below(1_200);
            let count = state.machines.len() as u64 - 1;
            let machine = state.random.below(count) as usize;
            (Mishap::draw(&mut state.random), machine, now)
        };
        trace(|| format!("{now} machine {machine} {mishap:?}"));
        match mishap {
            Mishap::Dies => {
                if self.state().machines[machine].process.is_some() {
                    self.stop(machine);
                }
            }
            Mishap::IsCutOff(long) => self.state().machines[machine].away_until = now + long,
            Mishap::StoreIsAway(long) => self.state().store_away_until = now + long,
            Mishap::DiskIsFull(long) => self.state().machines[machine].ills.full_until = now + long,
            Mishap::DiskIsBroken(long) => {
                self.state().machines[machine].ills.broken_until = now + long;
            }
            Mishap::FileIsLocked(long) => self.lock_file(machine, now + long),
            Mishap::Sleeps(long) => self.state().machines[machine].pause_until(now + long),
            Mishap::DiskIsLost => self.change_disk(machine, "disks lost", |_, _| Some(empty())),
            Mishap::DataIsLost => {
                self.change_disk(machine, "data lost", |now, _| Some(of_both(&empty(), now)));
            }
            Mishap::DiskIsRemembered => {
                let mut state = self.state();
                let it = &mut state.machines[machine];
                it.old_disk = Some(it.disk.image());
            }
            Mishap::OldDiskComesBack => {
                self.change_disk(machine, "old disks", |_, old| old.cloned());
            }
            Mishap::OldDataComesBack => {
                self.change_disk(machine, "old data", |now, old| Some(of_both(old?, now)));
            }
            Mishap::FileIsLost => self.lose_file(machine),
            Mishap::OtherSessionSaves => self.save_other(machine),
            Mishap::IsLetGo => {
                let phase = self.state().machines[machine].process.as_ref().map(|it| it.phase);
                if phase.is_some_and(|phase| phase != Phase::Leaving) {
                    self.let_go(machine);
                }
            }
            Mishap::IsWithheld => self.withhold(machine),
        }
    }

    fn lock_file(&self, machine: usize, until: u64) {
        let mut state = self.state();
        let names: Vec<String> =
            state.machines[machine].lengths(state.session).into_keys().collect();
        let error = *state.random.pick(&LOCKED).unwrap();
        let Some(name) = state.random.pick(&names).cloned() else { return };
        let path = layout().session(state.session).join(name);
        state.machines[machine].ills.locked = Some((path, until, error));
    }

    /// A machine gets another disk, made of the one that it has and an older one, while it is off.
    fn change_disk(
        &self,
        machine: usize,
        what: &'static str,
        make: impl FnOnce(&Image, Option<&Image>) -> Option<Image>,
    ) {
        let made = {
            let state = self.state();
            let it = &state.machines[machine];
            make(&it.disk.image(), it.old_disk.as_ref())
        };
        let Some(made) = made else { return };
        self.kill(machine, End::Kill);
        let mut state = self.state();
        state.judge.count(what);
        state.machines[machine].disk = SimulatedDisk::from_image(&made);
        state.forget_what_it_had(machine);
    }

    /// Another program removes a journal of the session while it isn't played. Of other files that counts as removed by the
    /// player.
    fn lose_file(&self, machine: usize) {
        self.kill(machine, End::Kill);
        let mut state = self.state();
        let names = state.machines[machine].lengths(state.session).into_keys();
        let names: Vec<String> = names.filter(|name| Layout::is_segment_name(name)).collect();
        let Some(name) = state.random.pick(&names).cloned() else { return };
        state.judge.count("files lost");
        let image = {
            let mut image = state.machines[machine].disk.image();
            image.take(&layout().session(state.session).join(name));
            image
        };
        state.machines[machine].disk = SimulatedDisk::from_image(&image);
        state.forget_what_it_had(machine);
    }

    /// A process that plays another session saves a slot, or deletes one.
    fn save_other(&self, machine: usize) {
        let (desk, random) = {
            let mut state = self.state();
            let it = &state.machines[machine];
            let (process, disk) = (it.number, it.disk.clone());
            let desk = Desk { world: self.weak(), machine, process, role: Role::Game, disk };
            (desk, Random::new(state.random.number()))
        };
        let session = SessionId::from(uuid::Uuid::from_u128(1));
        let local = LocalStore::new(std::sync::Arc::new(desk), layout());
        let mut table = Table { world: self, local: &local, random, is_heavy: false };
        let deletes = table.random.one_in(3);
        let _ = match deletes {
            true => delete_slot(&mut table, session),
            false => save_slot(&mut table, session).map(drop),
        };
        let mut state = self.state();
        let foreign = super::game::files_of(&state.machines[machine].disk, &layout(), session);
        let at =
            |name: String| layout().slots().join(Path::new(name.strip_prefix("slots/").unwrap()));
        state.machines[machine].foreign = foreign
            .into_iter()
            .map(|(name, bytes)| (at(name).to_str().unwrap().to_owned(), bytes))
            .collect();
        state.judge.count("slots of other sessions");
        let is_doomed = state.machines[machine].is_doomed;
        drop(state);
        if is_doomed {
            self.stop(machine);
        }
    }

    fn withhold(&self, machine: usize) {
        let mut state = self.state();
        let Some(process) = state.machines[machine].process.as_mut() else { return };
        let Some(shipper) = process.shipper.as_mut() else { return };
        process.is_withheld = !shipper.is_withheld();
        Shipper::withhold(shipper, process.is_withheld);
        state.judge.count("withheld or sent again");
    }
}

/// The data of one disk, and the rest of another.
fn of_both(data: &Image, rest: &Image) -> Image {
    let is_data = |path: &Path| path.starts_with(layout().data);
    let data = data.nodes().filter(|(place, _)| is_data(place.path()));
    let rest = rest.nodes().filter(|(place, _)| !is_data(place.path()));
    let mut both = Image::default();
    data.chain(rest).for_each(|(place, node)| both.put(place.clone(), node.clone()));
    both
}
