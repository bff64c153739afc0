import type { Page } from "../document.ts";

/** One object: the facts of each section under its name. */
export const renderJson = ({ title, sections }: Page): string =>
  JSON.stringify({
    title,
    ...Object.fromEntries(Object.entries(sections).map(([name, { facts }]) => [name, facts])),
  });
