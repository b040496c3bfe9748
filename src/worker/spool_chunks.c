/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/spool_chunks.h"

#include "worker/progress.h"

#include <inttypes.h>
#include <stdio.h>

enum { WAIT_SECONDS = 1, PATH_MAX_SIZE = 4096, ID_SIZE = 512 };

bool fl_spool_is_chunks(const struct fl_upload *file)
{
	switch (fl_carrier_sniff(file->bytes, file->size, file->size)) {
	case FL_CARRIER_CHUNK:
	case FL_CARRIER_LOG:
	case FL_CARRIER_BASE64:
	case FL_CARRIER_SPOOL:
	case FL_CARRIER_MULTIPART:
	case FL_CARRIER_JSON:
	case FL_CARRIER_SSE:
		return true;
	case FL_CARRIER_UNKNOWN: /* said to be a dump: set aside with the reason */
	case FL_CARRIER_DUMP:
	case FL_CARRIER_ELF:
	case FL_CARRIER_OTHER_DUMP:
	case FL_CARRIER_COUNT:
		break;
	}
	return false;
}

static enum fl_code deliver(const struct fl_delivery_options *options, const struct fl_upload *file,
			    struct fl_spool_chunks *ret, struct fl_error *err)
{
	FL_AUTO(fl_delivery) delivery = NULL;
	enum fl_code code = fl_delivery_open(options, &delivery, err);
	if (code)
		return code;
	code = fl_delivery_feed(delivery, file->bytes, file->size, err);
	if (!code)
		code = fl_delivery_end(delivery, err);
	ret->busy = fl_delivery_is_busy(delivery);
	ret->summary = *fl_delivery_summary(delivery);
	return code ? code : fl_intake_judge(&ret->summary, err);
}

static void warn(const struct fl_upload *file, const struct fl_intake_summary *summary)
{
	if (summary->unknown_incomplete)
		fl_warn("spool",
			"%s: %" PRIu64 " incomplete messages (%" PRIu64
			" bytes) of unknown devices were dropped: say \"device\" in %s.json",
			file->source, summary->unknown_incomplete,
			summary->unknown_incomplete_bytes, file->source);
	if (summary->refused)
		fl_warn("spool", "%s: %" PRIu64 " could not be taken in: %s", file->source,
			summary->refused, summary->refused_why);
}

enum fl_code fl_spool_take_chunks(const struct fl_intake *intake, const struct fl_upload *file,
				  struct fl_spool_chunks *ret, struct fl_error *err)
{
	char lock_path[PATH_MAX_SIZE];
	char upload_id[ID_SIZE];
	snprintf(lock_path, sizeof(lock_path), "%s.ingest",
		 intake->database ? intake->database : "");
	snprintf(upload_id, sizeof(upload_id), "spool:%s:%" PRId64, file->source,
		 file->received_at);
	const struct fl_delivery_options options = {
		.store = intake->store,
		.lock_path = intake->database ? lock_path : NULL,
		.wait_seconds = WAIT_SECONDS,
		.has_size = true,
		.size = file->size,
		.device = file->device,
		.cohort = file->cohort,
		.software_type = file->software_type,
		.software_version = file->software_version,
		.hardware_version = file->hardware_version,
		.source = file->source,
		.upload_id = file->upload_id,
		.upload_id_if_unknown = upload_id,
		.received_at = file->received_at,
		.received_at_is_mtime = file->received_at_is_mtime,
		.received_at_is_said = !file->received_at_is_mtime,
	};
	enum fl_code code = deliver(&options, file, ret, err);
	if (!code)
		warn(file, &ret->summary);
	return code;
}
