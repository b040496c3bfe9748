/* SPDX-License-Identifier: Apache-2.0 */
#include "support/event_writer.h"

#include "support/cmocka.h"

#include <string.h>

void event_write(const struct event *e, struct bytes *out)
{
	int info = 1 + (e->pc != 0) + (e->lr != 0) + (e->reset_register != 0) + !e->trace +
		   e->has_status + (e->log != NULL);
	put_cbor(out, CBOR_MAP, 5u + (e->build_id != NULL) + (e->captured_at != 0));
	put_cbor_pair(out, 2, 2);
	put_cbor_pair(out, 3, 1);
	put_cbor_pair_text(out, 10, "app");
	put_cbor_pair_text(out, 9, "1.2.3");
	if (e->build_id) {
		put_cbor(out, CBOR_UINT, 11);
		put_cbor_bytes(out, e->build_id, e->build_id_size);
	}
	if (e->captured_at)
		put_cbor_pair(out, 1, e->captured_at);
	put_cbor(out, CBOR_UINT, 4);
	put_cbor(out, CBOR_MAP, (uint64_t)info);
	put_cbor_pair(out, e->trace ? 6 : 1, e->reason);
	if (e->pc)
		put_cbor_pair(out, 2, e->pc);
	if (e->lr)
		put_cbor_pair(out, 3, e->lr);
	if (e->reset_register)
		put_cbor_pair(out, 4, e->reset_register);
	if (!e->trace)
		put_cbor_pair(out, 5, e->coredump_saved);
	if (e->has_status) {
		put_cbor(out, CBOR_UINT, 7);
		put_cbor_int(out, e->status);
	}
	if (e->log) {
		put_cbor(out, CBOR_UINT, 8);
		put_cbor_bytes(out, e->log, strlen(e->log));
	}
}

struct fl_report *event_analyze(const struct event *e, const struct fl_symbols *symbols)
{
	BYTES_AUTO bytes = { 0 };
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	event_write(e, &bytes);
	if (fl_analyze_event(bytes.data, bytes.size, &symbols, symbols ? 1 : 0, NULL, &report,
			     &err))
		fail_msg("%s", err.message);
	return report;
}
