//! Small weight files, read and refused.

use super::*;
use crate::spec::text::Source;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::PathBuf;

const NATIVE: &str = "[model]\nkind = 'decoder'\nvocabulary = 3\nlayers = 1\nwidth = 2\nheads = 1\nhidden = 3\npositions = \
                      'none'\nnorm = 'rms'\nactivation = 'relu'\nbias = false\n[weights]\nfile = 'w.safetensors'\n";

type Stock = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn spec(text: &str, json: bool, path: PathBuf) -> Spec {
    let source = Source::from_text("t", text).unwrap();
    let read = if json { crate::spec::hugging_face::read(&source) } else { crate::spec::native::read(&source) };
    Spec { weights: WeightSource::File(path), ..read.unwrap() }
}

/// Every tensor of the architecture, counting up from zero, in 32-bit floats.
fn stock(spec: &Spec) -> Stock {
    let tensor = |parameter: Parameter| {
        let shape: Vec<usize> = parameter.shape.iter().map(|&size| size as usize).collect();
        (parameter.name, (Dtype::F32, shape.clone(), floats(shape.iter().product())))
    };
    parameters(&spec.architecture).into_iter().map(tensor).collect()
}

fn floats(count: usize) -> Vec<u8> {
    (0..count).flat_map(|value| (value as f32).to_le_bytes()).collect()
}

fn write(path: &Path, stock: &Stock) {
    let views =
        stock.iter().map(|(name, (kind, shape, bytes))| (name, TensorView::new(*kind, shape.clone(), bytes).unwrap()));
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// What loading says once the native stock has been changed.
fn after(change: impl Fn(&mut Stock)) -> Result<BTreeMap<String, Tensor>, String> {
    let directory = tempfile::tempdir().unwrap();
    let spec = spec(NATIVE, false, directory.path().join("w.safetensors"));
    let mut stock = stock(&spec);
    change(&mut stock);
    write(&directory.path().join("w.safetensors"), &stock);
    load(&spec).map_err(|error| error.to_string())
}

#[test]
fn canonical_names_are_read_as_they_are() {
    let tensors = after(|_| ()).unwrap();
    assert_eq!(tensors["layer.0.up.weight"], Tensor { shape: vec![3, 2], values: vec![0., 1., 2., 3., 4., 5.] });
}

#[test]
fn tensors_are_accounted_for_all_at_once() {
    let error = after(|stock| {
        stock.remove("final_norm.gain");
        stock.remove("layer.0.q.weight");
        stock.insert("spare".into(), (Dtype::F32, vec![1], floats(1)));
        stock.insert("layer.0.up.weight".into(), (Dtype::F32, vec![2, 3], floats(6)));
    });
    let error = error.unwrap_err();
    for wanted in [
        "tensors missing (2): final_norm.gain, layer.0.q.weight",
        "tensors not part of this architecture (1): spare",
        "tensor `layer.0.up.weight` has shape [2, 3], but must have [3, 2]",
        "w.safetensors",
    ] {
        assert!(error.contains(wanted), "{wanted:?} is not in:\n{error}");
    }
}

#[test]
fn values_must_be_finite_floats() {
    let nan = |stock: &mut Stock| {
        stock.get_mut("layer.0.up.weight").unwrap().2[12..16].copy_from_slice(&f32::NAN.to_le_bytes())
    };
    assert!(after(nan).unwrap_err().contains("tensor `layer.0.up.weight` is NaN at [1, 1]"));
    let infinite =
        |stock: &mut Stock| stock.get_mut("final_norm.gain").unwrap().2[..4].copy_from_slice(&[0, 0, 128, 255]);
    assert!(after(infinite).unwrap_err().contains("tensor `final_norm.gain` is -inf at [0]"));
    let integers = |stock: &mut Stock| stock.get_mut("final_norm.gain").unwrap().0 = Dtype::I32;
    assert!(after(integers).unwrap_err().contains("is stored as I32; supported"));
}

#[test]
fn broken_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    let spec = spec(NATIVE, false, path.clone());
    assert!(load(&spec).unwrap_err().to_string().contains("cannot read the weight file"));
    write(&path, &stock(&spec));
    let whole = std::fs::read(&path).unwrap();
    let absurd = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    for bytes in
        [&whole[..whole.len() - 1], &whole[..40], &whole[..3], &[], absurd.as_slice(), b"version https://git-lfs"]
    {
        std::fs::write(&path, bytes).unwrap();
        assert!(load(&spec).unwrap_err().to_string().contains("is not a whole safetensors file"));
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::write(directory.path().join("model.safetensors.index.json"), "{}").unwrap();
    assert!(load(&spec).unwrap_err().to_string().contains("cannot read the index of shards"));
}

/// What loading says of a file whose header was changed as text, and whose data were cut or lengthened.
fn header_after(change: impl Fn(String) -> String, data: impl Fn(&mut Vec<u8>)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    let spec = spec(NATIVE, false, path.clone());
    write(&path, &stock(&spec));
    let whole = std::fs::read(&path).unwrap();
    let length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let header = change(String::from_utf8(whole[8..8 + length].to_vec()).unwrap());
    let mut rest = whole[8 + length..].to_vec();
    data(&mut rest);
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &rest].concat();
    std::fs::write(&path, bytes).unwrap();
    let error = load(&spec).unwrap_err().to_string();
    assert!(error.contains("w.safetensors") && error.matches("whole safetensors").count() == 1, "{error}");
    error
}

