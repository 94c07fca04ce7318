//! Reads what lies on this machine: sessions, how they ended, what can be restored, and what a program wants to know of
//! all of them. Changes no session.

pub mod digest;
pub mod finding;
pub mod recovery;
pub mod report;
