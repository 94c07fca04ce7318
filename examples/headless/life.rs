//! The life of the colony. It knows nothing of saving: the same colony, seed and options always
//! make the same story, however often it is interrupted.

use std::collections::HashMap;
use std::ops::Range;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::events::RecordInputs;
use bevy_session::prelude::*;

use crate::bug::show;
use crate::colony::{
    Bug, Building, Choice, Colony, Condition, Daytime, Died, Identity, Inventory, Kind, Mined, Ore,
    Position, Roster, Rules, somebody,
};
use crate::options::Options;
use crate::report::Reporter;

/// Frames per second, and steps of the colony.
pub const HERTZ: u32 = 60;
/// Frames between sunrise and sunset.
const DAYLIGHT: u64 = 2 * HERTZ as u64;
/// Ticks from the take-up until the bug shows at the earliest.
const GRACE: u64 = 200;

/// The deeds of this step, as a range of [`Colony::deeds`].
#[derive(Resource, Default)]
struct Shift(Range<u64>);

/// The random numbers of this step, by deed and kind.
#[derive(Resource, Default)]
struct Lots(HashMap<(u64, Kind), u64>);

/// Inputs from outside: the command line, and dice. They are recorded, so that they can be played again.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
struct Outside;

pub fn plugin(app: &mut App) {
    app.init_resource::<Shift>()
        .init_resource::<Lots>()
        .configure_sets(Update, Outside.before(RecordInputs))
        .add_systems(
            Update,
            (
                (begin_shift, draw_lots).chain().in_set(Outside),
                (take_lots, work, mine_out, move_house, give_orders, retire)
                    .chain()
                    .after(RecordInputs)
                    .before(follow_rules),
            )
                .run_if(session_is_active.and_then(something_changes)),
        )
        .add_systems(
            Update,
            (lay_down_rules.in_set(Outside), follow_rules.after(RecordInputs))
                .run_if(session_is_active.and_then(resource_exists::<Colony>)),
        );
}

fn something_changes(colony: Option<Res<Colony>>) -> bool {
    colony.is_some_and(|colony| colony.pace > 0.0)
}

/// Sends the rules of the command line, if they have changed. The deeds of one checkpoint interval are
/// spread over its frames, and the bug starts again with each start.
fn lay_down_rules(
    options: Res<Options>,
    roster: Res<Roster>,
    colony: Res<Colony>,
    bug: Res<Bug>,
    mut is_armed: Local<bool>,
    mut rules: MessageWriter<Rules>,
) {
    let frames = (options.checkpoint.as_secs_f64() * f64::from(HERTZ)).ceil().max(1.0);
    let pace = roster.0.len() as f64 * options.changes / frames;
    let is_first = !std::mem::replace(&mut *is_armed, true);
    let begins = is_first && options.panic_seed.is_some();
    if begins || bug.seed != options.panic_seed || colony.pace.to_bits() != pace.to_bits() {
        let from =
            if begins || bug.seed != options.panic_seed { colony.tick + GRACE } else { bug.from };
        rules.write(Rules { pace, bug: options.panic_seed, from });
    }
}

fn follow_rules(mut rules: MessageReader<Rules>, mut colony: ResMut<Colony>, mut bug: ResMut<Bug>) {
    for Rules { pace, bug: seed, from } in rules.read().cloned() {
        colony.pace = pace;
        *bug = Bug { seed, from };
    }
}

/// Says how much is to be done in this step.
fn begin_shift(colony: Res<Colony>, mut shift: ResMut<Shift>) {
    let done_by = |tick: u64| (tick as f64 * colony.pace) as u64;
    let due = done_by(colony.tick + 1).saturating_sub(done_by(colony.tick));
    shift.0 = colony.deeds..colony.deeds + due;
}

