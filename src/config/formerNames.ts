/**
 * Settings that earlier versions had by another name: the configurations of their runs still open them, and the commands
 * that started them still run.
 */
export const formerNames: ReadonlyMap<string, string> = new Map(
  ["beta1", "beta2", "epsilon"].map((name) => [`training.adam.${name}`, `training.optimizer.${name}`]),
);
