import { counted } from "../base/counted.ts";
import type { Control } from "./objective.ts";

/** How a control gets from 0 to its end. */
interface Ramp {
  readonly symbol: string;
  /** The value that counts, where it ends. */
  readonly final: number;
  /** Epochs over which it rises linearly from 0; with 0 it is at its end from the start. */
  readonly epochs: number;
  /** M, how often it rises; it is at its end after the last time. */
  readonly cycles?: number;
  /** R in (0, 1], the share of a cycle over which it rises; for the rest of it the value stays where it ends. */
  readonly rampShare?: number;
}

/**
 * final · min(1, t / epochs), t the epochs since the cycle began; a cycle takes epochs / R, and the last one does not end
 * (Fu et al. 2019, "Cyclical annealing schedule: a simple approach to mitigating KL vanishing", eq. 6-7). With one cycle
 * it is the linear warm-up.
 */
export function ramp({ symbol, final, epochs, cycles = 1, rampShare = 1 }: Ramp): Control {
  const cycle = epochs / rampShare;
  const again = cycles > 1 ? `, ${cycles} times, every ${round(cycle)} epochs` : "";
  return {
    symbol,
    at(step, stepsPerEpoch) {
      const steps = epochs * stepsPerEpoch;
      const period = cycle * stepsPerEpoch;
      const sinceStart = step < cycles * period ? step % period : steps;
      return sinceStart < steps ? (final * sinceStart) / steps : final;
    },
    final,
    settlesAfter: epochs > 0 ? (cycles - 1) * cycle + epochs : 0,
    words: epochs > 0 ? `0 → ${final} over ${counted(epochs, "epoch")}${again}` : String(final),
  };
}

/** A control that stays what it is. */
export const constant = (symbol: string, value: number): Control => ramp({ symbol, final: value, epochs: 0 });

const round = (epochs: number) => Number(epochs.toPrecision(4));
