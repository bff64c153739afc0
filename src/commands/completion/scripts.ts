/**
 * One script for each shell: it gives the words of the line to `vae __complete`, whose first line says whether paths of the
 * file system go on too, and whose others are the words that do, each with a tab and what it is.
 */
export const scripts: Readonly<Record<"bash" | "zsh" | "fish", string>> = {
  bash: `# Completion of vae for bash: source <(vae completion bash)
_vae() {
  local word=\${COMP_WORDS[COMP_CWORD]} paths value IFS=$'\\n'
  [[ $word == = ]] && word=
  COMPREPLY=()
  {
    read -r paths
    while read -r value; do COMPREPLY+=("\${value%%$'\\t'*}"); done
  } < <(vae __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $paths in
    files) COMPREPLY+=($(compgen -f -- "$word")) ;;
    folders) COMPREPLY+=($(compgen -d -- "$word")) ;;
    *) return ;;
  esac
  compopt -o filenames 2>/dev/null
}
complete -F _vae vae
`,

  zsh: `#compdef vae
# Completion of vae for zsh: source <(vae completion zsh)
_vae() {
  local -a lines values
  local line
  lines=("\${(@f)$(vae __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#values )) && _describe -V vae values
  case $lines[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _vae ]]; then _vae "$@"; else compdef _vae vae; fi
`,

  fish: `# Completion of vae for fish: vae completion fish > ~/.config/fish/completions/vae.fish
function __vae_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  set -l lines (vae __complete -- $words[2..-1] "$word" 2>/dev/null)
  switch "$lines[1]"
    case files
      __fish_complete_path "$word"
    case folders
      __fish_complete_directories "$word"
  end
  printf '%s\\n' $lines[2..-1]
end
complete -c vae -f -a '(__vae_complete)'
`,
};