#[test]
fn a_tensor_out_of_place_is_named() {
    let nothing = |_: &mut Vec<u8>| ();
    let first = "final_norm.gain";
    let overlapping = |text: String| {
        let at = text.find("\"data_offsets\":[8,").unwrap();
        format!("{}\"data_offsets\":[4,{}", &text[..at], &text[at + "\"data_offsets\":[8,".len()..])
    };
    assert!(header_after(overlapping, nothing).contains(&format!("within tensor `{first}`, which ends at 8")));
    let cut = header_after(|text| text, |data| data.truncate(data.len() - 4));
    assert!(cut.contains("tensor `token_embedding` ends at byte"), "{cut}");
    let longer = header_after(|text| text, |data| data.extend([0; 6]));
    assert!(longer.contains("6 bytes after the last tensor belong to none"), "{longer}");
    let misshapen = header_after(|text| text.replacen("\"shape\":[2]", "\"shape\":[9]", 1), nothing);
    assert!(misshapen.contains(&format!("tensor `{first}` has 8 bytes, but F32 of shape [9] needs 36")), "{misshapen}");
    let huge = "\"shape\":[9223372036854775807,9223372036854775807]";
    assert!(header_after(|text| text.replacen("\"shape\":[2]", huge, 1), nothing).contains("more numbers than can be"));
    let kind = header_after(|text| text.replacen("F32", "F33", 1), nothing);
    assert!(kind.contains(&format!("tensor `{first}`: unknown variant `F33`")), "{kind}");
}

#[test]
fn a_header_of_a_terabyte_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.safetensors");
    std::fs::write(&path, [&1_000_000_000_000u64.to_le_bytes()[..], b"{}"].concat()).unwrap();
    let error = load(&spec(NATIVE, false, path)).unwrap_err().to_string();
    assert!(error.contains("its header would have 1000000000000 bytes"), "{error}");
}

#[test]
fn bytes_are_integers() {
    let eights = |stock: &mut Stock| {
        stock.insert("final_norm.gain".into(), (Dtype::I8, vec![2], vec![0x7f, 0x80]));
    };
    assert_eq!(after(eights).unwrap()["final_norm.gain"].values, [127., -128.]);
}

/// The native stock in two shards, after the index and the second shard were changed.
fn sharded(index: impl Fn(&mut BTreeMap<String, String>), second: impl Fn(&mut Stock)) -> Result<usize, String> {
    let directory = tempfile::tempdir().unwrap();
    let spec = spec(NATIVE, false, directory.path().join("model.safetensors"));
    let all = stock(&spec);
    let in_first = |name: &str| name < "layer.0.o";
    let mut map: BTreeMap<String, String> =
        all.keys().map(|name| (name.clone(), format!("part-{}.safetensors", u8::from(!in_first(name))))).collect();
    let (a, mut b): (Stock, Stock) = all.into_iter().partition(|(name, _)| in_first(name));
    second(&mut b);
    index(&mut map);
    write(&directory.path().join("part-0.safetensors"), &a);
    write(&directory.path().join("part-1.safetensors"), &b);
    let text = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": map}).to_string();
    std::fs::write(directory.path().join("model.safetensors.index.json"), text).unwrap();
    load(&spec).map(|tensors| tensors.len()).map_err(|error| error.to_string())
}

