//! The only way to make a circuit: arrays are verified and their ranges derived as they are added.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{
    Affine, Array, ArrayId, Band, Bank, Circuit, CircuitError, Coef, Index, Node, Origin, OriginId, Output, Size,
    Table, TableId, Term, Thresholds, range, verify,
};
use crate::interval::Interval;

/// A circuit under construction.
#[derive(Debug)]
pub struct Builder {
    circuit: Circuit,
    origin: OriginId,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty circuit.
    pub fn new() -> Self {
        let circuit = Circuit { arrays: Vec::new(), tables: Vec::new(), origins: Vec::new(), outputs: Vec::new() };
        let mut builder = Self { circuit, origin: OriginId(0) };
        builder.set_origin(Origin { module: Arc::default(), operation: "input".to_owned() });
        builder
    }

    /// Makes room for so many more arrays.
    pub fn reserve(&mut self, arrays: usize) {
        self.circuit.arrays.reserve(arrays);
    }

    /// Arrays added from now on come from here.
    pub fn set_origin(&mut self, origin: Origin) {
        if self.circuit.origins.last() != Some(&origin) {
            self.circuit.origins.push(origin);
        }
        self.origin = OriginId(self.circuit.origins.len() as u32 - 1);
    }

    /// Where arrays are said to come from now.
    pub fn origin(&self) -> Origin {
        self.circuit.origins[self.origin.index()].clone()
    }

    /// A table of coefficients.
    pub fn table(&mut self, table: Table) -> TableId {
        self.circuit.tables.push(table);
        TableId(self.circuit.tables.len() as u32 - 1)
    }

    /// Boolean inputs.
    ///
    /// # Errors
    /// When an axis is empty.
    pub fn input(&mut self, shape: Vec<Size>) -> Result<ArrayId, CircuitError> {
        if shape.iter().any(|size| size.value == 0) {
            return Err(CircuitError::Empty { array: self.circuit.arrays.len() });
        }
        Ok(self.push(shape, None, Node::Input, Interval::new(0, 1), BigInt::from(1)))
    }

    /// Forms of another circuit, every value of which lies in this range.
    ///
    /// # Errors
    /// When an axis is empty.
    pub fn port(&mut self, shape: Vec<Size>, range: Interval) -> Result<ArrayId, CircuitError> {
        if shape.iter().any(|size| size.value == 0) {
            return Err(CircuitError::Empty { array: self.circuit.arrays.len() });
        }
        let magnitude = range.magnitude();
        Ok(self.push(shape, None, Node::Port, range, magnitude))
    }

    /// Integer forms over earlier arrays.
    ///
    /// # Errors
    /// When a reference, index or band does not hold.
    pub fn affine(&mut self, shape: Vec<Size>, band: Option<Band>, affine: Affine) -> Result<ArrayId, CircuitError> {
        let (arrays, tables) = (&self.circuit.arrays, &self.circuit.tables);
        verify::affine(arrays, tables, &shape, band.as_ref(), &affine)?;
        let reach = range::affine(arrays, tables, &shape, &affine);
        let open = affine
            .terms
            .iter()
            .any(|term| term.sum.iter().any(|size| size.dim.is_some()) || self.circuit.array(term.source).open);
        let id = self.push(shape, band, Node::Affine(affine), reach.range, reach.magnitude);
        self.circuit.arrays[id.index()].open = open;
        Ok(id)
    }

    /// Gates `[F >= t]` for every form and threshold; one more axis, the last.
    ///
    /// # Errors
    /// When the reference goes forward or thresholds are out of order.
    pub fn bank(&mut self, form: ArrayId, thresholds: Thresholds) -> Result<ArrayId, CircuitError> {
        verify::bank(&self.circuit.arrays, form, &thresholds)?;
        let source = self.circuit.array(form);
        let mut shape = source.shape.clone();
        shape.push(Size::fixed(thresholds.count()));
        let band = source.band.clone();
        Ok(self.push(shape, band, Node::Bank(Bank { form, thresholds }), Interval::new(0, 1), BigInt::from(1)))
    }

