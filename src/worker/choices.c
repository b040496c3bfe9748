/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/choices.h"

#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUILD_ID_GUESS = 16 }; /* bytes that are not found in a dump by chance */

#define NOT_USED "is not used and made again"

enum { GIVEN_UP = -2 }; /* an index that could not be made or kept */

static void close_index(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Worth a line, the disk may be failing. */
static void complain(const char *name, const char *what, const char *why)
{
	fprintf(stderr, "faultline: %s: its index beside the database %s: %s\n", name, what, why);
}

static void complain_of_refusals(const struct fl_symbol_choice *choice)
{
	if (choice->index_refusal[0])
		complain(choice->name, NOT_USED, choice->index_refusal);
	if (choice->companion_index_refusal[0])
		complain(choice->companion_name, NOT_USED, choice->companion_index_refusal);
}

static void close_choice(struct fl_symbol_choice *choice)
{
	close(choice->fd);
	if (choice->companion_fd >= 0)
		close(choice->companion_fd);
	close_index(&choice->index_fd);
	close_index(&choice->companion_index_fd);
}

static void forget(struct fl_choices *choices, struct fl_chosen *chosen)
{
	close_choice(&chosen->choice);
	free(chosen->software_type);
	free(chosen->software_version);
	*chosen = choices->chosen[--choices->count];
}

void fl_choices_deinit(struct fl_choices *choices)
{
	while (choices->count)
		forget(choices, &choices->chosen[0]);
}

void fl_choices_renew(struct fl_choices *choices)
{
	choices->batch++;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static struct fl_chosen *find(struct fl_choices *choices, const struct fl_report_facts *facts)
{
	for (size_t i = 0; i < choices->count; i++) {
		struct fl_chosen *chosen = &choices->chosen[i];
		if (chosen->build_id_size == facts->build_id_size &&
		    !memcmp(chosen->build_id, facts->build_id, sizeof(chosen->build_id)) &&
		    same_text(chosen->software_type, facts->software_type) &&
		    same_text(chosen->software_version, facts->software_version))
			return chosen;
	}
	return NULL;
}

static void make_room(struct fl_choices *choices)
{
	struct fl_chosen *oldest = &choices->chosen[0];
	if (choices->count < FL_CHOICES_MAX)
		return;
	for (size_t i = 1; i < choices->count; i++)
		if (choices->chosen[i].used < oldest->used)
			oldest = &choices->chosen[i];
	forget(choices, oldest);
}

static enum fl_code keep_text(const char *text, char **ret, struct fl_error *err)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "chosen ELF file") : FL_OK;
}

/* Takes the choice over, also when it fails. */
static enum fl_code add(struct fl_choices *choices, const struct fl_report_facts *facts,
			const struct fl_symbol_choice *choice, struct fl_chosen **ret,
			struct fl_error *err)
{
	make_room(choices);
	struct fl_chosen *chosen = &choices->chosen[choices->count++];
	*chosen = (struct fl_chosen){ .build_id_size = facts->build_id_size, .choice = *choice };
	memcpy(chosen->build_id, facts->build_id, sizeof(chosen->build_id));
	enum fl_code code = keep_text(facts->software_type, &chosen->software_type, err);
	if (!code)
		code = keep_text(facts->software_version, &chosen->software_version, err);
	if (code)
		forget(choices, chosen);
	*ret = chosen;
	return code;
}

/* What could not be made or kept is not tried in every batch. */
static void keep_given_up(const struct fl_symbol_choice *old, struct fl_symbol_choice *choice)
{
	if (old->index_fd == GIVEN_UP && choice->index_fd == -1 && old->id == choice->id)
		choice->index_fd = GIVEN_UP;
	if (old->companion_index_fd == GIVEN_UP && choice->companion_index_fd == -1 &&
	    old->companion_id == choice->companion_id)
		choice->companion_index_fd = GIVEN_UP;
}

