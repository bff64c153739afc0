"""PyTorch as an engine of the benchmark: the protocol of worker.js."""

import json
import sys
import time


def say(**message):
    print(json.dumps(message), flush=True)


def measure(run, milliseconds, least):
    ms = []
    started = time.perf_counter()
    while len(ms) < least or 1000 * (time.perf_counter() - started) < milliseconds:
        begun = time.perf_counter()
        run()
        ms.append(1000 * (time.perf_counter() - begun))
    return ms


def subject(job):
    import torch
    from torch_vae import PIXELS, Vae, estimate_elbo, make_step

    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    model, batch = job["config"]["model"], job["batch"]
    vae = Vae(**model)
    with open(job["images"], "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, PIXELS)
    if job["task"] == "elbo":
        gray = pixels / 255
        terms = torch.compile(vae.terms) if job["step"] == "compiled" else vae.terms
        return lambda: estimate_elbo(terms, gray, model["latentDim"], batch)
    # From NumPy's arrays each step, as from a loader; it costs no copy.
    x = (pixels[:batch] >= 128).float().numpy()
    noise = torch.randn(batch, model["latentDim"]).numpy()
    step, _ = make_step(vae, job["step"])
    return lambda: step(torch.from_numpy(x), torch.from_numpy(noise))


def main():
    job = json.loads(sys.argv[1])
    try:
        run = subject(job)
        measure(run, job["warmUpMs"], job["warmUpSteps"])
    except Exception as error:  # no torch, or no compiler: the driver tells and goes on without
        say(error=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}")
        return
    say(ready=f"PyTorch {sys.modules['torch'].__version__}")
    for line in sys.stdin:
        say(ms=measure(run, float(line), job["leastSteps"]))


if __name__ == "__main__":
    main()
