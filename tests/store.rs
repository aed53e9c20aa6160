//! The store, as whoever relies on it sees it.

#[path = "store/contract.rs"]
mod contract;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/full.rs"]
mod full;
#[path = "store/given.rs"]
mod given;
#[path = "store/lock.rs"]
mod lock;
#[path = "store/model.rs"]
mod model;
#[path = "store/ops.rs"]
mod ops;
#[path = "store/rows.rs"]
mod rows;
