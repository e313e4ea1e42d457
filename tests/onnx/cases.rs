//! The node tests that come with the ONNX package (Apache-2.0), read from an archive that is not part of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use isobath::spec::onnx::{self, Model, Tensor};

/// One test: a model of one node, inputs and the outputs they must give.
pub struct Case {
    pub name: String,
    pub model: Result<Model, String>,
    pub inputs: Vec<Result<Tensor, String>>,
    pub outputs: Vec<Result<Tensor, String>>,
}

/// Where the archive lies; none where it does not.
fn archive() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/models/onnx/onnx-1.23.2-node-tests-transformer-ops.tar.gz");
    path.is_file().then_some(path)
}

/// All tests, in order of their names; none where the archive is absent.
pub fn all() -> Option<Vec<Case>> {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar").arg("xzf").arg(archive()?).arg("-C").arg(folder.path()).status().ok()?;
    assert!(unpacked.success(), "the archive is damaged");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    Some(folders.iter().map(|folder| case(folder)).collect())
}

fn case(folder: &Path) -> Case {
    let name = folder.file_name().unwrap().to_string_lossy().trim_start_matches("test_").to_owned();
    let file = folder.join("model.onnx");
    let model = onnx::parse(&name, &std::fs::read(&file).unwrap(), Some(&file)).map_err(|error| error.to_string());
    let (inputs, outputs) = (tensors(folder, "input"), tensors(folder, "output"));
    Case { name, model, inputs, outputs }
}

fn tensors(folder: &Path, kind: &str) -> Vec<Result<Tensor, String>> {
    let path = |number: usize| folder.join("test_data_set_0").join(format!("{kind}_{number}.pb"));
    let paths = (0..).map(path).take_while(|path| path.is_file());
    let read = |path: PathBuf| onnx::parse_tensor(&std::fs::read(path).unwrap()).map_err(|error| error.to_string());
    paths.map(read).collect()
}
