//! The context of machine and program that a session is started with.

use std::sync::LazyLock;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::model::ids::limits;
use crate::model::session::{SessionContext, cut};

/// The versions of what plays a session.
#[derive(Clone, Debug)]
pub struct Versions {
    game: String,
    engine: &'static str,
}

impl Versions {
    /// The game's.
    pub fn game(&self) -> &str {
        &self.game
    }

    /// The versions, of a game that may call its own as it likes.
    pub fn new(game: &str, engine: &'static str) -> Self {
        Self { game: cut(game, limits::CONTEXT_TEXT_BYTES).to_owned(), engine }
    }
}

/// The facts that don't change while the process lives. The operating system takes a few milliseconds to give them.
struct Machine {
    os: String,
    cpu: String,
    memory_bytes: u64,
}

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what).ok();
    let cpu = system.as_ref().and_then(|system| system.cpus().first());
    Machine {
        os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        cpu: cpu.map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default(),
        memory_bytes: system.as_ref().map(System::total_memory).unwrap_or_default(),
    }
});

/// The context of a run that begins now: the game's part, and the facts about program and machine.
pub(super) fn of_this_machine(versions: &Versions, game: SessionContext) -> SessionContext {
    let mut context = SessionContext {
        game_version: versions.game.clone(),
        bevy_version: versions.engine.to_owned(),
        os: MACHINE.os.clone(),
        cpu: MACHINE.cpu.clone(),
        memory_bytes: MACHINE.memory_bytes,
        locale: sys_locale::get_locale().unwrap_or_default(),
        ..game
    };
    context.cut_to(limits::MODS_BYTES, limits::ARGUMENTS_BYTES);
    context
}
