import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actionprompt import camera
from small import golden

SEEDS = st.integers(0, 2**32)


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def quaternion(seed: int, *shape: int) -> torch.Tensor:
    q = numbers(seed, *shape, 4)
    return q / q.norm(dim=-1, keepdim=True)


def matrix(q: torch.Tensor) -> torch.Tensor:
    """The slow twin of a rotation: the textbook's matrix."""
    w, x, y, z = q.tolist()
    return torch.tensor(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ],
        dtype=torch.float64,
    )


def test_equal_the_field():
    g = golden("camera")
    torch.testing.assert_close(camera.world_to_camera(g["world"], g["orientation"], g["translation"]), g["camera"])
    torch.testing.assert_close(camera.project(g["points"], g["intrinsic"]), g["projected"])
    torch.testing.assert_close(camera.project_linear(g["points"], g["intrinsic"]), g["projected_linear"])
    width, height = g["resolution"].tolist()
    torch.testing.assert_close(camera.normalise_screen(g["pixels"], width, height), g["normalised"])


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_world_and_camera_are_inverse(seed):
    points, q, t = numbers(seed, 5, 17, 3), quaternion(seed + 1), numbers(seed + 2, 3)
    seen = camera.world_to_camera(points, q, t)
    torch.testing.assert_close(camera.camera_to_world(seen, q, t), points)
    torch.testing.assert_close(camera.world_to_camera(camera.camera_to_world(points, q, t), q, t), points)
    torch.testing.assert_close(seen.diff(dim=1).norm(dim=-1), points.diff(dim=1).norm(dim=-1))


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_rotation_is_the_matrix(seed):
    points, q = numbers(seed, 6, 3), quaternion(seed + 1)
    torch.testing.assert_close(camera.rotate(q, points), points @ matrix(q).mT)
    torch.testing.assert_close(camera.rotate(camera.conjugate(q), camera.rotate(q, points)), points)


def test_many_cameras_at_once():
    points, q, t = numbers(0, 7, 17, 3), quaternion(1, 4), numbers(2, 4, 3)
    seen = camera.world_to_camera(points, q[:, None, None], t[:, None, None])
    assert seen.shape == (4, 7, 17, 3)
    for k in range(4):
        torch.testing.assert_close(seen[k], camera.world_to_camera(points, q[k], t[k]))
    intrinsic = numbers(3, 4, 9)
    screen = camera.project(seen, intrinsic[:, None, None])
    torch.testing.assert_close(screen[2], camera.project(seen[2], intrinsic[2]))


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_no_distortion_is_linear(seed):
    points, intrinsic = numbers(seed, 9, 3), numbers(seed + 1, 9)
    straight = torch.cat([intrinsic[:4], torch.zeros(5, dtype=torch.float64)])
    torch.testing.assert_close(camera.project(points, straight), camera.project_linear(points, straight))
    torch.testing.assert_close(camera.project_linear(points, intrinsic), camera.project_linear(points, straight))


def test_projection_by_hand():
    intrinsic = torch.tensor([2.0, 3, 0.1, 0.2, 0.5, 0, 0, 0, 0])
    # the ray (0.5, -0.25) is stretched by 1 + 0.5 * 0.3125
    found = camera.project(torch.tensor([1.0, -0.5, 2.0]), intrinsic)
    torch.testing.assert_close(found, torch.tensor([2 * 0.5 * 1.15625 + 0.1, 3 * -0.25 * 1.15625 + 0.2]))
    edge = camera.project_linear(torch.tensor([9.0, 0.0, 1.0]), intrinsic)
    torch.testing.assert_close(edge, torch.tensor([2.1, 0.2]))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 4000), st.integers(1, 4000))
def test_screen_there_and_back(seed, width, height):
    pixels = numbers(seed, 4, 2) * width
    screen = camera.normalise_screen(pixels, width, height)
    torch.testing.assert_close(camera.denormalise_screen(screen, width, height), pixels, rtol=1e-9, atol=1e-6)


def test_screen_corners():
    corners = torch.tensor([[0.0, 0.0], [1920.0, 1080.0], [960.0, 540.0]])
    expected = torch.tensor([[-1, -0.5625], [1, 0.5625], [0, 0]])
    torch.testing.assert_close(camera.normalise_screen(corners, 1920, 1080), expected)


def test_whole_pixels():
    corners = torch.tensor([[0, 0], [960, 540], [1920, 1080]])
    expected = camera.normalise_screen(corners.float(), 1920, 1080)
    assert torch.equal(camera.normalise_screen(corners, 1920, 1080), expected)
    assert torch.equal(camera.denormalise_screen(torch.tensor([[0, 0]]), 1920, 1080), torch.tensor([[960.0, 540.0]]))
