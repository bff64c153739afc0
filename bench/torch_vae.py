"""The models of `vae` in PyTorch, from the same configuration: the peer that the benchmarks compare with."""

import torch
from torch import nn
from torch.nn import functional as F

PIXELS = 28 * 28


class Vae(nn.Module):
    """q(z|x) diagonal Gaussian, p(z) standard normal, p(x|z) Bernoulli. Images are flat, [B, 784]."""

    def __init__(self, latentDim, network, **_):
        super().__init__()
        make = {"mlp": mlp, "conv": conv}[network["kind"]]
        self.encoder, self.decoder = make(network, latentDim)

    def terms(self, x, noise):
        """-log p(x|z) and KL(q(z|x) || p(z)) in nats per image, each [B]."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        z = mean + noise * torch.exp(0.5 * log_var)
        logits = self.decoder(z)
        distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        rate = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(1)
        return distortion, rate

    def means(self, x, noise):
        distortion, rate = self.terms(x, noise)
        return distortion.mean(), rate.mean()


def dense(widths):
    """Linear layers with ReLU between them."""
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return layers[:-1]


def mlp(network, latent_dim):
    hidden = network["hidden"]
    encoder = nn.Sequential(*dense([PIXELS, *hidden, 2 * latent_dim]))
    decoder = nn.Sequential(*dense([latent_dim, *hidden[::-1], PIXELS]))
    return encoder, decoder


def conv(network, latent_dim):
    """Convolutions of stride 2 and their mirror image, with a bias per pixel at the end. Kernel 4 and padding 1 halve 28 to 14 to 7."""
    channels, hidden, kernel = network["channels"], network["hidden"], network["kernel"]
    assert kernel == 4 and len(channels) == 2, "the padding is written for the default network"
    features = channels[-1] * 7 * 7
    widths = [1, *channels]
    down = []
    for a, b in zip(widths, widths[1:]):
        down += [nn.Conv2d(a, b, kernel, stride=2, padding=1), nn.ReLU()]
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), *down, nn.Flatten(), *dense([features, *hidden, 2 * latent_dim])
    )
    up = [nn.ReLU(), nn.Unflatten(1, (channels[-1], 7, 7))]
    widths = channels[::-1]
    for a, b in zip(widths, widths[1:]):
        up += [nn.ConvTranspose2d(a, b, kernel, stride=2, padding=1), nn.ReLU()]
    up += [nn.ConvTranspose2d(widths[-1], 1, kernel, stride=2, padding=1, bias=False), nn.Flatten(), PixelBias()]
    decoder = nn.Sequential(*dense([latent_dim, *hidden[::-1], features]), *up)
    return encoder, decoder


class PixelBias(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(PIXELS))

    def forward(self, x):
        return x + self.bias


def make_step(vae, kind):
    """
    One update of the weights, and its optimizer: `eager` with Adam as it comes, `fused` with its fused kernel, `compiled`
    with torch.compile too, `graph` with the whole step as a CUDA graph. The step takes x and noise from the host and gives
    distortion and rate, [2], on the model's device: who reads them waits for it.
    """
    device = next(vae.parameters()).device
    options = {} if kind == "eager" else {"fused": True}
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3, capturable=kind == "graph", **options)
    means = torch.compile(vae.means) if kind == "compiled" else vae.means

    def step(x, noise):
        optimizer.zero_grad()
        distortion, rate = means(x, noise)
        (distortion + rate).backward()
        optimizer.step()
        return torch.stack([distortion, rate]).detach()

    if kind == "graph":
        return Graphs(step, optimizer, device), optimizer
    return (lambda *inputs: step(*(x.to(device, non_blocking=True) for x in inputs))), optimizer


class Graphs:
    """A step that is captured as a CUDA graph at its first call for each batch size, and replayed from then on."""

    WARM_UP = 3

    def __init__(self, step, optimizer, device):
        self.step, self.optimizer, self.device, self.captured = step, optimizer, device, {}

    def __call__(self, x, noise):
        if len(x) not in self.captured:
            self.captured[len(x)] = self.capture(x.to(self.device), noise.to(self.device))
        graph, inputs, terms = self.captured[len(x)]
        for buffer, value in zip(inputs, (x, noise)):
            buffer.copy_(value, non_blocking=True)
        graph.replay()
        return terms.clone()  # the next replay writes there again

    def capture(self, *inputs):
        """As PyTorch's manual has it (CUDA semantics, whole-network capture). The inputs are written anew for each step."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(self.WARM_UP):
                self.step(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self.optimizer.zero_grad()  # so that gradients are made in the graph's own memory
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            terms = self.step(*inputs)
        return graph, inputs, terms


@torch.inference_mode()
def estimate_elbo(terms, gray, latent_dim, batch, seed=0):
    """
    Mean distortion and rate over images [N, 784] in [0, 1], with binary pixels and noise that are always the same; on the
    device of the images.
    """
    random = torch.Generator(gray.device).manual_seed(seed)
    total = torch.zeros(2, dtype=torch.float64, device=gray.device)
    for images in gray.split(batch):
        x = torch.bernoulli(images, generator=random)
        noise = torch.randn(len(images), latent_dim, generator=random, device=gray.device)
        total += torch.stack([term.sum() for term in terms(x, noise)])
    return (total / len(gray)).tolist()


def device_for(name):
    """`cpu`, or `gpu` for CUDA. Throws where there is none."""
    if name == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} finds no CUDA device")
    return torch.device("cuda")
