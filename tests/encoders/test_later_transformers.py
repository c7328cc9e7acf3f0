"""DSTformer and MotionAGFormer beside the published networks, and their parts beside plain loops."""

import pytest
import torch

from actionprompt.encoders import DSTformerCfg, MotionAGFormerCfg, load_authors
from actionprompt.encoders.motionagformer import FrameGraphBlock, normalised, skeleton_graph
from actionprompt.encoders.transformer import Fusion
from actionprompt.errors import InputError

GOLDEN = {
    "dstformer_f27": DSTformerCfg(frames=27, dim=32, representation=48, depth=2, heads=4, mlp_ratio=4),
    "motionagformer_f27": MotionAGFormerCfg(frames=27, layers=2, dim=32, representation=48, heads=8, neighbours=2),
}


@torch.no_grad()
@pytest.mark.parametrize("name", GOLDEN)
def test_equals_the_published_network(golden, golden_file, name):
    encoder = GOLDEN[name].build(17).eval()
    load_authors(encoder, golden_file(name))
    numbers = golden(name)
    torch.testing.assert_close(encoder.encode(numbers["x"]).final, numbers["representation"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(encoder(numbers["x"]), numbers["y"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("cfg", "parameters"),
    [
        (DSTformerCfg(), 42466317),
        (MotionAGFormerCfg(27, 12, 64), 2241531),
        (MotionAGFormerCfg(81, 26, 64), 4817119),
        (MotionAGFormerCfg(), 11723811),
        (MotionAGFormerCfg(layers=26), 19007111),
    ],
)
def test_parameters_of_the_published_sizes(count, cfg, parameters):
    assert count(cfg, 17) == parameters


@torch.no_grad()
@pytest.mark.parametrize("cfg", GOLDEN.values(), ids=GOLDEN)
def test_shallow_features_are_the_mean_over_joints_of_a_level(make, cfg):
    encoder = make(cfg, 17)
    outputs = []
    for level in encoder.levels:
        level.register_forward_hook(lambda _module, _inputs, z: outputs.append(z))
    x = torch.randn(2, 27, 17, 3)
    for tap in (1, 2):
        outputs.clear()
        shallow, final = encoder.encode(x, tap)
        torch.testing.assert_close(shallow, outputs[tap - 1].mean(2))
        assert final.shape == (2, 27, 17, 48)


@torch.no_grad()
@pytest.mark.parametrize("cfg", GOLDEN.values(), ids=GOLDEN)
def test_confidence_matters(make, cfg):
    encoder, x = make(cfg, 17), torch.randn(2, 27, 17, 3)
    doubtful = x.clone()
    doubtful[:, 5, 3, 2] = 0
    assert not torch.allclose(encoder(x), encoder(doubtful), atol=1e-4)


@torch.no_grad()
def test_streams_begin_even_and_fuse_by_softmax():
    fuse, a, b = Fusion(4), torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    torch.testing.assert_close(fuse(a, b), (a + b) / 2)
    torch.nn.init.normal_(fuse.weigh.weight)
    share = torch.softmax(fuse.weigh(torch.cat([a[0, 0], b[0, 0]])), 0)
    torch.testing.assert_close(fuse(a, b)[0, 0], share[0] * a[0, 0] + share[1] * b[0, 0])


@torch.no_grad()
def test_frames_are_joined_with_the_most_similar_ones_by_loops():
    torch.manual_seed(0)
    block, z = FrameGraphBlock(dim=6, frames=5, neighbours=2, drop_path=0.0).eval(), torch.randn(2, 5, 3, 6)
    mixed = block.mix(z)
    for i in range(2):
        for j in range(3):
            token = z[i, :, j]
            graph = torch.zeros(5, 5)
            for t in range(5):
                alike = [float(token[t] @ token[u]) for u in range(5)]
                graph[t] = torch.tensor([float(value >= sorted(alike)[-2]) for value in alike])
            degree = graph.sum(1)
            for t in range(5):
                near = sum(graph[t, u] / (degree[t] * degree[u]) ** 0.5 * block.others(token[u]) for u in range(5))
                norm = block.nodes_norm
                new = (near + block.own(token[t])) / (1 + norm.eps) ** 0.5
                torch.testing.assert_close(mixed[i, t, j], (token[t] + new).relu())


def test_skeleton_graphs():
    human36m = skeleton_graph(17)
    assert human36m[0].nonzero().flatten().tolist() == [1, 7]
    assert human36m[8].nonzero().flatten().tolist() == [7, 9]
    assert human36m[4].nonzero().flatten().tolist() == [0, 5]  # as published: not symmetric
    humaneva = skeleton_graph(15)
    assert torch.equal(humaneva, humaneva.mT)
    assert humaneva.sum() == 2 * 14
    assert skeleton_graph(3).tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    torch.testing.assert_close(normalised(skeleton_graph(3)), skeleton_graph(3) / 2)


@pytest.mark.parametrize(
    ("cfg", "said"),
    [
        (DSTformerCfg(dim=30), "8 heads do not divide its width 30"),
        (DSTformerCfg(depth=0), "a depth and frames from 1 on; got 0 and 243"),
        (DSTformerCfg(representation=0), "a representation from 1 channel on; got 0"),
        (DSTformerCfg(mlp_ratio=0.0), "mlp_ratio is 0.0"),
        (DSTformerCfg(drop_path=1.0), "drop_path is 1.0"),
        (MotionAGFormerCfg(frames=9, neighbours=10), "joins a frame with 1 to 9 frames; got 10"),
        (MotionAGFormerCfg(heads=0), "0 heads"),
    ],
)
def test_impossible_sizes_are_refused(cfg, said):
    with pytest.raises(InputError, match=said):
        cfg.build(17)
