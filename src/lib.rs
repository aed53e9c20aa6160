pub mod clock;
pub mod domain;
pub mod sandbox;
pub mod slack;
