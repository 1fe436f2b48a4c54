# Completion of mocr for fish. mocr itself knows the words; the files come from the shell.
function __mocr_words
    set -l typed (commandline -opc)
    set -l found (mocr complete -- $typed[2..-1] (commandline -ct) 2>/dev/null)
    if test "$found[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $found
    end
end
complete -c mocr -f -a '(__mocr_words)'
