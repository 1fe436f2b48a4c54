# Completion of mocr for bash. mocr itself knows the words; the files come from the shell.
_mocr() {
	local line word
	# Names of rows have colons, at which readline would cut a word.
	local cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
	if declare -F _get_comp_words_by_ref >/dev/null; then
		local cword
		_get_comp_words_by_ref -n : cur words cword
		words=("${words[@]:1:cword-1}")
	fi
	COMPREPLY=()
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		if [ "$word" = :files ]; then
			compopt -o default
			return
		fi
		printf -v word %q "$word"
		COMPREPLY+=("$word")
	done < <(mocr complete -- "${words[@]}" "$cur" 2>/dev/null)
	# a server whose rows follow
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
	return 0
}
complete -F _mocr mocr
