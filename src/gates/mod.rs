//! Explicit threshold gates: frozen tables in topological order; knows nothing of formats, models or how a circuit was made.
//!
//! A gate is `[w1*x1 + ... + wk*xk >= t]` over earlier gates, with integers of any size and any number of inputs. The
//! inputs of the circuit are the gates `0..inputs`; the others follow in topological order. Gates that compare the same
//! sum with different thresholds form a *bank* and share one stored list of wires. So do gates that compare different
//! integer combinations of the same few sums, the *parts* of a bank; see [`Bank`].
//!
//! ```
//! use isobath::gates::{Form, GatesBuilder, InputWord, OutputWord, encode_input, read_outputs, simulate};
//!
//! // x*y of two 1-bit numbers: one AND gate.
//! let mut builder = GatesBuilder::new();
//! let x = builder.input(InputWord::unsigned("x", &[], 1))?;
//! let y = builder.input(InputWord::unsigned("y", &[], 1))?;
//! builder.wire(x, 1);
//! builder.wire(y, 1);
//! let both = builder.finish_bank(&[2])?;
//! builder.output(OutputWord { name: "product".into(), shape: vec![], forms: vec![Form::gate(both)] })?;
//! let gates = builder.build();
//!
//! assert_eq!(gates.levels().depth(), 1);
//! let values = simulate(&gates, &encode_input(&gates, &[vec![1], vec![1]])?);
//! assert_eq!(read_outputs(&gates, &values)[0].values, [1.into()]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arena;
mod bank;
mod builder;
mod checksum;
mod depth;
mod emit;
mod error;
mod file;
mod integer;
mod lanes;
mod load;
mod scaled;
mod scales;
mod simulate;
mod slices;
mod stats;
mod sums;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use arena::{Gates, Tables};
pub use bank::{Bank, GateSources, Part};
pub use builder::{GatesBuilder, MAX_GATES};
pub use depth::Levels;
pub use emit::{DOT_GATES, DOT_WIRES, EmitError, dot, json};
pub use error::GatesError;
pub use file::{FileError, is_circuit, write, write_to};
pub use integer::Integer;
pub use lanes::{lane, pack_lanes, simulate64};
pub use load::{read, read_from};
pub use simulate::simulate;
pub use stats::Stats;
pub use view::GateGraph;
pub use words::{Form, InputError, InputWord, OutputValues, OutputWord, encode_input, read_outputs};
