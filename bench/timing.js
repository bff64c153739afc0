/** Kernels compile, pools grow and caches fill before anything is counted. torch_peer.py has the same numbers. */
export const WARM_UP_MS = 300;
export const WARM_UP_STEPS = 5;

/** Slow engines get at least this many steps each turn. */
export const MIN_STEPS = 2;
