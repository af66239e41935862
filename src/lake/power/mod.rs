//! Lost power at every step of a night, for a reader: a model of what a disk keeps, fed with the steps that the real
//! publish really did.
//!
//! The model keeps two worlds: what processes see, and what a disk has promised. A write is promised by a sync of its
//! file, a name by a sync of its folder. When the power goes, files whose bytes were not promised are whole, old, cut,
//! or full of zeros; names that were not promised are there or not, in any subset, or up to a moment as a journal keeps
//! them. A reader must then find the snapshot before or the one after, whole; after the publish was acknowledged, the
//! one after. A protocol with a step left out must be caught, or the model is worth nothing.
//!
//! | file | noun |
//! |---|---|
//! | `recorder` | the steps of a publish, written down |
//! | `disk` | what a disk promised, and what chance leaves of the rest |
//! | `night` | a recorded night, and what a reader finds of it when the power goes |
//! | `tests` | the publish as it is, and tampered with |

mod disk;
mod night;
mod recorder;
mod tests;
