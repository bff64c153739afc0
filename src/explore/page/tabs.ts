import { element, freshId } from "./element.ts";

export interface Tab {
  readonly name: string;
  readonly panel: HTMLElement;
  /** Each time that it is shown. */
  onShow?(): void;
}

/** One panel at a time. Arrow keys, Home and End go from tab to tab (WAI-ARIA, tabs with automatic activation). */
export function tabs(all: readonly Tab[]): HTMLElement {
  const buttons = all.map(({ name, panel }, i) => {
    panel.id = freshId("panel");
    panel.setAttribute("role", "tabpanel");
    const button = element(
      "button",
      { type: "button", role: "tab", id: freshId("tab"), "aria-controls": panel.id, click: () => choose(i) },
      name,
    );
    panel.setAttribute("aria-labelledby", button.id);
    return button;
  });
  const choose = (chosen: number) => {
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-selected", String(i === chosen));
      button.tabIndex = i === chosen ? 0 : -1;
      all[i]!.panel.hidden = i !== chosen;
    }
    all[chosen]!.onShow?.();
  };
  const onKey = (event: KeyboardEvent) => {
    const now = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const { length } = buttons;
    const next = {
      ArrowRight: (now + 1) % length,
      ArrowLeft: (now + length - 1) % length,
      Home: 0,
      End: length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    buttons[next]!.focus();
  };
  const list = element(
    "div",
    { role: "tablist", "aria-label": "what to look at", keydown: onKey },
    ...buttons,
  );
  choose(0);
  return element("section", { class: "tabs" }, list, ...all.map(({ panel }) => panel));
}
