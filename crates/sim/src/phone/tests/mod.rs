mod calls;
mod judge;
mod offer;
mod registration;
mod text;
mod transfer;
mod world;
