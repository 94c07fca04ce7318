//! Reads the data on this machine: sessions, their ends, the checkpoints that can be restored, and what a program
//! derives from all of them. Changes no session.

pub mod digest;
pub mod finding;
pub mod recovery;
pub mod report;
