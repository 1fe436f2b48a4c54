/* What a program in a shell writes to the terminal: what may be shown again asks the terminal
 * nothing, names no title and touches no clipboard; and setting the modes again leads to the same
 * modes. */
#include "tests/fuzz/fuzz.h"
#include "tui/attach_modes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t step = 1 + take_byte(&data, &len);
	struct modes m = { 0 }, twin = { 0 };
	struct buf again = { 0 }, back = { 0 }, reset = { 0 };
	for (size_t i = 0; i < len; i += step)
		modes_feed(&m, (const char *)data + i, len - i < step ? len - i : step, &again);
	for (size_t i = 0; i + 1 < again.len; i++)
		MUST(again.data[i] != '\033' || !strchr("]P_^X", again.data[i + 1]) ||
		     !again.data[i + 1]);
	/* C1 controls in UTF-8, which begin the same */
	for (size_t i = 0; i + 1 < again.len; i++)
		MUST(again.data[i] != '\xc2' || ((unsigned char)again.data[i + 1] >= 0xa0 &&
		                                 (unsigned char)again.data[i + 1] < 0xc0));
	modes_restore(&m, &back);
	modes_feed(&twin, back.data ? back.data : "", back.len, NULL);
	MUST(twin.changed == m.changed && modes_alt_screen(&twin) == modes_alt_screen(&m));
	modes_reset(&m, &reset);
	modes_feed(&twin, reset.data, reset.len, NULL);
	MUST(!modes_alt_screen(&twin));
	buf_finish(&again);
	buf_finish(&back);
	buf_finish(&reset);
	return 0;
}