static enum fl_code ask_store(struct fl_choices *choices, struct fl_store *store,
			      const struct fl_report_facts *facts, struct fl_chosen **ret,
			      bool *ambiguous_ret, struct fl_error *err)
{
	struct fl_symbol_choice choice = { .fd = -1, .companion_fd = -1 };
	struct fl_chosen *old = *ret;
	enum fl_code code = fl_store_find_symbols(store, facts, &choice, err);
	*ambiguous_ret = choice.ambiguous;
	if (!code && old)
		keep_given_up(&old->choice, &choice);
	else if (!code)
		complain_of_refusals(&choice);
	if (old)
		forget(choices, old);
	return code ? code : add(choices, facts, &choice, ret, err);
}

enum fl_code fl_choices_find(struct fl_choices *choices, struct fl_store *store,
			     const struct fl_report_facts *facts,
			     const struct fl_symbol_choice **ret, bool *ambiguous_ret,
			     struct fl_error *err)
{
	struct fl_chosen *chosen = find(choices, facts);
	*ambiguous_ret = false;
	if (!chosen || chosen->batch != choices->batch) {
		enum fl_code code = ask_store(choices, store, facts, &chosen, ambiguous_ret, err);
		if (code)
			return code;
		chosen->batch = choices->batch;
	}
	chosen->used = ++choices->clock;
	*ret = &chosen->choice;
	return FL_OK;
}

static const struct fl_chosen *newer(const struct fl_chosen *a, const struct fl_chosen *b)
{
	return !a || b->used > a->used ? b : a;
}

/* The one that was used last first: then one look is enough for most. */
const struct fl_symbol_choice *
fl_choices_guess(struct fl_choices *choices, const void *bytes, size_t size)
{
	bool tried[FL_CHOICES_MAX] = { false };
	for (size_t n = 0; n < choices->count; n++) {
		const struct fl_chosen *next = NULL;
		for (size_t i = 0; i < choices->count; i++)
			if (!tried[i])
				next = newer(next, &choices->chosen[i]);
		tried[next - choices->chosen] = true;
		if (next->build_id_size >= BUILD_ID_GUESS &&
		    memmem(bytes, size, next->build_id, next->build_id_size))
			return &next->choice;
	}
	return NULL;
}

/* --- their indexes --- */

static void
make_index(struct fl_store *store, struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf)
{
	FL_AUTO_BUFFER index = { 0 };
	struct fl_error err = { 0 };
	enum fl_code code = fl_sandbox_encode_elf(sandbox, elf, true, &index, NULL, &err);
	if (!code)
		code = fl_store_keep_index(store, elf->key, index.data, index.size, &err);
	if (code)
		complain(elf->name, "is not kept", err.message);
}

/* The child has it in memory; the next child maps the file, which the next choice opens. */
static void settle_index(struct fl_store *store, struct fl_sandbox *sandbox,
			 const struct fl_sandbox_elf *elf, const char *refusal, int *fd)
{
	if (refusal) {
		complain(elf->name, NOT_USED, refusal);
		close_index(fd);
	}
	if (*fd != -1)
		return;
	make_index(store, sandbox, elf);
	*fd = GIVEN_UP;
}

static void
settle_indexes(struct fl_store *store, struct fl_sandbox *sandbox, struct fl_symbol_choice *choice)
{
	const char *why;
	uint32_t refused = fl_sandbox_refused(sandbox, &why);
	struct fl_sandbox_elf elf = { .fd = choice->fd, .name = choice->name, .has_key = true };
	memcpy(elf.key, choice->hash, sizeof(elf.key));
	settle_index(store, sandbox, &elf, refused & 1 ? why : NULL, &choice->index_fd);
	if (choice->companion_fd < 0)
		return;
	elf.fd = choice->companion_fd;
	elf.name = choice->companion_name;
	memcpy(elf.key, choice->companion_hash, sizeof(elf.key));
	settle_index(store, sandbox, &elf, refused & 2 ? why : NULL, &choice->companion_index_fd);
}

void fl_choices_keep_indexes(struct fl_choices *choices, struct fl_store *store,
			     struct fl_sandbox *sandbox, const struct fl_symbol_choice *choice)
{
	for (size_t i = 0; i < choices->count; i++)
		if (&choices->chosen[i].choice == choice)
			settle_indexes(store, sandbox, &choices->chosen[i].choice);
}
