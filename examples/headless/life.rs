//! The life of the colony. It knows nothing of saving: the same colony, seed and options always
//! make the same story, however often it is interrupted.

use std::ops::Range;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::events::RecordInputs;
use bevy_session::prelude::*;

use crate::colony::{
    Building, Choice, Colony, Condition, Daytime, Died, Identity, Inventory, Kind, Mined, Ore,
    Position, Roster, somebody,
};
use crate::options::Options;

/// Frames per second, and steps of the colony.
pub const HERTZ: u32 = 60;
/// Frames between sunrise and sunset.
const DAYLIGHT: u64 = 2 * HERTZ as u64;

/// What is done in this step, as a range of [`Colony::deeds`].
#[derive(Resource, Default)]
struct Shift(Range<u64>);

pub fn plugin(app: &mut App) {
    app.init_resource::<Shift>().add_systems(
        Update,
        (begin_shift, work, mine_out, move_house, give_orders, retire)
            .chain()
            .before(RecordInputs)
            .run_if(session_is_active.and_then(something_changes)),
    );
}

fn something_changes(options: Res<Options>) -> bool {
    options.changes > 0.0
}

/// Lets time pass, and says how much is to be done: the deeds of one checkpoint interval are
/// spread over its frames.
fn begin_shift(
    options: Res<Options>,
    roster: Res<Roster>,
    mut colony: ResMut<Colony>,
    mut shift: ResMut<Shift>,
    mut daytime: ResMut<NextState<Daytime>>,
) {
    let frames = (options.checkpoint.as_secs_f64() * f64::from(HERTZ)).ceil().max(1.0);
    let deeds_per_tick = roster.0.len() as f64 * options.changes / frames;
    let done_by = |tick: u64| (tick as f64 * deeds_per_tick) as u64;
    let due = done_by(colony.tick + 1) - done_by(colony.tick);
    shift.0 = colony.deeds..colony.deeds + due;
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
fn move_house(colony: Res<Colony>, mut census: Census, mut commands: Commands) {
    for deed in census.shift(40) {
        let worker = census.pick(Kind::Worker, &colony, deed);
        let home = census.pick(Kind::Building, &colony, deed);
        if let (Some(worker), Some(home)) = (worker, home) {
            commands.entity(worker).insert(ChildOf(home));
        }
    }
}

/// A building gets another foreman, and its staff changes.
fn give_orders(colony: Res<Colony>, mut census: Census, mut buildings: Query<&mut Building>) {
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
    choices: MessageWriter<'w, Choice>,
}

impl Census<'_, '_> {
    /// One in a hundred of this shift's deeds: those whose last two digits are these.
    fn shift(&self, digits: u64) -> impl Iterator<Item = u64> + use<> {
        self.shift.0.clone().filter(move |deed| deed % 100 == digits)
    }

    /// Somebody of this kind, by lot.
    fn pick(&mut self, kind: Kind, colony: &Colony, deed: u64) -> Option<Entity> {
        self.pick_place(kind, colony, deed).map(|place| self.roster.0[place])
    }

    fn pick_place(&mut self, kind: Kind, colony: &Colony, deed: u64) -> Option<usize> {
        let place = self.find(kind, colony, deed)?;
        self.choices.write(Choice { deed, place });
        Some(place)
    }

    fn find(&self, kind: Kind, colony: &Colony, deed: u64) -> Option<usize> {
        let count = self.roster.0.len();
        let first = (lot(colony.seed, deed, kind) % count as u64) as usize;
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
