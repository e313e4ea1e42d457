//! JSON to the located tree, strictly: no key twice, nothing after the value, bounded nesting.

use super::document::{Entry, Node, Span, Value, integer};

/// Deepest nesting read.
const MAX_NESTING: usize = 64;

/// What is wrong, and where.
pub type Fault = (Span, String);

/// Parses one value that is the whole text.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let node = parser.value()?;
    parser.blank();
    if parser.at < text.len() { Err(parser.unexpected("the end of the text")) } else { Ok(node) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        let found = self.peek().map_or("the text ends here (truncated?)".to_owned(), |c| format!("found {c:?}"));
        (self.at..end, format!("not valid JSON: {found}, expected {wanted}"))
    }

    fn eat(&mut self, token: char) -> bool {
        self.blank();
        let found = self.peek() == Some(token);
        self.at += if found { token.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, token: char) -> Result<(), Fault> {
        if self.eat(token) { Ok(()) } else { Err(self.unexpected(&format!("`{token}`"))) }
    }

    fn value(&mut self) -> Result<Node, Fault> {
        self.blank();
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.nested(Self::table)?,
            Some('[') => self.nested(Self::list)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node { span: start..self.at, value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth == MAX_NESTING {
            return Err((self.at..self.at + 1, format!("nested more than {MAX_NESTING} deep")));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn table(&mut self) -> Result<Value, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        if self.eat('}') {
            return Ok(Value::Table(entries));
        }
        loop {
            let entry = self.entry()?;
            if !seen.insert(entry.key.clone()) {
                return Err((entry.span, format!("key `{}` is written twice", entry.key)));
            }
            entries.push(entry);
            if !self.eat(',') {
                break;
            }
        }
        if self.eat('}') { Ok(Value::Table(entries)) } else { Err(self.unexpected("`,` or `}`")) }
    }

    fn entry(&mut self) -> Result<Entry, Fault> {
        self.blank();
        let start = self.at;
        if self.peek() != Some('"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let key = self.string()?;
        let span = start..self.at;
        self.expect(':')?;
        Ok(Entry { key, span, node: self.value()? })
    }

    fn list(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            if !self.eat(',') {
                break;
            }
        }
        if self.eat(']') { Ok(Value::List(items)) } else { Err(self.unexpected("`,` or `]`")) }
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let words = [("true", Value::Flag(true)), ("false", Value::Flag(false)), ("null", Value::Null)];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    /// The token is split off here; `serde_json` judges it.
    fn number(&mut self) -> Result<Value, Fault> {
        let length = self.rest().find(|c: char| !matches!(c, '+' | '-' | '.' | '0'..='9' | 'e' | 'E'));
        let token = &self.rest()[..length.unwrap_or(self.rest().len())];
        let span = self.at..self.at + token.len();
        let fault = |_| (span.clone(), format!("not valid JSON: `{token}` is not a number"));
        let value = if token.contains(['.', 'e', 'E']) {
            Value::Real(serde_json::from_str(token).map_err(fault)?)
        } else {
            serde_json::from_str::<f64>(token).map_err(fault)?;
            Value::Integer(integer(token, 10))
        };
        self.at = span.end;
        Ok(value)
    }

    /// The token is split off here; `serde_json` judges and unescapes it.
    fn string(&mut self) -> Result<String, Fault> {
        let (start, mut escaped) = (self.at, false);
        let end = self.rest().char_indices().skip(1).find(|&(_, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes || c == '\n'
        });
        let Some((length, '"')) = end else {
            return Err((start..start + 1, "not valid JSON: this text is not closed by `\"`".to_owned()));
        };
        self.at += length + 1;
        let token = &self.text[start..self.at];
        serde_json::from_str(token).map_err(|error| (start..self.at, format!("not valid JSON: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_place() {
        let text = "{\"a\": [1, -2.5e1, true],\n \"b\\n\": \"x\\u0041\"}";
        let Value::Table(entries) = parse(text).unwrap().value else { panic!("a table") };
        assert_eq!((entries[0].key.as_str(), &text[entries[0].span.clone()]), ("a", "\"a\""));
        assert_eq!((entries[1].key.as_str(), &entries[1].node.value), ("b\n", &Value::Text("xA".into())));
        let Value::List(items) = &entries[0].node.value else { panic!("a list") };
        assert_eq!(&text[items[1].span.clone()], "-2.5e1");
        assert_eq!(items[1].value, Value::Real(-25.0));
    }

    #[test]
    fn refuses_everything_that_is_not_json() {
        let deep = "[".repeat(100_000);
        let texts =
            ["", "{", "{\"a\"", "{\"a\":1,}", "[1 2]", "01", "1e", "-", "tru", "{} x", "\"\\q\"", "\"a\nb\"", "NaN"];
        for text in texts.into_iter().chain(["{'a':1}", "{\"a\":1,\"a\":2}", deep.as_str(), "\"\\", "1e999"]) {
            assert!(parse(text).is_err(), "{text:.20}");
        }
    }

    #[test]
    fn integers_saturate() {
        assert_eq!(parse(&"9".repeat(80)).unwrap().value, Value::Integer(i128::MAX));
    }
}