/// Throws the dice for all that is decided by lot in this step.
fn draw_lots(colony: Res<Colony>, shift: Res<Shift>, mut choices: MessageWriter<Choice>) {
    for deed in shift.0.clone() {
        let kinds: &[Kind] = match deed % 100 {
            20 => &[Kind::Worker, Kind::Ore],
            40 | 60 => &[Kind::Worker, Kind::Building],
            80 => &[Kind::Worker],
            _ => &[],
        };
        for kind in kinds {
            let lot = lot(colony.seed, deed, *kind);
            choices.write(Choice { deed, kind: *kind, lot });
        }
    }
}

/// Takes what the dice have said, and lets time pass.
fn take_lots(
    mut choices: MessageReader<Choice>,
    mut lots: ResMut<Lots>,
    shift: Res<Shift>,
    mut colony: ResMut<Colony>,
    mut daytime: ResMut<NextState<Daytime>>,
) {
    lots.0 = choices.read().map(|choice| ((choice.deed, choice.kind), choice.lot)).collect();
    colony.deeds = shift.0.end;
    colony.tick += 1;
    match colony.tick % (2 * DAYLIGHT) {
        0 => daytime.set(Daytime::Day),
        DAYLIGHT => daytime.set(Daytime::Night),
        _ => {}
    }
}

/// Everybody has a turn before anybody has a second one.
fn work(
    shift: Res<Shift>,
    roster: Res<Roster>,
    daytime: Res<State<Daytime>>,
    mut everybody: Query<(&mut Position, &mut Condition, &mut Inventory)>,
) {
    let count = roster.0.len() as u64;
    let stride = stride_through(count);
    for deed in shift.0.clone() {
        let entity = roster.0[((deed % count) * stride % count) as usize];
        let Ok((mut position, mut condition, mut inventory)) = everybody.get_mut(entity) else {
            continue;
        };
        match daytime.get() {
            Daytime::Day => condition.strength = (condition.strength * 0.99).max(1.0),
            Daytime::Night => condition.strength += 1.0,
        }
        condition.wear += 1;
        position.x = (position.x + 3.5).rem_euclid(1_000.0);
        position.y = (position.y + condition.strength).rem_euclid(1_000.0);
        if deed % 10 == 0 {
            if inventory.0.len() == 8 {
                inventory.0.remove(0);
            }
            inventory.0.push(deed as u32);
        }
    }
}

/// A vein of ore is used up, and a new one is found.
fn mine_out(
    mut colony: ResMut<Colony>,
    mut census: Census,
    veins: Query<&Ore>,
    mut mined: MessageWriter<Mined>,
    mut commands: Commands,
) {
    for deed in census.shift(20) {
        let claimed_by = census.pick(Kind::Worker, &colony, deed);
        if let Some(place) = census.pick_place(Kind::Ore, &colony, deed) {
            if let Some(ore) = census.number(Some(census.roster.0[place])) {
                let digger =
                    veins.get(census.roster.0[place]).ok().and_then(|vein| vein.claimed_by);
                let amount = (deed % 50) as u32 + 1;
                mined.write(Mined { worker: census.number(digger), ore, amount });
                colony.mined += 1;
            }
            let found = somebody(colony.next_number, place as u32, Kind::Ore);
            let found = commands.spawn((found, Ore { claimed_by })).id();
            commands.entity(census.replace(place, found)).despawn();
            colony.next_number += 1;
        }
    }
}

/// A worker moves into another building.
fn move_house(colony: Res<Colony>, census: Census, mut commands: Commands) {
    for deed in census.shift(40) {
        let worker = census.pick(Kind::Worker, &colony, deed);
        let home = census.pick(Kind::Building, &colony, deed);
        if let (Some(worker), Some(home)) = (worker, home) {
            commands.entity(worker).insert(ChildOf(home));
        }
    }
}

