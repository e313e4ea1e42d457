//! The files of a reduction: the program, its data, and a circuit that was drawn; must not know what is in them.

use std::io::Write;
use std::path::Path;

use super::instances::Instances;
use crate::atomic;
use crate::cli::failure::Failure;
use crate::problems::Family;
use crate::reduce::Machine;

/// What is written, and what has been.
pub(super) struct Files<'a> {
    /// The compiled reduction.
    pub machine: &'a Machine,
    /// Its instances.
    pub instances: &'a Instances,
    /// The names of files, in order.
    pub written: Vec<String>,
}

impl Files<'_> {
    /// Writes all of them to a folder, which is made where it is not there.
    pub fn write(&mut self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| Failure::at(folder, format!("cannot be made: {error}")))?;
        let name = self.machine.gadget.name();
        let text = &self.machine.text;
        self.file(&folder.join(format!("{name}.toml")), &mut |out| out.write_all(text.as_bytes()))?;
        let (machine, instances) = (self.machine, self.instances);
        self.file(&folder.join(format!("{name}.data")), &mut |out| data(machine, instances, out))?;
        if let Family::Circuit(netlist) = &self.instances.family {
            self.file(&folder.join(format!("{name}.aag")), &mut |out| out.write_all(netlist.aag().as_bytes()))?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let written = atomic::write(path, |file| {
            let mut out = std::io::BufWriter::new(file);
            fill(&mut out)?;
            out.flush()
        });
        written.map_err(|error: std::io::Error| Failure::at(path, format!("cannot be written: {error}")))?;
        self.written.push(path.display().to_string());
        Ok(())
    }
}

/// A line of levels an instance, as the command `run` takes them.
fn data(machine: &Machine, instances: &Instances, out: &mut dyn Write) -> std::io::Result<()> {
    for instance in instances.all() {
        let levels = machine.levels(&instance).map_err(std::io::Error::other)?;
        let levels: Vec<String> = levels.iter().map(ToString::to_string).collect();
        writeln!(out, "{}", levels.join(","))?;
    }
    Ok(())
}
