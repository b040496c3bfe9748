/* SPDX-License-Identifier: Apache-2.0 */
#include "store/known.h"

#include <string.h>

/* Where a fingerprint may be: one of eight places that its hash tells. */
enum { SET_SIZE = 8, SETS = FL_KNOWN_FINGERPRINTS / SET_SIZE };

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

static bool is_it(const struct fl_known_fingerprint *slot, const uint8_t hash[16], const char *kind)
{
	return !memcmp(slot->hash, hash, sizeof(slot->hash)) && !strcmp(slot->kind, kind);
}

struct fl_known_fingerprint *
fl_known_fingerprint(struct fl_known *known, const uint8_t hash[16], const char *kind)
{
	size_t size = strlen(kind);
	struct fl_known_fingerprint *set = &known->fingerprints[hash[0] % SETS * SET_SIZE];
	struct fl_known_fingerprint *slot = &set[hash[1] % SET_SIZE];
	if (size >= FL_KNOWN_KIND_SIZE)
		return NULL;
	for (size_t i = 0; i < SET_SIZE; i++) {
		if (is_it(&set[i], hash, kind))
			return &set[i];
		if (!set[i].kind[0])
			slot = &set[i];
	}
	*slot = (struct fl_known_fingerprint){ 0 };
	memcpy(slot->hash, hash, sizeof(slot->hash));
	memcpy(slot->kind, kind, size);
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
