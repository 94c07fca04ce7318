//! The tool as somebody runs it, on files that games left behind.

mod common;

mod archiving;
mod arguments;
mod baselines;
mod carrying;
mod doctoring;
mod exporting;
mod filtering;
mod forking;
mod happened;
mod health;
mod importing;
mod judging;
mod left_behind;
mod looking;
mod naming;
mod people;
mod pruning;
mod repairing;
mod rewinding;
mod support;
mod teaching;
mod values;
mod viewing;
