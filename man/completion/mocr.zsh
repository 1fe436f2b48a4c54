#compdef mocr
# Completion of mocr for zsh. mocr itself knows the words; the files come from the shell.
_mocr() {
	local -a found servers
	local line word means
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		means=${line#*$'\t'}
		if [[ $word == :files ]]; then
			_files
			return
		fi
		if [[ $word == */ ]]; then
			servers+=("${word//:/\\:}:$means") # its rows follow
		else
			found+=("${word//:/\\:}:$means")
		fi
	done < <(mocr complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)words[CURRENT]}" 2>/dev/null)
	_describe mocr found
	_describe server servers -S ''
}
if [[ $funcstack[1] == _mocr ]]; then
	_mocr "$@"
else
	compdef _mocr mocr
fi
