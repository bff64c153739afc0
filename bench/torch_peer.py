"""PyTorch as an engine of the benchmark: the protocol of worker.js."""

import json
import sys
import time


def say(**message):
    print(json.dumps(message), flush=True)


def measure(run, milliseconds, least, interval=1):
    """What a step took, in milliseconds, for each run of `interval` steps."""
    ms = []
    started = time.perf_counter()
    while len(ms) < least or 1000 * (time.perf_counter() - started) < milliseconds:
        begun = time.perf_counter()
        run(interval)
        ms.append(1000 * (time.perf_counter() - begun) / interval)
    return ms


def subject(job):
    """`run(n)`: n steps, after which what they gave is read; the device is done with them then."""
    import torch
    from torch_vae import PIXELS, Vae, device_for, estimate_elbo, make_step

    device = device_for(job["device"])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    model, batch = job["config"]["model"], job["batch"]
    vae = Vae(**model).to(device)
    with open(job["images"], "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, PIXELS)
    if job["task"] == "elbo":
        gray = (pixels / 255).to(device)
        terms = torch.compile(vae.terms) if job["step"] == "compiled" else vae.terms
        return lambda n: [estimate_elbo(terms, gray, model["latentDim"], batch) for _ in range(n)]
    # From the host's memory each step, as from a loader; to the CPU that costs no copy.
    inputs = [(pixels[:batch] >= 128).float(), torch.randn(batch, model["latentDim"])]
    if device.type == "cuda":
        inputs = [x.pin_memory() for x in inputs]
    step, _ = make_step(vae, job["step"])

    def run(n):
        terms = [step(*inputs) for _ in range(n)]
        return torch.stack(terms).tolist()

    return run


def name_of(device):
    import torch

    where = f" on {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}" if device == "gpu" else ""
    return f"PyTorch {torch.__version__}{where}"


def main():
    job = json.loads(sys.argv[1])
    try:
        run = subject(job)
        for interval in job["intervals"]:
            measure(run, job["warmUpMs"], job["warmUpSteps"] if interval == 1 else 1, interval)
    except Exception as error:  # no torch, or no compiler: the driver tells and goes on without
        say(error=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}")
        return
    say(ready=name_of(job["device"]))
    for line in sys.stdin:
        milliseconds, interval = line.split()
        interval = int(interval)
        say(ms=measure(run, float(milliseconds), job["leastSteps"] if interval == 1 else 1, interval))


if __name__ == "__main__":
    main()
