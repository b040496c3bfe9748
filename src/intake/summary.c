/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/intake.h"

#include <inttypes.h>
#include <string.h>

static void add_carrier(struct fl_carrier_counts *to, const struct fl_carrier_counts *from)
{
	to->bytes += from->bytes;
	to->items += from->items;
	to->item_bytes += from->item_bytes;
	to->damaged += from->damaged;
	to->damaged_bytes += from->damaged_bytes;
	to->compact_logs += from->compact_logs;
	to->doubts += from->doubts;
}

void fl_transport_counts_add(struct fl_transport_counts *to, const struct fl_transport_counts *from)
{
	to->chunks += from->chunks;
	to->bytes += from->bytes;
	to->overhead += from->overhead;
	to->messages += from->messages;
	to->message_bytes += from->message_bytes;
	for (size_t i = 0; i < FL_DROP_COUNT; i++) {
		to->drops[i].events += from->drops[i].events;
		to->drops[i].bytes += from->drops[i].bytes;
	}
}

void fl_intake_summary_add(struct fl_intake_summary *to, const struct fl_intake_summary *from)
{
	to->bytes += from->bytes;
	add_carrier(&to->carrier, &from->carrier);
	fl_transport_counts_add(&to->transport, &from->transport);
	to->dumps += from->dumps;
	to->events.own += from->events.own;
	to->events.others += from->events.others;
	to->events.without_data += from->events.without_data;
	to->turned += from->turned;
	to->backwards += from->backwards;
	for (size_t i = 0; i < FL_ITEM_COUNT; i++)
		to->items[i] += from->items[i];
	to->queued += from->queued;
	to->kept += from->kept;
	to->duplicate_items += from->duplicate_items;
	to->duplicates += from->duplicates;
	to->corrupt += from->corrupt;
	to->limited += from->limited;
	if (!to->refused)
		memcpy(to->refused_why, from->refused_why, sizeof(to->refused_why));
	to->refused += from->refused;
	to->devices += from->devices;
	to->incomplete += from->incomplete;
	to->incomplete_bytes += from->incomplete_bytes;
	to->incomplete_expected += from->incomplete_expected;
	to->unknown_incomplete += from->unknown_incomplete;
	to->unknown_incomplete_bytes += from->unknown_incomplete_bytes;
	to->lost_states += from->lost_states;
}

static enum fl_code nothing_decoded(const struct fl_intake_summary *summary, struct fl_error *err)
{
	const struct fl_carrier_counts *carrier = &summary->carrier;
	const struct fl_export_counts *events = &summary->events;
	if (events->without_data)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "nothing in it can be read: %" PRIu64
			       " events are without data; see --data-field, --event-name",
			       events->without_data);
	if (events->own)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "nothing in it can be read: the data of %" PRIu64
			       " events is no base64 of a chunk; see --data-field",
			       events->own);
	if (!carrier->damaged && events->others + carrier->compact_logs)
		return FL_OK; /* nothing for us, and no loss */
	return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "nothing in it can be read");
}

enum fl_code fl_intake_judge(const struct fl_intake_summary *summary, struct fl_error *err)
{
	uint64_t malformed = summary->transport.drops[FL_DROP_MALFORMED].events;
	if (!summary->carrier.items)
		return nothing_decoded(summary, err);
	if (summary->refused && summary->refused == summary->carrier.items)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "%s", summary->refused_why);
	if (!summary->dumps && malformed && malformed == summary->transport.chunks)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "it is no chunk");
	return FL_OK;
}
