/* SPDX-License-Identifier: Apache-2.0 */
#include "store/known.h"

#include <string.h>

struct fl_known_issue *fl_known_issue(struct fl_known *known, int64_t id)
{
	for (size_t i = 0; i < known->issue_count; i++)
		if (known->issues[i].id == id)
			return &known->issues[i];
	if (known->issue_count == FL_KNOWN_ISSUES)
		return NULL;
	struct fl_known_issue *issue = &known->issues[known->issue_count++];
	*issue = (struct fl_known_issue){ .id = id };
	return issue;
}

struct fl_known_fingerprint *
fl_known_fingerprint(struct fl_known *known, const uint8_t hash[16], const char *kind)
{
	size_t size = strlen(kind);
	struct fl_known_fingerprint *slot =
		&known->fingerprints[hash[0] & (FL_KNOWN_FINGERPRINTS - 1)];
	if (size >= FL_KNOWN_KIND_SIZE)
		return NULL;
	if (memcmp(slot->hash, hash, sizeof(slot->hash)) != 0 || strcmp(slot->kind, kind) != 0) {
		*slot = (struct fl_known_fingerprint){ 0 };
		memcpy(slot->hash, hash, sizeof(slot->hash));
		memcpy(slot->kind, kind, size);
	}
	return slot;
}

void fl_known_forget(struct fl_known *known)
{
	memset(known->fingerprints, 0, sizeof(known->fingerprints));
	for (size_t i = 0; i < known->issue_count; i++) {
		known->issues[i].has_dumps = false;
		known->issues[i].is_open = false;
	}
}
