/* tmux.h: foreign words as arguments of tmux, here or on a server.
 *
 * tmux reads two things into the words of its own command line, also when no shell was there: a ";"
 * at a word's end begins the next command (cmd_parse_from_arguments), and where a name or a folder
 * is expected, "#{...}" and "#(COMMAND)" are formats (format_single in rename-session, new-session,
 * new-window). */
#ifndef BASE_TMUX_H
#define BASE_TMUX_H

/* The word that tmux reads as these bytes. New memory, which the caller frees. */
char *tmux_word(const char *word);

/* The same where tmux expects a format: names of sessions and windows, folders. */
char *tmux_name(const char *word);

#endif
