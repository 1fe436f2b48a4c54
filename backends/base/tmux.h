/* tmux.h: quote foreign words as arguments of tmux, here or on a server.
 *
 * tmux interprets its own command line, even without a shell. A ";" at the end of a word begins the
 * next command (cmd_parse_from_arguments). Where a name or a folder is expected, "#{...}" and
 * "#(COMMAND)" are formats (format_single in rename-session, new-session, new-window). */
#ifndef BASE_TMUX_H
#define BASE_TMUX_H

/* Returns the word that tmux reads as these bytes. The caller frees it. */
char *tmux_word(const char *word);

/* Same for arguments that tmux reads as formats: names of sessions and windows, folders. */
char *tmux_name(const char *word);

#endif
