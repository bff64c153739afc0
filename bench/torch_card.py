"""Names the card that PyTorch runs on; exit code 1, with the reason, where there is none."""

import sys

try:
    import torch
    from torch_vae import device_for

    device_for("gpu")
except ImportError as error:
    sys.exit(f"PyTorch is missing: {error}")
except RuntimeError as error:
    sys.exit(str(error))
print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}")
