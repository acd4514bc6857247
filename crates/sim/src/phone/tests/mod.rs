mod calls;
mod carrier;
mod judge;
mod offer;
mod registration;
mod text;
mod transfer;
mod world;
