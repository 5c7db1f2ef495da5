"""Writes sentencepiece.json: a SentencePiece BPE model as GGUF's metadata holds it, and texts with their
ids by SentencePiece itself; the tokenizer.json that transformers makes of the same gives them too.

    pip install sentencepiece==0.2.3 gguf==0.19.0 transformers==5.24.0 && python make_sentencepiece.py [MODEL.gguf]

{"tokens", "scores", "types", "texts", "ids", "decoded", "marked": texts with special tokens, "markedIDs"}

With a path, a GGUF file is written too, with a made-up model of one layer, to try `import-model` by hand.
"""

import io
import json
import pathlib
import random
import sys

import numpy
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

HERE = pathlib.Path(__file__).parent
SHARED = json.loads((HERE / "../../TextTests/Fixtures/texts.json").read_text())
EXTRA = ["aaaa aaaaa aaa", "   three   ", "\u00e9 e\u0301 \u212b \u00c5", "<s>", "<0x0A>", "12 345", "ab" * 30, "a" * 33]


def train():
    generator = random.Random(3)
    lines = [t for t in SHARED["training"]] + ["a" * generator.randint(1, 20) for _ in range(30)]
    lines += [" " * generator.randint(1, 9) + "x" for _ in range(20)] + ["e\u0301t\u00e9 \u00e9te\u0301"] * 9
    lines = [l.replace("\r", "").strip("\n") for l in lines]
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, model_type="bpe", vocab_size=500, byte_fallback=True,
        character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
        allow_whitespace_only_pieces=True, split_by_unicode_script=False, user_defined_symbols=["<|user|>"],
        minloglevel=2)
    return out.getvalue()


def converted(tokens, scores, types):
    """What transformers' GGUFLlamaConverter makes of it: all ways to make a token, by score."""
    vocab = {t: i for i, t in enumerate(tokens)}
    merges = []
    for token, score in zip(tokens, scores):
        cuts = [(token[:i], token[i:]) for i in range(1, len(token))]
        merges += [(l, r, score) for l, r in cuts if l in vocab and r in vocab]
    merges.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
    tokenizer = Tokenizer(models.BPE(
        vocab=vocab, merges=[m[:2] for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.ByteFallback(), decoders.Fuse(), decoders.Replace("▁", " "), decoders.Strip(" ", left=1)])
    for token, kind in zip(tokens, types):
        if kind in (2, 3):
            tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True)])
        elif kind == 4:
            tokenizer.add_tokens([AddedToken(token, normalized=False, special=False)])
    return tokenizer


def write_gguf(path, tokens, scores, types):
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    hidden = 32
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(64)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    random_state = numpy.random.RandomState(1)
    shapes = {
        "token_embd": (len(tokens), hidden), "output_norm": (hidden,), "blk.0.attn_norm": (hidden,),
        "blk.0.ffn_norm": (hidden,), "blk.0.attn_q": (hidden, hidden), "blk.0.attn_k": (16, hidden),
        "blk.0.attn_v": (16, hidden), "blk.0.attn_output": (hidden, hidden), "blk.0.ffn_gate": (64, hidden),
        "blk.0.ffn_up": (64, hidden), "blk.0.ffn_down": (hidden, 64), "output": (len(tokens), hidden),
    }
    for name, shape in shapes.items():
        writer.add_tensor(name + ".weight", random_state.randn(*shape).astype(numpy.float32) * 0.1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    proto = train()
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
    model = model_pb2.ModelProto.FromString(proto)
    kinds = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}
    tokens = [p.piece for p in model.pieces]
    scores = [p.score for p in model.pieces]
    types = [kinds[p.type] for p in model.pieces]
    other = converted(tokens, scores, types)
    texts = EXTRA + SHARED["training"][:10] + SHARED["texts"]
    # SentencePiece drops NUL, and knows user-defined symbols after spaces are marked.
    texts = [t for t in texts if "\0" not in t and "<|user|>" not in t]
    ids = [processor.encode(t) for t in texts]
    for text, expected in zip(texts, ids):
        if "<s>" in text:
            continue
        found = other.encode(text, add_special_tokens=False).ids
        assert found == expected, (text, found, expected)
    marked = ["<|user|>the re", "the<|user|> in", "<s>the</s>", "<|user|><|user|>\n12"]
    out = {
        "tokens": tokens, "scores": scores, "types": types, "texts": texts, "ids": ids,
        "decoded": [processor.decode(i) for i in ids], "marked": marked,
        "markedIDs": [other.encode(t, add_special_tokens=False).ids for t in marked],
    }
    text = json.dumps(out, ensure_ascii=False, separators=(",", ":"))
    (HERE / "sentencepiece.json").write_bytes(text.encode())
    if len(sys.argv) > 1:
        write_gguf(sys.argv[1], tokens, scores, types)


main()
