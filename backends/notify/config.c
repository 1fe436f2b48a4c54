/* config.c: the list of senders, and what each wants in its section. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/notify/hours.h"
#include "backends/notify/senders.h"
#include "backends/store/doc.h"

const struct sender *const senders[] = { &sender_terminal, &sender_desktop, &sender_command,
	                                 &sender_mail,     &sender_ntfy,    &sender_discord,
	                                 &sender_slack,    &sender_telegram, &sender_webhook,
	                                 NULL };

const struct sender *sender_find(const char *type)
{
	for (size_t i = 0; type && senders[i]; i++)
		if (strcmp(senders[i]->type, type) == 0)
			return senders[i];
	return NULL;
}

static void config_complain(const struct settings *s, const struct notify_config *c,
                            struct doc *complaints, const char *text)
{
	doc_add(complaints, DOC_BAD, "%s:%d: [notify %s]: %s", s->file ? s->file : "config",
	        c->line, c->name, text);
}

/* "https://...", "ssh://...", "mailto:...": what docs.ntfy.sh/publish, "Click action", takes. */
static bool config_is_address(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+.-";
	size_t n = strspn(text, letters);
	return n > 1 && text[n] == ':' && text[n + 1] && !strpbrk(text, " \t");
}

static void config_check_one(const struct settings *s, const struct notify_config *c,
                             struct doc *complaints)
{
	const struct sender *sender = sender_find(c->type);
	if (!sender)
		return; /* the table of keys has complained */
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "url", c->url },
		{ "command", c->command },
		{ "to", c->to },
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].value || !sender->key || strcmp(texts[i].key, sender->key) != 0)
			continue;
		char *text = xasprintf("type %s needs the key %s", sender->type, texts[i].key);
		config_complain(s, c, complaints, text);
		free(text);
	}
	char *words = xstrdup(c->kinds ? c->kinds : ""), *save = NULL;
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (kind_find(word) || strcmp(word, "server") == 0)
			continue;
		char *text = xasprintf("kinds: there is no kind \"%s\" of rows", word);
		config_complain(s, c, complaints, text);
		free(text);
	}
	free(words);
	if (c->click && sender != &sender_ntfy)
		config_complain(s, c, complaints, "click: only ntfy has it");
	else if (c->click && !config_is_address(c->click))
		config_complain(s, c, complaints,
		                "click: expected an address like https://grafana.example/");
	if (c->quiet && !hours_are_good(c->quiet))
		config_complain(s, c, complaints, "quiet: expected hours like 22:00-07:00");
	bool has_url = sender->format && (c->url || strcmp(sender->key, "url") != 0);
	char *text = has_url ? http_config_complaint(c, sender->format) : NULL;
	if (text)
		config_complain(s, c, complaints, text);
	free(text);
}

void notify_check_config(const struct settings *s, struct doc *complaints)
{
	for (const struct notify_config *c = s->notifys; c; c = c->next)
		config_check_one(s, c, complaints);
}
