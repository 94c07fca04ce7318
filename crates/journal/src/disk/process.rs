//! This process, as the next one will find it: if it exited, and if not, the cause of its death.

mod deaths;
mod ended;
mod guard;
mod last_run;
mod log_queue;
#[cfg(test)]
mod log_tests;
mod log_writer;
mod logged;
mod panic_hook;
mod recent_log;
#[cfg(test)]
mod tests;

pub use deaths::{deaths_up_to, recent_deaths};
pub use ended::HowItEnded;
pub use last_run::LastRun;
pub use log_queue::{LogBounds, LogQueue, LogWords, QUEUE_BYTES};
pub use logged::Logged;
pub use panic_hook::without_report;
pub use recent_log::{LOG_BYTES, RecentLog};

pub use ended::how_it_ended;
pub(crate) use ended::time_of_death;
#[cfg(test)]
pub(crate) use guard::dead_processes;
pub use guard::{DeadProcess, ProcessGuard, ProcessOptions, last_to_die};
pub(crate) use guard::{deaths_besides, known_dead, living_besides};
