/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/apart.h"

#include "sandbox/call.h"
#include "sandbox/handle.h"
#include "sandbox/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fl_apart_deinit(struct fl_apart *apart)
{
	for (size_t i = 0; i < apart->count; i++)
		close(apart->indexes[i].fd);
	apart->count = 0;
}

static const struct fl_apart_index *find(struct fl_apart *apart, const struct fl_sandbox_elf *elf)
{
	for (size_t i = 0; i < apart->count; i++) {
		struct fl_apart_index *index = &apart->indexes[i];
		if (memcmp(index->key, elf->key, sizeof(index->key)) != 0 ||
		    strcmp(index->name, elf->name) != 0)
			continue;
		index->used = ++apart->clock;
		return index;
	}
	return NULL;
}

static struct fl_apart_index *make_room(struct fl_apart *apart)
{
	if (apart->count < FL_APART_INDEXES)
		return &apart->indexes[apart->count++];
	struct fl_apart_index *oldest = &apart->indexes[0];
	for (size_t i = 1; i < FL_APART_INDEXES; i++)
		if (apart->indexes[i].used < oldest->used)
			oldest = &apart->indexes[i];
	close(oldest->fd);
	return oldest;
}

static const struct fl_apart_index *
keep(struct fl_apart *apart, const struct fl_sandbox_elf *elf, int fd, uint64_t size)
{
	struct fl_apart_index *index = make_room(apart);
	*index = (struct fl_apart_index){ .fd = fd, .size = size, .used = ++apart->clock };
	memcpy(index->key, elf->key, sizeof(index->key));
	snprintf(index->name, sizeof(index->name), "%s", elf->name);
	return index;
}

/* As confined as the one that stays. */
static bool start(const struct fl_sandbox *sandbox, struct fl_process *process)
{
	char missing[200];
	if (fl_process_start(process, &sandbox->options, NULL) ||
	    fl_process_greet(process, missing, NULL))
		return false;
	if (process->isolation >= sandbox->isolation)
		return true;
	fl_process_stop(process);
	return false;
}

static const struct fl_apart_index *make(struct fl_sandbox *sandbox,
					 const struct fl_sandbox_elf *elf,
					 enum fl_answer *answer_ret, struct fl_death_facts *facts)
{
	struct fl_call call = { .request.kind = FL_WIRE_ENCODE, .stored = true };
	struct fl_process process;
	if (fl_call_name_elfs(&call, elf, 1, NULL) || fl_call_give_elfs(&call, NULL) ||
	    !start(sandbox, &process))
		return NULL;
	*answer_ret = fl_process_ask(&process, &call.request, call.fds, call.fd_count,
				     sandbox->deadline_ms, &call.reply, facts);
	if (*answer_ret != FL_ANSWERED)
		return NULL;
	int fd = fl_process_finish(&process, call.reply.code ? 0 : call.reply.size);
	return fd < 0 ? NULL : keep(&sandbox->apart, elf, fd, call.reply.size);
}

bool fl_apart_can(const struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf)
{
	return sandbox->compile_apart && elf->has_key && elf->name;
}

const struct fl_apart_index *
fl_apart_index(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
	       enum fl_answer *answer_ret, struct fl_death_facts *facts)
{
	const struct fl_apart_index *index = find(&sandbox->apart, elf);
	*answer_ret = FL_ANSWERED;
	return index ? index : make(sandbox, elf, answer_ret, facts);
}

bool fl_apart_read(const struct fl_apart_index *index, struct fl_buffer *ret)
{
	FL_AUTO_BUFFER bytes = { .data = malloc((size_t)index->size), .size = (size_t)index->size };
	if (!bytes.data || !fl_read_whole(index->fd, bytes.data, bytes.size))
		return false;
	*ret = bytes;
	bytes = (struct fl_buffer){ 0 };
	return true;
}