    /// One gate `[F >= threshold]` for every form: no further axis.
    ///
    /// # Errors
    /// When the reference goes forward.
    pub fn gate(&mut self, form: ArrayId, threshold: i64) -> Result<ArrayId, CircuitError> {
        let thresholds = Thresholds::Known(Arc::from([BigInt::from(threshold)]));
        verify::bank(&self.circuit.arrays, form, &thresholds)?;
        let source = self.circuit.array(form);
        let (shape, band) = (source.shape.clone(), source.band.clone());
        Ok(self.push(shape, band, Node::Bank(Bank { form, thresholds }), Interval::new(0, 1), BigInt::from(1)))
    }

    /// The same forms again, taken to lie within `range` as well: whoever asks for this makes gates that tell where they do not, and
    /// later arrays hold only for inputs on which none of those fires.
    ///
    /// # Errors
    /// When the reference goes forward.
    pub fn assumed(&mut self, form: ArrayId, range: &Interval) -> Result<ArrayId, CircuitError> {
        let Some(source) = self.circuit.arrays.get(form.index()) else {
            return Err(CircuitError::Forward { array: self.circuit.arrays.len(), reference: form.index() });
        };
        let (shape, band, origin) = (source.shape.clone(), source.band.clone(), source.origin);
        let (lo, hi) = (range.lo.clone().max(source.range.lo.clone()), range.hi.clone().min(source.range.hi.clone()));
        let held = if lo <= hi { Interval { lo, hi } } else { source.range.clone() };
        let terms = vec![Term::new(form, Index::identity(shape.len()))];
        let id = self.affine(shape, band, Affine { constants: Vec::new(), terms })?;
        let array = &mut self.circuit.arrays[id.index()];
        (array.magnitude, array.range, array.open, array.origin) = (held.magnitude(), held, false, origin);
        Ok(id)
    }

    /// An array of another circuit again, with its sources and tables replaced.
    ///
    /// # Errors
    /// When the replacements do not fit.
    pub(in crate::circuit) fn again(
        &mut self,
        array: &Array,
        source: impl Fn(ArrayId) -> ArrayId,
        table: impl Fn(TableId) -> TableId,
    ) -> Result<ArrayId, CircuitError> {
        let moved = |coef: &Coef| Coef {
            scale: coef.scale.clone(),
            table: coef.table.as_ref().map(|(id, index)| (table(*id), index.clone())),
        };
        match &array.node {
            Node::Input => self.input(array.shape.clone()),
            Node::Port => self.port(array.shape.clone(), array.range.clone()),
            Node::Affine(affine) => {
                let term = |term: &Term| Term { source: source(term.source), coef: moved(&term.coef), ..term.clone() };
                let terms = affine.terms.iter().map(term).collect();
                let constants = affine.constants.iter().map(moved).collect();
                self.affine(array.shape.clone(), array.band.clone(), Affine { constants, terms })
            }
            Node::Bank(bank) => {
                let id = self.bank(source(bank.form), bank.thresholds.clone())?;
                self.circuit.arrays[id.index()].shape = array.shape.clone();
                Ok(id)
            }
        }
    }

    /// Names an array as an output.
    pub fn output(&mut self, name: impl Into<String>, array: ArrayId) {
        self.circuit.outputs.push(Output { name: name.into(), array });
    }

    /// The tables added so far.
    #[cfg(test)]
    pub(in crate::circuit) fn tables(&self) -> &[Table] {
        &self.circuit.tables
    }

    /// The arrays added so far.
    pub fn arrays(&self) -> &[Array] {
        &self.circuit.arrays
    }

    /// An array already added.
    pub fn array(&self, id: ArrayId) -> &Array {
        self.circuit.array(id)
    }

    /// The finished, frozen circuit.
    pub fn build(self) -> Circuit {
        self.circuit
    }

    fn push(
        &mut self,
        shape: Vec<Size>,
        band: Option<Band>,
        node: Node,
        range: Interval,
        magnitude: BigInt,
    ) -> ArrayId {
        let origin = self.origin;
        self.circuit.arrays.push(Array { shape, band, node, range, open: false, magnitude, origin });
        ArrayId(self.circuit.arrays.len() as u32 - 1)
    }
}
