//! Circuits as text for other programs: Graphviz and JSON; must not know what a circuit computes.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::{Bank, Form, Gates, OutputWord};

/// The largest number of gates that is drawn.
pub const DOT_GATES: u32 = 20_000;

/// The largest number of wires that is drawn.
pub const DOT_WIRES: u128 = 1_000_000;

/// Why a circuit could not be put into text.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// Too large to draw.
    #[error(
        "{gates} gates and {wires} wires are too many to draw (at most {DOT_GATES} and {DOT_WIRES}); \
         `isobath report` shows the structure of a circuit of any size"
    )]
    TooLarge {
        /// Gates of the circuit.
        gates: u32,
        /// Its wires, counted gate by gate.
        wires: u128,
    },
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The JSON writer failed, for the system refused.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Draws a circuit for Graphviz: gates labelled with thresholds, wires with weights, inputs and outputs with names.
///
/// # Errors
/// When it has more than [`DOT_GATES`] gates or [`DOT_WIRES`] wires, before anything is written; or the writer fails.
pub fn dot(gates: &Gates, out: impl Write) -> Result<(), EmitError> {
    let wires = gates.stats().logical_wires;
    if gates.gate_count() > DOT_GATES || wires > DOT_WIRES {
        return Err(EmitError::TooLarge { gates: gates.gate_count(), wires });
    }
    let mut out = BufWriter::new(out);
    writeln!(out, "digraph gates {{\n  rankdir=BT;")?;
    dot_inputs(gates, &mut out)?;
    dot_banks(gates, &mut out)?;
    for word in gates.outputs() {
        dot_output(word, &mut out)?;
    }
    writeln!(out, "}}")?;
    Ok(out.flush()?)
}

fn dot_inputs(gates: &Gates, out: &mut impl Write) -> io::Result<()> {
    let mut gate = 0;
    for word in gates.inputs() {
        for element in 0..word.elements().unwrap_or(0) {
            for bit in 0..word.bits {
                let label = quoted(&format!("{}[{element}] bit {bit}", word.name));
                writeln!(out, "  g{gate} [shape=box, label={label}];")?;
                gate += 1;
            }
        }
    }
    Ok(())
}

fn dot_banks(gates: &Gates, out: &mut impl Write) -> io::Result<()> {
    for bank in gates.banks() {
        for (place, (gate, threshold)) in bank.gates().zip(bank.thresholds()).enumerate() {
            writeln!(out, "  g{gate} [label=\">= {threshold}\"];")?;
            for (source, weight) in bank.gate_wires(place) {
                writeln!(out, "  g{source} -> g{gate} [label=\"{weight}\"];")?;
            }
        }
    }
    Ok(())
}

fn dot_output(word: &OutputWord, out: &mut impl Write) -> io::Result<()> {
    for (element, form) in word.forms.iter().enumerate() {
        let node = quoted(&format!("output {}[{element}]", word.name));
        let label = quoted(&format!("{}[{element}] + {}", word.name, form.constant));
        writeln!(out, "  {node} [shape=doubleoctagon, label={label}];")?;
        for (gate, coefficient) in &form.terms {
            writeln!(out, "  g{gate} -> {node} [label=\"{coefficient}\"];")?;
        }
    }
    Ok(())
}

/// Text as Graphviz quotes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes a circuit as one JSON object, schema `isobath.gates/1`; weights, thresholds and coefficients are decimal strings.
///
/// `{"schema", "inputs", "metadata", "gates": number, "banks": [{"first": gate, "terms": [[gate, weight]], "thresholds"}],
/// "outputs": [{"name", "shape", "forms": [{"constant", "terms": [[gate, coefficient]]}]}]}`
///
/// A scaled bank has `"parts": [[[gate, weight]]], "multipliers": [[number a part] a gate]` instead of `"terms"`.
///
/// # Errors
/// When the writer fails.
pub fn json(gates: &Gates, out: impl Write) -> Result<(), EmitError> {
    let mut out = BufWriter::new(out);
    write!(out, "{{\"schema\":\"isobath.gates/1\",\"inputs\":")?;
    serde_json::to_writer(&mut out, gates.inputs())?;
    write!(out, ",\n\"metadata\":")?;
    serde_json::to_writer(&mut out, gates.metadata())?;
    write!(out, ",\n\"gates\":{},\n\"banks\":", gates.gate_count())?;
    list(&mut out, gates.banks().map(|bank| json_bank(&bank)))?;
    write!(out, ",\n\"outputs\":")?;
    list(
        &mut out,
        gates.outputs().iter().map(|word| JsonOutput {
            name: &word.name,
            shape: &word.shape,
            forms: word.forms.iter().map(json_form).collect(),
        }),
    )?;
    writeln!(out, "}}")?;
    Ok(out.flush()?)
}

