//! Flags that set the number formats of a program; must not know what is done with it then.

use super::failure::Failure;
use super::settings::Settings;
use super::system;
use crate::number::Format;
use crate::spec::Document;
use crate::spec::program::Program;

/// Formats over those the program's file names.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Formats")]
pub(super) struct Formats {
    /// The number format of everything: int(b), fixed(i,f), or a float such as fp8-e4m3
    #[arg(long, value_name = "F")]
    format: Option<Format>,
    /// The number format of weights
    #[arg(long, value_name = "F")]
    weights_format: Option<Format>,
    /// The number format of everything that is rounded beside weights
    #[arg(long, value_name = "F")]
    activations_format: Option<Format>,
    /// The number format of what comes in: inputs and targets
    #[arg(long, value_name = "F")]
    data_format: Option<Format>,
}

impl Formats {
    /// The program in a file, in these formats.
    pub fn read(&self, file: &std::path::Path) -> Result<Program, Failure> {
        let mut program = match system::read(file, &Settings::default())? {
            Document::Program(program) => *program,
            Document::Model(_) | Document::Looped(_) | Document::Recurrent(_) | Document::Onnx(_) => {
                let message =
                    "this is no program: a TOML file with a table [program] was expected, such as circuits/gd-1d.toml";
                return Err(Failure::at(file, message));
            }
        };
        let numerics = &mut program.numerics;
        let set = |place: &mut Format, own: Option<Format>| *place = own.or(self.format).unwrap_or(*place);
        set(&mut numerics.weights, self.weights_format);
        set(&mut numerics.activations, self.activations_format);
        set(&mut numerics.data, self.data_format);
        set(&mut numerics.targets, self.data_format);
        Ok(program)
    }
}
