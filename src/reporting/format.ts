import type { BackendInfo } from "../backends/index.ts";
import { counted } from "../base/counted.ts";
import type { Objective } from "../objectives/objective.ts";
import type { Metrics } from "../training/metrics.ts";

/** Nats are printed with two decimals: a hundredth of a nat per image is below what one z per image resolves. */
const DECIMALS = 2;

const BITS_DECIMALS = 4;

const rounded = (value: number, decimals = DECIMALS) => Number(value.toFixed(decimals));

/**
 * `loss = distortion + β · rate`, or whatever the objective adds up, such that the printed digits re-add: the sum is made
 * from the printed terms.
 */
export function formatLoss(
  { quantities }: Metrics,
  { loss }: Objective,
  controls: Readonly<Record<string, number>>,
): string {
  const terms = loss.map(({ quantity, target, times }) => {
    const weight = times === undefined ? 1 : controls[times]!;
    const mean = quantities[quantity]!;
    if (target === undefined) return { value: rounded(mean), weight, text: formatNats(mean) };
    // Its weight enlarges the rounding of a small distance.
    const decimals = DECIMALS + Math.min(4, Math.max(0, Math.ceil(Math.log10(Math.max(1, weight)))));
    const [from, to] = [rounded(mean, decimals), rounded(controls[target]!, decimals)];
    return { value: Math.abs(from - to), weight, text: `|${from.toFixed(decimals)} - ${to}|` };
  });
  const sum = terms.reduce((sum, { value, weight }) => sum + weight * value, 0).toFixed(DECIMALS);
  if (terms.length === 1 && terms[0]!.weight === 1) return sum;
  const parts = terms.map(({ text, weight }) => `${weight === 1 ? "" : `${formatNumber(weight)} x `}${text}`);
  return `${sum} = ${parts.join(" + ")}`;
}

export const formatNats = (value: number) => rounded(value).toFixed(DECIMALS);

/** ` ± 0.25`, with the decimals of the number before it; nothing where an earlier version told no error. */
export const formatError = (error: number | undefined, decimals = DECIMALS) =>
  error === undefined ? "" : ` ± ${error.toFixed(decimals)}`;

/** `0.1863 ± 0.0005` */
export const formatBits = (bitsPerDim: number, error: number | undefined) =>
  `${bitsPerDim.toFixed(BITS_DECIMALS)}${formatError(error, BITS_DECIMALS)}`;

/** A setting or scale with no more digits than it needs. */
export const formatNumber = (value: number) => String(Number(value.toPrecision(4)));

/** `12.3 %` */
export const formatShare = (share: number) => `${(100 * share).toFixed(1)} %`;

/** From here on it is the lower bound that decides, not the data, and people should know. */
export const isAtFloor = (scaleAtFloor: number | undefined): scaleAtFloor is number =>
  scaleAtFloor !== undefined && scaleAtFloor >= 0.01;

export const formatCount = (value: number) => Math.round(value).toLocaleString("en-US");

/** `8 s`, `1:05`, `2:03:04`. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** `wasm on Some Processor, 2 threads` */
export const formatBackend = ({ name, device, threads }: Pick<BackendInfo, "name" | "device" | "threads">) =>
  `${name} on ${device}, ${counted(threads, "thread")}`;
