"""
The work of `vae train` as a PyTorch script: reads MNIST, trains with pixels drawn anew for each batch, validates and
writes a checkpoint each epoch, and at the end a loss curve, samples and the test ELBO of the best checkpoint.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import torch
from torch_vae import PIXELS, Vae, device_for, estimate_elbo, make_step

VALIDATION = 5000
EVALUATION_BATCH = 500


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train-images", required=True, help="IDX file, gzip or not")
    parser.add_argument("--test-images", required=True)
    parser.add_argument("--config", required=True, help="a configuration of vae as JSON")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--step", choices=["eager", "fused", "compiled", "graph"], default="eager")
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def read_images(path):
    """[N, 784] in [0, 1]."""
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
        pixels = np.frombuffer(file.read(), dtype=np.uint8, offset=16)
    return torch.from_numpy(pixels.reshape(-1, PIXELS).astype(np.float32) / 255)


def main():
    args = arguments()
    device = device_for(args.device)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    images = read_images(args.train_images)
    train, validation = images[:-VALIDATION], images[-VALIDATION:]
    validation, test = validation.to(device), read_images(args.test_images).to(device)
    model = json.loads(args.config)["model"]
    latent_dim = model["latentDim"]
    vae = Vae(**model).to(device)
    step, optimizer = make_step(vae, args.step)
    args.out.mkdir(parents=True)

    history = []
    best = float("inf")
    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for chosen in torch.randperm(len(train)).split(args.batch):
            x = torch.bernoulli(train[chosen])
            distortion, rate = step(x, torch.randn(len(x), latent_dim)).tolist()
            total += (distortion + rate) * len(x)
        loss = sum(estimate_elbo(vae.terms, validation, latent_dim, EVALUATION_BATCH))
        history.append((total / len(train), loss))
        checkpoint = {"vae": vae.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
        torch.save(checkpoint, args.out / "last.pt")
        if loss < best:
            best = loss
            torch.save(checkpoint, args.out / "best.pt")
        print(f"epoch {epoch}: train {history[-1][0]:.2f}, validation {loss:.2f}", flush=True)

    vae.load_state_dict(torch.load(args.out / "best.pt")["vae"])
    draw_curve(history, args.out / "loss.png")
    draw_samples(vae, latent_dim, args.out / "samples.png")
    for name, split in ("validation", validation), ("test", test):
        distortion, rate = estimate_elbo(vae.terms, split, latent_dim, EVALUATION_BATCH)
        print(f"{name}: -ELBO {distortion + rate:.2f} = {distortion:.2f} + {rate:.2f}")


def draw_curve(history, path):
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return print("no curve: matplotlib is missing")

    for label, values in zip(("train", "validation"), zip(*history)):
        pyplot.plot(range(1, len(values) + 1), values, label=label)
    pyplot.legend()
    pyplot.savefig(path)


@torch.inference_mode()
def draw_samples(vae, latent_dim, path):
    try:
        from PIL import Image
    except ImportError:
        return print("no picture: pillow is missing")
    device = next(vae.parameters()).device
    pixels = torch.sigmoid(vae.decoder(torch.randn(100, latent_dim).to(device))).cpu()
    grid = pixels.view(10, 10, 28, 28).permute(0, 2, 1, 3).reshape(280, 280)
    Image.fromarray((255 * grid).byte().numpy()).save(path)


if __name__ == "__main__":
    main()
