import { Argument, Command } from "commander";
import { result } from "./shared.ts";

/** The script of a shell, which asks the program itself what comes next: so it stays right when that is replaced. */
export const completionCommand = (): Command =>
  new Command("completion")
    .description("A script by which a shell completes commands, flags, their values, recipes and runs.")
    .addArgument(new Argument("<shell>", "which").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      "\nTo have it in every new shell:\n" +
        "  bash  echo 'source <(vae completion bash)' >> ~/.bashrc\n" +
        "  zsh   echo 'source <(vae completion zsh)' >> ~/.zshrc       (after compinit)\n" +
        "  fish  vae completion fish > ~/.config/fish/completions/vae.fish",
    )
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { scripts } = await import("./completion/scripts.ts");
      result(scripts[shell].trimEnd());
    });

/** What those scripts call, with the words of a line up to the one that is to be completed. */
export const completeCommand = (program: Command): Command =>
  new Command("__complete")
    .argument("[word...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const { completionsOf } = await import("./completion/completions.ts");
      const { paths, values } = completionsOf(program, words);
      result([paths, ...values.map(({ value, about }) => `${value}\t${about}`)].join("\n"));
    });
