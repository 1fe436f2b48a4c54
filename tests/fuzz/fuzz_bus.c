/* D-Bus messages as JSON: whatever strings, numbers and nesting, a JSON reader understands it. */
#include <cjson/cJSON.h>

#include "backends/link/bus.c"
#include "tests/fuzz/fuzz.h"

/* A bus that only lends its messages: one end of a pair that nobody answers. */
static sd_bus *nobody(void)
{
	static sd_bus *bus;
	int pair[2];
	if (bus)
		return bus;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	MUST(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, pair[0], pair[0]) >= 0 &&
	     sd_bus_start(bus) >= 0);
	return bus;
}

/* Adds values as the bytes say; those that D-Bus does not allow are refused by sd-bus, and left
 * out. */
static void add_values(sd_bus_message *m, const uint8_t **data, size_t *len, int depth)
{
	while (*len) {
		union {
			uint64_t t;
			double d;
			uint8_t bytes[8];
		} n = { 0 };
		unsigned what = take_byte(data, len) % 10;
		for (size_t i = 0; what >= 3 && what <= 6 && i < 8; i++)
			n.bytes[i] = (uint8_t)take_byte(data, len);
		if (what == 0) {
			return;
		} else if (what == 1 || what == 2) {
			size_t size = take_byte(data, len), have = size < *len ? size : *len;
			char *s = as_text(*data, have);
			if (sd_bus_message_append_basic(m, 's', s) < 0)
				sd_bus_message_append_basic(m, 's', "");
			*data += have;
			*len -= have;
			free(s);
		} else if (what == 3) {
			sd_bus_message_append_basic(m, 't', &n.t);
		} else if (what == 4) {
			sd_bus_message_append_basic(m, 'd', &n.d);
		} else if (what == 5) {
			sd_bus_message_append_basic(m, 'x', &n.t);
		} else if (what == 6) {
			sd_bus_message_append(m, "a{sv}", 2, "a", "t", n.t, "b", "d", n.d);
		} else if (what == 7) {
			sd_bus_message_append(m, "(soa(ss)v)", "x", "/x", 1, "y", "z", "as", 2, "p",
			                      "q");
		} else if (what == 8) {
			sd_bus_message_append(m, "a{ts}", 1, UINT64_MAX, "key is a number");
		} else if (depth < 12 && sd_bus_message_open_container(m, 'v', "s") >= 0) {
			sd_bus_message_append_basic(m, 's', "inside");
			sd_bus_message_close_container(m);
		}
	}
}

static void must_be_json(const struct buf *out)
{
	const char *end;
	cJSON *o = cJSON_ParseWithOpts(out->data, &end, true);
	MUST(o && cJSON_IsArray(o));
	cJSON_Delete(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	sd_bus_message *m = NULL;
	struct buf out, text = { 0 };
	struct err err = { 0 };
	char *s = as_text(data, len);
	buf_puts(&text, "[");
	bus_json_string(&text, s);
	buf_puts(&text, "]");
	must_be_json(&text);
	MUST(sd_bus_message_new_signal(nobody(), &m, "/x", "x.y", "Z") >= 0);
	add_values(m, &data, &len, 0);
	if (sd_bus_message_seal(m, 1, 0) >= 0 && sd_bus_message_rewind(m, 1) >= 0) {
		MUST(bus_json_body(&out, m, &err));
		must_be_json(&out);
		buf_finish(&out);
	}
	sd_bus_message_unref(m);
	buf_finish(&text);
	free(s);
	return 0;
}
