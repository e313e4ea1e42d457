//! What is wrong with a program is said with its place, all of it at once.

use isobath::spec::{Document, parse_document, parse_native};

use super::SHIPPED;

const GOOD: &str = "[program]
kind = 'gradient-descent'
loss = 'least-squares'
features = 2
step_size = 0.5
";

fn refusal(text: &str) -> String {
    match parse_document("p.toml", text) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("not refused:\n{text}"),
    }
}

/// The good program with a line of its first table replaced or added, and more tables.
fn with(line: &str, tables: &str) -> String {
    let key = line.split('=').next().unwrap().trim();
    let kept: Vec<&str> = GOOD.lines().filter(|old| old.split('=').next().unwrap().trim() != key).collect();
    format!("{}\n{line}\n{tables}", kept.join("\n"))
}

#[test]
fn bad_keys_are_refused_where_they_stand() {
    let cases = [
        ("loss = 'least-squared'", "", "did you mean \"least-squares\"?"),
        ("steps = -3", "", "`steps` is -3, but must be from 1"),
        ("steps = 0", "", "`steps` is 0"),
        ("features = 2.5", "", "but must be an integer"),
        ("features = 0", "", "`features` is 0, but must be from 1"),
        ("features = 'two'", "", "`features` is text"),
        ("step_size = 0", "", "`step_size` is 0, but must be a number above zero"),
        ("step_size = nan", "", "`step_size` is nan, but must be a number above zero"),
        ("step_size = -0.5", "", "`step_size` is -0.5"),
        ("step_size = inf", "", "`step_size` is inf"),
        ("step_size = '1/0'", "", "must be a number above zero"),
        ("batch = 'all'", "", "key `examples` is missing in `program`"),
        ("examples = 3", "", "`examples` is for batch = \"all\""),
        ("optimiser = 'momentum'", "", "key `mu` is missing"),
        ("mu = 0.5", "", "`mu` is only for optimiser = \"momentum\""),
        (
            "optimiser = 'adam'\nbeta1 = 1\nbeta2 = 0.5\nepsilon = 1",
            "",
            "`beta1` is 1, but must be a number from 0 to below 1",
        ),
        ("hidden = 3", "", "`hidden` is only for loss = \"mlp\""),
        ("discount = 0.5", "", "`discount` is only for kind = \"td0\""),
        ("kind = 'td0'\ndiscount = 2", "", "`discount` is 2, but must be a number from 0 to 1"),
        ("lerning_rate = 1", "", "unknown key `lerning_rate`"),
        ("round_weights = 1", "", "must be true or false"),
        (
            "examples = 2",
            "[data]\nsource = 'given'\nx = [[1, 0]]\ny = [1, 1]",
            "`x` has a list of 1 here, where 2 are needed",
        ),
        (
            "examples = 2",
            "[data]\nsource = 'given'\nx = [[1, 0], [1]]\ny = [1, 1]",
            "`x` has a list of 1 here, where 2 are needed",
        ),
        (
            "examples = 1",
            "[data]\nsource = 'given'\nx = [[1, nan]]\ny = [1]",
            "`x` holds nan, which is no finite number",
        ),
        (
            "examples = 1",
            "[data]\nsource = 'given'\nx = [1, 2]\ny = [1]",
            "`x` has a list of 2 here, where 1 are needed",
        ),
        ("examples = 1", "[data]\nsource = 'given'\nx = [[1, 2]]", "key `y` is missing in `data`"),
        ("examples = 1", "[data]\nsource = 'random'", "key `seed` is missing in `data`"),
        ("", "[data]\nsource = 'outputs'", "supported: \"inputs\", \"given\", \"random\""),
        ("", "[weights]\nsource = 'given'\nw = [1, 2, 3]", "`w` has a list of 3 here, where 2 are needed"),
        ("", "[weights]\nsource = 'given'", "key `w` is missing in `weights`"),
        ("", "[numerics]\nactivations = 'bf17'", "is not a number format"),
        ("", "[numerics]\nrounding = 'fused'", "unknown key `rounding`"),
        ("", "[model]\nkind = 'decoder'", "a model or a program, not both"),
    ];
    for (line, tables, wanted) in cases {
        let error = refusal(&with(line, tables));
        assert!(error.contains(wanted) && error.contains("--> p.toml:"), "{line}\n{tables}\n{error}");
    }
}

fn graph(nodes: &str) -> String {
    let head = GOOD.replace("least-squares", "graph");
    format!("{head}\n{nodes}")
}

fn node(name: &str, op: &str, more: &str) -> String {
    format!("[[program.node]]\nname = '{name}'\nop = '{op}'\n{more}\n")
}

