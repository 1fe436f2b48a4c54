/* topics.h: `mocr help` and `mocr help TOPIC`: a command, an action, a panel, a section of the
 * configuration, or "keys". All come from the tables that the program itself uses. */
#ifndef TUI_TOPICS_H
#define TUI_TOPICS_H

#include <stdbool.h>
#include <stdio.h>

/* The commands without a screen, for the list of `mocr help`. */
struct command_row {
	const char *word;  /* "status"; "": the console itself */
	const char *usage; /* what follows "mocr " */
	const char *help;  /* "\n" begins a line that is shown only for the topic */
};
extern const struct command_row command_rows[]; /* ends at .word == NULL */

/* Prints the list of commands, each help in one paragraph. */
void topics_print_commands(FILE *);
/* Prints all that is known by this word. False: nothing is; then near is what was probably meant,
 * "" for nothing. near takes size bytes. */
bool topics_print(FILE *, const char *word, char *near, size_t size);

#endif
