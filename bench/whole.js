export async function compareWholeRuns() {}
