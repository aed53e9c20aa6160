pub mod clock;
pub mod domain;
pub mod pump;
pub mod record;
pub mod store;