#[test]
fn bad_losses_are_refused_where_they_stand() {
    let dot = node("p", "dot", "of = ['w', 'x']");
    let cases = [
        (String::new(), "the loss has no operations"),
        (node("p", "dott", "of = ['w', 'x']"), "did you mean \"dot\"?"),
        (node("p", "dot", "of = ['w', 'z']"), "`of` names `z`"),
        (node("p", "dot", "of = ['w', 'y']"), "operands of shapes [2] and [] do not go together"),
        (node("p", "dot", "of = ['w']"), "it takes 2 operands, not 1"),
        (node("p", "multiply", "of = ['w', 'x']"), "is the loss, which is a single number, not of shape [2]"),
        (format!("{dot}{}", node("p", "square", "of = ['p']")), "the name `p` is taken already"),
        (format!("{dot}{}", node("q", "scale", "of = ['p']")), "key `factor` is missing"),
        (format!("{dot}{}", node("q", "square", "of = ['p']\nfactor = 2")), "`factor` is only for op = \"scale\""),
        (format!("[[program.weight]]\nname = 'w'\nshape = [2.5]\n{dot}"), "`shape` must be a list of whole numbers"),
        (format!("[[program.weight]]\nname = 'w'\nshape = [0]\n{dot}"), "`shape` must be a list of whole numbers"),
    ];
    for (nodes, wanted) in cases {
        let error = refusal(&graph(&nodes));
        assert!(error.contains(wanted) && error.contains("--> p.toml:"), "{nodes}\n{error}");
    }
}

#[test]
fn all_unsupported_operations_are_told_at_once() {
    let nodes = ["gelu", "sin", "max"].map(|op| node(op, op, "of = ['w']")).concat();
    let error = refusal(&graph(&nodes));
    for op in ["gelu", "sin", "max"] {
        assert!(error.contains(&format!("`op` = \"{op}\" is not supported")), "{error}");
    }
}

#[test]
fn several_problems_are_told_at_once() {
    let error =
        parse_document("p.toml", "[program]\nkind = 'td0'\nsteps = -1\nfeatures = 0\nstep_size = 0\n").unwrap_err();
    assert_eq!(error.problems().len(), 4, "{error}");
    assert!(error.to_string().contains("key `discount` is missing in `program`"));
}

#[test]
fn what_a_model_reader_and_a_document_reader_take() {
    let error = parse_native("p.toml", GOOD).unwrap_err().to_string();
    assert!(error.contains("this file holds a program, where a model is needed"), "{error}");
    for name in SHIPPED {
        let path = format!("circuits/{name}.toml");
        assert!(matches!(isobath::spec::read_document(path.as_ref()), Ok(Document::Program(_))));
        assert!(isobath::spec::read(path.as_ref()).is_err());
    }
    let model = isobath::spec::read_document("circuits/tiny-gpt.toml".as_ref()).unwrap();
    assert!(matches!(model, Document::Model(_)));
}

#[test]
fn products_of_data_without_a_format_are_refused() {
    let text = with("loss = 'hinge'", "[numerics]\ndata = 'fixed(20,20)'\ntargets = 'fixed(20,20)'");
    let Ok(Document::Program(program)) = parse_document("p.toml", &text) else { panic!("refused") };
    let error = isobath::program::system(&program).unwrap_err().to_string();
    assert!(
        error.contains("`y` and `x` has more bits than any format") || error.contains("narrower formats"),
        "{error}"
    );
}

#[test]
fn what_is_too_large_to_hold_is_refused_at_once() {
    let cases = [
        ("features = 1099511627776", ""),
        (
            "loss = 'mlp'\nactivation = 'relu'\nhidden = 1099511627776\nfeatures = 1099511627776",
            "[weights]\nsource = 'inputs'",
        ),
        ("optimiser = 'momentum'\nmu = 0.5\nfeatures = 1099511627776", "[weights]\nsource = 'inputs'"),
    ];
    for (lines, tables) in cases {
        let kept: Vec<&str> = GOOD.lines().filter(|old| !lines.contains(old.split(' ').next().unwrap())).collect();
        let text = format!("{}\n{lines}\n{tables}", kept.join("\n"));
        let Ok(Document::Program(program)) = parse_document("p.toml", &text) else { panic!("refused early") };
        let error = isobath::program::system(&program).unwrap_err().to_string();
        assert!(error.contains("entries, too many to hold"), "{error}");
    }
    let error = refusal(&with("examples = 5000", "[data]\nsource = 'random'\nseed = 1"));
    assert!(error.contains("`examples` is 5000, but must be from 1 to 4096"), "{error}");
}
