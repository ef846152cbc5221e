# Bash completion of vedette: commands, their options as --help lists them, episodes of the store that is named.
#   source cli/completion.bash
_vedette() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} vedette=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
    local index store
    compopt -o default 2>/dev/null
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$("$vedette" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p') --help --version" -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$vedette" "$command" --help | grep -o -e '--[a-z][a-z-]*')" -- "$word")
    elif [[ $command == explain && $before != --* ]]; then
        for ((index = 2; index < COMP_CWORD; index++)); do
            [[ ${COMP_WORDS[index]} == --store ]] && store=${COMP_WORDS[index + 1]}
        done
        [[ -n $store ]] && mapfile -t COMPREPLY < <(compgen -W "$("$vedette" episodes --all --store "$store" --csv 2>/dev/null | cut -d, -f1 | tail -n +2)" -- "$word")
    elif [[ $command == alerts && $COMP_CWORD == 2 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "test list retry drop" -- "$word")
    fi
}
complete -F _vedette vedette
