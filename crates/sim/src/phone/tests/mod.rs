mod calls;
mod judge;
mod registration;
mod transfer;
mod world;
