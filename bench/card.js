// Names the card that the webgpu backend runs on; exit code 1, with the reason, where there is none.
import { useBackend } from "../dist/backends/index.js";

try {
  const { device, version, notes } = await useBackend("webgpu", { threads: 1, device: "gpu" });
  console.log([device, version, ...notes].join(", "));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
