#!/usr/bin/env bash
usage() {
  cat <<'HELP'
usage: bench/gpu.sh [--partial] [-o FILE] [OPTION...]

Measures training on this machine's graphics card, beside PyTorch on CUDA: steps of five models, with the loss read in each
step and every 50, and ten epochs of MNIST from command to exit. Prints one Markdown table and writes FILE (default:
./bench-gpu.json). It ends within four minutes: rows are cut short rather than overrun.

Needs a build (dist/ and node_modules/ beside bench/; no npm), a card with its Vulkan driver, and a Python with torch for
CUDA; without one of them it ends at once, with exit code 1 and the reason. MNIST is taken from VAE_DATA_DIR or the cache;
where it is not, both sides train on the built-in digits. The script of PyTorch draws its pictures where pillow and
matplotlib are there.

  --partial     without PyTorch or CUDA, measure the rest
  -o FILE       where the JSON goes
  OPTION...     more for `npm run bench`, such as --models conv or --rounds 10

  VAE_BENCH_PYTHON   the interpreter (default: python3)
  VAE_NODE           the node to run (default: ./node of a packed program, otherwise that of the PATH)
  VAE_BENCH_BUDGET   seconds for all of it (default: 220)
HELP
}
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=bench-gpu.json partial= options=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --partial) partial=yes ;;
    -o) output=${2:?-o needs a file}; shift ;;
    *) options+=("$1") ;;
  esac
  shift
done

give_up() { echo "bench/gpu.sh: $*" >&2; exit 1; }

node=${VAE_NODE:-}
[ -n "$node" ] || { [ -x "$root/node" ] && node=$root/node; } || node=$(command -v node) || give_up "there is no node; VAE_NODE names one."
[ -d "$root/dist" ] || give_up "there is no dist/ beside bench/: npm ci && npm run build."

# In containers the card's Vulkan driver is often described where no loader looks.
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && [ ! -e /usr/share/vulkan/icd.d/nvidia_icd.json ] &&
  [ ! -e /etc/vulkan/icd.d/nvidia_icd.json ]; then
  driver=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
  [ ! -e $driver ] || export VK_DRIVER_FILES=$driver VK_ICD_FILENAMES=$driver
fi

card=$("$node" "$root/bench/card.js" 2>&1) || give_up "${card##*$'\n'}"
echo "webgpu: ${card##*$'\n'}" >&2

python=${VAE_BENCH_PYTHON:-python3}
if torch=$("$python" "$root/bench/torch_card.py" 2>&1); then
  echo "$torch" >&2
elif [ -n "$partial" ]; then
  echo "without PyTorch: ${torch##*$'\n'}" >&2
else
  give_up "${torch##*$'\n'}. VAE_BENCH_PYTHON names another interpreter; --partial measures without."
fi

# What the checks took counts too, and the end takes a moment.
budget=$((${VAE_BENCH_BUDGET:-220} - SECONDS))
exec timeout --kill-after 5 $((budget + 10)) "$node" "$root/bench/bench.js" --device gpu --rows step whole \
  --rounds 4 --seconds 0.2 --budget "$budget" --output "$output" ${options[@]+"${options[@]}"}
