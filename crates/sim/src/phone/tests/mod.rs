mod calls;
mod judge;
mod registration;
mod world;
