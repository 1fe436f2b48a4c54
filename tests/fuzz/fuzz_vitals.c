/* What the script of the vitals says: blocks are cut off, and what is in them stays within what can
 * be. */
#include "backends/vitals/sample.h"
#include "tests/fuzz/fuzz.h"

static void must_be_possible(const struct vitals *v)
{
	MUST(v->cpu >= -1 && v->cpu <= 100.5);
	MUST(v->n_disks <= VITALS_DISKS && v->worst_disk < (int)v->n_disks &&
	     v->n_history <= VITALS_HISTORY);
	MUST(v->mem_used <= v->mem_total && v->swap_used <= v->swap_total && v->uptime_s >= -1);
	for (size_t i = 0; i < v->n_disks; i++) {
		MUST_BE_WASHED(v->disks[i].mount);
		MUST(v->disks[i].percent >= -1 && v->disks[i].percent <= 100);
	}
	for (size_t i = 0; i < v->n_hung && i < VITALS_HUNG; i++)
		MUST_BE_WASHED(v->hung[i]);
	MUST_BE_WASHED(v->reboot_why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vitals v;
	struct facts f = { 0 };
	struct cpu_times before = { 0 };
	struct block block;
	struct buf in = { 0 };
	char why[200];
	vitals_init(&v);
	buf_add(&in, data, len);
	for (size_t n; in.len && (n = block_next(&in, &block)) > 0; buf_consume(&in, n)) {
		MUST(n <= in.len && block.lines + block.len <= in.data + in.len);
		if (facts_parse(block.lines, block.len, &f)) {
			const char *texts[] = { f.user, f.hostname, f.os, f.kernel, f.runtime_dir };
			for (size_t i = 0; i < ARRAY_LEN(texts); i++)
				MUST_BE_WASHED(texts[i]);
		}
		sample_parse(block.lines, block.len, &before, &v);
		must_be_possible(&v);
		disks_parse(block.lines, block.len, &v);
		ports_parse(block.lines, block.len, &v);
		MUST(v.n_ports <= VITALS_PORTS);
		must_be_possible(&v);
		vitals_attention(&v, 80, why, sizeof(why));
		MUST_BE_WASHED(why);
	}
	buf_finish(&in);
	return 0;
}
