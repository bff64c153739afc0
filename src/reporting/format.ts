import type { BackendInfo } from "../backends/index.ts";
import type { Metrics } from "../training/metrics.ts";

/** Nats are printed with two decimals: a hundredth of a nat per image is below what one z per image resolves. */
const DECIMALS = 2;

const rounded = (value: number) => Number(value.toFixed(DECIMALS));

/**
 * `loss = distortion + β · rate` such that the printed digits re-add: the sum is made from the printed terms.
 * At β = 1 it is `-elbo` too.
 */
export function formatLoss({ distortion, rate }: Metrics, beta: number): string {
  const d = rounded(distortion);
  const r = rounded(rate);
  const weight = beta === 1 ? "" : `${formatNumber(beta)} x `;
  return `${(d + beta * r).toFixed(DECIMALS)} = ${d.toFixed(DECIMALS)} + ${weight}${r.toFixed(DECIMALS)}`;
}

export const formatNats = (value: number) => rounded(value).toFixed(DECIMALS);

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
export const formatBackend = ({ name, device, threads }: BackendInfo) =>
  `${name} on ${device}, ${threads} thread${threads === 1 ? "" : "s"}`;