#[test]
fn shards_are_read_by_their_index() {
    let directory = tempfile::tempdir().unwrap();
    let whole = parameters(&spec(NATIVE, false, directory.path().join("w")).architecture).len();
    assert_eq!(sharded(|_| (), |_| ()), Ok(whole));
    let absent = sharded(|map| map.values_mut().for_each(|file| *file = file.replace("-1", "-2")), |_| ()).unwrap_err();
    assert!(absent.contains("shard `part-2.safetensors` with tensor `layer.0.o.weight` and"), "{absent}");
    let moved = sharded(|map| drop(map.insert("layer.0.q.weight".into(), "part-0.safetensors".into())), |_| ());
    assert!(moved.unwrap_err().contains("places tensor `layer.0.q.weight` in `part-0.safetensors`, which does not"));
    let unlisted = sharded(|map| drop(map.remove("layer.0.q.weight")), |_| ()).unwrap_err();
    assert!(unlisted.contains("tensor `layer.0.q.weight` is in") && unlisted.contains("but not in the index"));
    let twice = |stock: &mut Stock| drop(stock.insert("final_norm.gain".into(), (Dtype::F32, vec![2], floats(2))));
    assert!(sharded(|_| (), twice).unwrap_err().contains("tensor `final_norm.gain` is in"));
    let outside = sharded(|map| map.values_mut().for_each(|file| *file = format!("../{file}")), |_| ()).unwrap_err();
    assert!(outside.contains("is not the name of a file beside the index"), "{outside}");
    let misshapen = |stock: &mut Stock| drop(stock.insert("layer.0.q.weight".into(), (Dtype::F32, vec![4], floats(4))));
    let misshapen = sharded(|_| (), misshapen).unwrap_err();
    assert!(
        misshapen.contains("tensor `layer.0.q.weight` has shape [4]") && misshapen.contains("part-1"),
        "{misshapen}"
    );
}

/// Loads a Hugging Face checkpoint whose tensors have these names and shapes.
fn checkpoint(config: &str, tensors: &[(&str, &[usize])]) -> Result<BTreeMap<String, Tensor>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let stock: Stock = tensors
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), (Dtype::F32, shape.to_vec(), floats(shape.iter().product()))))
        .collect();
    write(&path, &stock);
    load(&spec(config, true, path)).map_err(|error| error.to_string())
}

#[test]
fn gpt2_matrices_are_turned_and_cut() {
    let config = r#"{"model_type": "gpt2", "vocab_size": 3, "n_embd": 2, "n_layer": 1, "n_head": 1, "n_inner": 3, "n_positions": 4}"#;
    let tensors: &[(&str, &[usize])] = &[
        ("transformer.wte.weight", &[3, 2]),
        ("lm_head.weight", &[3, 2]),
        ("transformer.wpe.weight", &[4, 2]),
        ("transformer.h.0.ln_1.weight", &[2]),
        ("transformer.h.0.ln_1.bias", &[2]),
        ("transformer.h.0.attn.bias", &[1, 1, 4, 4]),
        ("transformer.h.0.attn.c_attn.weight", &[2, 6]),
        ("transformer.h.0.attn.c_attn.bias", &[6]),
        ("transformer.h.0.attn.c_proj.weight", &[2, 2]),
        ("transformer.h.0.attn.c_proj.bias", &[2]),
        ("transformer.h.0.ln_2.weight", &[2]),
        ("transformer.h.0.ln_2.bias", &[2]),
        ("transformer.h.0.mlp.c_fc.weight", &[2, 3]),
        ("transformer.h.0.mlp.c_fc.bias", &[3]),
        ("transformer.h.0.mlp.c_proj.weight", &[3, 2]),
        ("transformer.h.0.mlp.c_proj.bias", &[2]),
        ("transformer.ln_f.weight", &[2]),
        ("transformer.ln_f.bias", &[2]),
    ];
    let read = checkpoint(config, tensors).unwrap();
    assert_eq!(read["layer.0.k.weight"], Tensor { shape: vec![2, 2], values: vec![2., 8., 3., 9.] });
    assert_eq!(read["layer.0.v.bias"].values, [4., 5.]);
    assert_eq!(read["layer.0.down.weight"], Tensor { shape: vec![2, 3], values: vec![0., 2., 4., 1., 3., 5.] });
}