/// Writes a JSON list one item a line, so that no more than one item is ever held.
fn list<T: Serialize>(out: &mut impl Write, items: impl Iterator<Item = T>) -> Result<(), EmitError> {
    write!(out, "[")?;
    for (index, item) in items.enumerate() {
        write!(out, "{}", if index == 0 { "\n" } else { ",\n" })?;
        serde_json::to_writer(&mut *out, &item)?;
    }
    Ok(write!(out, "]")?)
}

#[derive(Serialize)]
struct JsonBank {
    first: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<JsonTerms>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<JsonTerms>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    multipliers: Vec<Vec<String>>,
    thresholds: Vec<String>,
}

type JsonTerms = Vec<(u32, String)>;

fn json_bank(bank: &Bank<'_>) -> JsonBank {
    let mut parts: Vec<JsonTerms> = bank.parts().map(|part| json_terms(part.wires())).collect();
    let rows = if bank.is_scaled() { 0..bank.gates().len() } else { 0..0 };
    JsonBank {
        first: bank.gates().start,
        terms: if bank.is_scaled() { None } else { parts.pop() },
        parts,
        multipliers: rows.map(|place| bank.multipliers(place).map(|value| value.to_string()).collect()).collect(),
        thresholds: bank.thresholds().map(|threshold| threshold.to_string()).collect(),
    }
}

fn json_terms<T: ToString>(terms: impl Iterator<Item = (u32, T)>) -> JsonTerms {
    terms.map(|(gate, weight)| (gate, weight.to_string())).collect()
}

#[derive(Serialize)]
struct JsonOutput<'a> {
    name: &'a str,
    shape: &'a [u64],
    forms: Vec<JsonForm>,
}

#[derive(Serialize)]
struct JsonForm {
    constant: String,
    terms: JsonTerms,
}

fn json_form(form: &Form) -> JsonForm {
    let terms = form.terms.iter().map(|(gate, coefficient)| (*gate, coefficient));
    JsonForm { constant: form.constant.to_string(), terms: json_terms(terms) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::{GatesBuilder, InputWord};
    use num_bigint::BigInt;

    fn small(name: &str) -> Gates {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::signed(name, &[], 2)).unwrap();
        builder.wire(0, 1);
        builder.wire_big(1, &(BigInt::from(-1) << 70));
        builder.finish_bank(&[0, 1]).unwrap();
        builder.output(OutputWord { name: "y".into(), shape: vec![1], forms: vec![Form::gate(3)] }).unwrap();
        builder.build()
    }

    #[test]
    fn json_can_be_read_back() {
        let mut text = Vec::new();
        json(&small("x"), &mut text).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["schema"], "isobath.gates/1");
        assert_eq!(value["gates"], 4);
        assert_eq!(value["banks"][0]["terms"][1], serde_json::json!([1, "-1180591620717411303424"]));
        assert_eq!(value["banks"][0]["thresholds"], serde_json::json!(["0", "1"]));
        assert_eq!(value["outputs"][0]["forms"][0], serde_json::json!({"constant": "0", "terms": [[3, "1"]]}));
        assert_eq!(value["inputs"][0]["limit"], "4");
    }

    #[test]
    fn dot_has_every_gate_and_wire() {
        let mut text = Vec::new();
        dot(&small("a\"b"), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches(" -> ").count(), 5);
        assert!(text.contains("g0 [shape=box, label=\"a\\\"b[0] bit 0\"];"), "{text}");
        assert!(text.contains("g0 -> g2 [label=\"1\"];"), "{text}");
    }

    #[test]
    fn scaled_banks_have_parts_in_json_and_flat_gates_in_dot() {
        let mut builder = GatesBuilder::new();
        builder.input(InputWord::unsigned("x", &[], 2)).unwrap();
        builder.wire(0, 5);
        builder.end_part();
        builder.wire(1, 7);
        builder.finish_scaled(&[2, -3, 0, 1], &[0, 1]).unwrap();
        let (gates, mut text) = (builder.build(), Vec::new());
        json(&gates, &mut text).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let bank = serde_json::json!({"first": 2, "parts": [[[0, "5"]], [[1, "7"]]],
            "multipliers": [["2", "-3"], ["0", "1"]], "thresholds": ["0", "1"]});
        assert_eq!(value["banks"][0], bank);
        let mut text = Vec::new();
        dot(&gates, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("g1 -> g2 [label=\"-21\"];") && !text.contains("g0 -> g3"), "{text}");
    }

    #[test]
    fn dot_refuses_large_circuits() {
        let mut builder = GatesBuilder::new();
        builder.finish_bank(&vec![0; 20_001]).unwrap();
        let mut text = Vec::new();
        let error = dot(&builder.build(), &mut text).unwrap_err().to_string();
        assert!(error.contains("20001 gates") && error.contains("isobath report") && text.is_empty(), "{error}");
    }
}