/// A building gets another foreman, and its staff changes.
fn give_orders(colony: Res<Colony>, census: Census, mut buildings: Query<&mut Building>) {
    for deed in census.shift(60) {
        let worker = census.pick(Kind::Worker, &colony, deed);
        let building = census.pick(Kind::Building, &colony, deed);
        let Some(mut building) = building.and_then(|entity| buildings.get_mut(entity).ok()) else {
            continue;
        };
        // Those who have retired since.
        building.staff.retain(|worker| census.identities.contains(*worker));
        building.staff.truncate(3);
        building.staff.extend(worker);
        building.foreman = worker;
    }
}

/// A worker retires, or dies in an accident, and a newcomer takes the place. Until somebody gives new orders, a building
/// may still name the one who left.
fn retire(
    mut colony: ResMut<Colony>,
    mut census: Census,
    positions: Query<&Position>,
    mut died: MessageWriter<Died>,
    mut commands: Commands,
) {
    for deed in census.shift(80) {
        if let Some(place) = census.pick_place(Kind::Worker, &colony, deed) {
            let one = census.roster.0[place];
            if let (Ok(at), Some(worker)) = (positions.get(one), census.number(Some(one)))
                && deed % 300 == 80
            {
                died.write(Died { worker, x: at.x, y: at.y });
            }
            let newcomer = somebody(colony.next_number, place as u32, Kind::Worker);
            let newcomer = commands.spawn(newcomer).id();
            commands.entity(census.replace(place, newcomer)).despawn();
            colony.next_number += 1;
        }
    }
}

/// Who there is, and what is done now.
#[derive(SystemParam)]
struct Census<'w, 's> {
    shift: Res<'w, Shift>,
    roster: ResMut<'w, Roster>,
    identities: Query<'w, 's, &'static Identity>,
    lots: Res<'w, Lots>,
    bug: Res<'w, Bug>,
    reporter: Option<Res<'w, Reporter>>,
}

impl Census<'_, '_> {
    /// One in a hundred of this shift's deeds: those whose last two digits are these.
    fn shift(&self, digits: u64) -> impl Iterator<Item = u64> + use<> {
        self.shift.0.clone().filter(move |deed| deed % 100 == digits)
    }

    /// Somebody of this kind, by lot.
    fn pick(&self, kind: Kind, colony: &Colony, deed: u64) -> Option<Entity> {
        self.pick_place(kind, colony, deed).map(|place| self.roster.0[place])
    }

    fn pick_place(&self, kind: Kind, colony: &Colony, deed: u64) -> Option<usize> {
        let place = self.find(kind, deed)?;
        let number = self.number(self.roster.0.get(place).copied());
        show(&self.bug, colony, number, self.reporter.as_deref());
        Some(place)
    }

    fn find(&self, kind: Kind, deed: u64) -> Option<usize> {
        let count = self.roster.0.len();
        let lot = self.lots.0.get(&(deed, kind))?;
        let first = (lot % count as u64) as usize;
        (first..count).chain(0..first).find(|place| {
            let identity = self.identities.get(self.roster.0[*place]);
            identity.is_ok_and(|identity| identity.kind == kind)
        })
    }

    /// Whose number somebody has, who may have left since.
    fn number(&self, somebody: Option<Entity>) -> Option<u32> {
        self.identities.get(somebody?).ok().map(|identity| identity.number)
    }

    /// Gives a place to a newcomer, and says who had it.
    fn replace(&mut self, place: usize, newcomer: Entity) -> Entity {
        std::mem::replace(&mut self.roster.0[place], newcomer)
    }
}

/// A step that leads through `count` places without coming to one twice, in no visible order.
fn stride_through(count: u64) -> u64 {
    fn divisor(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    let golden = (count as f64 * 0.618) as u64;
    (golden.max(1)..).find(|stride| divisor(*stride, count) == 1).unwrap_or(1)
}

/// Dice that always fall the same way (splitmix64).
fn lot(seed: u64, deed: u64, kind: Kind) -> u64 {
    let mut bits = seed ^ deed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((kind as u64) << 56);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