#[test]
fn llama_names_are_read() {
    let config = r#"{"model_type": "llama", "vocab_size": 3, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
        "num_key_value_heads": 1, "intermediate_size": 3}"#;
    let tensors: &[(&str, &[usize])] = &[
        ("model.embed_tokens.weight", &[3, 4]),
        ("lm_head.weight", &[3, 4]),
        ("model.norm.weight", &[4]),
        ("model.layers.0.input_layernorm.weight", &[4]),
        ("model.layers.0.post_attention_layernorm.weight", &[4]),
        ("model.layers.0.self_attn.q_proj.weight", &[4, 4]),
        ("model.layers.0.self_attn.k_proj.weight", &[2, 4]),
        ("model.layers.0.self_attn.v_proj.weight", &[2, 4]),
        ("model.layers.0.self_attn.o_proj.weight", &[4, 4]),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", &[1]),
        ("model.layers.0.mlp.gate_proj.weight", &[3, 4]),
        ("model.layers.0.mlp.up_proj.weight", &[3, 4]),
        ("model.layers.0.mlp.down_proj.weight", &[4, 3]),
    ];
    assert_eq!(checkpoint(config, tensors).unwrap()["layer.0.k.weight"].shape, [2, 4]);
    let missing = checkpoint(config, &tensors[1..]).unwrap_err();
    assert!(missing.contains("tensors missing (1): model.embed_tokens.weight"), "{missing}");
}

#[test]
fn bert_tables_are_cut_to_the_rows_read() {
    let config = r#"{"model_type": "roberta", "vocab_size": 3, "hidden_size": 2, "num_hidden_layers": 1, "num_attention_heads": 1,
        "intermediate_size": 3, "max_position_embeddings": 5, "pad_token_id": 1, "type_vocab_size": 2}"#;
    let layer = "roberta.encoder.layer.0";
    let inner = [
        ("attention.self.query.weight", vec![2, 2]),
        ("attention.self.query.bias", vec![2]),
        ("attention.self.key.weight", vec![2, 2]),
        ("attention.self.key.bias", vec![2]),
        ("attention.self.value.weight", vec![2, 2]),
        ("attention.self.value.bias", vec![2]),
        ("attention.output.dense.weight", vec![2, 2]),
        ("attention.output.dense.bias", vec![2]),
        ("attention.output.LayerNorm.weight", vec![2]),
        ("attention.output.LayerNorm.bias", vec![2]),
        ("intermediate.dense.weight", vec![3, 2]),
        ("intermediate.dense.bias", vec![3]),
        ("output.dense.weight", vec![2, 3]),
        ("output.dense.bias", vec![2]),
        ("output.LayerNorm.weight", vec![2]),
        ("output.LayerNorm.bias", vec![2]),
    ];
    let mut tensors: Vec<(String, Vec<usize>)> = inner.map(|(name, shape)| (format!("{layer}.{name}"), shape)).into();
    let outer = [("word", 3), ("position", 5), ("token_type", 2)];
    tensors.extend(outer.map(|(kind, rows)| (format!("roberta.embeddings.{kind}_embeddings.weight"), vec![rows, 2])));
    tensors.extend(["weight", "bias"].map(|leaf| (format!("roberta.embeddings.LayerNorm.{leaf}"), vec![2])));
    tensors.push(("lm_head.bias".to_owned(), vec![3]));
    let borrowed: Vec<(&str, &[usize])> =
        tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let read = checkpoint(config, &borrowed).unwrap();
    assert_eq!(read["position_embedding"].values, [4., 5., 6., 7., 8., 9.]);
    assert_eq!(read["token_type"].values, [0., 1.]);
}

#[test]
fn other_families_are_refused_by_name() {
    let config = r#"{"model_type": "gpt_neox", "vocab_size": 3, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
        "intermediate_size": 3}"#;
    let error = checkpoint(config, &[("x", &[1])]).unwrap_err();
    assert!(error.contains("weights for model type `gpt_neox` are not supported yet"), "{error}");
}
