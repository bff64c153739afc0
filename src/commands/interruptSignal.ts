/** Aborted by the first Ctrl-C (or SIGTERM, or SIGHUP when a terminal closes), so that a checkpoint can be saved; the second one leaves at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
