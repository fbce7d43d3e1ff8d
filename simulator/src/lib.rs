//! Simulation of disasters and recovery on a modeled deployment.
//!
//! This package holds the command `idm-drill`. The library is where the simulation grows: its
//! kernel, world, faults and checkers share the vocabulary of [`audit_core::recovery`] and nothing
//! else, and take time and chance as arguments.
